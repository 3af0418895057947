"""Net1D as an ONNX graph, and its static quantisation by onnxruntime's own tool.

Written operator by operator, as `converter.ecgfounder.emit` writes TFLite, so that the peer gets a graph without an
exporter's detours, and with two dimensions: onnxruntime's float convolutions take about a fifth less time so.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime import quantization
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.peers.onnx_nodes import OnnxNodes
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.net1d import Block, Weights


@dataclass(frozen=True, slots=True)
class StaticSettings:
    """Settings of ``quantize_static``, always after ``quant_pre_process``: QDQ, MinMax calibration, weights QInt8.

    Parameters
    ----------
    activations
        ``QInt8`` or ``QUInt8``.
    per_channel
        Whether each output channel of the weights has a scale of its own.
    """

    activations: str
    per_channel: bool

    def __str__(self) -> str:
        weights = "per channel" if self.per_channel else "per tensor"
        return f"QDQ, activations {self.activations}, weights QInt8 {weights}, MinMax calibration"


STATIC_SETTINGS: Final[Mapping[str, StaticSettings]] = {
    "onnxruntime int8 S8S8 (defaults)": StaticSettings("QInt8", per_channel=False),
    "onnxruntime int8 U8S8 per channel": StaticSettings("QUInt8", per_channel=True),
}
"""The tool's documented defaults, and the fastest settings found on x86, whose VNNI multiplies unsigned by signed.

Beside the second, on one AMD EPYC and the full-size network: QOperator, one scale for all channels, or Sigmoid left in
float take the same time within 2 %; Conv and Gemm alone, the rest in float, 8 % more; unsigned weights 43 % more.
"""


def write(checkpoint: Checkpoint, window_samples: int) -> bytes:
    """Write the float graph: input ``x``, float32, shape (1, window_samples); output ``logits``, (1, n_outputs)."""
    config, weights = checkpoint.config, checkpoint.weights
    graph = _Graph(weights)
    x, length = graph.reshape("x", (1, 1, 1, window_samples)), window_samples
    x, length = graph.conv(x, "first_conv.conv", length, stride=config.stride)
    x = graph.swish(x)
    for block in config.blocks():
        x, length = _block(graph, block, x, length)
    pooled = graph.reshape(graph.op("GlobalAveragePool", x), (1, config.filter_list[-1]))
    head = graph.constant("dense.weight", weights["dense.weight"]), graph.constant("dense.bias", weights["dense.bias"])
    graph.op("Gemm", pooled, *head, output="logits", transB=1)
    return graph.to_bytes("Net1D", (1, window_samples), (1, config.n_outputs))


def quantise_statically(
    exact: Path, quantised: Path, calibration: NDArray[np.float32], settings: StaticSettings
) -> None:
    """Quantise a file of `write`, every operator that the tool knows; `calibration` has shape (n, window_samples)."""
    prepared = exact.with_suffix(".prepared.onnx")
    logging.getLogger().setLevel(logging.ERROR)  # the tool recommends the step that has just been done
    quant_pre_process(exact, prepared, skip_symbolic_shape=True)
    quantization.quantize_static(
        prepared,
        quantised,
        _Windows(calibration),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=settings.per_channel,
        activation_type=quantization.QuantType[settings.activations],
        weight_type=quantization.QuantType.QInt8,
        calibrate_method=quantization.CalibrationMethod.MinMax,
    )
    prepared.unlink()


class _Windows(quantization.CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, windows: NDArray[np.float32]) -> None:
        self._left: Iterator[NDArray[np.float32]] = iter(windows)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        window = next(self._left, None)
        return None if window is None else {"x": window[None]}


def _block(graph: "_Graph", block: Block, x: str, length: int) -> tuple[str, int]:
    y = x if block.is_first else graph.swish(x)
    y, _ = graph.conv(y, f"{block.prefix}conv1.conv", length)
    grouped = f"{block.prefix}conv2.conv"
    y, shorter = graph.conv(graph.swish(y), grouped, length, stride=block.stride, groups=graph.groups(grouped))
    y, _ = graph.conv(graph.swish(y), f"{block.prefix}conv3.conv", shorter)
    hidden = graph.swish(graph.linear(graph.op("GlobalAveragePool", y), f"{block.prefix}se_fc1"))
    gate = graph.op("Sigmoid", graph.linear(hidden, f"{block.prefix}se_fc2"))
    return graph.op("Add", graph.op("Mul", y, gate), _identity(graph, block, x, length)), shorter


def _identity(graph: "_Graph", block: Block, x: str, length: int) -> str:
    """Pool with zeros at the end, as the reference does, and widen."""
    if block.stride > 1:
        missing = -length % block.stride
        if missing:
            # Not Pad: onnxruntime 1.31 fuses it into the pool, whose own padding is minus infinity and not zero.
            zeros = np.zeros((1, block.in_channels, 1, missing), np.float32)
            x = graph.op("Concat", x, graph.constant(f"{block.name}_zeros", zeros), axis=3)
        x = graph.op("MaxPool", x, kernel_shape=[1, block.stride], strides=[1, block.stride])
    added = block.out_channels - block.in_channels
    if added:
        amounts = np.array([0, added // 2, 0, 0, 0, added - added // 2, 0, 0], np.int64)
        x = graph.op("Pad", x, graph.constant(f"{block.name}_pads", amounts))
    return x


class _Graph(OnnxNodes):
    """Layers of the graph being written; tensors are (1, channels, 1, length)."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self._weights = weights

    def conv(self, x: str, name: str, length: int, *, stride: int = 1, groups: int = 1) -> tuple[str, int]:
        """Conv of the layer `name`, padded with zeros to ``ceil(length / stride)``; the odd zero on the right."""
        kernel = self._weights[f"{name}.weight"].shape[-1]
        shorter = -(-length // stride)
        padding = max(0, (shorter - 1) * stride + kernel - length)
        pads = [0, padding // 2, 0, padding - padding // 2]
        layer = self._layer(name, self._weights[f"{name}.weight"][:, :, None])
        shape = [1, kernel]
        y = self.op("Conv", x, *layer, kernel_shape=shape, strides=[1, stride], group=groups, pads=pads)
        return y, shorter

    def linear(self, x: str, name: str) -> str:
        """Conv of width 1 over (1, channels, 1, 1)."""
        weights = self._weights[f"{name}.weight"][:, :, None, None]
        return self.op("Conv", x, *self._layer(name, weights), kernel_shape=[1, 1])

    def groups(self, name: str) -> int:
        """Groups of a convolution that keeps its channels."""
        n_out, n_in, _ = self._weights[f"{name}.weight"].shape
        return n_out // n_in

    def _layer(self, name: str, weights: NDArray[np.float32]) -> tuple[str, str]:
        return self.constant(f"{name}.weight", weights), self.constant(f"{name}.bias", self._weights[f"{name}.bias"])

    def swish(self, x: str) -> str:
        return self.op("Mul", x, self.op("Sigmoid", x))
