"""A language model of the Llama architecture with 12 million parameters: 3 layers of width 512."""

from __future__ import annotations

from perftransfer.measuring.networks._language_model import LanguageModel


class Llama12M(LanguageModel):
    """Llama, 12 million parameters."""

    version = 1
    layers = 3
    width = 512
    vocabulary = 2048
