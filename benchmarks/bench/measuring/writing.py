"""A result is kept as a file; whether that can be done is looked at before minutes are spent on measuring."""

import os
from pathlib import Path

from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.result import Result


def refuse_unwritable(path: Path) -> None:
    """Make sure that a file could be written there.

    Raises
    ------
    BenchError
        If it could not.
    """
    if path.is_dir():
        raise _unwritable(path, "it is a folder")
    folder = path.parent
    if not folder.is_dir():
        raise _unwritable(path, "its folder is not there")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, "permission denied")


def write_result(path: Path, result: Result) -> None:
    """Write a result, whole or not at all.

    Raises
    ------
    BenchError
        If the file cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(result.model_dump_json() + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error
    finally:
        partial.unlink(missing_ok=True)


def _unwritable(path: Path, why: str) -> BenchError:
    return BenchError(
        BenchFault.UNWRITABLE, f"{path} cannot be written ({why})", advice="check the folder and the room on the disk"
    )
