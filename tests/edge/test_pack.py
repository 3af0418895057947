import dataclasses
import hashlib
import io
import json
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import PackError, PackFault
from edge.interpreter import open_interpreter
from edge.manifest import Manifest
from edge.pack import ModelPack, read_pack, write_pack


@pytest.fixture(scope="module")
def packed(small_pack):
    return small_pack.to_bytes()


def with_manifest(pack, **changes):
    """The pack's bytes with other fields in its manifest, rules or not."""
    fields = {**json.loads(pack.manifest.model_dump_json()), **changes}
    return repacked(pack, {"manifest.json": json.dumps(fields).encode()})


def repacked(pack, changed, *, leave_out=()):
    data = pack.to_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name not in leave_out} | changed
    file = io.BytesIO(pack.model)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def fault_of(data):
    with pytest.raises(PackError) as caught:
        ModelPack.from_bytes(data, "a.tflite")
    return caught.value.fault


def same(a, b):
    return (
        a.model == b.model
        and a.manifest == b.manifest
        and a.parity == b.parity
        and np.array_equal(a.self_test.windows_uv, b.self_test.windows_uv)
        and np.array_equal(a.self_test.inputs, b.self_test.inputs)
        and a.self_test.outputs.keys() == b.self_test.outputs.keys()
        and all(np.array_equal(y, b.self_test.outputs[family]) for family, y in a.self_test.outputs.items())
        and a.self_test.tolerance == b.self_test.tolerance
    )


def test_reading_gives_back_what_was_written(small_pack, packed):
    assert same(ModelPack.from_bytes(packed), small_pack)


def test_writing_what_was_read_gives_the_same_bytes(packed):
    assert ModelPack.from_bytes(packed).to_bytes() == packed


def test_a_file_is_written_whole_with_nothing_beside_it(small_pack, packed, tmp_path):
    size = write_pack(tmp_path / "a.tflite", small_pack)
    assert [(p.name, p.stat().st_size) for p in tmp_path.iterdir()] == [("a.tflite", size)]
    assert (tmp_path / "a.tflite").read_bytes() == packed


def test_any_zip_tool_shows_the_manifest(small_pack, packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert Manifest.model_validate_json(archive.read("manifest.json")) == small_pack.manifest


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_shows_the_manifest(small_pack, small_pack_path):
    shown = subprocess.run(["unzip", "-p", small_pack_path, "manifest.json"], capture_output=True, check=False).stdout
    assert json.loads(shown)["model_sha256"] == small_pack.manifest.model_sha256


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_any_tflite_runtime_opens_the_whole_file_as_a_model(small_pack, packed, runtime):
    x = small_pack.self_test.inputs[0]
    expected = open_interpreter(small_pack.model, runtime=runtime).invoke(x)
    np.testing.assert_array_equal(open_interpreter(packed, runtime=runtime).invoke(x), expected)


@settings(max_examples=400)
@given(st.data())
def test_a_flipped_bit_is_refused_or_changes_nothing(small_pack, packed, data):
    # Half of the places in the archive, which is the smaller part.
    first = data.draw(st.sampled_from([0, small_pack.manifest.model_size_bytes]))
    place = data.draw(st.integers(first, len(packed) - 1))
    damaged = bytearray(packed)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = ModelPack.from_bytes(bytes(damaged))
    except PackError:
        return
    assert same(read, small_pack)


@settings(max_examples=200)
@given(st.data())
def test_a_truncated_pack_is_refused(packed, data):
    length = data.draw(st.integers(0, len(packed) - 1))
    assert fault_of(packed[:length]) in {PackFault.CORRUPT, PackFault.NOT_A_PACK}


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data):
    assert fault_of(data) is PackFault.NOT_A_PACK


def test_another_model_under_the_same_manifest_is_refused(small_pack, packed):
    other = bytearray(small_pack.model)
    other[-1] ^= 1
    assert fault_of(bytes(other) + packed[len(other) :]) is PackFault.CORRUPT


def test_a_plain_tflite_model_is_told_from_a_file_of_another_kind(small_pack):
    assert fault_of(small_pack.model) is PackFault.CORRUPT


def test_a_zip_that_is_no_tflite_file_is_no_pack(small_pack, packed):
    assert fault_of(packed[len(small_pack.model) :]) is PackFault.NOT_A_PACK


def test_an_empty_file_is_no_pack():
    assert fault_of(b"") is PackFault.NOT_A_PACK


@pytest.mark.parametrize("member", ["manifest.json", "parity.json", "selftest.npz"])
def test_a_pack_without_one_of_its_members_is_refused(small_pack, member):
    assert fault_of(repacked(small_pack, {}, leave_out=[member])) is PackFault.CORRUPT


@pytest.mark.parametrize(
    ("member", "content"),
    [("parity.json", b"{"), ("selftest.npz", b""), ("selftest.npz", b"PK"), ("parity.json", b"\xff\xfe")],
)
def test_a_member_that_cannot_be_read_is_refused(small_pack, member, content):
    assert fault_of(repacked(small_pack, {member: content})) is PackFault.CORRUPT


def test_a_self_test_that_lacks_an_array_is_refused(small_pack):
    file = io.BytesIO()
    np.savez(file, inputs=small_pack.self_test.inputs)
    assert fault_of(repacked(small_pack, {"selftest.npz": file.getvalue()})) is PackFault.CORRUPT


def test_a_self_test_of_pickled_objects_is_refused(small_pack):
    file = io.BytesIO()
    np.savez(file, windows_uv=np.array([object()]), inputs=np.zeros(1), tolerance=1.0)
    assert fault_of(repacked(small_pack, {"selftest.npz": file.getvalue()})) is PackFault.CORRUPT


def test_an_absurdly_large_member_is_not_unpacked(small_pack):
    assert fault_of(repacked(small_pack, {"parity.json": bytes(65 << 20)})) is PackFault.CORRUPT


def test_a_newer_schema_is_told_from_a_broken_manifest(small_pack):
    with pytest.raises(PackError, match="manifest schema 2, this release reads 1 - update") as caught:
        ModelPack.from_bytes(with_manifest(small_pack, schema_version=2, field_of_the_future=1))
    assert caught.value.fault is PackFault.NEWER_SCHEMA


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"null", b"\xff", b'{"schema_version": "1"}'])
def test_a_manifest_that_is_none_is_refused(small_pack, manifest):
    assert fault_of(repacked(small_pack, {"manifest.json": manifest})) is PackFault.BAD_MANIFEST


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "Not A Name"}),
        ("model_sha256", {"model_sha256": "abc"}),
        ("model_size_bytes", {"model_size_bytes": 0}),
        ("schema_version", {"schema_version": 0}),
        ("quantisation", {"quantisation": "int3"}),
        ("outputs", {"outputs": []}),
        ("surprise", {"surprise": 1}),
        ("budget.latency_p99_ms", {"budget": {"latency_p99_ms": 0, "resident_mb": 1}}),
        ("preprocessing.rate_hz", {"preprocessing": {"rate_hz": 0, "window_samples": 1, "steps": []}}),
        (
            "preprocessing.steps.0",
            {"preprocessing": {"rate_hz": 500, "window_samples": 5000, "steps": [{"kind": "magic"}]}},
        ),
    ],
)
def test_a_broken_rule_names_its_field(small_pack, field, changes):
    with pytest.raises(PackError, match=f"breaks a rule at {field}") as caught:
        ModelPack.from_bytes(with_manifest(small_pack, **changes))
    assert caught.value.fault is PackFault.BAD_MANIFEST


def output_rows(pack, *, without=(), **changes):
    """The manifest's output rows as JSON values."""
    rows = json.loads(pack.manifest.model_dump_json())["outputs"]
    return [{name: value for name, value in {**row, **changes}.items() if name not in without} for row in rows]


def test_a_pack_from_before_outputs_had_a_scale_reads_as_it_always_did(small_pack):
    rows = output_rows(small_pack, without=("accepted_loss", "logit_scale", "logit_offset"))
    read = ModelPack.from_bytes(with_manifest(small_pack, outputs=rows))
    assert {(row.logit_scale, row.logit_offset, row.accepted_loss) for row in read.manifest.outputs} == {(1, 0, None)}
    stated = output_rows(small_pack, logit_scale=1.0, logit_offset=0.0, accepted_loss=None)
    assert same(read, ModelPack.from_bytes(with_manifest(small_pack, outputs=stated)))


@pytest.mark.parametrize("changes", [{"logit_scale": 0.0}, {"logit_scale": -1.0}, {"logit_offset": None}])
def test_an_output_without_a_positive_scale_or_an_offset_breaks_a_rule(small_pack, changes):
    fault = fault_of(with_manifest(small_pack, outputs=output_rows(small_pack, **changes)))
    assert fault is PackFault.BAD_MANIFEST


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "notch_filtfilt", "frequency_hz": 250.0, "quality": 30.0},
        {"kind": "notch_filtfilt", "frequency_hz": 50.0, "quality": 0.0},
        {"kind": "butterworth_bandpass_filtfilt", "low_hz": 0.5, "high_hz": 300.0, "order": 4},
        {"kind": "butterworth_bandpass_filtfilt", "low_hz": 40.0, "high_hz": 0.5, "order": 4},
        {"kind": "butterworth_bandpass_filtfilt", "low_hz": 0.5, "high_hz": 40.0, "order": 0},
        {"kind": "butterworth_bandpass_filtfilt", "low_hz": 0.5, "high_hz": 40.0, "order": 6},  # rings for ever
        {"kind": "subtract_running_median", "seconds": -1.0},
    ],
)
def test_a_step_that_no_filter_can_be_made_of_breaks_a_rule(small_pack, step):
    contract = {"rate_hz": 500.0, "window_samples": 5000, "steps": [step]}
    assert fault_of(with_manifest(small_pack, preprocessing=contract)) is PackFault.BAD_MANIFEST


@pytest.mark.parametrize(("rate_hz", "window_samples"), [(10.0, 100), (500.0, 100)])
def test_a_window_too_slow_or_too_short_for_beats_breaks_a_rule(small_pack, rate_hz, window_samples):
    contract = {"rate_hz": rate_hz, "window_samples": window_samples, "steps": []}
    assert fault_of(with_manifest(small_pack, preprocessing=contract)) is PackFault.BAD_MANIFEST


def test_a_pack_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PackError, match=r"absent.tflite cannot be read \(No such file") as caught:
        read_pack(tmp_path / "absent.tflite")
    assert caught.value.fault is PackFault.MISSING


def test_a_folder_is_no_pack(tmp_path):
    with pytest.raises(PackError, match="Is a directory"):
        read_pack(tmp_path)


def test_a_demonstration_pack_says_so_in_its_label(small_pack):
    assert small_pack.manifest.label == "untrained 0.0.1 DEMONSTRATION"


def test_a_trained_pack_does_not(small_pack):
    trained = small_pack.manifest.provenance.model_copy(update={"demonstration": False})
    assert small_pack.manifest.model_copy(update={"provenance": trained}).label == "untrained 0.0.1"


def test_the_manifest_knows_its_model(small_pack):
    assert hashlib.sha256(small_pack.model).hexdigest() == small_pack.manifest.model_sha256


def test_a_pack_cannot_be_changed(small_pack):
    with pytest.raises(dataclasses.FrozenInstanceError):
        small_pack.model = b""
