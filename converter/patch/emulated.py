"""The instructions of one window: an exported folder built for an emulated core, run, and counted."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from converter.patch.footprint import Footprint, footprint
from converter.patch.toolchain import (
    BOARDS,
    Build,
    Core,
    EmulationError,
    EmulationFault,
    compile_objects,
    link,
    link_alone,
    machine_of,
    run,
)

__all__ = ["Call", "Core", "Counted", "Footprint", "Kernel", "Kind", "count_instructions", "model_sources"]

_PROGRAMS: Final = frozenset({"anyecg_test.c", "anyecg_run.c"})
_TIMEOUT_S: Final = 120.0


class Kernel(StrEnum):
    """A function of ``anyecg_kernels.h`` or ``anyecg_pad.h``, without its prefix."""

    CONV = "conv"
    DEPTHWISE = "depthwise"
    MEAN = "mean"
    MAX = "max"
    TABLE = "table"
    MUL = "mul"
    MUL_ROWS = "mul_rows"
    ADD = "add"
    PAD = "pad"


class Kind(StrEnum):
    """What work is: of one kind it costs about the same, each multiplication or each element."""

    CONV = "conv"
    POINTWISE = "pointwise"
    DENSE = "dense"
    DEPTHWISE = "depthwise"
    MEAN = "mean"
    ELEMENTWISE = "elementwise"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a kernel.

    Parameters
    ----------
    kernel
        Which.
    taps
        Rows that one row of output reads.
    width, channels_in, channels_out, groups
        Its shape: rows of output, and what each reads and writes. A mean reads so many rows; what works on elements
        alone has them all in `width`.
    instructions
        Counted, one tick more or less.
    """

    kernel: Kernel
    taps: int
    width: int
    channels_in: int
    channels_out: int
    groups: int
    instructions: int

    @property
    def kind(self) -> Kind:
        """What work it is."""
        match self.kernel:
            case Kernel.CONV if self.taps > 1:
                return Kind.CONV
            case Kernel.CONV:
                return Kind.POINTWISE if self.width > 1 else Kind.DENSE
            case Kernel.DEPTHWISE:
                return Kind.DEPTHWISE
            case Kernel.MEAN:
                return Kind.MEAN
            case Kernel.MAX | Kernel.TABLE | Kernel.MUL | Kernel.MUL_ROWS | Kernel.ADD | Kernel.PAD:
                return Kind.ELEMENTWISE
            case _:
                assert_never(self.kernel)

    @property
    def units(self) -> int:
        """Multiplications of what has weights; elements that are written, of a mean read, of the rest."""
        return self.width * self.channels_out * self.taps * (self.channels_in // self.groups)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one window costs on a core.

    Parameters
    ----------
    core
        The emulated one.
    preprocess
        Instructions from device counts to the network's input; None of a model without preprocessing.
    infer
        Instructions of the network.
    calls
        Its kernels, in the order in which they ran.
    stack_bytes
        The most that was used, an interrupt's frame included.
    footprint
        Flash and static memory.
    """

    core: Core
    preprocess: int | None
    infer: int
    calls: tuple[Call, ...]
    stack_bytes: int
    footprint: Footprint

    @property
    def total(self) -> int:
        """Instructions of the whole window."""
        return (self.preprocess or 0) + self.infer

    @property
    def ram_bytes(self) -> int:
        """Static memory and stack."""
        return self.footprint.ram_bytes + self.stack_bytes

    def by_kind(self) -> dict[Kind, tuple[int, int]]:
        """Return instructions and units of each kind of work there is."""
        found = {}
        for kind in Kind:
            calls = [call for call in self.calls if call.kind is kind]
            if calls:
                found[kind] = sum(call.instructions for call in calls), sum(call.units for call in calls)
        return found


def count_instructions(
    folder: Path, core: Core, build: Build | None = None, *, window: NDArray[np.int32] | None = None
) -> Counted:
    """Build an exported folder for an emulated core and count what one window takes.

    Parameters
    ----------
    folder
        As ``anyecg export-c`` wrote it.
    core
        Which.
    build
        How it is compiled; ``-O2`` by default.
    window
        ``NDArray[int32]``, shape (window samples,): device counts to preprocess; made up where there are none.

    Raises
    ------
    EmulationError
        Without the toolchain, where `folder` is no exported one, or where it does not build or run.
    """
    chosen = build or Build()
    counts = b"" if window is None else window.astype("<i4").tobytes()
    wrapping = Build(chosen.optimise, chosen.defines, tuple(f"anyecg_{kernel}" for kernel in Kernel))
    with tempfile.TemporaryDirectory() as made:
        elf = Path(made) / "count.elf"
        objects = compile_objects(model_sources(folder), Path(made), core, chosen, includes=(folder,))
        link((*objects, BOARDS / "count.c"), elf, core, wrapping, includes=(folder,))
        lines = run(elf, core, counts, timeout_s=_TIMEOUT_S, counted=True).decode().splitlines()
        alone = Path(made) / "alone.elf"
        link_alone(objects, alone, core, chosen, entry="anyecg_model_run")
        return _counted(lines, core, footprint(alone))


def model_sources(folder: Path) -> Sequence[Path]:
    """Return the C files of an exported folder that a firmware takes, without the programs round them.

    Raises
    ------
    EmulationError
        If it has no model.
    """
    if not (folder / "anyecg_model.c").is_file():
        problem = f"{folder} holds no exported model"
        raise EmulationError(EmulationFault.NOT_EXPORTED, problem, advice="write one with: anyecg export-c PACK -o DIR")
    return sorted(path for path in folder.glob("anyecg_*.c") if path.name not in _PROGRAMS)


def _counted(lines: Sequence[str], core: Core, taken: Footprint) -> Counted:
    """Read what ``count.c`` says."""
    per_tick = machine_of(core).instructions_per_tick
    once: dict[str, int] = {}
    calls = []
    for line in lines:
        match line.split():
            case ["call", kernel, *numbers]:
                taps, width, channels_in, channels_out, groups, ticks = map(int, numbers)
                instructions = round(ticks * per_tick)
                calls.append(Call(Kernel(kernel), taps, width, channels_in, channels_out, groups, instructions))
            case [name, number]:
                once[name] = int(number)
    infer = round(once["infer"] * per_tick)
    preprocess = round(once["run"] * per_tick) - infer if "run" in once else None
    return Counted(core, preprocess, infer, tuple(calls), once["stack"], taken)
