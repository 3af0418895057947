"""Random work for the kernels, as bytes that ``kernels.c`` reads; plain C on the host that must write the same."""

import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converter.patch.toolchain import SOURCES, STRICT

HERE = Path(__file__).parent
KERNELS = (*sorted(SOURCES.glob("anyecg_kernels*.c")), HERE / "kernels.c")
ROWS_AT_ONCE = 4
GUARD = 16
EVERYTHING = (-128, 127)


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a kernel: ``kind`` as kernels.c counts them, the rest as its header names it."""

    kind: int
    width: int
    channels_in: int
    channels_out: int
    x_bytes: int
    y_bytes: int
    second: NDArray[np.int8]
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: NDArray[np.int8]
    groups: int = 1
    kernel: int = 1
    stride: int = 1
    zero: int = 0
    within: tuple[int, int] = EVERYTHING
    zeros_in: tuple[int, int] = (0, 0)
    rescales: tuple[tuple[int, int], ...] = field(default=((1 << 30, 0),) * 3)
    lead: int | None = None
    """How far before the input the output begins; None: behind it, where nothing overlaps."""

    def memory_bytes(self) -> int:
        """How much the kernel works in."""
        return (
            2 * GUARD + self.x_bytes + (self.y_bytes + GUARD if self.lead is None else max(self.lead, 0)) + self.y_bytes
        )

    def places(self) -> tuple[int, int]:
        """Where input and output begin in the memory."""
        x = GUARD + (0 if self.lead is None else max(self.lead, 0))
        return x, x + self.x_bytes + GUARD if self.lead is None else x - self.lead

    def output(self, memory: bytes) -> NDArray[np.int8]:
        """What the kernel wrote."""
        return np.frombuffer(memory, np.int8)[self.places()[1] :][: self.y_bytes]

    def words(self, draws: np.random.Generator) -> bytes:
        """The case as kernels.c reads it; `draws` fills the memory."""
        (x, y), size = self.places(), self.memory_bytes()
        numbers = (
            *(self.kind, size, self.second.size, self.weights.size, self.bias.size),
            *(x, y, self.x_bytes if self.lead is None else 0),
            *(self.width, self.channels_in, self.channels_out, self.groups, self.kernel, self.stride),
            *(self.zero, *self.within, *self.zeros_in),
            *(multiplier for multiplier, _ in self.rescales),
            *(shift for _, shift in self.rescales),
        )
        memory = draws.integers(-128, 128, size).astype(np.int8)
        arrays = (memory, self.second, self.weights, self.bias, self.multiplier, self.shift)
        return struct.pack("<25i", *numbers) + b"".join(array.tobytes() for array in arrays)


def _int8(draws: np.random.Generator, n: int) -> NDArray[np.int8]:
    return draws.integers(-128, 128, n).astype(np.int8)


def _rescale(draws: np.random.Generator, shift: int) -> tuple[int, int]:
    extremes = (1 << 30, (1 << 31) - 1, int(draws.integers(1 << 30, 1 << 31)))
    return extremes[min(draws.integers(8), 2)], shift


def _range(draws: np.random.Generator) -> tuple[int, int]:
    low, high = sorted(int(value) for value in draws.integers(-128, 128, 2))
    return EVERYTHING if draws.random() < 0.7 else (low, high)


def _per_channel(draws: np.random.Generator, n: int, products: int) -> dict[str, NDArray[np.generic]]:
    """Mostly what gives outputs all over int8; at times what saturates, shifts left, or has a bias of 2^30."""
    usual = -int(np.log2(products) / 2) - 6
    wild = draws.random() < 0.2
    widest = 1 << (30 if wild else 13)
    return {
        "bias": draws.integers(-widest, widest, n).astype(np.int32),
        "multiplier": np.array([_rescale(draws, 0)[0] for _ in range(n)], np.int32),
        "shift": draws.integers(-31 if wild else usual - 3, 2 if wild else usual + 2, n).astype(np.int8),
    }


def _lead(draws: np.random.Generator, width: int, row_bytes: int, step: int) -> int | None:
    if draws.random() < 0.5:
        return None
    return max((p + 1) * row_bytes - max(p - ROWS_AT_ONCE + 1, 0) * step for p in range(width)) + int(draws.integers(3))


def conv(draws: np.random.Generator) -> Case:
    """A convolution, grouped at times, dense at times."""
    groups = int(draws.choice([1, 1, 1, 2, 3]))
    per_group, kernel, stride = (int(draws.integers(1, high)) for high in (24, 10, 4))
    if draws.random() < 0.3:
        kernel = 1
    width = 1 if draws.random() < 0.2 else int(draws.integers(1, 14))
    channels_in, channels_out = per_group * groups, int(draws.integers(1, 14)) * groups
    return Case(
        kind=0,
        width=width,
        channels_in=channels_in,
        channels_out=channels_out,
        x_bytes=((width - 1) * stride + kernel) * channels_in,
        y_bytes=width * channels_out,
        second=_int8(draws, 0),
        weights=_int8(draws, channels_out * kernel * per_group),
        **_per_channel(draws, channels_out, kernel * per_group),
        groups=groups,
        kernel=kernel,
        stride=stride,
        zero=int(draws.integers(-128, 128)),
        within=_range(draws),
        lead=_lead(draws, width, channels_out, stride * channels_in),
    )


def depthwise(draws: np.random.Generator) -> Case:
    """A depthwise convolution."""
    channels, kernel, width, stride = (int(draws.integers(1, high)) for high in (70, 12, 20, 4))
    return Case(
        kind=1,
        width=width,
        channels_in=channels,
        channels_out=channels,
        x_bytes=((width - 1) * stride + kernel) * channels,
        y_bytes=width * channels,
        second=_int8(draws, 0),
        weights=_int8(draws, channels * kernel),
        **_per_channel(draws, channels, kernel),
        kernel=kernel,
        stride=stride,
        zero=int(draws.integers(-128, 128)),
        within=_range(draws),
        lead=_lead(draws, width, channels, stride * channels),
    )


def _plain(draws: np.random.Generator, kind: int, **others: object) -> Case:
    none = np.zeros(0)
    width, channels = int(draws.integers(1, 40)), int(draws.integers(1, 70))
    facts: dict[str, object] = {
        "width": width,
        "channels_in": channels,
        "channels_out": channels,
        "x_bytes": width * channels,
        "y_bytes": width * channels,
        "second": _int8(draws, 0),
        "lead": 0 if draws.random() < 0.5 else None,
        "zero": int(draws.integers(-128, 128)),
        "within": _range(draws),
        "zeros_in": tuple(int(value) for value in draws.integers(-128, 128, 2)),
    }
    empty = {"weights": none.astype(np.int8), "bias": none.astype(np.int32)}
    empty |= {"multiplier": none.astype(np.int32), "shift": none.astype(np.int8)}
    return Case(kind=kind, **(facts | empty | others))  # type: ignore[arg-type]


def mean(draws: np.random.Generator) -> Case:
    """A mean over up to 700 rows; its multiplier may be less than 2^30."""
    width, channels = int(draws.integers(1, 40 if draws.random() < 0.5 else 700)), int(draws.integers(1, 40))
    facts = {"width": width, "channels_in": channels, "x_bytes": width * channels, "y_bytes": channels, "lead": None}
    multiplier = int(draws.integers(1 << 29, 1 << 31))
    return _plain(draws, 2, **facts, rescales=((multiplier, -int(np.log2(width))), (0, 0), (0, 0)))


def maximum(draws: np.random.Generator) -> Case:
    """A maximum over a few rows."""
    channels, size, width, stride = (int(draws.integers(1, high)) for high in (40, 5, 20, 4))
    return _plain(
        draws,
        3,
        width=width,
        channels_in=channels,
        kernel=size,
        stride=stride,
        x_bytes=((width - 1) * stride + size) * channels,
        y_bytes=width * channels,
        lead=_lead(draws, width, channels, stride * channels),
    )


def table(draws: np.random.Generator) -> Case:
    """A function of one int8."""
    return _plain(draws, 4, second=_int8(draws, 256))


def mul(draws: np.random.Generator) -> Case:
    """A product of equal shapes."""
    case = _plain(draws, 5)
    rescales = (_rescale(draws, int(draws.integers(-12, 2))), (0, 0), (0, 0))
    return _with(case, second=_int8(draws, case.x_bytes), rescales=rescales)


def mul_rows(draws: np.random.Generator) -> Case:
    """A product of every row with one."""
    case = _plain(draws, 6)
    rescales = (_rescale(draws, int(draws.integers(-12, 2))), (0, 0), (0, 0))
    return _with(case, second=_int8(draws, case.channels_in), rescales=rescales)


def add(draws: np.random.Generator) -> Case:
    """A sum of equal shapes."""
    case = _plain(draws, 7)
    rescales = (
        _rescale(draws, -int(draws.integers(0, 4))),
        _rescale(draws, -int(draws.integers(0, 4))),
        _rescale(draws, -int(draws.integers(16, 22))),
    )
    return _with(case, second=_int8(draws, case.x_bytes), rescales=rescales)


def _with(case: Case, **changed: object) -> Case:
    facts = {name: getattr(case, name) for name in Case.__slots__}
    return Case(**(facts | changed))


KINDS: tuple[Callable[[np.random.Generator], Case], ...] = (conv, depthwise, mean, maximum, table, mul, mul_rows, add)


def cases(seed: int, n: int) -> Iterator[tuple[Case, bytes]]:
    """Yield `n` cases with their bytes; half of them convolutions."""
    draws = np.random.default_rng(seed)
    for number in range(n):
        case = KINDS[0 if number % 2 else (number // 2) % len(KINDS)](draws)
        yield case, case.words(draws)


def host_program(folder: Path, *, defines: tuple[str, ...] = ()) -> Path:
    """Build the plain C for this machine, with the sanitizers that end it at the first wrong step."""
    program = folder / "kernels"
    sanitized = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
    command = ["gcc", "-O1", *STRICT, *sanitized, *defines, f"-I{SOURCES}", *map(str, KERNELS), "-o", str(program)]
    subprocess.run(command, check=True)
    return program
