"""A comparison is kept as a file."""

import json
from pathlib import Path
from typing import Any

from benchmarks.bench.errors import BenchError, BenchFault


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write one JSON object.

    Raises
    ------
    BenchError
        If the file cannot be written.
    """
    try:
        path.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BenchError(
            BenchFault.UNWRITABLE,
            f"{path} cannot be written ({error.strerror or error})",
            advice="check the folder and the room on the disk",
        ) from error
