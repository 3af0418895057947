from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.energy.energy import Accuracy, Energy, Reading, integrate
from benchmarks.bench.energy.errors import EnergyError, EnergyFault

WATTS = st.floats(0.0, 500.0)
STEPS = st.lists(st.floats(1e-3, 10.0), min_size=1, max_size=40)


def readings(steps_s: list[float], power: list[float]) -> list[Reading]:
    times_s = [0.0]
    for step_s in steps_s:
        times_s.append(times_s[-1] + step_s)
    return [Reading(time_s, power[i % len(power)]) for i, time_s in enumerate(times_s)]


@given(STEPS, WATTS, st.floats(0.0, 0.4), st.floats(0.6, 1.0))
def test_constant_power_integrates_to_power_times_time_wherever_the_readings_lie(steps_s, watts, begin, end):
    taken = readings(steps_s, [watts])
    last_s = taken[-1].time_s
    energy = integrate(taken, begin * last_s, end * last_s, Accuracy())
    assert energy.joules == pytest.approx(watts * (end - begin) * last_s)
    assert energy.uncertainty_j == pytest.approx(0.0, abs=1e-6)


@given(STEPS, st.lists(WATTS, min_size=2, max_size=7), st.floats(0.2, 0.8))
def test_the_energy_of_two_halves_is_that_of_the_whole(steps_s, power, cut):
    taken = readings(steps_s, power)
    last_s = taken[-1].time_s
    halves = integrate(taken, 0.0, cut * last_s, Accuracy()), integrate(taken, cut * last_s, last_s, Accuracy())
    assert sum(half.joules for half in halves) == pytest.approx(integrate(taken, 0.0, last_s, Accuracy()).joules)


def test_power_that_rises_evenly_integrates_exactly():
    taken = [Reading(time_s, 3.0 * time_s) for time_s in (0.0, 0.1, 0.7, 2.0)]
    assert integrate(taken, 0.5, 1.5, Accuracy()).joules == pytest.approx(3.0 * (1.5**2 - 0.5**2) / 2)


def test_resolution_and_accuracy_stay_however_many_readings_there_are():
    taken = [Reading(i / 1000, 4.0) for i in range(1001)]
    by_steps = integrate(taken, 0.0, 1.0, Accuracy(resolution_w=0.1))
    by_share = integrate(taken, 0.0, 1.0, Accuracy(share=0.01))
    assert by_steps.uncertainty_j == pytest.approx(0.1 / sqrt(12))
    assert by_share.uncertainty_j == pytest.approx(0.04 / sqrt(3))


def test_varying_power_is_surer_with_more_readings():
    def uncertainty(n: int) -> float:
        return integrate([Reading(i / n, i % 2) for i in range(n + 1)], 0.0, 1.0, Accuracy()).uncertainty_j

    assert uncertainty(400) == pytest.approx(uncertainty(100) / 2, rel=0.05)


@pytest.mark.parametrize(
    ("taken", "fault"),
    [
        ([], EnergyFault.NOT_COVERED),
        ([Reading(0.0, 1.0)], EnergyFault.NOT_COVERED),
        ([Reading(0.5, 1.0), Reading(2.0, 1.0)], EnergyFault.NOT_COVERED),
        ([Reading(-1.0, 1.0), Reading(0.9, 1.0)], EnergyFault.NOT_COVERED),
        ([Reading(0.0, 1.0), Reading(0.0, 2.0), Reading(1.0, 1.0)], EnergyFault.NONSENSE),
        ([Reading(0.0, 1.0), Reading(1.0, float("nan"))], EnergyFault.NONSENSE),
    ],
)
def test_readings_that_say_nothing_about_the_interval_are_refused(taken, fault):
    with pytest.raises(EnergyError) as refused:
        integrate(taken, 0.0, 1.0, Accuracy())
    assert refused.value.fault is fault


@given(WATTS, WATTS, st.floats(0.1, 100.0), st.floats(0.1, 100.0), st.integers(1, 1000))
def test_what_is_above_idle_is_the_difference_of_powers_over_the_time_of_the_load(load_w, idle_w, load_s, idle_s, n):
    load = Energy(load_w * load_s, load_s, 0.3 * load_s, 10)
    idle = Energy(idle_w * idle_s, idle_s, 0.4 * idle_s, 10)
    above = load.above(idle)
    assert above.watts == pytest.approx(load_w - idle_w, abs=1e-9)
    assert above.uncertainty_w == pytest.approx(0.5)
    assert above.each(n).joules * n == pytest.approx(above.joules, abs=1e-9)


def test_no_energy_is_over_no_time():
    with pytest.raises(ValueError, match="over 0 s"):
        Energy(1.0, 0.0, 0.0, 2)
