"""The profiles that ship with the product, any that are given as a file, and the one of this machine."""

import platform
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from benchmarks.bench.boards.profile import Core, Loop, Profile
from edge.boards.errors import BoardError, BoardFault

Kind = TypeVar("Kind", bound=BaseModel)

MODEL_FILE: Final = Path("/proc/device-tree/model")
"""Where the kernel says which board it runs on, by the device tree that the firmware gave it."""
_SHELF: Final = files("benchmarks") / "bench" / "boards"
GENERIC: Final = "aarch64"
"""The profile of a 64-bit ARM board that has none of its own."""
_LOOP: Final = "loop.toml"
_SUFFIX: Final = ".toml"
_LARGEST_FILE_BYTES: Final = 1 << 20
_ADVICE: Final = "correct it; benchmarks/bench/boards/pi-4.toml shows the form"


def profile_names() -> tuple[str, ...]:
    """Return the names of the boards that ship with the product, sorted."""
    entries = (entry.name for entry in _SHELF.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX) and name != _LOOP))


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
    if board.endswith(_SUFFIX):
        return profile_of(_bytes_at(Path(board)), Path(board).name)
    if board not in profile_names():
        raise BoardError(
            BoardFault.UNKNOWN,
            f"no gateway board is called {board!r}",
            advice=f"give one of {', '.join(profile_names())}, or a .toml file with its profile",
        )
    return _shipped(board)


def profile_of(content: bytes, name: str) -> Profile:
    """Parse a board's profile; `name` is what errors call it."""
    profile = _parse(Profile, content, name)
    if profile.core not in core_names():
        raise _nonsense(name, "core", f"{profile.core!r} is none of {', '.join(core_names())}")
    return profile


def core_names() -> tuple[str, ...]:
    """Return the names of the cores whose costs are known, sorted."""
    entries = (entry.name for entry in (_SHELF / "cores").iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX)))


@cache
def core_of(profile: Profile) -> Core:
    """Return the profile of the board's core."""
    name = profile.core + _SUFFIX
    return _parse(Core, (_SHELF / "cores" / name).read_bytes(), name)


@cache
def loop_costs() -> Loop:
    """Return what the loop costs on a 64-bit ARM core; ``python -m benchmarks.counted`` writes the counts."""
    return _parse(Loop, (_SHELF / _LOOP).read_bytes(), _LOOP)


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
    return profile_of((_SHELF / (name + _SUFFIX)).read_bytes(), name + _SUFFIX)


def _bytes_at(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise BoardError(
            BoardFault.UNREADABLE, f"the board file {path} cannot be read ({error.strerror})", advice="check the path"
        ) from error
    if len(content) > _LARGEST_FILE_BYTES:
        raise BoardError(BoardFault.NONSENSE, f"{path.name} is far too large for a board", advice=_ADVICE)
    return content


def _parse(kind: type[Kind], content: bytes, name: str) -> Kind:
    try:
        fields = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoardError(BoardFault.NONSENSE, f"{name} is no TOML ({error})", advice=_ADVICE) from error
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _nonsense(name, where, first["msg"]) from error


def _nonsense(name: str, where: str, why: str) -> BoardError:
    why = why.removeprefix("Value error, ")
    return BoardError(BoardFault.NONSENSE, f"{name} breaks a rule at {where}: {why}", advice=_ADVICE)
