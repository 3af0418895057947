"""Students of every size, and the largest of them that has room."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from converter.distil.architecture import STUDENT, Architecture, Stage
from converter.distil.errors import DistilError, DistilFault
from edge.boards import Room, fits
from edge.manifest import PatchNeeds

WIDTHS: Final = (1.5, 1.25, 1.0, 0.75, 0.5, 0.375, 0.25)
DEPTHS: Final = (2, 1)
"""How often each block that adds to what it reads is there."""
_SMALLEST: Final = (0.25, 0)
"""Width and depth of the last resort."""
_MULTIPLE: Final = 8
"""Channels come in eights, of which kernels for a microcontroller make the most."""
_UNIT_BYTES: Final = {"": 1, "b": 1, "kb": 1000, "kib": 1 << 10, "mb": 1_000_000, "mib": 1 << 20}
_AMOUNT: Final = re.compile(r"(?P<value>\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>[A-Za-z]*)")


def parse_budget(text: str) -> Room:
    """Read what there is for a pack, flash and RAM, such as ``256kB,64kB`` or ``1MiB, 96 KiB``.

    Parameters
    ----------
    text
        Two amounts with a comma between; kB and MB are thousands and millions of bytes, KiB and MiB 1,024 and its
        square, and a number alone is bytes.

    Raises
    ------
    ValueError
        If it is not two amounts above zero.
    """
    parts = text.split(",")
    if len(parts) != 2:  # noqa: PLR2004 - flash and RAM
        raise ValueError(f"{text!r} is not flash and RAM with a comma between")
    flash_bytes, ram_bytes = (_bytes(part) for part in parts)
    return Room(flash_bytes, ram_bytes)


def _bytes(text: str) -> int:
    found = _AMOUNT.fullmatch(text.strip())
    unit = _UNIT_BYTES.get(found["unit"].lower()) if found else None
    size = int(float(found["value"]) * unit) if found and unit else 0
    if size <= 0:
        raise ValueError(f"{text.strip()!r} is no amount of memory; write 256kB, 64KiB or 65536")
    return size


def scaled(width: float, depth: int, n_outputs: int, window_samples: int = STUDENT.window_samples) -> Architecture:
    """Return a student with other channels and other repetitions than the one that figures are stated for.

    Parameters
    ----------
    width
        Times the channels, rounded to eights.
    depth
        How often each block that adds is there.
    n_outputs, window_samples
        As `converter.distil.architecture.Architecture` takes them.
    """
    stages = [scaled_stage for stage in STUDENT.stages for scaled_stage in _scaled_stages(stage, width, depth)]
    return replace(
        STUDENT,
        n_outputs=n_outputs,
        window_samples=window_samples,
        stages=tuple(stages),
        hidden=_channels(STUDENT.hidden, width),
    )


def _scaled_stages(stage: Stage, width: float, depth: int) -> Iterator[Stage]:
    squeezed = None if stage.squeezed is None else _channels(stage.squeezed, width)
    one = replace(stage, channels=_channels(stage.channels, width), squeezed=squeezed)
    return iter([one] * (depth if stage.stride == 1 else 1))


def _channels(channels: int, width: float) -> int:
    return max(_MULTIPLE, round(channels * width / _MULTIPLE) * _MULTIPLE)


def family(n_outputs: int, window_samples: int = STUDENT.window_samples) -> tuple[Architecture, ...]:
    """Return every student, the one with the most multiplications first."""
    sizes = [*product(WIDTHS, DEPTHS), _SMALLEST]
    every = {scaled(width, depth, n_outputs, window_samples) for width, depth in sizes}
    return tuple(sorted(every, key=lambda one: (-one.n_macs, -one.n_parameters)))


def candidates(
    room: Room, among: Sequence[Architecture], needs: Callable[[Architecture], PatchNeeds]
) -> Iterator[tuple[Architecture, PatchNeeds]]:
    """Give the students that have room, with what each needs; each is worked out when it is asked for.

    Parameters
    ----------
    room
        What the patch has for a pack.
    among
        In the order in which they are given.
    needs
        Works out what a student asks of a patch; its weights change nothing of it.
    """
    for architecture in among:
        if architecture.n_parameters > room.flash_bytes:  # the weights alone are too much
            continue
        asked = needs(architecture)
        if fits(asked, room):
            yield architecture, asked


def largest_that_fits(
    room: Room, among: Sequence[Architecture], needs: Callable[[Architecture], PatchNeeds]
) -> tuple[Architecture, PatchNeeds]:
    """Return the first student that has room, and what it needs; parameters as `candidates` takes them.

    Raises
    ------
    DistilError
        If the last has none; it says what that one needs.
    """
    found = next(candidates(room, among, needs), None)
    if found is not None:
        return found
    smallest = needs(among[-1])
    ram_bytes = smallest.ram_bytes + smallest.stack_bytes
    raise DistilError(
        DistilFault.DOES_NOT_FIT,
        f"no student has room in {room.flash_bytes:,} bytes of flash and {room.ram_bytes:,} of RAM: the smallest, of "
        f"{among[-1].n_outputs} outputs, needs {smallest.flash_bytes:,} and {ram_bytes:,}",
        advice=f"give --budget {_rounded_up(smallest.flash_bytes)},{_rounded_up(ram_bytes)} or more",
    )


def _rounded_up(size_bytes: int) -> str:
    return f"{-(-size_bytes // 1000)}kB"
