"""Energy of a window: what is drawn while the network runs, less what is drawn at rest."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from benchmarks.bench.energy import Energy, EnergyMeter
from benchmarks.bench.measurement import Quantity
from benchmarks.bench.measuring.asks import Draw
from benchmarks.bench.measuring.measure import meter_of
from benchmarks.bench.measuring.mood import Watch
from benchmarks.bench.measuring.plan import Measuring
from benchmarks.bench.measuring.processes import drawn
from benchmarks.bench.measuring.subject import open_subject
from edge.pack import SHIPPED_WAVES
from tests.benchmarks.bench.measuring.test_measuring import LITTLE


class Steady(EnergyMeter):
    """A supply that gives 2 W at first, and 5 W whenever it is read after that."""

    source = "a steady supply"
    shortest_s = 0.02

    def __init__(self) -> None:
        self._watts = iter([2.0])
        self._began_s = 0.0

    def __enter__(self) -> Self:
        return self

    def start(self) -> None:
        self._began_s = time.monotonic()

    def stop(self) -> Energy:
        seconds = time.monotonic() - self._began_s
        return Energy(next(self._watts, 5.0) * seconds, seconds, 0.0, 2)

    def close(self) -> None:
        """Nothing is open."""


def test_a_meter_is_read_only_while_windows_run() -> None:
    energy, windows = drawn(Draw(pack=SHIPPED_WAVES, threads=1, seconds=0.2), Steady(), Watch())
    assert windows >= 1
    assert energy.duration_s >= 0.2


def test_a_window_is_charged_what_it_takes_above_idle(tmp_path: Path) -> None:
    measuring = Measuring([open_subject(SHIPPED_WAVES)], replace(LITTLE, seconds=0.2), tmp_path, Steady())
    watch = Watch()
    for step in measuring.steps():
        if "energy" in step.what:
            step.run(watch)
    (energy,) = measuring.collected[0].result().measurements
    assert energy.quantity is Quantity.ENERGY
    assert 0.0 < energy.figure < 3.0 * 10.0  # 3 W above idle, for less than the processes took together


def test_a_machine_without_a_meter_says_why_and_one_that_is_asked_for_is_no_guess() -> None:
    meter, source = meter_of(None)
    if meter is None:
        assert source.startswith("not measured: ")
    else:
        meter.close()
        pytest.skip(f"this machine has a meter: {source}")
