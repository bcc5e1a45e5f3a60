"""SqueezeNet 1.1: fire modules, which squeeze the channels before they expand them; no normalisation, all with biases.

Iandola, Han, Moskewicz, Ashraf, Dally and Keutzer, "SqueezeNet: AlexNet-level accuracy with 50x
fewer parameters and <0.5MB model size", 2016, arXiv 1602.07360, figure 2 and table 1; version 1.1
is of the authors' repository (github.com/forresti/SqueezeNet, ``SqueezeNet_v1.1``): a smaller first
convolution, and pooling earlier. Padding and numbers of weights as in torchvision's
``squeezenet1_1``. Images need at least 17 pixels a side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.measuring.networks._graph import CLASSES, Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx

# Channels of the squeezing convolutions, and of each of the two that expand; a pooling precedes each stage.
_STAGES = [[(16, 64), (16, 64)], [(32, 128), (32, 128)], [(48, 192), (48, 192), (64, 256), (64, 256)]]


def _conv(graph: Graph, x: Tensor, channels: int, kernel: int, *, stride: int = 1, padding: int = 0) -> Tensor:
    return graph.relu(graph.conv(x, channels, kernel, stride=stride, padding=padding, bias=True))


def _fire(graph: Graph, x: Tensor, squeezed: int, expanded: int) -> Tensor:
    """Figure 1."""
    x = _conv(graph, x, squeezed, 1)
    return graph.concat(_conv(graph, x, expanded, 1), _conv(graph, x, expanded, 3, padding=1))


class SqueezeNet(Network):
    """SqueezeNet 1.1."""

    version = 1

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32
        ``[batch, 1000]``, from a ReLU as in the paper, so never negative.
        """
        graph = Graph("squeezenet", seed)
        x = _conv(graph, graph.image, 64, 3, stride=2)
        for stage in _STAGES:
            x = graph.max_pool(x, 3, stride=2, ceil=True)
            for squeezed, expanded in stage:
                x = _fire(graph, x, squeezed, expanded)
        graph.mean_classifier(_conv(graph, x, CLASSES, 1))
        return graph.model()
