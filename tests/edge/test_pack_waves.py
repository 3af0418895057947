"""Waves packs as files, beside packs of laboratory estimates."""

import io
import json
import zipfile

import pytest

from edge.errors import PackError, PackFault
from edge.manifest import WavesManifest
from edge.pack import (
    SHIPPED,
    SHIPPED_WAVES,
    ModelPack,
    WavesPack,
    parse_pack,
    read_any_pack,
    read_pack,
    read_waves_pack,
    write_pack,
)
from edge.preprocess import WAVES
from tests.edge.test_pack import same, with_manifest
from tests.edge.waves.shipped import shipped


@pytest.fixture(scope="module")
def packed():
    return shipped().to_bytes()


def refusal(read, data):
    with pytest.raises(PackError) as caught:
        read(data)
    return caught.value


def test_reading_gives_back_what_was_written(packed):
    assert same(WavesPack.from_bytes(packed), shipped())


def test_writing_what_was_read_gives_the_same_bytes(packed):
    assert WavesPack.from_bytes(packed).to_bytes() == packed


def test_the_shipped_file_is_what_its_pack_would_be_written_as(packed):
    assert SHIPPED_WAVES.read_bytes() == packed


def test_a_file_is_written_whole_with_nothing_beside_it(packed, tmp_path):
    size = write_pack(tmp_path / "waves.tflite", shipped())
    assert [(p.name, p.stat().st_size) for p in tmp_path.iterdir()] == [("waves.tflite", size)]
    assert (tmp_path / "waves.tflite").read_bytes() == packed


def test_a_waves_pack_is_no_pack_of_estimates(packed):
    error = refusal(ModelPack.from_bytes, packed)
    assert (error.fault, "marks waves, and gives no estimates" in error.problem) == (PackFault.WRONG_TASK, True)


def test_a_pack_of_estimates_is_no_waves_pack(small_pack):
    error = refusal(WavesPack.from_bytes, small_pack.to_bytes())
    assert (error.fault, "gives laboratory estimates" in error.problem) == (PackFault.WRONG_TASK, True)


@pytest.mark.parametrize(("read", "path"), [(read_pack, SHIPPED_WAVES), (read_waves_pack, SHIPPED)])
def test_a_file_for_another_task_is_named_in_the_refusal(read, path):
    with pytest.raises(PackError, match=f"{path.name} is a pack that") as caught:
        read(path)
    assert caught.value.fault is PackFault.WRONG_TASK


@pytest.mark.parametrize(("path", "kind"), [(SHIPPED_WAVES, WavesPack), (SHIPPED, ModelPack)])
def test_any_pack_is_read_as_what_it_is(path, kind):
    assert type(read_any_pack(path)) is kind


def test_any_zip_tool_shows_the_manifest(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert WavesManifest.model_validate_json(archive.read("manifest.json")) == shipped().manifest


def test_the_task_is_written_in_the_manifest(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert json.loads(archive.read("manifest.json"))["task"] == "waves"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("figures", {"figures": {"beats": {"se": None}}}),
        ("name", {"name": "No Name"}),
        ("outputs", {"outputs": []}),
        ("preprocessing", {"preprocessing": {"rate_hz": 256, "window_samples": 100, "steps": []}}),
        ("quantisation", {"quantisation": "int3"}),
    ],
)
def test_a_broken_rule_names_its_field(field, changes):
    error = refusal(WavesPack.from_bytes, with_manifest(shipped(), **changes))
    assert (error.fault, f"breaks a rule at {field}" in error.problem) == (PackFault.BAD_MANIFEST, True)


@pytest.mark.parametrize("task", [None, "sleep", 3])
def test_a_task_that_is_unknown_breaks_a_rule(task):
    assert refusal(parse_pack, with_manifest(shipped(), task=task)).fault is PackFault.BAD_MANIFEST


def test_a_newer_schema_is_told_from_a_broken_manifest():
    data = with_manifest(shipped(), schema_version=2, field_of_the_future=1)
    assert refusal(WavesPack.from_bytes, data).fault is PackFault.NEWER_SCHEMA


def test_a_truncated_pack_is_refused(packed):
    assert refusal(WavesPack.from_bytes, packed[:-100]).fault is PackFault.CORRUPT


def test_the_shipped_pack_asks_for_the_preprocessing_of_this_release():
    assert shipped().manifest.preprocessing.as_preprocessing() == WAVES


def test_the_shipped_pack_is_whole_int8_and_small():
    assert shipped().manifest.quantisation == "static_int8"
    assert SHIPPED_WAVES.stat().st_size <= 300_000


def test_the_shipped_pack_is_no_demonstration():
    assert "DEMONSTRATION" not in shipped().manifest.label
