"""InceptionV3: factorised convolutions of several sizes side by side; without the auxiliary head, which only trains.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for Computer
Vision", CVPR 2016, arXiv 1512.00567, table 1 and figures 5 to 7 and 10. Padding and numbers of
weights as in torchvision's ``inception_v3``. Images need at least 75 pixels a side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perftransfer.measuring.networks._graph import Graph, Tensor
from perftransfer.measuring.networks.interface import Network

if TYPE_CHECKING:
    import onnx


def _conv(
    graph: Graph,
    x: Tensor,
    channels: int,
    kernel: int | tuple[int, int],
    *,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    return graph.relu(graph.batch_norm(graph.conv(x, channels, kernel, stride=stride, padding=padding), epsilon=1e-3))


def _row(graph: Graph, x: Tensor, channels: int, pixels: int) -> Tensor:
    return _conv(graph, x, channels, (1, pixels), padding=(0, pixels // 2))


def _column(graph: Graph, x: Tensor, channels: int, pixels: int) -> Tensor:
    return _conv(graph, x, channels, (pixels, 1), padding=(pixels // 2, 0))


def _pooled(graph: Graph, x: Tensor, channels: int) -> Tensor:
    return _conv(graph, graph.average_pool(x, 3, stride=1, padding=1), channels, 1)


def _small(graph: Graph, x: Tensor, pooled: int) -> Tensor:
    """Figure 5, with the 5 x 5 branch that the published models kept."""
    direct = _conv(graph, x, 64, 1)
    five = _conv(graph, _conv(graph, x, 48, 1), 64, 5, padding=2)
    twice = _conv(graph, _conv(graph, x, 64, 1), 96, 3, padding=1)
    twice = _conv(graph, twice, 96, 3, padding=1)
    return graph.concat(direct, five, twice, _pooled(graph, x, pooled))


def _small_to_medium(graph: Graph, x: Tensor) -> Tensor:
    """Figure 10: convolutions and pooling side by side halve the image."""
    once = _conv(graph, x, 384, 3, stride=2)
    twice = _conv(graph, _conv(graph, x, 64, 1), 96, 3, padding=1)
    twice = _conv(graph, twice, 96, 3, stride=2)
    return graph.concat(once, twice, graph.max_pool(x, 3, stride=2))


def _medium(graph: Graph, x: Tensor, inner: int) -> Tensor:
    """Figure 6: 7 x 7 convolutions as rows and columns."""
    direct = _conv(graph, x, 192, 1)
    once = _row(graph, _conv(graph, x, inner, 1), inner, 7)
    once = _column(graph, once, 192, 7)
    twice = _column(graph, _conv(graph, x, inner, 1), inner, 7)
    twice = _row(graph, twice, inner, 7)
    twice = _column(graph, twice, inner, 7)
    twice = _row(graph, twice, 192, 7)
    return graph.concat(direct, once, twice, _pooled(graph, x, 192))


def _medium_to_wide(graph: Graph, x: Tensor) -> Tensor:
    """Figure 10 again, with a 7 x 7 convolution in one branch."""
    three = _conv(graph, _conv(graph, x, 192, 1), 320, 3, stride=2)
    seven = _column(graph, _row(graph, _conv(graph, x, 192, 1), 192, 7), 192, 7)
    seven = _conv(graph, seven, 192, 3, stride=2)
    return graph.concat(three, seven, graph.max_pool(x, 3, stride=2))


def _wide(graph: Graph, x: Tensor) -> Tensor:
    """Figure 7: rows and columns side by side."""
    direct = _conv(graph, x, 320, 1)
    once = _conv(graph, x, 384, 1)
    twice = _conv(graph, _conv(graph, x, 448, 1), 384, 3, padding=1)
    crossed = [branch(graph, y, 384, 3) for y in (once, twice) for branch in (_row, _column)]
    return graph.concat(direct, *crossed, _pooled(graph, x, 192))


class InceptionV3(Network):
    """InceptionV3."""

    version = 1

    def build(self, seed: int) -> onnx.ModelProto:
        """Draw the network, with random weights.

        Input ``image``, float32 ``[batch, 3, image_px, image_px]``; output ``logits``, float32
        ``[batch, 1000]``.
        """
        graph = Graph("inceptionv3", seed)
        x = _conv(graph, graph.image, 32, 3, stride=2)
        x = _conv(graph, x, 32, 3)
        x = _conv(graph, x, 64, 3, padding=1)
        x = graph.max_pool(x, 3, stride=2)
        x = _conv(graph, x, 80, 1)
        x = _conv(graph, x, 192, 3)
        x = graph.max_pool(x, 3, stride=2)
        for pooled in (32, 64, 64):
            x = _small(graph, x, pooled)
        x = _small_to_medium(graph, x)
        for inner in (128, 160, 160, 192):
            x = _medium(graph, x, inner)
        x = _medium_to_wide(graph, x)
        for _ in range(2):
            x = _wide(graph, x)
        graph.classifier(x)
        return graph.model()
