"""Each kind of size, small and for real. How long anything takes is not looked at: only what is counted."""

import json
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from benchmarks.growth import __main__ as growth
from benchmarks.growth import asking, hop, hours, memory, outputs, size, wearables
from benchmarks.growth.tables import holders_said
from edge.outcome import Rejected, Rejection, Span
from edge.store import OutcomeStore
from tests.edge.signals import block


def costs(measured):
    return {series.kind.name: series for series in measured}


def test_wearables_take_memory_and_time_of_a_process_of_their_own():
    measured = costs(wearables.measure((1, 2), stream_s=10.0, n_rounds=1))
    assert all((series.rounds > 0).all() for series in measured.values())
    of_all, of_each = measured["CPU of all"].rounds, measured["CPU of each"].rounds
    assert of_all == pytest.approx(of_each * [1, 2])


def test_a_shorter_hop_has_more_windows():
    measured = costs(hop.measure((10.0, 5.0), stream_s=20.0, n_rounds=1))
    assert measured["CPU"].sizes == (360, 720)
    n_windows = 1e3 * measured["CPU"].rounds / 3600 * 20 / measured["CPU of a window"].rounds
    assert n_windows.tolist() == [pytest.approx([2, 4])]


def test_more_outputs_take_more_bytes():
    measured = costs(outputs.measure((1, 64), n_rounds=1))
    for name in ("store", "pack"):
        one, many = measured[name].medians
        assert many > one


def test_hours_of_a_run_fill_its_store_and_leave_its_writer_as_it_was(tmp_path):
    measured = costs(hours.measure((0.05, 0.1), folder=tmp_path, n_rounds=1))
    half, whole = measured["file"].medians
    assert whole == pytest.approx(2 * half, rel=0.2)
    half, whole = measured["memory of a writer"].medians
    assert whole == pytest.approx(half, rel=0.1)


def test_memory_of_a_loop_is_looked_at_hour_by_hour():
    assert memory.measure((0.01, 0.02)).rounds.shape == (1, 2)


def test_what_python_holds_is_told_by_the_file_that_made_it():
    held = memory.holders((0.01, 0.03))
    assert all(holder.kb_an_hour > 0 and holder.file.endswith(".py") for holder in held)
    assert all(holder.file in holders_said(held) for holder in held)


def test_stores_are_as_large_as_they_are_said_to_be(tmp_path):
    measured = size.measure((0.5, 1.0), folder=tmp_path, run_hours=0.1, n_rounds=1)
    for asked_mb, mb in zip((0.5, 1.0), measured[0].sizes, strict=True):
        assert asked_mb <= mb < asked_mb + 0.5


@pytest.fixture
def store(tmp_path):
    """Two runs of an hour and a half, ten samples a second; an outcome each minute."""
    path = tmp_path / "a.db"
    with OutcomeStore.open(path, now_s=lambda: 0.0) as opened:
        for number in range(2):
            with opened.run("test") as run:
                for minute in range(90):
                    start_s = 5400.0 * number + 60.0 * minute
                    ended = Rejected(Span(600 * minute, 600, start_s, 60.0, 0.0), Rejection.NOISY, "")
                    run.append(block(range(600), 600 * minute, rate_hz=10.0), [ended])
    return path


def test_what_is_asked_of_a_store_is_what_it_holds(store):
    assert asking.outcomes_of_last_hour(store) == 60
    assert asking.outcomes_since(store) == 60
    assert asking.samples_of_last_hour(store) == 36_000
    assert asking.outcomes_of_run(store) == 90
    assert asking.samples_of_run(store) == 54_000
    assert asking.samples_of_all(store) == 108_000
    assert asking.runs(store) == 180


def test_the_command_prints_tables_and_writes_a_picture_and_json(tmp_path):
    app, svg, file = growth.app, tmp_path / "a.svg", tmp_path / "a.json"
    command = ["--what", "hop", "--quick", "--rounds", "5", "-o", str(file), "--picture", str(svg)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "| CPU of a window, ms |" in result.output
    said = json.loads(file.read_text(encoding="utf-8"))
    assert [series["name"] for series in said["series"]] == ["CPU", "CPU of a window"]
    assert said["machine"]["n_cores"] > 0
    words = "".join(ET.parse(svg).getroot().itertext())
    assert "Against hop" in words
    assert said["series"][0]["size_unit"] in words


@pytest.mark.parametrize("what", ["hops", "", "hop,wearable"])
def test_what_cannot_be_measured_is_named(what):
    result = CliRunner().invoke(growth.app, ["--what", what])
    assert result.exit_code == 2
    assert "wearables, hop, outputs, hours, store" in " ".join(result.output.replace("│", " ").split())


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(tmp_path):
    result = CliRunner().invoke(growth.app, ["-o", str(tmp_path / "no" / "a.json")])
    assert result.exit_code == 2
    assert "no folder" in result.output
