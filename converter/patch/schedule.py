"""From a `Network` to the kernels that run it: what needs no work of its own is folded away, bit for bit the same.

A RESHAPE is another name of the same bytes. What is a function of one int8 (LOGISTIC, swish as LOGISTIC and MUL,
chains of them) becomes one table of 256 bytes. A PAD of rows before a kernel that pads anyway becomes its padding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from converter.patch.execute import apply
from converter.patch.network import (
    Add,
    Conv,
    Dense,
    Depthwise,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Network,
    Operator,
    Pad,
    Reshape,
    Scale,
    Tensor,
    reads,
)
from converter.patch.numerics import LOWEST

ROWS_AT_ONCE: Final = 4
"""``ANYECG_ROWS_AT_ONCE``: the most rows of output that a kernel has in work."""
_IDENTITY: Final = np.arange(-128, 128, dtype=np.int64).astype(np.int8)


class Overlap(StrEnum):
    """How an output may lie over an input that nobody reads later."""

    NONE = "none"
    SAME_PLACE = "same_place"
    """Where the input begins: every element is read before it is written."""
    AHEAD = "ahead"
    """Far enough before the input: rows are written in order, each after the windows that began before it."""
    BEHIND = "behind"
    """Where the input begins or later: rows are written from the last to the first."""
    BEFORE = "before"
    """Where the input begins or earlier: what is written is no larger than what it is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """A function of one int8 as a table, the entry of -128 first."""

    x: int
    y: int
    table: NDArray[np.int8]


Work: TypeAlias = Conv | Depthwise | Dense | Mean | MaxPool | Mul | Scale | Add | Pad | Lookup
"""What a kernel does."""


@dataclass(frozen=True, slots=True)
class Read:
    """How a kernel reads a buffer.

    Parameters
    ----------
    buffer
        Which.
    before_bytes, after_bytes
        Padding that is filled before it begins.
    fill
        With what.
    overlap
        Where the output may lie.
    lead_bytes
        With `Overlap.AHEAD`: how far before the padding the output must begin.
    """

    buffer: int
    before_bytes: int = 0
    after_bytes: int = 0
    fill: int = 0
    overlap: Overlap = Overlap.NONE
    lead_bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call of a kernel.

    Parameters
    ----------
    work
        What it does, in terms of the network's tensors.
    reads
        The buffers it reads, in the kernel's order.
    writes
        The buffer it writes.
    scratch_bytes
        What it needs while it runs.
    """

    work: Work
    reads: tuple[Read, ...]
    writes: int
    scratch_bytes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Steps in the order in which they run.

    Parameters
    ----------
    tensors
        The network's.
    buffers
        Size in bytes of each buffer, by the number of the tensor it was made for.
    steps
        All of them.
    input, output
        Buffers of the network's own.
    """

    tensors: dict[int, Tensor]
    buffers: dict[int, int]
    steps: tuple[Step, ...]
    input: int
    output: int


def schedule(network: Network) -> Schedule:
    """Choose the kernels that compute what a network computes."""
    return _Scheduler(network).schedule()


@dataclass(frozen=True, slots=True, eq=False)
class _Function:
    """A tensor as a function of another, element by element."""

    of: int
    table: NDArray[np.int8]


class _Scheduler:
    """Follows each tensor back to the buffer it lies in and the function it is of it."""

    def __init__(self, network: Network) -> None:
        self._network, self._tensors = network, network.tensors
        self._readers: dict[int, list[Operator]] = {}
        for operator in network.operators:
            for tensor in reads(operator):
                self._readers.setdefault(tensor, []).append(operator)
        self._functions: dict[int, _Function] = {}
        self._names: dict[int, int] = {}
        self._padded: dict[int, tuple[int, int]] = {}

    def schedule(self) -> Schedule:
        steps = tuple(self._steps())
        buffers = {step.writes: self._tensors[step.writes].size_bytes for step in steps}
        source = self._network.input
        buffers[source] = self._tensors[source].size_bytes
        return Schedule(self._tensors, buffers, steps, source, self._buffer(self._network.output))

    def _steps(self) -> Iterator[Step]:
        for operator in self._network.operators:
            if isinstance(operator, Reshape):
                self._rename(operator.x, operator.y)
            elif (function := self._function(operator)) is not None:
                self._functions[operator.y] = function
                if self._is_wanted(operator.y):
                    yield self._lookup(operator.y, function)
            elif isinstance(operator, Pad) and self._becomes_padding(operator):
                self._padded[operator.y] = operator.rows
                self._names[operator.y] = operator.x
            elif not isinstance(operator, Logistic):  # it is a function in any case
                yield self._step(operator)

    def _rename(self, x: int, y: int) -> None:
        self._names[y] = x
        if x in self._functions:
            self._functions[y] = self._functions[x]

    def _function(self, operator: Operator) -> _Function | None:
        """What the operator writes, as a function of one tensor; None where it is of several, or of the place."""
        match operator:
            case Logistic():
                known = [self._known(operator.x)]
            case Mul() | Add():
                known = [self._known(operator.a), self._known(operator.b)]
                if self._tensors[operator.a].size_bytes != self._tensors[operator.b].size_bytes:
                    return None
            case Scale() if len(set(operator.factors.tolist())) == 1:
                known = [self._known(operator.x)]
            case _:
                return None
        if len({function.of for function in known}) > 1:
            return None
        width = self._tensors[operator.y].channels if isinstance(operator, Scale) else 1
        columns = [np.repeat(function.table[None, :, None], width, axis=2) for function in known]
        return _Function(known[0].of, apply(operator, self._tensors, *columns)[0, :, 0])

    def _known(self, tensor: int) -> _Function:
        return self._functions.get(tensor, _Function(self._buffer(tensor), _IDENTITY))

    def _is_wanted(self, tensor: int) -> bool:
        """Whether somebody reads the values themselves: then they are written out."""
        if tensor == self._network.output:
            return True
        return any(
            self._is_wanted(operator.y) if isinstance(operator, Reshape) else self._function(operator) is None
            for operator in self._readers.get(tensor, [])
        )

    def _lookup(self, tensor: int, function: _Function) -> Step:
        work = Lookup(function.of, tensor, function.table)
        return Step(work, (Read(function.of, overlap=Overlap.SAME_PLACE),), tensor)

    def _becomes_padding(self, pad: Pad) -> bool:
        readers = self._readers.get(pad.y, [])
        return pad.channels == (0, 0) and pad.y != self._network.output and all(map(_takes_padding, readers))

    def _buffer(self, tensor: int) -> int:
        while tensor in self._names:
            tensor = self._names[tensor]
        return tensor

    def _step(self, work: Conv | Depthwise | Dense | Mean | MaxPool | Mul | Scale | Add | Pad) -> Step:
        scratch = 0
        match work:
            case Conv() | Depthwise() | MaxPool():
                read = self._sliding(work)
                if isinstance(work, Conv):
                    scratch = conv_scratch_bytes(work.weights.values[0].size)
                return Step(work, (read,), work.y, scratch)
            case Dense():
                return Step(
                    work, (Read(self._buffer(work.x)),), work.y, conv_scratch_bytes(work.weights.values.shape[1])
                )
            case Mean():
                return Step(work, (Read(self._buffer(work.x)),), work.y)
            case Scale():
                return Step(work, (Read(self._buffer(work.x), overlap=Overlap.SAME_PLACE),), work.y)
            case Mul() | Add():
                a, b = (self._buffer(tensor) for tensor in reads(work))
                is_row = self._tensors[work.a].size_bytes != self._tensors[work.b].size_bytes
                over_b = Overlap.NONE if is_row else Overlap.SAME_PLACE
                return Step(work, (Read(a, overlap=Overlap.SAME_PLACE), Read(b, overlap=over_b)), work.y)
            case Pad():
                return Step(work, (Read(self._buffer(work.x), overlap=Overlap.BEHIND),), work.y)
            case _:
                assert_never(work)

    def _sliding(self, work: Conv | Depthwise | MaxPool) -> Read:
        x, y = self._tensors[work.x], self._tensors[work.y]
        before, after = self._padded.get(work.x, (0, 0))
        padded = before + after > 0
        fill = LOWEST if isinstance(work, MaxPool) and not padded else x.quantisation.zero_point
        return Read(
            self._buffer(work.x),
            (before + work.rows.before) * x.channels,
            (after + work.rows.after) * x.channels,
            fill,
            Overlap.AHEAD,
            lead_bytes(y.width, y.channels, work.rows.stride * x.channels),
        )


def _takes_padding(operator: Operator) -> bool:
    match operator:
        case Conv() | Depthwise():
            return True  # its own padding has the same value
        case MaxPool():
            return operator.rows.before == operator.rows.after == 0
        case _:
            return False


def conv_scratch_bytes(row_elements: int) -> int:
    """``ANYECG_CONV_SCRATCH``: what `anyecg_conv` needs for weights of so many elements an output."""
    return 2 * ROWS_AT_ONCE * (-(-row_elements // 4) * 4)


def lead_bytes(width_out: int, row_out_bytes: int, stride_bytes: int) -> int:
    """Return how far before its padded input an output must begin to never overtake it.

    When row p is written, the windows of rows ``p - ROWS_AT_ONCE + 1`` and later may still be read.
    """
    first = min(ROWS_AT_ONCE, width_out) - 1
    rows = (first, width_out - 1)
    return max((p + 1) * row_out_bytes - max(p - ROWS_AT_ONCE + 1, 0) * stride_bytes for p in rows)
