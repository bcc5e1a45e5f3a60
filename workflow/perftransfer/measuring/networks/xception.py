"""Xception: depthwise separable convolutions with residual connections.

Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017, arXiv
1610.02357, figure 5. Numbers of weights as in Keras (``keras.applications.Xception``, the author's)
and timm (``legacy_xception``), padding as in the latter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.measuring.networks._graph import Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx


def _separable(graph: Graph, x: Tensor, channels: int) -> Tensor:
    return graph.batch_norm(graph.separable(x, channels, 3, padding=1))


def _down(graph: Graph, x: Tensor, inner: int, channels: int) -> Tensor:
    """Two separable convolutions and a pooling that halves the image, plus a strided projection of the input."""
    y = _separable(graph, x if x.rectified else graph.relu(x), inner)
    y = _separable(graph, graph.relu(y), channels)
    y = graph.max_pool(y, 3, stride=2, padding=1)
    return graph.add(graph.batch_norm(graph.conv(x, channels, 1, stride=2)), y)


class Xception(Network):
    """Xception."""

    version = 1

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32
        ``[batch, 1000]``.
        """
        graph = Graph("xception", seed)
        x = graph.relu(graph.batch_norm(graph.conv(graph.image, 32, 3, stride=2)))
        x = graph.relu(graph.batch_norm(graph.conv(x, 64, 3)))
        for channels in (128, 256, 728):
            x = _down(graph, x, channels, channels)
        for _ in range(8):
            y = x
            for _ in range(3):
                y = _separable(graph, graph.relu(y), 728)
            x = graph.add(x, y)
        x = _down(graph, x, 728, 1024)
        for channels in (1536, 2048):
            x = graph.relu(_separable(graph, x, channels))
        graph.classifier(x)
        return graph.model()
