"""`anyecg bench compare` as it is used."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks.bench.cli import bench
from benchmarks.bench.errors import BenchError, BenchFault
from tests.benchmarks.bench.comparing.make_golden import GOLDEN

BEFORE = str(GOLDEN / "before.json")


def run(*arguments):
    names = [str(GOLDEN / one) if one.endswith(".json") and "/" not in one else one for one in arguments]
    return CliRunner().invoke(bench, ["compare", *names], env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ("after_unchanged.json", 0),
        ("after_slower.json", 1),
        ("after_heavier.json", 1),
        ("after_faster_inference.json", 0),
        ("noisy.json", 0),
        ("one_run.json", 0),
        ("server.json", 0),
    ],
)
def test_the_exit_says_whether_something_became_worse(other, code):
    assert run("before.json", other).exit_code == code
    assert run("before.json", other, "--json", "-").exit_code == code


def test_one_result_is_no_comparison():
    assert run("before.json").exit_code == 2


def test_a_threshold_is_a_percentage():
    assert run("before.json", "after_slower.json", "--threshold", "60").exit_code == 0
    assert run("before.json", "after_slower.json", "--threshold", "-1").exit_code == 2


def test_what_cannot_be_read_is_an_expected_error(tmp_path):
    refused = run("before.json", str(tmp_path / "none.json")).exception
    assert isinstance(refused, BenchError)
    assert refused.fault is BenchFault.MISSING


def test_a_speed_stands_beside_the_accuracy_of_its_pack():
    assert "potassium 0.81" in run("before.json", "after_slower.json").stdout


def test_another_machine_is_said():
    assert "other machine: no regression is judged" in run("before.json", "server.json").stdout


def test_several_results_stand_next_to_each_other_first():
    said = run("before.json", "after_slower.json", "server.json").stdout
    heading = next(line for line in said.splitlines() if "quantity" in line)
    assert heading.split() == ["quantity", "before", "after_slower", "server"]


def test_machines_get_one_object_with_every_row():
    said = json.loads(run("before.json", "after_slower.json", "server.json", "--json", "-").stdout)
    slower, server = said["comparisons"]
    assert (said["regression"], slower["regression"], server["regression"]) == (True, True, False)
    row = slower["packs"][0]["rows"][2]
    assert (row["quantity"], row["verdict"], row["said"]) == ("inference", "worse", "slower")
    assert row["low"] < row["ratio"] < row["high"]
    assert row["runs"] == [4, 4]


def test_a_file_gets_the_same_object_beside_the_table(tmp_path):
    path = tmp_path / "comparison.json"
    said = run("before.json", "after_slower.json", "--json", str(path)).stdout
    assert "REGRESSION" in said
    assert json.loads(path.read_text())["regression"]


def test_a_file_that_cannot_be_written_is_an_expected_error(tmp_path):
    refused = run("before.json", "after_slower.json", "--json", str(tmp_path / "no" / "where.json")).exception
    assert isinstance(refused, BenchError)
    assert refused.fault is BenchFault.UNWRITABLE
