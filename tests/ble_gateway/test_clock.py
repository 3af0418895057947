import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.clock import ArrivalLine, SampleClock
from ble_gateway.simulator.script import Script
from ble_gateway.stream import H10Stream
from tests.ble_gateway.plays import BEGIN_S, play

NS = 1_000_000_000
ROUGH = Script(seed=7, loss=0.02, jitter_s=0.02, drift_ppm=100, disconnect_every_s=60)
MS = 1e-3


def _errors_s(arrivals):
    """Error of each estimated sample time against the truth, s; and each block's uncertainty."""
    stream = H10Stream()
    errors, uncertainties = [], []
    for arrival in arrivals:
        block = stream.feed(arrival.received)
        errors.append(block.start_s + np.arange(block.n_samples) * block.period_s - arrival.true_times_s)
        uncertainties.append(block.time_uncertainty_s)
    return np.array(errors), np.array(uncertainties)


@pytest.mark.parametrize("seed", range(3))
def test_sample_times_are_within_10_ms_of_the_truth_over_half_an_hour_of_loss_drift_and_disconnects(seed):
    script = Script(seed=seed, loss=0.02, jitter_s=0.02, drift_ppm=100, disconnect_every_s=60)
    errors_s, _ = _errors_s(play(script, duration_s=1800))
    assert np.percentile(np.abs(errors_s), 99) < 10 * MS


@pytest.mark.parametrize("rate_hz", [127.4, 129.9, 130.16, 132.6])
def test_lost_samples_are_counted_exactly_whatever_the_true_rate(rate_hz):
    stream = H10Stream()
    arrivals = play(ROUGH, duration_s=600, rate_hz=rate_hz)
    found = [stream.feed(arrival.received).first_index for arrival in arrivals]
    assert found == [arrival.first_index for arrival in arrivals]


def test_lost_samples_are_counted_exactly_where_only_a_first_and_a_shorter_last_frame_arrive():
    clock = SampleClock(130.0)
    clock.place(0, 73, BEGIN_S)
    assert clock.place(round(7727 / 130 * NS), 62, BEGIN_S + 7727 / 130).n_lost == 7800 - 73 - 62


def test_a_clock_that_runs_two_per_cent_fast_is_followed_once_it_was_seen():
    script = Script(seed=3, loss=0.02, jitter_s=0.02, drift_ppm=20_000, disconnect_every_s=60)
    errors_s, _ = _errors_s(play(script, duration_s=600))
    assert np.percentile(np.abs(errors_s[len(errors_s) // 2 :]), 99) < 10 * MS


def test_a_stall_of_the_receiver_does_not_move_the_sample_times():
    script = Script(seed=1, jitter_s=0.005, drift_ppm=-50)
    arrivals = play(script, duration_s=300)
    errors_s = []
    stream = H10Stream()
    for i, arrival in enumerate(arrivals):
        received = arrival.received
        if 200 <= i < 210:
            received = type(received)(received.data, arrivals[210].received.arrival_s)
        block = stream.feed(received)
        errors_s.append(block.start_s - arrival.true_times_s[0])
    assert np.abs(errors_s[200:]).max() < 5 * MS


def test_the_stated_uncertainty_covers_the_error():
    errors_s, uncertainties_s = _errors_s(play(ROUGH, duration_s=600))
    assert np.mean(np.abs(errors_s).max(axis=1) < 3 * uncertainties_s) > 0.95


def test_the_stated_uncertainty_shrinks_as_frames_arrive():
    _, uncertainties_s = _errors_s(play(ROUGH, duration_s=600))
    assert uncertainties_s[-1] < uncertainties_s[0] / 3


@given(
    st.lists(st.tuples(st.floats(0.1, 1.0), st.floats(0, 0.3)), min_size=1, max_size=200),
    st.floats(-3e-4, 3e-4),
)
@settings(max_examples=50)
def test_the_line_never_lies_above_an_arrival_it_has_just_seen(steps, skew):
    line = ArrivalLine()
    device_s = 0.0
    for step_s, delay_s in steps:
        device_s += step_s
        arrival_s = BEGIN_S + device_s * (1 + skew) + delay_s
        line.observe(device_s, arrival_s)
        assert line.at(device_s) <= arrival_s + 1e-6


FRAME_NS = round(73 / 130 * NS)


def _clock_after(n_frames):
    clock = SampleClock(130.0)
    for i in range(n_frames):
        clock.place(NS * 1000 + i * FRAME_NS, 73, BEGIN_S + i * FRAME_NS / NS)
    return clock


def test_a_frame_that_comes_twice_is_placed_once():
    assert _clock_after(20).place(NS * 1000 + 19 * FRAME_NS, 73, BEGIN_S + 20 * FRAME_NS / NS) is None


@pytest.mark.parametrize("jump_s", [-3600, -1.5, 3600, 5])
def test_a_device_clock_that_jumps_is_a_gap_estimated_from_arrival_times(jump_s):
    clock = _clock_after(20)
    stamp_ns = NS * 1000 + 29 * FRAME_NS + jump_s * NS - 3 * FRAME_NS * (jump_s < 0)
    placed = clock.place(stamp_ns if jump_s != -1.5 else NS * 1000 + 18 * FRAME_NS, 73, BEGIN_S + 29 * FRAME_NS / NS)
    assert placed.device_reset
    assert placed.n_lost == pytest.approx(9 * 73, abs=2)


def test_a_device_clock_that_jumps_costs_at_least_one_sample_so_that_no_window_spans_it():
    placed = _clock_after(20).place(0, 73, BEGIN_S + 20 * FRAME_NS / NS)
    assert (placed.device_reset, placed.n_lost) == (True, 1)


def test_a_long_absence_is_no_jump():
    placed = _clock_after(50).place(NS * 1000 + 10_049 * FRAME_NS, 73, BEGIN_S + 10_049 * FRAME_NS / NS + 0.4)
    assert (placed.device_reset, placed.n_lost) == (False, 9_999 * 73)


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 167), st.floats(0, 100)), min_size=1, max_size=60))
def test_any_time_stamps_are_placed_at_finite_times_without_inventing_samples(frames):
    clock, arrival_s = SampleClock(130.0), BEGIN_S
    for stamp_ns, n_samples, step_s in frames:
        arrival_s += step_s
        placed = clock.place(stamp_ns, n_samples, arrival_s)
        if placed is not None:
            assert np.isfinite([placed.start_s, placed.period_s, placed.uncertainty_s]).all()
            assert placed.n_lost >= 0
            assert placed.period_s > 0
