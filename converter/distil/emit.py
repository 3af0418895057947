"""The student as a TFLite graph: in float, and in int8 with weights that nothing has taught yet."""

from collections.abc import Mapping
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from converter.calibration import network_inputs, synthetic_windows
from converter.distil.architecture import STUDENT, Architecture, Block, Gate, Kind, Layer
from converter.distil.contract import PATCH
from converter.graph import Graph, Tensor
from converter.inline import inlined
from converter.quantise import Mode, quantise

_CALIBRATION_WINDOWS: Final = 32


def emit(weights: Mapping[str, NDArray[np.float32]], architecture: Architecture = STUDENT) -> bytes:
    """Write the float graph.

    Parameters
    ----------
    weights
        By name, as `converter.distil.architecture.Layer` says.
    architecture
        Widths and depths.

    Returns
    -------
    bytes
        The flatbuffer. Input float32, shape (1, window_samples); output (1, n_outputs), logits.
    """
    return _Writer(weights, architecture).write()


def untrained(
    seed: int,
    architecture: Architecture = STUDENT,
    *,
    calibration: NDArray[np.float32] | None = None,
) -> bytes:
    """Write an int8 student with random weights, to measure a generator, a kernel or a budget on.

    Parameters
    ----------
    seed
        Of the weights.
    architecture
        Widths and depths.
    calibration
        Inputs whose ranges int8 must hold, shape (n, window_samples); windows of the synthetic heart by default.

    Returns
    -------
    bytes
        The flatbuffer. Input int8, shape (1, window_samples); output int8, shape (1, n_outputs).
    """
    if calibration is None:
        calibration = network_inputs(synthetic_windows(PATCH, _CALIBRATION_WINDOWS, seed=0), PATCH)
    return to_int8(emit(random_weights(architecture, seed), architecture), calibration)


def to_int8(float_model: bytes, calibration: NDArray[np.float32]) -> bytes:
    """Make every tensor int8, all constants inside the flatbuffer.

    Parameters
    ----------
    float_model
        As `emit` writes it.
    calibration
        Inputs whose ranges int8 must hold, shape (n, window_samples).
    """
    return inlined(quantise(float_model, Mode.FULL, calibration))


def random_weights(architecture: Architecture, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw weights that keep the activations within a few units (He et al. 2015, arXiv 1502.01852)."""
    draws = np.random.default_rng(seed)
    weights = {}
    for layer in architecture.layers():
        shape = layer.weights_shape
        bound = np.sqrt(6.0 / np.prod(shape[1:]))
        weights[f"{layer.name}.w"] = draws.uniform(-bound, bound, shape).astype(np.float32)
        weights[f"{layer.name}.b"] = draws.uniform(-0.1, 0.1, layer.out_channels).astype(np.float32)
    return weights


class _Writer:
    def __init__(self, weights: Mapping[str, NDArray[np.float32]], architecture: Architecture) -> None:
        self._weights, self._net = weights, architecture
        self._graph = Graph("anyecg-edge student")

    def write(self) -> bytes:
        net, graph = self._net, self._graph
        x = graph.input("window", (1, net.window_samples))
        y = graph.reshape("window/columns", x, (1, 1, net.window_samples, 1))
        for block in net.blocks():
            y = self._block(block, y)
        y = graph.mean_over_time("means", y, keep_dims=False)
        for layer in net.head():
            y = self._layer(layer, y)
        return graph.to_bytes(x, y)

    def _block(self, block: Block, x: Tensor) -> Tensor:
        y = x
        for layer in block.layers:
            y = self._layer(layer, y)
        if block.gate is not None:
            y = self._graph.mul(f"{block.name}/gated", y, self._gate(block.name, block.gate, y))
        return self._graph.add(f"{block.name}/sum", x, y, relu=True) if block.adds else y

    def _gate(self, name: str, gate: Gate, x: Tensor) -> Tensor:
        squeezed = self._layer(gate.squeeze, self._graph.mean_over_time(f"{name}/means", x, keep_dims=True))
        return self._graph.logistic(f"{name}/gate", self._layer(gate.excite, squeezed))

    def _layer(self, layer: Layer, x: Tensor) -> Tensor:
        weights, bias = self._weights[f"{layer.name}.w"], self._weights[f"{layer.name}.b"]
        match layer.kind:
            case Kind.CONV | Kind.POINTWISE:
                return self._graph.conv(layer.name, x, weights, bias, layer.stride, relu=layer.relu)
            case Kind.DEPTHWISE:
                return self._graph.depthwise(layer.name, x, weights, bias, layer.stride, relu=layer.relu)
            case Kind.DENSE:
                return self._graph.fully_connected(layer.name, x, weights, bias, relu=layer.relu)
            case _:
                assert_never(layer.kind)
