"""`anyecg convert` as its users run it."""

import json
import os
import re
from importlib.util import find_spec

import numpy as np
import pytest

from converter.calibration import synthetic_windows
from edge.interpreter import installed_runtimes
from edge.pack import read_pack
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import SMALL, random_weights
from tests.edge.cli.command import called, is_one_clear_line, last_object

ROWS = [
    {
        "id": f"{analyte}_{direction}",
        "name": f"{direction} {analyte}",
        "loinc": loinc,
        "direction": direction,
        "unit": "mmol/L",
        "low": 3.5,
        "high": 5.0,
        "threshold": 0.5,
        "prevalence": 0.2,
    }
    for analyte, direction, loinc in (
        ("potassium", "low", "2823-3"),
        ("potassium", "high", "2823-3"),
        ("lactate", "high", "32693-4"),
    )
]
KEYS = {
    *("mode", "size_bytes", "seconds", "peak_rss_mb", "operators", "delegated", "spearman", "max_abs_logit", "flips"),
    *("outputs_failed", "float_vs_torch_max"),
}
ANYTHING = ("--least-spearman", -1, "--least-spearman-spoilt", -1, "--most-flips", 1, "--most-auroc-shift", 1)


@pytest.fixture
def folder(tmp_path):
    """A checkpoint of random weights and the labels of its three outputs."""
    np.savez(tmp_path / "weights.npz", **random_weights(SMALL, seed=0))
    (tmp_path / "labels.json").write_text(json.dumps(ROWS), encoding="utf-8")
    return tmp_path


def convert(folder, *options):
    return called(
        "convert", "weights.npz", "--labels", "labels.json", "-o", "made.tflite", "--windows", 8, *options, cwd=folder
    )


def test_a_checkpoint_becomes_a_pack_that_can_be_read(folder):
    done = convert(folder, *ANYTHING, "--mode", "dynamic")
    assert (done.returncode, read_pack(folder / "made.tflite").manifest.name) == (0, "made")
    assert "dynamic for litert" in done.stdout
    assert "potassium_low" in done.stdout


def test_the_outputs_of_the_pack_are_the_rows_of_the_labels(folder):
    convert(folder, *ANYTHING, "--mode", "dynamic")
    outputs = read_pack(folder / "made.tflite").manifest.outputs
    assert [(o.id, o.limit) for o in outputs] == [
        ("potassium_low", 3.5),
        ("potassium_high", 5.0),
        ("lactate_high", 5.0),
    ]


@pytest.mark.parametrize("mode", ["auto", "full", "mixed", "dynamic", "float"])
def test_each_mode_ends_in_a_pack_a_report_and_one_object(folder, mode):
    done = convert(folder, *ANYTHING, "--mode", mode, "--json")
    said = last_object(done)
    pack = read_pack(folder / "made.tflite")
    assert said.keys() >= KEYS
    assert mode in {"auto", said["mode"]}
    assert pack.parity["mode"] == said["mode"]
    assert said["size_bytes"] == (folder / "made.tflite").stat().st_size
    assert (said["outputs_failed"], said["report"]) == ([], "report.html")
    assert said["spearman"].keys() == {"median", "min"}
    assert 0 < said["delegated"] == said["operators"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["weights.npz", "labels.json", "made.tflite", "report.html", "report.json"]
    )
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["mode"] == said["mode"]


def test_the_float_graph_is_held_against_torch_where_it_is_installed(folder):
    largest = last_object(convert(folder, *ANYTHING, "--mode", "float", "--json"))["float_vs_torch_max"]
    assert (largest is None) == (find_spec("torch") is None)
    assert largest is None or largest < 1e-4


def test_the_report_goes_where_it_is_asked_for(folder):
    (folder / "said").mkdir()
    done = convert(folder, *ANYTHING, "--mode", "float", "--report", "said/of it.html", "--json")
    assert last_object(done)["report"] == "said/of it.html"
    assert sorted(path.name for path in (folder / "said").iterdir()) == ["of it.html", "of it.json"]
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("mode", ["auto", "full"])
def test_a_pack_for_tflite_runtime_is_full_int8(folder, mode):
    said = last_object(convert(folder, *ANYTHING, "--mode", mode, "--runtime", "tflite-runtime", "--json"))
    assert (said["mode"], said["runtime"]) == ("full", "tflite-runtime")
    assert said["delegated_on"] in installed_runtimes()
    assert read_pack(folder / "made.tflite").parity["target"] == "tflite-runtime"


@pytest.mark.parametrize("mode", ["mixed", "dynamic"])
def test_a_dynamic_range_pack_for_tflite_runtime_is_refused_with_the_reason(folder, mode):
    done = convert(folder, *ANYTHING, "--mode", mode, "--runtime", "tflite-runtime")
    assert (done.returncode, (folder / "made.tflite").exists()) == (1, False)
    assert f"mode {mode} has dynamic-range layers, which tflite-runtime is not trusted with" in done.stderr


def labelled(folder, **changes):
    """Windows of the synthetic heart with labels by chance."""
    windows = synthetic_windows(ECGFOUNDER, 12, seed=9).millivolts
    labels = np.random.default_rng(0).permutation(np.tile([0.0, 1.0, np.nan], (3, 4)).T)
    np.savez(folder / "labelled.npz", **{"millivolts": windows, "labels": labels, **changes})


def test_with_labels_auroc_before_and_after_is_told(folder):
    labelled(folder)
    said = last_object(convert(folder, *ANYTHING, "--mode", "full", "--labelled", "labelled.npz", "--json"))
    assert said["verification"] == "labelled.npz, 12 windows with labels"
    assert said["auroc"].keys() == {row["id"] for row in ROWS}
    shifts = [abs(area["converted"] - area["float"]) for area in said["auroc"].values()]
    assert said["auroc_shift_max"] == max(shifts)
    figures = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert {row["output_id"]: row["auroc_float"] for row in figures["clean"]["outputs"]} == {
        output_id: area["float"] for output_id, area in said["auroc"].items()
    }


def test_without_labels_there_is_no_auroc(folder):
    said = last_object(convert(folder, *ANYTHING, "--mode", "float", "--json"))
    assert (said["auroc"], said["auroc_shift_max"]) == ({}, None)


def test_malformed_labels_are_refused_in_one_line_before_the_work(folder):
    labelled(folder, labels=np.full((12, 2), 1.0))
    done = convert(folder, "--labelled", "labelled.npz")
    assert is_one_clear_line(done)
    assert "has labels float64(12, 2), (12, 3) is read" in done.stderr


def test_without_recordings_the_user_is_told_that_the_heart_was_synthetic(folder):
    done = convert(folder, *ANYTHING, "--mode", "dynamic", "--json")
    assert ("synthetic heart" in done.stderr, "synthetic heart" in last_object(done)["calibration"]) == (True, True)


NOTHING_LOST = ("--mode", "full", "--most-flips", 0, "--most-auroc-shift", 0, "--least-spearman", 1)


def test_losses_are_refused_and_only_the_report_of_them_is_written(folder):
    before = {path.name for path in folder.iterdir()}
    done = convert(folder, *ANYTHING, *NOTHING_LOST)
    last_line = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (1, "")
    # Which output comes first depends on the windows that can be read.
    lost = re.search(r"output (\w+) was not kept", last_line)
    assert lost
    assert "rank correlation" in last_line
    assert f"--accept {lost[1]}" in last_line
    assert {path.name for path in folder.iterdir()} - before == {"report.html", "report.json"}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert ("of 3 outputs not kept." in page, "not written" in page) == (True, True)


def test_refused_losses_stand_in_the_object_for_machines_too(folder):
    done = convert(folder, *ANYTHING, *NOTHING_LOST, "--json")
    said = last_object(done)
    assert (done.returncode, said["size_bytes"]) == (1, 0)
    assert "potassium_low" in said["outputs_failed"]


def test_a_loss_that_is_accepted_is_told_and_stands_in_the_pack(folder):
    accept = [part for row in ROWS for part in ("--accept", row["id"])]
    said = last_object(convert(folder, *ANYTHING, "--mode", "full", "--least-spearman", 1, *accept, "--json"))
    losses = {row.id: row.accepted_loss for row in read_pack(folder / "made.tflite").manifest.outputs}
    assert said["outputs_failed"] == sorted(output_id for output_id, why in losses.items() if why)
    assert "potassium_low" in said["outputs_failed"]


UNWRITABLE = {
    "no folder for the pack": (("-o", "nowhere/made.tflite"), "there is no folder nowhere - make the folder"),
    "no folder for the report": (("--report", "nowhere/report.html"), "there is no folder nowhere - make the folder"),
    "a folder of the pack's name": (("-o", "taken"), "taken cannot be written: it is a folder - name a file"),
    "a folder of the report's name": (("--report", "taken"), "taken cannot be written: it is a folder"),
    "a folder of the figures' name": (("--report", "taken.html"), "taken.json cannot be written: it is a folder"),
    "a file as a folder": (("-o", "labels.json/made.tflite"), "there is no folder labels.json"),
    "a page named .json": (("--report", "report.json"), "would overwrite each other"),
    "a page named as the pack": (("--report", "made.tflite"), "would overwrite each other, or the pack"),
    "no name of a pack": (("--name", "My Pack"), "'My Pack' is no name of a pack - begin with"),
}


@pytest.mark.parametrize(("options", "said"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_is_refused_in_one_line_before_anything_is_read(folder, options, said):
    for name in ("taken", "taken.json"):
        (folder / name).mkdir()
    (folder / "weights.npz").unlink()
    before = sorted(folder.rglob("*"))
    done = convert(folder, *options)
    assert is_one_clear_line(done)
    assert said in done.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
@pytest.mark.parametrize("options", [("-o", "closed/made.tflite"), ("--report", "closed/report.html")])
def test_a_read_only_folder_is_refused_in_one_line_before_anything_is_read(folder, options):
    (folder / "closed").mkdir(mode=0o555)
    (folder / "weights.npz").unlink()
    done = convert(folder, *options)
    assert is_one_clear_line(done)
    assert "closed is read-only" in done.stderr


@pytest.mark.parametrize(("file", "name"), [("My Pack (2).tflite", "my-pack-2"), ("__.tflite", "pack")])
def test_without_a_name_the_pack_has_its_files_as_far_as_that_is_one(folder, file, name):
    convert(folder, *ANYTHING, "--mode", "float", "-o", file)
    assert read_pack(folder / file).manifest.name == name


@pytest.mark.parametrize("mode", ["full", "mixed"])
def test_two_runs_with_the_same_inputs_give_the_same_pack_byte_for_byte(folder, mode):
    packs = []
    for _ in range(2):
        assert convert(folder, *ANYTHING, "--mode", mode).returncode == 0
        packs.append((folder / "made.tflite").read_bytes())
    assert packs[0] == packs[1]


def test_recordings_without_a_readable_window_are_refused_in_one_line(folder):
    (folder / "recordings").mkdir()
    done = convert(folder, "--calibration", "recordings")
    assert (is_one_clear_line(done), (folder / "made.tflite").exists()) == (True, False)


def test_labels_for_another_head_are_refused(folder):
    (folder / "labels.json").write_text(json.dumps(ROWS[:2]), encoding="utf-8")
    done = convert(folder)
    assert "dense.weight has shape (3, 32), not (2, 32), which 2 labels need" in done.stderr
