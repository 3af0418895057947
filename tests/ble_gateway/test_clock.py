import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.clock import Placement, SampleClock, Stale
from ble_gateway.wearables.wearable import Counted, Timed, Unplaced
from tests.ble_gateway.arrivals import BEGIN_S

NS = 1_000_000_000
RATE_HZ = 128.0
FRAME = 16
FRAME_S = FRAME / RATE_HZ
START_NS = 1000 * NS


def _timed(first, n=FRAME, *, ahead_s=0.0):
    return Timed(START_NS + round(((first + n - 1) / RATE_HZ + ahead_s) * NS))


def _counted(first, modulus=2**16, **more):
    return Counted(first % modulus, modulus, **more)


def _both(first, *, ahead_s=0.0):
    return Counted(first % 2**32, 2**32, _timed(first, ahead_s=ahead_s).last_ns)


def _unplaced(_first):
    return Unplaced()


KINDS = {"time": _timed, "count": _counted, "count and time": _both, "nothing": _unplaced}
every_kind = pytest.mark.parametrize("says", KINDS.values(), ids=KINDS.keys())
exact_kinds = pytest.mark.parametrize("says", [_timed, _counted, _both], ids=["time", "count", "count and time"])


class Radio:
    """Brings frames to a clock at once, unless told otherwise."""

    def __init__(self, says=_timed, rate_hz=RATE_HZ):
        self.clock = SampleClock(rate_hz)
        self.says = says
        self.first = 0

    def skip(self, n_frames):
        self.first += n_frames * FRAME

    def bring(self, position=None, *, late_s=0.0, at_s=None, broken=False) -> Any:
        arrival_s = at_s if at_s is not None else (self.first + FRAME - 1) / RATE_HZ + late_s
        placed = self.clock.place(
            position if position is not None else self.says(self.first), FRAME, BEGIN_S + arrival_s, broken=broken
        )
        self.first += FRAME
        return placed

    def bring_many(self, n_frames, **how):
        return [self.bring(**how) for _ in range(n_frames)]


@every_kind
def test_frames_that_come_at_once_lie_where_they_arrive(says):
    placed = Radio(says).bring_many(200)
    starts_s = [p.start_s - BEGIN_S for p in placed]
    assert starts_s == pytest.approx([i * FRAME_S for i in range(200)], abs=1e-5)
    assert {(p.n_lost, p.device_reset, p.estimated) for p in placed} == {(0, False, False)}


@exact_kinds
@given(lost=st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_lost_frames_are_counted_to_the_sample(says, lost):
    radio = Radio(says)
    radio.bring_many(8)
    for n_frames in lost:
        radio.skip(n_frames)
        assert radio.bring().n_lost == n_frames * FRAME


@exact_kinds
@given(late_s=st.lists(st.floats(0, 2), min_size=1, max_size=50))
def test_a_queue_that_holds_frames_back_loses_none(says, late_s):
    radio, queue_s = Radio(says), 0.0
    for each_s in late_s:
        queue_s = max(queue_s, (radio.first + FRAME) / RATE_HZ + each_s)
        placed = radio.bring(at_s=queue_s)
        assert (placed.n_lost, placed.device_reset) == (0, False)


@every_kind
def test_a_stall_invents_no_samples_and_moves_no_times(says):
    radio = Radio(says)
    radio.bring_many(400)
    end_s = (radio.first + 16 * FRAME) / RATE_HZ
    stalled = [radio.bring(at_s=end_s) for _ in range(16)]
    after = radio.bring_many(200)
    assert sum(p.n_lost for p in stalled + after) == 0
    starts_s = np.array([p.start_s - BEGIN_S for p in stalled + after])
    assert np.abs(starts_s - (400 + np.arange(216)) * FRAME_S).max() < 0.002


@pytest.mark.parametrize("rate_hz", [127.4, 129.9, 130.16, 132.6])
def test_a_loss_among_time_stamps_is_exact_whatever_the_true_rate(rate_hz):
    clock, end = SampleClock(130.0), 0
    for frame in itertools.chain(range(40), range(160, 200)):
        first = frame * 73
        last_s = (first + 72) / rate_hz
        placed = clock.place(Timed(round(last_s * NS)), 73, BEGIN_S + last_s)
        assert placed.n_lost == first - end
        end = first + 73


def test_samples_are_counted_where_only_a_first_and_a_shorter_last_frame_arrive():
    clock = SampleClock(130.0)
    clock.place(Timed(0), 73, BEGIN_S)
    placed = clock.place(Timed(round(7727 / 130 * NS)), 62, BEGIN_S + 7727 / 130)
    assert placed.n_lost == 7800 - 73 - 62


def test_time_stamps_of_a_millisecond_find_a_single_lost_frame_of_16_samples_at_512_hz_and_two_per_cent():
    clock, end = SampleClock(512.0), 0
    for frame in itertools.chain(range(3), range(4, 500), range(501, 20_000, 501)):
        first, last_s = frame * 16, (frame * 16 + 15) / (512 * 1.02)
        placed = clock.place(Timed(int(last_s * 1000) * 1_000_000, 1_000_000), 16, BEGIN_S + last_s)
        assert placed.n_lost == first - end
        end = first + 16


@exact_kinds
def test_a_frame_that_comes_twice_is_told_once_and_disturbs_nothing(says):
    radio = Radio(says)
    radio.bring_many(20)
    assert radio.bring(says(19 * FRAME), at_s=20 * FRAME_S) is Stale.REPEATED
    radio.first -= FRAME
    assert radio.bring().n_lost == 0


@exact_kinds
def test_a_frame_from_before_is_late_and_disturbs_nothing(says):
    radio = Radio(says)
    radio.bring_many(20)
    assert radio.bring(says(10 * FRAME), at_s=20 * FRAME_S) is Stale.LATE
    radio.first -= FRAME
    assert radio.bring().n_lost == 0


@pytest.mark.parametrize("says", [_timed, _both])
@pytest.mark.parametrize("jump_s", [-3600, -40, 5, 3600, 1e9])
def test_a_device_clock_that_jumps_is_a_gap_whose_length_arrivals_tell(says, jump_s):
    radio = Radio(says)
    radio.bring_many(60)
    radio.skip(9)
    placed = radio.bring(says(radio.first, ahead_s=jump_s))
    assert placed.device_reset
    assert placed.estimated
    assert placed.n_lost == pytest.approx(9 * FRAME, abs=2)


@every_kind
def test_whatever_jumps_costs_at_least_one_sample_so_that_no_window_spans_it(says):
    radio = Radio(says)
    radio.bring_many(60)
    placed = radio.bring(_counted(5, 2**32, epoch=3))
    assert (placed.device_reset, placed.n_lost) == (True, 1)


def test_a_clock_set_back_by_a_second_costs_one_frame_and_is_then_followed():
    radio = Radio()
    radio.bring_many(60)
    placed = [radio.bring(_timed(radio.first, ahead_s=-1.0)) for _ in range(20)]
    assert placed[0] is Stale.LATE
    assert (placed[1].device_reset, placed[1].n_lost) == (True, FRAME)
    assert {(p.device_reset, p.n_lost) for p in placed[2:]} == {(False, 0)}


@pytest.mark.parametrize("says", [_timed, _both])
def test_one_absurd_stamp_costs_little_and_ends_nothing(says):
    radio = Radio(says)
    radio.bring_many(60)
    absurd = radio.bring(says(radio.first, ahead_s=1e9))
    after = radio.bring_many(20)
    assert 1 <= absurd.n_lost < FRAME
    assert 1 <= after[0].n_lost < FRAME
    assert sum(p.n_lost for p in after[1:]) == 0


@exact_kinds
def test_a_long_absence_is_no_jump(says):
    radio = Radio(says)
    radio.bring_many(400)
    radio.skip(800)
    placed = radio.bring(late_s=0.4, broken=True)
    assert (placed.device_reset, placed.n_lost) == (False, 800 * FRAME)


def test_a_count_that_begins_anew_is_a_reset():
    radio = Radio(lambda first: _counted(first, 2**32, epoch=1))
    radio.bring_many(60)
    radio.skip(8)
    placed = radio.bring(_counted(0, 2**32, epoch=2))
    assert placed.device_reset
    assert placed.n_lost == pytest.approx(8 * FRAME, abs=1)


@given(away=st.integers(40, 2000), late_s=st.floats(0, 0.3))
def test_a_small_count_that_came_round_while_the_link_was_down_is_completed_by_arrivals(away, late_s):
    radio = Radio(lambda first: _counted(first, 256))
    radio.bring_many(100)
    radio.skip(away)
    placed = radio.bring(late_s=late_s, broken=True)
    assert (placed.n_lost, placed.estimated) == (away * FRAME, True)


def test_a_small_count_that_came_round_in_a_silence_is_completed_by_arrivals_at_once():
    radio = Radio(lambda first: _counted(first, 256))
    radio.bring_many(100)
    radio.skip(18)
    placed = radio.bring_many(40)
    assert (placed[0].n_lost, placed[0].estimated) == (18 * FRAME, True)
    assert not any(p.n_lost for p in placed[1:])


def test_a_small_count_that_came_round_and_misses_nothing_is_found_once_arrivals_stay_late():
    radio = Radio(lambda first: _counted(first, FRAME * 16))
    radio.bring_many(100)
    radio.skip(16)
    placed = radio.bring_many(60)
    assert placed[0].n_lost == 0
    assert [(p.n_lost, p.estimated) for p in placed if p.n_lost] == [(16 * FRAME, True)]


def test_a_count_that_stood_still_while_time_ran_on_is_no_loss_and_times_run_on():
    radio = Radio(_both)
    radio.bring_many(60)
    paused_s = 7.0
    position = Counted(radio.first, 2**32, _timed(radio.first, ahead_s=paused_s).last_ns)
    placed = radio.bring(position, late_s=paused_s)
    assert (placed.n_lost, placed.device_reset) == (0, False)
    assert placed.start_s - BEGIN_S == pytest.approx(60 * FRAME_S + paused_s, abs=0.002)


@given(n_frames=st.integers(1, 5))
def test_frames_lost_without_a_trace_show_as_arrivals_that_stay_late(n_frames):
    radio = Radio(_unplaced)
    radio.bring_many(100)
    radio.skip(n_frames)
    placed = radio.bring_many(60)
    assert [(p.n_lost, p.estimated) for p in placed if p.n_lost] == [(n_frames * FRAME, True)]
    late = next(i for i, p in enumerate(placed) if p.n_lost)
    assert 2.0 <= late * FRAME_S <= 3.0
    assert placed[-1].start_s - BEGIN_S == pytest.approx((159 + n_frames) * FRAME_S, abs=0.005)


def test_a_frame_that_may_follow_a_loss_says_so_in_its_uncertainty():
    radio = Radio(_unplaced)
    radio.bring_many(100)
    radio.skip(1)
    assert radio.bring().uncertainty_s > FRAME_S * 0.9


def test_what_was_lost_without_a_trace_while_the_link_was_down_is_estimated():
    radio = Radio(_unplaced)
    radio.bring_many(400)
    radio.skip(100)
    placed = radio.bring(late_s=0.05, broken=True)
    assert (placed.n_lost, placed.estimated, placed.device_reset) == (100 * FRAME, True, False)


def test_frames_of_changing_size_without_a_place_lose_single_samples():
    clock, end = SampleClock(RATE_HZ), 0
    for n_samples in [10, 14] * 100:
        end += n_samples
        clock.place(Unplaced(), n_samples, BEGIN_S + (end - 1) / RATE_HZ)
    end += 700 + 10
    assert clock.place(Unplaced(), 10, BEGIN_S + (end - 1) / RATE_HZ, broken=True).n_lost == 700


def test_a_reply_of_changing_size_that_is_lost_without_a_trace_is_told_to_the_sample():
    clock, end, lost = SampleClock(RATE_HZ), 0, []
    for reply in range(60):
        n_samples = (120, 136)[reply % 2]
        end += n_samples
        if reply != 40:
            lost.append(clock.place(Unplaced(), n_samples, BEGIN_S + (end - 1) / RATE_HZ).n_lost)
    assert [n for n in lost if n] == [120]


@given(st.lists(st.floats(0, 0.09), min_size=30, max_size=200))
@settings(max_examples=50)
def test_delays_of_less_than_a_frame_invent_no_samples(delays_s):
    radio = Radio(_unplaced)
    radio.bring_many(30)
    assert sum(radio.bring(late_s=delay_s).n_lost for delay_s in delays_s) == 0


def test_a_gateway_clock_that_is_set_ahead_is_followed_without_a_step():
    radio = Radio(_both)
    radio.bring_many(100)
    placed = radio.bring_many(900, late_s=5.0)
    assert sum(p.n_lost for p in placed) == 0
    assert placed[-1].start_s - BEGIN_S == pytest.approx(999 * FRAME_S + 5.0, abs=0.005)
    steps_s = np.diff([p.start_s for p in placed])
    assert np.abs(steps_s / FRAME_S - 1).max() < 0.11


def test_the_uncertainty_shrinks_as_frames_arrive():
    placed = Radio().bring_many(400)
    assert placed[-1].uncertainty_s < placed[0].uncertainty_s / 3


def test_samples_sent_again_lie_where_they_were_missing():
    radio = Radio(_counted)
    radio.bring_many(100)
    radio.skip(4)
    radio.bring_many(10)
    recalled = radio.clock.recall(_counted(101 * FRAME), FRAME)
    assert recalled.n_before == 13 * FRAME
    assert recalled.start_s - BEGIN_S == pytest.approx(101 * FRAME_S, abs=0.001)
    assert recalled.period_s == pytest.approx(1 / RATE_HZ, rel=1e-4)
    assert 0 < recalled.uncertainty_s < 0.02


def test_samples_sent_again_with_their_time_lie_at_that_time():
    radio = Radio(_both)
    radio.bring_many(100)
    recalled = radio.clock.recall(_both(50 * FRAME, ahead_s=0.01), FRAME)
    assert recalled.n_before == 50 * FRAME
    assert recalled.start_s - BEGIN_S == pytest.approx(50 * FRAME_S + 0.01, abs=0.001)


@pytest.mark.parametrize(
    ("says", "again"),
    [
        (_counted, _counted(5000)),
        (_counted, _counted(19 * FRAME + 1)),
        (_counted, _counted(5 * FRAME, epoch=9)),
        (_counted, _counted(5 * FRAME, 2**32)),
        (lambda first: _counted(first, 256), _counted(5 * FRAME, 256)),
        (_timed, _counted(5 * FRAME)),
        (_unplaced, _counted(5 * FRAME)),
    ],
    ids=["not yet", "reaches past the end", "other epoch", "other modulus", "came round", "no count", "nothing"],
)
def test_samples_sent_again_that_cannot_be_placed_are_not(says, again):
    radio = Radio(says)
    radio.bring_many(20)
    assert radio.clock.recall(again, FRAME) is None


def test_samples_sent_again_with_a_time_that_is_yet_to_come_lie_where_they_are_counted():
    radio = Radio(_both)
    radio.bring_many(100)
    recalled = radio.clock.recall(_both(50 * FRAME, ahead_s=1e9), FRAME)
    assert recalled.start_s - BEGIN_S == pytest.approx(50 * FRAME_S, abs=0.001)


def test_a_new_frame_is_never_taken_for_one_sent_again():
    radio = Radio(_counted)
    radio.bring_many(5000)
    assert radio.clock.recall(_counted(radio.first + 4 * FRAME), FRAME) is None


def test_nothing_can_be_sent_again_before_anything_was_sent():
    assert SampleClock(RATE_HZ).recall(_counted(0), FRAME) is None


positions = st.one_of(
    st.builds(Timed, st.integers(0, 2**64 - 1), st.sampled_from([1, 1_000_000])),
    st.builds(Timed, st.integers(0, 20 * NS), st.sampled_from([1, 1_000_000])),
    st.builds(Counted, st.integers(0, 255), st.just(256)),
    st.builds(Counted, st.integers(0, 65535), st.just(65536), st.none() | st.integers(0, 20 * NS), st.integers(0, 1)),
    st.just(Unplaced()),
)


@given(
    st.lists(
        st.tuples(positions, st.integers(1, 167), st.floats(-1, 100) | st.floats(0, 1), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=300)
def test_whatever_a_device_says_frames_are_placed_in_order_at_finite_times(frames):
    clock, arrival_s, last_s = SampleClock(130.0), BEGIN_S, None
    for position, n_samples, step_s, broken in frames:
        arrival_s += step_s
        placed = clock.place(position, n_samples, arrival_s, broken=broken)
        if not isinstance(placed, Placement):
            continue
        assert np.isfinite([placed.start_s, placed.uncertainty_s]).all()
        assert 0.8 / 130 < placed.period_s < 1.25 / 130
        assert placed.uncertainty_s > 0
        assert placed.n_lost >= 0
        assert placed.n_lost >= placed.device_reset
        if last_s is not None and not placed.n_lost and not isinstance(position, Counted):
            assert placed.start_s - last_s == pytest.approx(placed.period_s, abs=1e-6)
        last_s = placed.start_s + (n_samples - 1) * placed.period_s


@given(
    st.sampled_from(list(KINDS.values())),
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=120),
    st.floats(-0.02, 0.02),
)
@settings(max_examples=200)
def test_sample_times_never_run_backwards(says, frames, error):
    radio, last_s, queue_s = Radio(says), -np.inf, 0.0
    for late_s, n_lost, late in frames:
        radio.skip(n_lost)
        queue_s = max(queue_s, (radio.first + FRAME) / RATE_HZ * (1 + error) + late_s * late)
        placed = radio.bring(at_s=queue_s)
        assert placed.start_s > last_s
        last_s = placed.start_s + (FRAME - 1) * placed.period_s
