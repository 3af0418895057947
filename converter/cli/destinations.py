"""Where a conversion writes, looked at before the long work."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.errors import EdgeError

_NO_NAME: Final = re.compile(r"[^a-z0-9._-]+")


def refuse_unwritable(pack: Path, page: Path) -> None:
    """Refuse places that a conversion could not write to when it is done.

    Parameters
    ----------
    pack, page
        The pack, and the page of the report; the report's figures stand beside it as ``.json``.

    Raises
    ------
    EdgeError
        If a folder is missing or closed, a file would be a folder, or one file would overwrite another.
    """
    files = (pack, page, page.with_suffix(".json"))
    if len({os.path.abspath(file) for file in files}) < len(files):  # noqa: PTH100 - links stay as they are
        raise EdgeError(
            f"the report {page} and its .json would overwrite each other, or the pack",
            advice="name the page as .html: --report conversion.html",
        )
    for file in files:
        if not file.parent.is_dir():
            raise EdgeError(f"{file} cannot be written: there is no folder {file.parent}", advice="make the folder")
        if file.is_dir():
            raise EdgeError(f"{file} cannot be written: it is a folder", advice="name a file")
        closed = [at for at in (file.parent, file) if at.exists() and not os.access(at, os.W_OK)]
        if closed:
            raise EdgeError(
                f"{file} cannot be written: {closed[0]} is read-only", advice="name another folder with -o or --report"
            )


def pack_name(asked: str | None, pack: Path) -> str:
    """Return the name that was asked for, or one made of the file's; letters are small.

    Raises
    ------
    EdgeError
        If it is no name of a pack.
    """
    if asked is None:
        return _NO_NAME.sub("-", pack.stem.lower()).strip("._-") or "pack"
    if _NO_NAME.search(asked) or asked[:1] in {"", ".", "_", "-"}:
        raise EdgeError(
            f"{asked!r} is no name of a pack",
            advice="begin with a letter or digit, and use small letters, digits, dots, hyphens and underscores",
        )
    return asked


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell in one line of what the system refuses while a file is written, such as a full disk.

    Raises
    ------
    EdgeError
        With the system's reason.
    """
    try:
        yield
    except OSError as error:
        raise EdgeError(
            f"{path} cannot be written: {error.strerror}",
            advice="make room, or name another folder with -o or --report",
        ) from error
