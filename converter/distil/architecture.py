"""The shape of the student: a network of one lead that a microcontroller of 256 kB runs in a fraction of a second.

Convolutions where few channels meet many (a first look at the signal, and twice further on), depthwise and pointwise
ones where that costs a tenth (Howard et al. 2017, arXiv 1704.04861), and three gates that weigh channels by their
mean over time (Hu et al. 2018, arXiv 1709.01507). There is no operator that TensorFlow Lite Micro lacks, and no
activation but rectified sums and the gates' logistic function.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a layer's multiplications are: they cost different times on a microcontroller."""

    CONV = "conv"
    POINTWISE = "pointwise"
    DEPTHWISE = "depthwise"
    DENSE = "dense"


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution or fully connected layer with its bias.

    Parameters
    ----------
    name
        Under which its weights are kept: ``{name}.w``, shape (out, in, kernel), or (channels, 1, kernel) of a depthwise
        and (out, in) of a dense one, and ``{name}.b``, shape (out,).
    kind
        What it is.
    in_channels, out_channels, kernel, stride
        Along time; padded as TFLite's SAME.
    width
        Steps in time that it writes.
    relu
        Whether its output is rectified.
    """

    name: str
    kind: Kind
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    width: int
    relu: bool

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """Shape of ``{name}.w``."""
        if self.kind is Kind.DENSE:
            return self.out_channels, self.in_channels
        return self.out_channels, self._read, self.kernel

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return self.out_channels * (self._read * self.kernel + 1)

    @property
    def n_macs(self) -> int:
        """Multiplications a window."""
        return self.width * self.out_channels * self._read * self.kernel

    @property
    def _read(self) -> int:
        return 1 if self.kind is Kind.DEPTHWISE else self.in_channels


@dataclass(frozen=True, slots=True)
class Gate:
    """Two layers from the channels' means to one factor a channel.

    Parameters
    ----------
    squeeze, excite
        Pointwise, on one step in time; the first is rectified, the second goes through the logistic function.
    """

    squeeze: Layer
    excite: Layer


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the trunk as it runs.

    Parameters
    ----------
    name
        Of what it writes.
    layers
        One after the other.
    gate
        Applied to what the last one writes; None without.
    adds
        Whether what the block reads is added to what it writes, and the sum rectified.
    """

    name: str
    layers: tuple[Layer, ...]
    gate: Gate | None
    adds: bool


class Form(StrEnum):
    """How a block mixes channels and time."""

    WHOLE = "whole"
    """By one convolution."""
    SEPARABLE = "separable"
    """By a depthwise convolution, and a pointwise one after it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is asked of a block.

    Parameters
    ----------
    form
        How it mixes.
    channels
        That it writes. Where they are as many as it reads, and the stride is 1, it adds to what it reads.
    kernel, stride
        Along time.
    squeezed
        Channels in the middle of its gate; None without a gate.
    """

    form: Form
    channels: int
    kernel: int
    stride: int = 2
    squeezed: int | None = None


_STAGES: Final = (
    Stage(Form.WHOLE, 16, 16),
    Stage(Form.SEPARABLE, 32, 9),
    Stage(Form.SEPARABLE, 48, 7),
    Stage(Form.WHOLE, 64, 7, squeezed=16),
    Stage(Form.SEPARABLE, 64, 7, stride=1, squeezed=16),
    Stage(Form.SEPARABLE, 112, 7),
    Stage(Form.WHOLE, 128, 6),
    Stage(Form.SEPARABLE, 128, 7, stride=1, squeezed=32),
)
"""Six taps, not seven, over 40 steps: CMSIS-NN's MVE kernel errs where an odd number of steps is padded (its
``arm_convolve_1_x_n_s8``, seen at 4ab83cc)."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """Widths and depths of a student.

    Parameters
    ----------
    n_outputs
        Logits.
    window_samples
        Length of the input.
    stages
        Of the trunk.
    hidden
        Channels of the layer before the last.
    """

    n_outputs: int = 4
    window_samples: int = 1250
    stages: tuple[Stage, ...] = _STAGES
    hidden: int = 64

    def blocks(self) -> Iterator[Block]:
        """Give the trunk in the order in which it runs."""
        channels, width = 1, self.window_samples
        for number, stage in enumerate(self.stages):
            adds = stage.stride == 1 and stage.channels == channels
            width = -(-width // stage.stride)
            yield _block(f"b{number}", stage, channels, width, adds=adds)
            channels = stage.channels

    def head(self) -> tuple[Layer, Layer]:
        """Two layers from the means over time to the logits."""
        features = self.stages[-1].channels
        return (
            Layer("hidden", Kind.DENSE, features, self.hidden, 1, 1, 1, relu=True),
            Layer("logits", Kind.DENSE, self.hidden, self.n_outputs, 1, 1, 1, relu=False),
        )

    def layers(self) -> tuple[Layer, ...]:
        """All that have weights, in the order in which they run."""
        trunk = [layer for block in self.blocks() for layer in (*block.layers, *_layers_of(block.gate))]
        return (*trunk, *self.head())

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(layer.n_parameters for layer in self.layers())

    @property
    def n_macs(self) -> int:
        """Multiplications a window."""
        return sum(self.macs_by_kind().values())

    def parameters_by_kind(self) -> dict[Kind, int]:
        """Weights and biases of each kind of layer."""
        return {kind: sum(layer.n_parameters for layer in self.layers() if layer.kind is kind) for kind in Kind}

    def macs_by_kind(self) -> dict[Kind, int]:
        """Multiplications a window of each kind of layer."""
        return {kind: sum(layer.n_macs for layer in self.layers() if layer.kind is kind) for kind in Kind}


def _block(name: str, stage: Stage, channels: int, width: int, *, adds: bool) -> Block:
    gate = _gate(name, stage.channels, stage.squeezed)
    rectified = not adds  # a sum is rectified after it
    match stage.form:
        case Form.WHOLE:
            whole = Layer(name, Kind.CONV, channels, stage.channels, stage.kernel, stage.stride, width, rectified)
            return Block(name, (whole,), gate, adds)
        case Form.SEPARABLE:
            deep = Layer(
                f"{name}/deep", Kind.DEPTHWISE, channels, channels, stage.kernel, stage.stride, width, relu=True
            )
            across = Layer(f"{name}/across", Kind.POINTWISE, channels, stage.channels, 1, 1, width, rectified)
            return Block(name, (deep, across), gate, adds)


def _gate(name: str, channels: int, squeezed: int | None) -> Gate | None:
    if squeezed is None:
        return None
    return Gate(
        Layer(f"{name}/squeeze", Kind.POINTWISE, channels, squeezed, 1, 1, 1, relu=True),
        Layer(f"{name}/excite", Kind.POINTWISE, squeezed, channels, 1, 1, 1, relu=False),
    )


def _layers_of(gate: Gate | None) -> tuple[Layer, ...]:
    return (gate.squeeze, gate.excite) if gate else ()


STUDENT: Final = Architecture()
"""The one that figures are stated for: ten seconds at 125 Hz, 5 million multiplications."""
