"""Result files from anywhere."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.bench.comparing.reading import read_result
from benchmarks.bench.errors import BenchError, BenchFault
from tests.benchmarks.bench.comparing.make_golden import GOLDEN, results


def refusal(path):
    with pytest.raises(BenchError) as refused:
        read_result(path)
    return refused.value


def changed(tmp_path, change):
    said = json.loads((GOLDEN / "before.json").read_text())
    change(said)
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(said))
    return path


@pytest.mark.parametrize("name", results())
def test_golden_results_are_what_the_script_makes(name):
    made = results()[name].model_copy(update={"settings": "SIMULATED"})
    assert read_result(GOLDEN / f"{name}.json") == made


def test_a_missing_file_is_said(tmp_path):
    assert refusal(tmp_path / "none.json").fault is BenchFault.MISSING


def test_a_folder_is_unreadable(tmp_path):
    assert refusal(tmp_path).fault is BenchFault.UNREADABLE


def test_a_file_without_end_is_too_large():
    from pathlib import Path

    assert refusal(Path("/dev/zero")).fault is BenchFault.TOO_LARGE


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"speed: 3", b"[" * 100_000])
def test_what_is_no_json_is_said(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_bytes(data)
    assert refusal(path).fault is BenchFault.NOT_JSON


@pytest.mark.parametrize("data", ["{}", "[]", "3", '{"figures": []}'])
def test_json_of_another_kind_is_no_result(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_text(data)
    assert refusal(path).fault is BenchFault.NOT_A_RESULT


def test_another_schema_is_said_before_all_its_unknown_fields(tmp_path):
    def newer(said):
        said.update(schema_version=2, surprise=1)
        said["machine"] = {"of": "another kind"}

    assert refusal(changed(tmp_path, newer)).fault is BenchFault.OTHER_SCHEMA


def test_a_broken_rule_is_said_with_its_place(tmp_path):
    def break_it(said):
        said["packs"][0]["measurements"][2]["runs"][1]["values"] = []

    error = refusal(changed(tmp_path, break_it))
    assert error.fault is BenchFault.BREAKS_RULE
    assert "packs.0.measurements.2.runs.1.values" in str(error)


def test_infinite_times_break_a_rule(tmp_path):
    def break_it(said):
        said["packs"][0]["measurements"][0]["runs"][0]["values"][0] = float("inf")

    assert refusal(changed(tmp_path, break_it)).fault in {BenchFault.BREAKS_RULE, BenchFault.NOT_JSON}


def test_a_quantity_measured_twice_under_the_same_conditions_breaks_a_rule(tmp_path):
    def double(said):
        said["packs"][0]["measurements"].append(said["packs"][0]["measurements"][0])

    assert refusal(changed(tmp_path, double)).fault is BenchFault.BREAKS_RULE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 6000), st.binary(min_size=1, max_size=4))
def test_any_damage_is_read_or_refused_with_one_line(tmp_path, place, damage):
    whole = (GOLDEN / "before.json").read_bytes()
    path = tmp_path / "damaged.json"
    path.write_bytes(whole[:place] + damage + whole[place + len(damage) :])
    said = ""
    try:
        read_result(path)
    except BenchError as error:
        said = str(error)
    assert "\n" not in said
