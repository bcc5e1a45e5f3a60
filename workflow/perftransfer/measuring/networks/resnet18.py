"""ResNet-18: pairs of 3 x 3 convolutions with residual connections.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv 1512.03385,
table 1 and figure 5 (left), with projections where the shape changes (option B). Padding and
numbers of weights as in torchvision's ``resnet18``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.measuring.networks._graph import Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx


def _block(graph: Graph, x: Tensor, channels: int, stride: int) -> Tensor:
    y = graph.relu(graph.batch_norm(graph.conv(x, channels, 3, stride=stride, padding=1)))
    y = graph.batch_norm(graph.conv(y, channels, 3, padding=1))
    if stride > 1:
        x = graph.batch_norm(graph.conv(x, channels, 1, stride=stride))
    return graph.relu(graph.add(y, x))


class ResNet18(Network):
    """ResNet-18."""

    version = 1

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32
        ``[batch, 1000]``.
        """
        graph = Graph("resnet18", seed)
        x = graph.relu(graph.batch_norm(graph.conv(graph.image, 64, 7, stride=2, padding=3)))
        x = graph.max_pool(x, 3, stride=2, padding=1)
        for channels in (64, 128, 256, 512):
            for block in range(2):
                x = _block(graph, x, channels, 2 if block == 0 and channels > 64 else 1)
        graph.classifier(x)
        return graph.model()
