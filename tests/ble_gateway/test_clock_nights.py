"""Nights of every kind of device, shortened, against the truth: loss, stalls, outages, a reset, a clock 2 % off."""

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from ble_gateway.clock import SampleClock
from tests.ble_gateway.arrivals import DEVICES, Weather, arrivals

MS = 1e-3
NIGHT_S = dict.fromkeys(DEVICES, 1800.0) | {
    "time stamps, 1 ns": 3600.0,
    "time stamps, 1 ms": 900.0,
    "count to 256": 900.0,
}
COUNTED = [name for name in DEVICES if name not in {"nothing", "count to 256"}]
every_error = pytest.mark.parametrize("error", [-0.02, 0.0, 0.02])


@dataclass(frozen=True)
class Night:
    """Of each frame: error at its start and end, s; stated uncertainty, s; samples counted as lost, and truly lost."""

    errors_s: np.ndarray
    uncertainties_s: np.ndarray
    lost: np.ndarray
    truly_lost: np.ndarray
    resets: np.ndarray
    estimated: np.ndarray


@cache
def _night(name, error, loss=0.01, duration_s=None, reset=True, seed=6):
    device, duration_s = DEVICES[name], duration_s or NIGHT_S[name]
    rate_error = -error if "ms" in name or "stamps" in name else 0.0
    weather = Weather(
        seed=seed,
        clock_error=error,
        rate_error=rate_error,
        loss=loss,
        away_every_s=max(180.0, duration_s / 5),
        stall_every_s=60.0,
        reset_at_s=duration_s / 2 if reset else np.inf,
    )
    clock, end, rows = SampleClock(device.rate_hz), None, []
    for arrival in arrivals(device, weather, duration_s):
        placed = clock.place(arrival.position, arrival.n_samples, arrival.arrival_s, broken=arrival.broken)
        last_s = placed.start_s + (arrival.n_samples - 1) * placed.period_s
        truly_lost = 0 if end is None else arrival.first_index - end
        end = arrival.first_index + arrival.n_samples
        rows.append(
            (
                placed.start_s - arrival.start_s,
                last_s - arrival.last_s,
                placed.uncertainty_s,
                placed.n_lost,
                truly_lost,
                placed.device_reset,
                placed.estimated,
            )
        )
    starts, ends, uncertainties, lost, truly_lost, resets, estimated = map(np.array, zip(*rows, strict=True))
    return Night(np.stack([starts, ends], axis=1), uncertainties, lost, truly_lost, resets, estimated)


@every_error
@pytest.mark.parametrize("name", [*COUNTED, "count to 256"])
def test_sample_times_are_within_10_ms_of_the_truth(name, error):
    night = _night(name, error)
    assert np.percentile(np.abs(night.errors_s), 99) < 10 * MS


@every_error
@pytest.mark.parametrize("name", COUNTED)
def test_accounting_is_exact_but_for_a_reset_where_it_is_off_by_no_more_than_a_stall(name, error):
    night = _night(name, error)
    assert np.array_equal(night.lost[~night.resets], night.truly_lost[~night.resets])
    assert night.resets.sum() == 1
    assert abs(night.lost - night.truly_lost).sum() < 2.2 * DEVICES[name].rate_hz


@every_error
def test_accounting_is_exact_with_a_count_that_comes_round_twice_a_second(error):
    night = _night("count to 256", error, reset=False)
    assert np.array_equal(night.lost, night.truly_lost)
    assert night.lost.max() > 1000


@every_error
@pytest.mark.parametrize("name", DEVICES)
def test_the_stated_uncertainty_covers_the_error_at_all_times_and_in_the_first_ten_seconds(name, error):
    loss = 0.0 if name == "nothing" else 0.01
    nights = [_night(name, error, loss, 12.0, reset=False, seed=seed) for seed in range(12)]
    nights.append(_night(name, error, loss))
    n_early = int(10 * DEVICES[name].rate_hz / DEVICES[name].frame_samples)
    covered = [np.abs(night.errors_s[:, 0]) < 3 * night.uncertainties_s for night in nights]
    assert covered[-1].mean() > 0.95
    assert np.mean([each[:n_early].mean() for each in covered]) > 0.95


@every_error
def test_a_device_that_says_nothing_and_loses_nothing_is_placed_within_10_ms(error):
    night = _night("nothing", error, loss=0.0)
    assert np.percentile(np.abs(night.errors_s), 99) < 10 * MS
    assert np.array_equal(night.lost, night.truly_lost)
    assert night.estimated.sum() == np.count_nonzero(night.lost)


@every_error
def test_a_device_that_says_nothing_is_placed_within_10_ms_but_for_the_seconds_after_each_loss(error):
    night = _night("nothing", error)
    since_loss_s = _seconds_since(night.truly_lost > 0, DEVICES["nothing"])
    settled = np.abs(night.errors_s[(since_loss_s > 4) & (np.arange(len(since_loss_s)) > 2400)])
    assert np.median(settled) < 2 * MS
    assert abs(night.lost.sum() - night.truly_lost.sum()) < 0.01 * night.truly_lost.sum()


def _seconds_since(events, device):
    """Time since the newest event, counted in frames that arrived, s."""
    index = np.arange(len(events))
    newest = np.maximum.accumulate(np.where(events, index, -(10**6)))
    return (index - newest) * device.frame_samples / device.rate_hz


def test_two_wearables_on_one_gateway_agree_within_20_ms():
    one, other = _night("time stamps, 1 ns", 0.02), _night("count to 2**16", -0.02)
    worst_s = [np.percentile(np.abs(night.errors_s), 99) for night in (one, other)]
    assert sum(worst_s) < 20 * MS


@pytest.mark.parametrize("name", DEVICES)
def test_a_queue_that_grows_and_clears_loses_nothing(name):
    device = DEVICES[name]
    weather = Weather(loss=0.0, away_every_s=1e9, stall_every_s=5.0)
    clock = SampleClock(device.rate_hz)
    lost = [
        clock.place(arrival.position, arrival.n_samples, arrival.arrival_s).n_lost
        for arrival in itertools.islice(arrivals(device, weather, 600.0), 4000)
    ]
    assert sum(lost) == 0
