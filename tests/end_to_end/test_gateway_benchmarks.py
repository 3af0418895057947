"""The benchmarks of the gateway as their users run them, at their smallest, and what they measure with."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.night import Night, run_night
from benchmarks.witness import Found, TimeErrors, Witness
from ble_gateway.wearables.catalogue import Setup

REPOSITORY = Path(__file__).parents[2]
PLAYED = np.random.default_rng(0).integers(-500, 500, 4000).astype(np.int32)


def witness_of(played: np.ndarray, n_kept: int = 5000) -> Witness:
    witness = Witness(n_kept)
    for _ in witness.listening(np.array_split(played, 40)):
        pass
    return witness


@given(st.lists(st.tuples(st.integers(30, 200), st.integers(0, 90)), min_size=1, max_size=12))
def test_blocks_are_found_where_they_were_played_whatever_was_lost_unsaid(lengths: list[tuple[int, int]]) -> None:
    witness, true_index, stated_index = witness_of(PLAYED), 0, 0
    for n, n_lost in lengths:
        true_index += n_lost
        assert witness.find(stated_index, PLAYED[true_index : true_index + n]) == [Found(0, n, true_index)]
        true_index, stated_index = true_index + n, stated_index + n


def test_a_loss_inside_a_block_is_found_there() -> None:
    block = np.concatenate([PLAYED[100:150], PLAYED[190:260]])
    assert witness_of(PLAYED).find(100, block) == [Found(0, 50, 100), Found(50, 70, 190)]


def test_what_was_never_played_is_nowhere() -> None:
    block = np.concatenate([PLAYED[100:150], np.full(40, 9_999, np.int32)])
    assert witness_of(PLAYED).find(100, block) == [Found(0, 50, 100)]


def test_a_witness_forgets_what_is_too_long_ago_and_holds_no_more_than_twice_what_it_should() -> None:
    witness = witness_of(PLAYED, n_kept=500)
    assert witness.find(0, PLAYED[:100]) == []
    assert witness.find(3600, PLAYED[3600:3700]) == [Found(0, 100, 3600)]


@given(st.lists(st.floats(-4.0, 4.0), min_size=1, max_size=200))
def test_percentiles_of_time_errors_are_those_of_the_distances_to_a_tenth_of_a_millisecond(errors: list[float]) -> None:
    tally = TimeErrors()
    for part in np.array_split(np.array(errors), 3):
        if part.size:
            tally.add(part)
    distances = np.abs(errors)
    assert tally.longest_s == distances.max()
    for percent in (50, 99):
        assert tally.percentile_s(percent) == pytest.approx(
            np.percentile(distances, percent, method="inverted_cdf"), abs=1.01e-4
        )


def test_a_short_night_of_a_patch_is_accounted_for_and_timed_to_the_reset() -> None:
    figures = run_night(Night("anyecg-patch", Setup(), 0.4, 20_000.0))
    assert figures.unaccounted == figures.reset_wrong_by
    assert (figures.gaps_wrong, figures.strange_samples, figures.dropped_values) == (0, 0, 0)
    assert (figures.windows_over_gap, figures.windows_over_unseen) == (0, 0)
    assert figures.samples_mended > 0
    assert figures.time_error_ms["p99"] < 10
    assert figures.connections > 2


def test_nights_are_printed_as_a_table_and_written_with_their_machine(tmp_path: Path) -> None:
    output = tmp_path / "nights.json"
    done = run("nights", "heart-rate", "--hours", "0.4", "--json", output)
    assert "| heart-rate | +2 % |" in done
    assert "| heart-rate | -2 % |" in done
    written = json.loads(output.read_text(encoding="utf-8"))
    assert written["machine"]["processor"]
    assert [night["drift_ppm"] for night in written["nights"]] == [20_000, -20_000]


def test_reconnects_are_printed_as_a_table(tmp_path: Path) -> None:
    output = tmp_path / "reconnects.json"
    assert "| 2 / 4 / 10 / 20 |" in run("nights", "polar-h10", "--reconnects", "20", "--json", output)
    assert [one["packets"] for one in json.loads(output.read_text(encoding="utf-8"))["reconnects"]] == [False, True]


def test_streams_lose_nothing_and_their_cost_is_told(tmp_path: Path) -> None:
    output = tmp_path / "many.json"
    assert "| npg-lite | 2 |" in run("many", "2", "--seconds", "5", "--no-patches", "--json", output)
    (measured,) = json.loads(output.read_text(encoding="utf-8"))["many"]
    assert measured["lost_by_reason"] == {}
    assert 0 < measured["gateway_cpu"] < 2


@pytest.mark.skipif(find_spec("bleakheart") is None, reason="bleakheart is not installed (pip install bleakheart)")
def test_a_peer_hears_the_same_strap_and_says_nothing_of_what_it_lost(tmp_path: Path) -> None:
    output = tmp_path / "straps.json"
    run("heart_straps", "--minutes", "6", "--json", output)
    listened = json.loads(output.read_text(encoding="utf-8"))["listened"]
    ours = [one for one in listened if one["listener"] == "anyecg"]
    peers = [one for one in listened if one["listener"] != "anyecg"]
    assert [one["samples_unaccounted"] for one in ours] == [0, 0, 0]
    assert peers[0]["samples_received"] == ours[0]["samples_received"] == ours[0]["samples_sent"]
    assert all(one["samples_unaccounted"] > 0 for one in peers[1:])


def run(benchmark: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return done.stdout
