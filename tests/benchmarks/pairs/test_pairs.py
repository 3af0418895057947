"""What is counted over pairs whose truth is known, and the slow-down that is put in."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.bench.comparing.comparison import Named
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.slowdown import VARIABLE, slowed
from benchmarks.pairs.counting import Count, count
from benchmarks.pairs.measuring import Plan, Trio, keep
from benchmarks.pairs.tables import page
from tests.benchmarks.bench.comparing.simulated import TIMES, Simulation

STEADY = Simulation(seed=11, process_sd=0.004, drift_sd=0.01, unseen_sd=0.004)
SLOW = replace(STEADY, seed=12, factors={key: 1.2 for key in TIMES if key[0].value == "inference"})
SETTINGS = Settings(
    threads=(1,),
    batches=(1,),
    streams=(),
    hop_s=10.0,
    seconds=0.2,
    processes=4,
    loop_minutes=0.0,
    streams_minutes=0.0,
    waves=Path("waves.tflite"),
)
PLAN = Plan(n_pairs=3, n_slow=2, slow_percent=20.0, settings=SETTINGS, everything=False)


def trios(slow=SLOW):
    measured = []
    for i in range(PLAN.n_pairs):
        first, second = Named(f"{i}a", STEADY.result()), Named(f"{i}b", STEADY.result())
        measured.append(Trio(first, second, Named(f"{i}slow", slow.result()) if i < PLAN.n_slow else None))
    return measured


def test_pairs_of_the_same_are_left_in_peace_and_slow_ones_are_caught():
    counted = count(trios(), slow_percent=20.0, threshold=0.05)
    assert counted.called_different == Count(0, 3)
    assert counted.any_two == Count(0, 15)
    assert counted.caught == Count(2, 2)
    assert counted.caught_rows == Count(8, 8)


def test_a_slow_down_that_is_none_is_not_called_caught():
    assert count(trios(slow=STEADY), slow_percent=20.0, threshold=0.05).caught == Count(0, 2)


def test_the_ratio_of_what_is_slowed_is_about_what_was_put_in():
    slow = {one.name: one for one in count(trios(), slow_percent=20.0, threshold=0.05).slow}
    assert slow["demonstration 1.0.0: inference"].middle == pytest.approx(1.2, rel=0.03)
    assert slow["demonstration 1.0.0: load"].middle == pytest.approx(1.0, rel=0.05)


def test_the_page_says_every_count_and_where():
    said = page(
        count(trios(), slow_percent=20.0, threshold=0.05), PLAN, machine="a board", commit="", date="today", minutes=7.0
    )
    assert "| pairs of the same commit called different | 0 of 3 |" in said
    assert "| slow-downs by 20 % called a regression | 2 of 2 |" in said
    assert "a board; commit of a release; today." in said


def test_every_result_can_be_kept(tmp_path):
    for trio in trios():
        keep(tmp_path / "kept", trio)
    assert len(list((tmp_path / "kept").iterdir())) == PLAN.n_results


def test_nothing_is_slowed_where_nothing_is_asked(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert slowed(time.process_time) is time.process_time


def test_what_is_slowed_works_for_its_share_of_the_time_longer(monkeypatch):
    monkeypatch.setenv(VARIABLE, "50")
    took_s = []

    def call():
        began_s = time.perf_counter()
        sum(range(20_000))
        took_s.append(time.perf_counter() - began_s)

    began_s = time.perf_counter()
    slowed(call)()
    assert len(took_s) == 1
    assert time.perf_counter() - began_s >= 1.5 * took_s[0]
