"""The waves network as a float TFLite graph."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from converter.graph import Graph, Tensor
from converter.waves.architecture import WAVES_NETWORK, Architecture, Layer


def emit(weights: Mapping[str, NDArray[np.float32]], architecture: Architecture = WAVES_NETWORK) -> bytes:
    """Write the graph.

    Parameters
    ----------
    weights
        By name: ``{layer}.w`` of shape (out, in, kernel) and ``{layer}.b`` of shape (out,), for each of the
        architecture's layers.
    architecture
        Widths.

    Returns
    -------
    bytes
        The flatbuffer. Input float32, shape (1, window_samples); output (1, 1, n_steps, N_OUTPUTS), logits.
    """
    return _Writer(weights, architecture).write()


class _Writer:
    def __init__(self, weights: Mapping[str, NDArray[np.float32]], architecture: Architecture) -> None:
        self._weights, self._net = weights, architecture
        self._graph = Graph("anyecg-edge waves network")

    def write(self) -> bytes:
        net, graph = self._net, self._graph
        x = graph.input("window", (1, net.window_samples))
        y = graph.reshape("window/columns", x, (1, 1, net.window_samples, 1))
        for layer in net.stem():
            y = self._conv(layer, y)
        deepest, shortcuts = len(net.channels) - 1, []
        for level in range(deepest):
            y = self._block("enc", level, y)
            shortcuts.append(y)
            y = self._conv(net.down(level), y)
        y = self._block("enc", deepest, y)
        for level in reversed(range(deepest)):
            wide = self._conv(net.up(level), y)
            n, height, width, channels = wide.shape
            wider = graph.reshape(f"up{level}/wider", wide, (n, height, 2 * width, channels // 2))
            y = self._block("dec", level, graph.add(f"dec{level}/joined", wider, shortcuts[level], relu=True))
        return graph.to_bytes(x, self._conv(net.head(), y))

    def _conv(self, layer: Layer, x: Tensor) -> Tensor:
        weights, bias = self._weights[f"{layer.name}.w"], self._weights[f"{layer.name}.b"]
        return self._graph.conv(layer.name, x, weights, bias, layer.stride, relu=layer.relu)

    def _block(self, side: str, level: int, x: Tensor) -> Tensor:
        y = x
        for layer in self._net.block(side, level):
            y = self._conv(layer, y)
        return self._graph.add(f"{side}{level}/sum", x, y, relu=True)
