"""MobileNetV2, width 1.0: inverted residuals with linear bottlenecks.

Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
CVPR 2018, arXiv 1801.04381, table 2. Padding and numbers of weights as in torchvision's
``mobilenet_v2``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.measuring.networks._graph import Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx

# Expansion, channels out, blocks, stride of the first block: the rows of table 2.
_STAGES = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]


def _inverted_residual(graph: Graph, x: Tensor, expansion: int, channels: int, stride: int) -> Tensor:
    y = x
    if expansion > 1:
        y = graph.relu6(graph.batch_norm(graph.conv(y, expansion * x.channels, 1)))
    y = graph.relu6(graph.batch_norm(graph.depthwise(y, 3, stride=stride, padding=1)))
    y = graph.batch_norm(graph.conv(y, channels, 1))
    return graph.add(x, y) if stride == 1 and channels == x.channels else y


class MobileNetV2(Network):
    """MobileNetV2."""

    version = 1

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32
        ``[batch, 1000]``.
        """
        graph = Graph("mobilenetv2", seed)
        x = graph.relu6(graph.batch_norm(graph.conv(graph.image, 32, 3, stride=2, padding=1)))
        for expansion, channels, blocks, stride in _STAGES:
            for block in range(blocks):
                x = _inverted_residual(graph, x, expansion, channels, stride if block == 0 else 1)
        x = graph.relu6(graph.batch_norm(graph.conv(x, 1280, 1)))
        graph.classifier(x)
        return graph.model()
