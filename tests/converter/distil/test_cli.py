"""`anyecg distil` as its users run it."""

from importlib.util import find_spec

import numpy as np
import pytest

from converter.calibration import synthetic_windows
from edge.pack import SHIPPED, SHIPPED_WAVES, read_pack
from edge.preprocess import ECGFOUNDER
from tests.edge.cli.command import called, is_one_clear_line, last_object

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is absent: it comes with the extra `train`")
FEW = ("--windows", 80, "--epochs", 1, "--threads", 1)


def distil(folder, *options, teacher=SHIPPED, board="nrf52840", budget="20kB,20kB"):
    return called(
        "distil", teacher, "--board", board, "--budget", budget, "-o", "student.tflite", *FEW, *options, cwd=folder
    )


@needs_torch
def test_a_pack_becomes_a_student_with_a_table_of_what_was_lost(tmp_path):
    np.savez(
        tmp_path / "known.npz",
        millivolts=np.random.default_rng(0).normal(0, 1, (10, 5000)),
        labels=np.tile([[0], [1]], (5, 6)),
    )
    done = distil(tmp_path, "--labelled", "known.npz", "--name", "small", "--release", "2.0.0")
    assert done.returncode == 0
    manifest = read_pack(tmp_path / "student.tflite").manifest
    assert (manifest.label, manifest.board) == ("small 2.0.0 DEMONSTRATION", "nrf52840")
    assert read_pack(SHIPPED).manifest.model_sha256 in manifest.provenance.training_data
    for said in ("Beside its teacher: all held-back windows", "Truth, on labelled windows", "RAM"):
        assert said in done.stdout


@needs_torch
def test_machines_get_one_object_and_recordings_are_named(tmp_path):
    (tmp_path / "nights").mkdir()
    for seed in range(2):
        windows = synthetic_windows(ECGFOUNDER, 8, seed=seed).millivolts
        np.savez(tmp_path / "nights" / f"{seed}.npz", millivolts=windows)
    (tmp_path / "nights" / "notes.txt").write_text("", encoding="utf-8")
    done = distil(tmp_path, "--json", "--recordings", "nights")
    assert done.returncode == 0
    said = last_object(done)
    assert (said["board"], said["unreadable"]) == ("nrf52840", ["notes.txt"])
    assert said["recordings"].startswith("recordings (nights), ")
    assert [loss["windows"] for loss in said["losses"]][-1] == "recordings"
    assert "notes.txt" in done.stderr
    assert said["size_bytes"] == (tmp_path / "student.tflite").stat().st_size


@needs_torch
def test_a_budget_no_student_fits_is_refused_with_what_would_do(tmp_path):
    done = distil(tmp_path, budget="5kB,5kB")
    assert is_one_clear_line(done)
    assert "give --budget" in done.stderr


@pytest.mark.parametrize("budget", ["256kB", "a,b", "0,0"])
def test_what_is_no_budget_is_a_wrong_use(tmp_path, budget):
    done = distil(tmp_path, budget=budget)
    assert done.returncode == 2
    assert "--budget" in done.stderr


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"teacher": "none.tflite"}, "cannot be read"),
        ({"teacher": SHIPPED_WAVES}, "marks waves"),
        ({"board": "abacus"}, "no board is called"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_before_any_work(tmp_path, case, said):
    done = distil(tmp_path, **case)
    assert is_one_clear_line(done)
    assert said in done.stderr


def test_a_place_that_cannot_be_written_to_is_refused_before_any_work(tmp_path):
    (tmp_path / "student.tflite").mkdir()
    assert is_one_clear_line(distil(tmp_path))
    done = called("distil", SHIPPED, "--board", "nrf52840", "-o", "none/student.tflite", cwd=tmp_path)
    assert is_one_clear_line(done)
    assert "no folder" in done.stderr


@needs_torch
@pytest.mark.parametrize(
    ("option", "said"), [("--recordings", "no recording lies in"), ("--labelled", "cannot be read as .npz")]
)
def test_an_empty_folder_gives_nothing_to_learn_from(tmp_path, option, said):
    (tmp_path / "empty").mkdir()
    done = distil(tmp_path, option, "empty")
    assert is_one_clear_line(done)
    assert said in done.stderr


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_the_extra_is_named(tmp_path):
    done = distil(tmp_path)
    assert is_one_clear_line(done)
    assert "anyecg-edge[train]" in done.stderr
