"""Where a conversion writes."""

import errno

import pytest

from converter.cli.destinations import writing
from edge.errors import EdgeError
from edge.pack import write_pack


def test_what_the_system_refuses_while_a_file_is_written_is_one_line_with_its_reason(tmp_path):
    said = r"made\.tflite cannot be written: No space left on device"
    with pytest.raises(EdgeError, match=said), writing(tmp_path / "made.tflite"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_pack_that_could_not_be_written_leaves_nothing_behind(small_pack, tmp_path):
    (tmp_path / "made.tflite").mkdir()
    with pytest.raises(OSError, match=r"made\.tflite"):
        write_pack(tmp_path / "made.tflite", small_pack)
    assert [path.name for path in tmp_path.iterdir()] == ["made.tflite"]
