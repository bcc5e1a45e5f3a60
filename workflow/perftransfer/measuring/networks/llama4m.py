"""A language model of the Llama architecture with 4 million parameters: 4 layers of width 256."""

from __future__ import annotations

from perftransfer.measuring.networks._language_model import LanguageModel


class Llama4M(LanguageModel):
    """Llama, 4 million parameters."""

    version = 1
    layers = 4
    width = 256
    vocabulary = 2048
