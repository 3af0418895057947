"""Where a report writes, looked at before anything is read."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.bench.errors import BenchError, BenchFault


def refuse_places(results: Sequence[Path], files: Sequence[Path]) -> None:
    """Refuse a place that would overwrite a result, or another file of the report.

    Raises
    ------
    BenchError
        With `BenchFault.BAD_SETTING`.
    """
    taken = {path.resolve() for path in results}
    for file in files:
        if file.resolve() in taken:
            raise BenchError(
                BenchFault.BAD_SETTING,
                f"{file} would be overwritten: it is a result, or the report's other file",
                advice="name another file with -o, or with --json",
            )
        taken.add(file.resolve())


def write_page(path: Path, page: str) -> None:
    """Write a page.

    Raises
    ------
    BenchError
        If the file cannot be written.
    """
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BenchError(
            BenchFault.UNWRITABLE,
            f"{path} cannot be written ({error.strerror or error})",
            advice="check the folder and the room on the disk, or name another file with -o",
        ) from error
