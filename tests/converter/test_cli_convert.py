"""`anyecg convert` as its users run it."""

import json

import numpy as np
import pytest

from edge.pack import read_pack
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
KEYS = {"mode", "size_bytes", "seconds", "peak_rss_mb", "spearman", "max_abs_logit", "flips", "outputs_failed"}


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
    done = convert(folder, "--least-spearman", -1, "--mode", "dynamic")
    assert (done.returncode, read_pack(folder / "made.tflite").manifest.name) == (0, "made")


def test_the_outputs_of_the_pack_are_the_rows_of_the_labels(folder):
    convert(folder, "--least-spearman", -1, "--mode", "dynamic")
    outputs = read_pack(folder / "made.tflite").manifest.outputs
    assert [(o.id, o.limit) for o in outputs] == [
        ("potassium_low", 3.5),
        ("potassium_high", 5.0),
        ("lactate_high", 5.0),
    ]


def test_the_json_says_what_was_kept(folder):
    done = convert(folder, "--least-spearman", -1, "--mode", "dynamic", "--json")
    assert last_object(done).keys() >= KEYS


def test_without_recordings_the_user_is_told_that_the_heart_was_synthetic(folder):
    done = convert(folder, "--least-spearman", -1, "--mode", "dynamic", "--json")
    assert ("synthetic heart" in done.stderr, "synthetic heart" in last_object(done)["calibration"]) == (True, True)


def test_losses_are_refused_and_no_pack_is_written(folder):
    done = convert(folder, "--least-spearman", 1)
    assert (done.returncode, "keeps a rank correlation of" in done.stderr) == (1, True)
    assert not (folder / "made.tflite").exists()


def test_recordings_without_a_readable_window_are_refused_in_one_line(folder):
    (folder / "recordings").mkdir()
    done = convert(folder, "--calibration", "recordings")
    assert (is_one_clear_line(done), (folder / "made.tflite").exists()) == (True, False)


def test_labels_for_another_head_are_refused(folder):
    (folder / "labels.json").write_text(json.dumps(ROWS[:2]), encoding="utf-8")
    done = convert(folder)
    assert "dense.weight has shape (3, 32), not (2, 32), which 2 labels need" in done.stderr
