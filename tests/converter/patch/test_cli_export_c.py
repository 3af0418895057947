"""`anyecg export-c` as its users run it, and the folder as they get it."""

import os
import shutil
import subprocess

import numpy as np
import pytest

from converter.patch.export import export
from converter.patch.translate import Options, Source
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.converter.patch.built import QUICK, needs_gcc, outputs_of, program, ran, random_inputs
from tests.converter.patch.int8_models import RELU, Int8Model, random_model
from tests.edge.cli.command import called, is_one_clear_line, last_object


@pytest.fixture
def plain(tmp_path):
    """A plain int8 model in a file."""
    path = tmp_path / "small.tflite"
    path.write_bytes(random_model(8))
    return path


def test_a_pack_becomes_a_folder_and_a_table_says_what_it_needs(tmp_path):
    done = called("export-c", SHIPPED_WAVES, "-o", tmp_path / "c")
    assert done.returncode == 0
    assert "bytes static" in done.stdout
    assert "Not a medical device" in done.stdout
    names = {str(path.relative_to(tmp_path / "c")) for path in (tmp_path / "c").rglob("*") if path.is_file()}
    assert {"anyecg_model.h", "anyecg_model.c", "anyecg_internal.h", "anyecg_kernels.c", "anyecg_contract.c"} <= names
    assert {"anyecg_selftest.c", "README.md", "Makefile", "tflm/model.tflite", "boards/start.c"} <= names


def test_a_known_defect_is_told_before_anything_is_flashed(tmp_path):
    done = called("export-c", SHIPPED_WAVES, "-o", tmp_path / "c")
    assert "arm_convolve_1_x_n_s8" in done.stderr


def test_machines_get_one_object(tmp_path, plain):
    done = called("export-c", plain, "-o", tmp_path / "c", "--json")
    said = last_object(done)
    assert {"folder", "pack", "model_sha256", "files", "window_samples", "rate_hz", "needs", "lint"} <= said.keys()
    assert said["needs"]["ram_bytes"] > 0


def test_a_plain_model_is_exported_without_preprocessing_and_that_is_said(tmp_path, plain):
    done = called("export-c", plain, "-o", tmp_path / "c")
    assert done.returncode == 0
    assert "plain model" in done.stderr
    assert "anyecg_model_input" in (tmp_path / "c" / "anyecg_model.h").read_text()
    assert not (tmp_path / "c" / "anyecg_contract.c").exists()


@needs_gcc
def test_make_test_passes_in_the_folder(tmp_path, plain):
    called("export-c", plain, "-o", tmp_path / "c")
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-C", str(tmp_path / "c"), "test", "OPTIMISE=-O1"],
        capture_output=True, text=True, check=False, env=clean,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert " 0 of " in done.stdout


@needs_gcc
def test_a_device_of_another_rate_and_scale_is_served(tmp_path):
    done = called("export-c", SHIPPED_WAVES, "-o", tmp_path / "c", "--rate", 250, "--picovolts", 2_384_186)
    assert done.returncode == 0
    binary = program(tmp_path / "c", QUICK)
    sizes = np.frombuffer(ran(binary, b"s", [np.zeros(0)]), np.uint32)
    pack = read_any_pack(SHIPPED_WAVES)
    assert sizes[:3].tolist() == [2560, 12800, 2500]
    counts = np.round(np.interp(np.arange(2500) * 1.024, np.arange(2560), pack.self_test.windows_uv[0]) / 2.384186)
    made = np.frombuffer(ran(binary, b"p", [counts.astype(np.int32)]), np.int8)
    assert np.corrcoef(made, pack.self_test.inputs[0])[0, 1] > 0.98


@needs_gcc
def test_a_request_that_is_not_known_or_not_whole_ends_the_program_with_2(tmp_path, plain):
    called("export-c", plain, "-o", tmp_path / "c")
    binary = program(tmp_path / "c", QUICK)
    for asked in (b"?", b"i\0", b"w"):
        assert subprocess.run([str(binary)], input=asked, capture_output=True, check=False).returncode == 2
    assert subprocess.run([str(binary)], input=b"", capture_output=True, check=False).returncode == 0


@needs_gcc
def test_without_a_self_test_nothing_is_compared_and_the_network_is_the_same(tmp_path, plain):
    called("export-c", plain, "-o", tmp_path / "with")
    called("export-c", plain, "-o", tmp_path / "without", "--no-self-test")
    with_it, without = (program(tmp_path / name, QUICK) for name in ("with", "without"))
    size = np.frombuffer(ran(without, b"s", [np.zeros(0)]), np.uint32)[0]
    inputs = random_inputs(5, size)
    assert np.array_equal(outputs_of(with_it, inputs), outputs_of(without, inputs))
    assert "compares nothing" in (tmp_path / "without" / "README.md").read_text()


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_the_same_pack_gives_the_same_bytes(path):
    pack = read_any_pack(path)
    assert export(Source.of_pack(pack), Options()).files == export(Source.of_pack(pack), Options()).files


def test_the_readme_and_header_say_whose_pack_it_is():
    files = export(Source.of_pack(read_any_pack(SHIPPED)), Options()).files
    assert "DEMONSTRATION" in files["README.md"]
    assert "Not a medical device" in files["README.md"]
    assert "#define ANYECG_DEMONSTRATION 1" in files["anyecg_model.h"]
    assert "DEMONSTRATION" in files["tflm/anyecg_tflm_model.h"]


def test_a_folder_that_is_not_empty_is_left_alone_unless_told(tmp_path, plain):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine.txt").write_text("mine")
    done = called("export-c", plain, "-o", tmp_path / "c")
    assert done.returncode == 1
    assert "--force" in done.stderr
    assert {path.name for path in (tmp_path / "c").iterdir()} == {"mine.txt"}
    assert called("export-c", plain, "-o", tmp_path / "c", "--force").returncode == 0
    assert (tmp_path / "c" / "mine.txt").read_text() == "mine"


def dynamic_range_model():
    m = Int8Model()
    x = m.input(20, 3)
    return m.to_bytes(x, m.operator("SOFTMAX", [m.conv(x, 4, activation=RELU)], m.tensor((1, 1, 20, 4), 0.1)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"nothing", "no pack"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 40, "damaged"),
        (dynamic_range_model(), "SOFTMAX"),
    ],
)
def test_bad_input_ends_with_one_clear_line(tmp_path, content, says):
    (tmp_path / "bad.tflite").write_bytes(content)
    done = called("export-c", tmp_path / "bad.tflite", "-o", tmp_path / "c")
    assert done.returncode == 1
    assert says in done.stderr
    assert is_one_clear_line(done)
    assert not (tmp_path / "c").exists()


def test_a_missing_pack_and_a_closed_folder_are_one_line_each(tmp_path, plain):
    for arguments in ((tmp_path / "none.tflite", "-o", tmp_path / "c"), (plain, "-o", plain / "c")):
        done = called("export-c", *arguments)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
