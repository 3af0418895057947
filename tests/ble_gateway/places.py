"""Where the tests find what they read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_REPOSITORY = Path(__file__).parents[2]
GOLDEN = _REPOSITORY / "tests" / "golden"


def shared_data(*parts: str) -> Path:
    """A path of the shared recordings; the test is skipped where it is absent."""
    root = Path(os.environ.get("ANYECG_DATA", _REPOSITORY.parent / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.parent.is_dir():
        pytest.skip(f"{path} is absent: set ANYECG_DATA to the shared recordings")
    return path


def vendor_vectors(name: str) -> dict[str, Any]:
    """The vendor's own vectors; the test is skipped where they are absent."""
    vectors: dict[str, Any] = json.loads(shared_data("ble_vectors", name).read_text())
    return vectors
