from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import StreamError
from edge.outcome import Rejected, Rejection, RhythmMeasured, Span
from edge.rhythm import RhythmLoop, RhythmReport, measure_rhythm
from edge.signal import BeatBlock, Gap, GapReason

ANY_SPAN = Span(0, 1, 0.0, 1.0, 0.0)
# Steady enough that no interval lies 20 % off the median of its neighbours.
steady = st.lists(st.floats(0.75, 0.85), min_size=30, max_size=120).map(np.array)
any_intervals = st.lists(
    st.floats(0.4, 1.5) | st.sampled_from([1 / 1024, 0.25, 2.5, 64.0]), min_size=2, max_size=250
).map(np.array)


def beats(rr_s, first_index=0, *, lost_before=0, contact=None):
    """A block of a heart that beat once a second before it."""
    gap = Gap(first_index - lost_before, lost_before, GapReason.DISCONNECTED) if lost_before else None
    return BeatBlock(
        np.array(rr_s, np.float64), first_index, float(first_index), 0.01, gap, float(lost_before), contact
    )


def cut(rr_s, ends):
    """The same intervals in blocks, each with its true time."""
    starts_s = np.concatenate([[0.0], np.cumsum(rr_s)])
    bounds = sorted({0, *ends, len(rr_s)})
    return [BeatBlock(rr_s[a:b].copy(), a, float(starts_s[a])) for a, b in pairwise(bounds)]


def outcomes_of(blocks, **kwargs):
    loop = RhythmLoop(**kwargs)
    return [outcome for block in blocks for outcome in loop.push(block)] + list(loop.finish())


def rounded(outcome):
    """The outcome with its times as cutting may round them."""
    span = outcome.span
    said = outcome.detail if isinstance(outcome, Rejected) else (outcome.rmssd_ms, outcome.sdnn_ms, outcome.n_rejected)
    return span.first_index, span.n_samples, round(span.start_s, 6), round(span.duration_s, 6), said


def measured(rr_s):
    outcome = measure_rhythm(np.array(rr_s, np.float64), ANY_SPAN)
    assert isinstance(outcome, RhythmMeasured)
    return outcome


def test_the_figures_are_those_worked_out_by_hand():
    # 800, 860, 800, 860 ...: mean 830, every difference 60 ms.
    said = measured([0.8, 0.86] * 20)
    assert said.rr_mean_ms == pytest.approx(830.0)
    assert said.rmssd_ms == pytest.approx(60.0)
    assert said.sdnn_ms == pytest.approx(30.0 * np.sqrt(40 / 39))
    assert said.pnn50_percent == 100.0
    assert (said.n_intervals, said.n_rejected) == (40, 0)
    assert said.heart_rate.bpm == pytest.approx(60 / 0.83)
    assert said.heart_rate.n_beats == 41


@given(st.floats(0.3, 2.0), st.integers(5, 200))
def test_a_heart_like_clockwork_varies_by_nothing(rr_s, n):
    said = measured([rr_s] * n)
    assert (said.sdnn_ms, said.rmssd_ms) == (pytest.approx(0.0, abs=1e-9), 0.0)
    assert said.heart_rate.bpm == pytest.approx(60 / rr_s)


@given(steady, st.floats(0.5, 2.0))
def test_intervals_that_are_longer_by_a_factor_vary_more_by_it(rr_s, factor):
    one, other = measured(rr_s), measured(rr_s * factor)
    assert other.rr_mean_ms == pytest.approx(factor * one.rr_mean_ms)
    assert other.sdnn_ms == pytest.approx(factor * one.sdnn_ms, abs=1e-9)
    assert other.rmssd_ms == pytest.approx(factor * one.rmssd_ms, abs=1e-9)
    assert other.heart_rate.bpm == pytest.approx(one.heart_rate.bpm / factor)


@given(any_intervals)
def test_a_rhythm_played_backwards_has_the_same_figures(rr_s):
    one, other = measure_rhythm(rr_s, ANY_SPAN), measure_rhythm(rr_s[::-1].copy(), ANY_SPAN)
    assert type(one) is type(other)
    if isinstance(one, RhythmMeasured):
        assert other.rmssd_ms == pytest.approx(one.rmssd_ms)
        assert other.sdnn_ms == pytest.approx(one.sdnn_ms)
        assert (other.n_rejected, other.pnn50_percent) == (one.n_rejected, one.pnn50_percent)


def test_an_early_beat_and_the_pause_behind_it_are_left_out():
    said = measured([0.8] * 20 + [0.5, 1.1] + [0.8] * 20)
    assert (said.n_rejected, said.rmssd_ms, said.rr_mean_ms) == (2, 0.0, pytest.approx(800.0))


def test_an_early_beat_at_the_beginning_is_left_out():
    assert measured([0.5] + [0.8] * 20).n_rejected == 1


def test_a_missed_beat_is_left_out():
    assert measured([0.8] * 20 + [1.6] + [0.8] * 20).n_rejected == 1


def test_differences_are_taken_only_between_intervals_that_follow_each_other():
    # The step from 0.8 to 0.9 s happens across the interval that is left out.
    assert measured([0.8] * 20 + [1.7] + [0.9] * 20).rmssd_ms == 0.0


@pytest.mark.parametrize(("steps", "told"), [(19, False), (20, True)])
def test_pnn50_is_told_of_twenty_differences_and_more(steps, told):
    assert (measured([0.8] * (steps + 1)).pnn50_percent is not None) == told


@pytest.mark.parametrize(("bad", "rejected"), [(8, False), (9, True)])
def test_a_fifth_of_the_intervals_may_be_left_out(bad, rejected):
    rr_s = np.full(40, 0.8)
    rr_s[4 : 4 * bad + 1 : 4] = 0.5
    assert isinstance(measure_rhythm(rr_s, ANY_SPAN), Rejected) == rejected


def test_a_pause_longer_than_a_fifth_of_the_time_is_no_rhythm():
    outcome = measure_rhythm(np.array([0.8] * 40 + [30.0]), ANY_SPAN)
    assert (outcome.reason, outcome.detail.split()[:3]) == (Rejection.IRREGULAR, ["1", "of", "41"])


@pytest.mark.parametrize("rr_s", [0.299, 2.001, 1 / 1024])
def test_what_no_heart_does_is_no_rhythm_however_steady(rr_s):
    assert measure_rhythm(np.full(60, rr_s), ANY_SPAN).reason is Rejection.IRREGULAR


@pytest.mark.parametrize("n", [1, 2, 4])
def test_fewer_intervals_than_neighbours_are_no_rhythm(n):
    assert "too few" in measure_rhythm(np.full(n, 0.8), ANY_SPAN).detail


@given(any_intervals, st.data())
def test_windows_do_not_depend_on_how_the_stream_was_cut(rr_s, data):
    hop_s = data.draw(st.sampled_from([60.0, 17.0, 95.0]))
    ends = data.draw(st.lists(st.integers(1, len(rr_s) - 1), max_size=12))
    whole = [rounded(o) for o in outcomes_of(cut(rr_s, []), hop_s=hop_s)]
    assert [rounded(o) for o in outcomes_of(cut(rr_s, ends), hop_s=hop_s)] == whole


@given(any_intervals)
def test_every_interval_is_in_exactly_one_window(rr_s):
    outcomes = outcomes_of(cut(rr_s, range(len(rr_s))))
    ends = [0, *(o.span.end_index for o in outcomes)]
    assert [o.span.first_index for o in outcomes] == ends[:-1]
    assert ends[-1] == len(rr_s)


@given(any_intervals, st.floats(0.01, 200.0))
def test_no_two_windows_begin_with_the_same_beat(rr_s, hop_s):
    firsts = [o.span.first_index for o in outcomes_of(cut(rr_s, []), hop_s=hop_s)]
    assert firsts == sorted(set(firsts))


@given(any_intervals)
def test_a_window_lasts_a_minute_and_no_beat_longer(rr_s):
    for outcome in outcomes_of(cut(rr_s, [])):
        span = outcome.span
        if isinstance(outcome, RhythmMeasured):
            assert 60.0 <= span.duration_s < 60.0 + rr_s[span.end_index - 1] + 1e-9


def test_windows_may_overlap():
    outcomes = outcomes_of(cut(np.ones(121), []), hop_s=30.0)
    assert [(o.span.first_index, o.span.n_samples) for o in outcomes] == [(0, 60), (30, 60), (60, 60), (90, 31)]


def test_windows_may_leave_some_out_between_them():
    outcomes = outcomes_of(cut(np.ones(190), []), hop_s=90.0)
    assert [(o.span.first_index, o.span.n_samples) for o in outcomes] == [(0, 60), (90, 60), (180, 10)]


def test_no_window_spans_a_gap():
    rest, last = outcomes_of([beats([1.0] * 50), beats([1.0] * 60, 60, lost_before=10)])
    assert (rest.reason, rest.span.end_index, rest.detail) == (Rejection.GAP, 50, "50.0 s of the 60 s a window needs")
    assert (type(last), last.span.first_index) == (RhythmMeasured, 60)


def test_what_is_left_at_the_end_is_told():
    [rest] = outcomes_of([beats([1.0] * 59)])
    assert (rest.reason, rest.span.n_samples) == (Rejection.ENDED, 59)


def test_a_stream_that_ends_with_a_window_leaves_nothing():
    assert [type(o) for o in outcomes_of([beats([1.0] * 60)])] == [RhythmMeasured]


def test_a_stream_may_begin_behind_a_gap():
    assert len(outcomes_of([beats([1.0] * 60, 7, lost_before=7)])) == 1


def test_an_electrode_that_is_off_for_one_beat_spoils_the_window():
    [outcome] = outcomes_of([beats([1.0] * 30), beats([1.0], 30, contact=False), beats([1.0] * 29, 31, contact=True)])
    assert outcome.reason is Rejection.LEAD_OFF


def test_a_window_tells_its_place_and_time():
    outcome, _ = outcomes_of([beats([0.75] * 100, 5)])
    assert outcome.span == Span(5, 80, 5.0, 60.0, 0.01)


def test_a_block_that_does_not_follow_is_refused():
    loop = RhythmLoop()
    loop.push(beats([1.0] * 3))
    with pytest.raises(StreamError, match="interval 4 where 3"):
        loop.push(beats([1.0], 4))


def test_the_report_counts_every_outcome_once():
    loop = RhythmLoop()
    loop.push(beats([1.0] * 60))
    loop.push(beats([5.0] * 12, 60))
    loop.push(beats([1.0], 72))
    loop.finish()
    assert loop.report() == RhythmReport(3, 1, {"ended": 1, "irregular": 1})


@pytest.mark.parametrize("lasting", [{"hop_s": 0.0}, {"window_s": 0.0}, {"hop_s": float("nan")}])
def test_a_loop_that_never_moves_does_not_exist(lasting):
    with pytest.raises(ValueError, match="must be above 0"):
        RhythmLoop(**lasting)
