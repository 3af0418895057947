"""The profiles that ship with the product, any that are given as a file, and the one of this machine."""

import platform
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from benchmarks.bench.boards.profile import Core, Loop, Profile
from edge.boards.errors import BoardError, BoardFault
from edge.boards.reading import SUFFIX, broken, bytes_at, names_in, parsed

MODEL_FILE: Final = Path("/proc/device-tree/model")
"""Where the kernel says which board it runs on, by the device tree that the firmware gave it."""
_SHELF: Final = files("benchmarks") / "bench" / "boards"
GENERIC: Final = "aarch64"
"""The profile of a 64-bit ARM board that has none of its own."""
_LOOP: Final = "loop"
_FORM: Final = "benchmarks/bench/boards/pi-4.toml"


def profile_names() -> tuple[str, ...]:
    """Return the names of the boards that ship with the product, sorted."""
    return tuple(name for name in names_in(_SHELF) if name != _LOOP)


def read_profile(board: str) -> Profile:
    """Read a board's profile.

    Parameters
    ----------
    board
        Name of one that ships with the product, or the path of a ``.toml`` file of the same form.

    Raises
    ------
    BoardError
        If there is none of that name, or the file breaks a rule; it names the field.
    """
    if board.endswith(SUFFIX):
        return profile_of(bytes_at(Path(board), _FORM), Path(board).name)
    if board not in profile_names():
        raise BoardError(
            BoardFault.UNKNOWN,
            f"no gateway board is called {board!r}",
            advice=f"give one of {', '.join(profile_names())}, or a .toml file with its profile",
        )
    return _shipped(board)


def profile_of(content: bytes, name: str) -> Profile:
    """Parse a board's profile; `name` is what errors call it."""
    profile = parsed(Profile, content, name, _FORM)
    if profile.core not in core_names():
        raise broken(name, "core", f"{profile.core!r} is none of {', '.join(core_names())}", _FORM)
    return profile


def core_names() -> tuple[str, ...]:
    """Return the names of the cores whose costs are known, sorted."""
    return names_in(_SHELF / "cores")


@cache
def core_of(profile: Profile) -> Core:
    """Return the profile of the board's core."""
    name = profile.core + SUFFIX
    return parsed(Core, (_SHELF / "cores" / name).read_bytes(), name, _FORM)


@cache
def loop_costs() -> Loop:
    """Return what the loop costs on a 64-bit ARM core; ``python -m benchmarks.counted`` writes the counts."""
    return parsed(Loop, (_SHELF / (_LOOP + SUFFIX)).read_bytes(), _LOOP + SUFFIX, _FORM)


def board_here(model_file: Path = MODEL_FILE, machine: str | None = None) -> Profile | None:
    """Say which of the shipped boards this machine is.

    Parameters
    ----------
    model_file
        Where the kernel says it. A machine without a device tree has no such file.
    machine
        Kind of processor, as `platform.machine` says it, which is the default.

    Returns
    -------
    Profile or None
        By the name in the device tree; the generic one for any other 64-bit ARM; None for any other machine.
    """
    try:
        model = model_file.read_text(encoding="utf-8", errors="replace").rstrip("\0\n ")
    except OSError:
        model = ""
    known = [
        (len(beginning), name)
        for name in profile_names()
        for beginning in _shipped(name).models
        if model.startswith(beginning)
    ]
    if known:
        return _shipped(max(known)[1])
    return _shipped(GENERIC) if (machine or platform.machine()) == GENERIC else None


@cache
def _shipped(name: str) -> Profile:
    return profile_of((_SHELF / (name + SUFFIX)).read_bytes(), name + SUFFIX)
