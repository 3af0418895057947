"""Profiles as TOML files: read, checked, and refused by the name of the field that breaks a rule."""

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from edge.boards.errors import BoardError, BoardFault

Kind = TypeVar("Kind", bound=BaseModel)

SUFFIX: Final = ".toml"
_LARGEST_FILE_BYTES: Final = 1 << 20


def names_in(folder: Traversable) -> tuple[str, ...]:
    """Return the names of the profiles in a folder, sorted."""
    entries = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in entries if name.endswith(SUFFIX)))


def bytes_at(path: Path, form: str) -> bytes:
    """Read a profile's file.

    Parameters
    ----------
    path
        Where a user says it is.
    form
        A profile that shows how it should look, for errors.

    Raises
    ------
    BoardError
        If it cannot be read, or is far too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise BoardError(
            BoardFault.UNREADABLE, f"the board file {path} cannot be read ({error.strerror})", advice="check the path"
        ) from error
    if len(content) > _LARGEST_FILE_BYTES:
        problem = f"{path.name} is far too large for a board"
        raise BoardError(BoardFault.NONSENSE, problem, advice=_corrected(form))
    return content


def parsed(kind: type[Kind], content: bytes, name: str, form: str) -> Kind:
    """Parse a profile; `name` is what errors call it.

    Raises
    ------
    BoardError
        If it is no TOML, or breaks a rule.
    """
    try:
        fields = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoardError(BoardFault.NONSENSE, f"{name} is no TOML ({error})", advice=_corrected(form)) from error
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise broken(name, where, first["msg"], form) from error


def broken(name: str, where: str, why: str, form: str) -> BoardError:
    """Say which field of a profile breaks a rule."""
    why = why.removeprefix("Value error, ")
    return BoardError(BoardFault.NONSENSE, f"{name} breaks a rule at {where}: {why}", advice=_corrected(form))


def _corrected(form: str) -> str:
    return f"correct it; {form} shows the form"
