"""The profiles that ship with the product, and any that are given as a file."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from edge.boards.errors import BoardError, BoardFault
from edge.boards.profile import Board, Core

Profile = TypeVar("Profile", bound=BaseModel)

_SHELF: Final = files("edge") / "boards"
_SUFFIX: Final = ".toml"
_LARGEST_FILE_BYTES: Final = 1 << 20


def board_names() -> tuple[str, ...]:
    """Return the names of the boards that ship with the product, sorted."""
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in _SHELF.iterdir() if entry.name.endswith(_SUFFIX)))


def read_board(board: str) -> Board:
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
    if not board.endswith(_SUFFIX):
        if board not in board_names():
            raise BoardError(
                BoardFault.UNKNOWN,
                f"no board is called {board!r}",
                advice=f"give one of {', '.join(board_names())}, or a .toml file with its profile",
            )
        return _shipped(board)
    return board_of(_bytes_at(Path(board)), Path(board).name)


def board_of(content: bytes, name: str) -> Board:
    """Parse a board's profile; `name` is what errors call it."""
    board = _profile(Board, content, name)
    if board.core not in core_names():
        raise _nonsense(name, "core", f"{board.core!r} is none of {', '.join(core_names())}")
    return board


def core_names() -> tuple[str, ...]:
    """Return the names of the cores whose costs are known, sorted."""
    cores = _SHELF / "cores"
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in cores.iterdir() if entry.name.endswith(_SUFFIX)))


@cache
def core_of(board: Board) -> Core:
    """Return the profile of the board's core."""
    name = board.core + _SUFFIX
    return _profile(Core, (_SHELF / "cores" / name).read_bytes(), name)


@cache
def _shipped(name: str) -> Board:
    return board_of((_SHELF / (name + _SUFFIX)).read_bytes(), name + _SUFFIX)


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


_ADVICE: Final = "correct it; edge/boards/nrf52840.toml shows the form"


def _profile(kind: type[Profile], content: bytes, name: str) -> Profile:
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
