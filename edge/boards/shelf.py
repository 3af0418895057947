"""The profiles that ship with the product, and any that are given as a file."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from edge.boards.errors import BoardError, BoardFault
from edge.boards.profile import Board, Core
from edge.boards.reading import SUFFIX, broken, bytes_at, names_in, parsed

_SHELF: Final = files("edge") / "boards"
_FORM: Final = "edge/boards/nrf52840.toml"


def board_names() -> tuple[str, ...]:
    """Return the names of the boards that ship with the product, sorted."""
    return names_in(_SHELF)


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
    if not board.endswith(SUFFIX):
        if board not in board_names():
            raise BoardError(
                BoardFault.UNKNOWN,
                f"no board is called {board!r}",
                advice=f"give one of {', '.join(board_names())}, or a .toml file with its profile",
            )
        return _shipped(board)
    return board_of(bytes_at(Path(board), _FORM), Path(board).name)


def board_of(content: bytes, name: str) -> Board:
    """Parse a board's profile; `name` is what errors call it."""
    board = parsed(Board, content, name, _FORM)
    if board.core not in core_names():
        raise broken(name, "core", f"{board.core!r} is none of {', '.join(core_names())}", _FORM)
    return board


def core_names() -> tuple[str, ...]:
    """Return the names of the cores whose costs are known, sorted."""
    return names_in(_SHELF / "cores")


@cache
def core_of(board: Board) -> Core:
    """Return the profile of the board's core."""
    name = board.core + SUFFIX
    return parsed(Core, (_SHELF / "cores" / name).read_bytes(), name, _FORM)


@cache
def _shipped(name: str) -> Board:
    return board_of((_SHELF / (name + SUFFIX)).read_bytes(), name + SUFFIX)
