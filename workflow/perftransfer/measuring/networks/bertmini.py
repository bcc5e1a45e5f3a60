"""BERT-mini: a small encoder of texts, of 4 layers, 256 channels and 4 heads.

Devlin, Chang, Lee and Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for
Language Understanding", NAACL 2019, arXiv 1810.04805; in the size of Turc, Chang, Lee and
Toutanova, "Well-Read Students Learn Better: On the Importance of Pre-training Compact Models",
2019, arXiv 1908.08962. Left out are the types of tokens (of the two rows of their table, texts of
one part use one, which the words' own table can hold), the pooler, which reads the first token
only, and the heads for training. Sequences have at most 512 tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from perftransfer.measuring.networks._graph import Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx

_LAYERS, _CHANNELS, _HEADS = 4, 256, 4
_VOCABULARY, _LONGEST = 30_522, 512


def _norm(graph: Graph, x: Tensor) -> Tensor:
    return graph.layer_norm(x, epsilon=1e-12)


class BertMini(Network):
    """BERT-mini."""

    version = 1
    inputs: ClassVar = dict.fromkeys(("input_ids", "attention_mask"), ("batch", "sequence"))

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Inputs, int64 ``[batch, sequence]``: ``input_ids`` from 0 to 30,521, and ``attention_mask``,
        1 for a token and 0 for padding. Output ``last_hidden_state``, float32 ``[batch, sequence,
        256]``.
        """
        graph = Graph("bertmini", seed)
        tokens, mask = graph.tokens("input_ids"), graph.tokens("attention_mask")
        shape: list[int | str] = ["batch", "sequence", _CHANNELS]
        words = graph.embedding(tokens, _VOCABULARY, _CHANNELS)
        x = _norm(graph, graph.declare(graph.add(words, graph.positions(tokens, _LONGEST, _CHANNELS)), shape))
        penalty = graph.mask_penalty(mask)
        for _ in range(_LAYERS):
            queries, keys, values = (graph.linear(x, _CHANNELS) for _ in range(3))
            attended = graph.attention(queries, keys, values, penalty, heads=_HEADS)
            x = _norm(graph, graph.add(graph.linear(attended, _CHANNELS), x))
            wide = graph.gelu(graph.linear(x, 4 * _CHANNELS))
            x = _norm(graph, graph.add(graph.linear(wide, _CHANNELS), x))
        graph.output(x, "last_hidden_state", shape)
        return graph.model()
