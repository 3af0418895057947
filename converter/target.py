"""The runtime a pack is made for."""

from enum import StrEnum


class Target(StrEnum):
    """Which runtime a graph is written for: both load every graph, but each is fast on its own."""

    LITERT = "litert"
    """LiteRT. Its default delegate, XNNPACK, takes every operator of a graph in float, full int8 and dynamic range,
    grouped convolutions included."""
    TFLITE_RUNTIME = "tflite-runtime"
    """tflite-runtime 2.14, all there is for 32-bit ARM. Its XNNPACK takes float alone: a full int8 graph runs on the
    builtin kernels, whose grouped int8 convolution is slow, so that groups are written as convolutions of their own.
    Dynamic range is refused there: see `edge.interpreter`."""
