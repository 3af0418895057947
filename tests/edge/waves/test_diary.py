from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.waves.diary import RhythmDiary, State
from edge.waves.episodes import EpisodeKind
from edge.waves.marks import WaveMarks
from edge.waves.pulse import Ectopics
from edge.waves.track import RATE_HZ, Track
from tests.edge.waves.readings import Day

START_S = 1.7e9
ADJOINING_S = np.arange(0.0, 601.0, 10.0)
STEADY = tuple(np.arange(0.35, 600.0, 0.8).tolist())


def diary_of(readings, **kwargs):
    diary = RhythmDiary(**kwargs)
    ended = [episode for reading in readings for episode in diary.add(reading)]
    ended += diary.finish()
    assert tuple(ended) == diary.report().episodes
    return diary.report()


def reported(day, cuts_s=ADJOINING_S, **kwargs):
    return diary_of(day.windows(cuts_s, **kwargs))


def stretches(report, kind, digits=3):
    """Where episodes of a kind lie, s since the day began."""
    return [(round(e.start_s - START_S, digits), round(e.end_s - START_S, digits)) for e in report.episodes
            if e.kind is kind]  # fmt: skip


def at_rates(*stretches_):
    """Beats at (seconds, beats a minute), one stretch after the other."""
    r_s, end_s = [0.1], 0.0
    for seconds, bpm in stretches_:
        end_s += seconds
        while r_s[-1] + 60.0 / bpm < end_s:
            r_s.append(r_s[-1] + 60.0 / bpm)
    return tuple(r_s)


def same(one, other):
    """Whether two reports say the same, times within a millisecond."""
    lists = [sorted((e.kind, e.start_s, e.end_s) for e in report.episodes) for report in (one, other)]
    counts = [(r.n_beats, r.supraventricular, r.ventricular, r.pauses, [e[0] for e in episodes])
              for r, episodes in zip((one, other), lists, strict=True)]  # fmt: skip
    times = [[*r.seconds.values(), *(s for e in episodes for s in e[1:])]
             for r, episodes in zip((one, other), lists, strict=True)]  # fmt: skip
    return counts[0] == counts[1] and np.allclose(*times, rtol=0.0, atol=1e-3)


some = settings(max_examples=60)
# A heart of a few minutes with ectopic beats, runs and pauses; none of the pauses looks like a missed beat.
intervals = st.lists(st.sampled_from([0.4, 0.55, 0.8, 1.0, 1.35, 3.6, 4.5]), min_size=60, max_size=200)
letters = st.text("NNNNSVVFQ", min_size=200, max_size=200)
days = st.builds(
    lambda rr_s, letters, shift: Day(tuple((0.07 + shift + np.cumsum(rr_s)).tolist()), letters),
    intervals, letters, st.floats(0.0, 1.0),
)  # fmt: skip
whole_cuts = st.sets(st.integers(1, 119), max_size=15).map(lambda cuts: [0.0, *map(float, sorted(cuts)), 120.0])
any_cuts = st.lists(st.integers(256, 20 * 256), max_size=40).map(
    lambda lengths: [0.0, *(c / RATE_HZ for c in np.cumsum(lengths).tolist() if c <= 119 * 256), 120.0]
)
parts = st.lists(st.tuples(st.integers(0, 110), st.integers(1, 40)), max_size=3).map(
    lambda p: tuple((float(a), float(a + n)) for a, n in p)
)


@some
@given(days, whole_cuts, parts, parts, parts)
def test_cutting_the_stream_elsewhere_at_whole_seconds_changes_nothing(day, cuts_s, bad, af, unclear):
    day = replace(day, bad=bad, af=af, unclear=unclear)
    assert same(reported(day, cuts_s), reported(day, [0.0, 120.0]))


@some
@given(days, any_cuts)
def test_cutting_the_stream_anywhere_changes_no_beat_pause_run_or_rate(day, cuts_s):
    assert same(reported(day, cuts_s), reported(day, [0.0, 120.0]))


@some
@given(days, st.integers(1, 10), parts)
def test_windows_that_overlap_say_what_those_say_that_adjoin(day, hop_s, bad):
    day = replace(day, bad=bad)
    overlapping = [day.reading(float(s), float(s + 10)) for s in range(0, 111, hop_s)]
    end_s = float(range(0, 111, hop_s)[-1] + 10)
    assert same(diary_of(overlapping), reported(day, [0.0, end_s]))


@some
@given(days, whole_cuts, st.integers(0, 15), parts)
def test_an_unreadable_window_only_removes_time(day, cuts_s, which, bad):
    day = replace(day, bad=bad)
    which %= len(cuts_s) - 1
    whole, less = reported(day, cuts_s), reported(day, cuts_s, unreadable={which})
    removed_s = whole.analysable_s - less.analysable_s
    assert removed_s >= 0
    assert less.seconds[State.UNREADABLE] - whole.seconds[State.UNREADABLE] == pytest.approx(removed_s, abs=1e-5)
    assert less.n_beats <= whole.n_beats
    assert less.ventricular.beats <= whole.ventricular.beats
    assert set(stretches(less, EpisodeKind.PAUSE)) <= set(stretches(whole, EpisodeKind.PAUSE))


@some
@given(days, whole_cuts, st.sets(st.integers(0, 15)), parts, parts, parts)
def test_times_and_counts_add_up(day, cuts_s, missing, bad, af, unclear):
    day = replace(day, bad=bad, af=af, unclear=unclear)
    windows = [w for i, w in enumerate(day.windows(cuts_s)) if i not in missing]
    said = diary_of(windows)
    assert sum(said.seconds.values()) == pytest.approx(said.end_s - said.start_s, abs=1e-5)
    assert said.supraventricular.beats + said.ventricular.beats <= said.n_beats
    assert said.ventricular.runs == len(stretches(said, EpisodeKind.VENTRICULAR_RUN))
    assert 2 * said.ventricular.couplets + 3 * said.ventricular.runs <= said.ventricular.beats
    assert all(e.start_s <= e.end_s for e in said.episodes)
    unreadable_s = sum(e.duration_s for e in said.episodes if e.kind is EpisodeKind.UNREADABLE)
    assert unreadable_s == pytest.approx(said.seconds[State.UNREADABLE], abs=1e-5)


@some
@given(days, whole_cuts, parts, st.sampled_from(["BRADYCARDIA", "TACHYCARDIA", "AF"]))
def test_episodes_of_a_kind_do_not_overlap(day, cuts_s, af, kind):
    lie = stretches(reported(replace(day, af=af), cuts_s), EpisodeKind[kind])
    assert all(a[1] <= b[0] for a, b in pairwise(lie))


def test_a_steady_heart_is_sinus_all_the_time_and_has_no_episode():
    said = reported(Day(STEADY))
    assert said.seconds[State.SINUS] == pytest.approx(600.0)
    assert (said.n_beats, said.episodes, said.af_burden) == (len(STEADY), (), 0.0)


def test_the_burden_of_fibrillation_is_its_share_of_the_time_that_can_be_read():
    said = reported(Day(STEADY, af=((100.0, 220.0),), bad=((300.0, 420.0),)))
    assert said.analysable_s == pytest.approx(480.0)
    assert said.af_burden == pytest.approx(0.25)
    assert stretches(said, EpisodeKind.AF) == [(100.0, 220.0)]
    assert stretches(said, EpisodeKind.UNREADABLE) == [(300.0, 420.0)]


@pytest.mark.parametrize(("seconds", "n"), [(29.0, 0), (30.0, 1)])
def test_fibrillation_of_less_than_30_s_is_burden_and_no_episode(seconds, n):
    said = reported(Day(STEADY, af=((100.0, 100.0 + seconds),)))
    assert said.af_burden == pytest.approx(seconds / 600)
    assert len(stretches(said, EpisodeKind.AF)) == n


def test_a_short_interruption_ends_no_fibrillation_and_a_long_one_does():
    said = reported(Day(STEADY, af=((100.0, 150.0), (158.0, 200.0), (230.0, 300.0))))
    assert stretches(said, EpisodeKind.AF) == [(100.0, 200.0), (230.0, 300.0)]


def test_fibrillation_is_told_while_it_lasts_no_longer():
    diary = RhythmDiary()
    ended = [(i, e.kind) for i, w in enumerate(Day(STEADY, af=((100.0, 200.0),)).windows(ADJOINING_S))
             for e in diary.add(w)]  # fmt: skip
    assert ended == [(21, EpisodeKind.AF)]


def test_what_cannot_be_classified_is_an_answer_too():
    said = reported(Day(STEADY, unclear=((50.0, 90.0),)))
    assert said.seconds[State.UNCLASSIFIED] == pytest.approx(40.0)
    assert stretches(said, EpisodeKind.UNCLASSIFIED) == [(50.0, 90.0)]


def test_holes_between_windows_are_gaps_whether_they_are_told_of_or_not():
    windows = [w for i, w in enumerate(Day(STEADY).windows(ADJOINING_S)) if i not in {7, 8}]
    diary = RhythmDiary()
    for window in windows[:7]:
        diary.add(window)
    diary.add_gap(START_S + 65.0, START_S + 90.0)
    for window in windows[7:]:
        diary.add(window)
    diary.finish()
    assert stretches(diary.report(), EpisodeKind.GAP) == [(70.0, 90.0)]
    assert same(diary.report(), diary_of(windows))


def test_what_windows_cover_is_no_gap():
    diary = RhythmDiary()
    diary.add(Day(STEADY).reading(0.0, 10.0))
    diary.add_gap(START_S + 2.0, START_S + 8.0)
    assert diary.report().seconds[State.GAP] == 0.0


def test_a_diary_may_begin_with_a_gap():
    diary = RhythmDiary()
    diary.add_gap(START_S, START_S + 5.0)
    assert diary.report().seconds[State.GAP] == pytest.approx(5.0)
    assert diary.report().af_burden is None
    assert diary.report().ventricular_per_hour is None


def test_ectopic_beats_are_counted_by_the_hour_as_couplets_and_as_runs():
    said = reported(Day(STEADY, "NNSNNVNVVNVVVVNSSN"))
    assert said.ventricular == Ectopics(beats=7, couplets=1, runs=1, longest=4)
    assert said.supraventricular == Ectopics(beats=3, couplets=1, runs=0, longest=2)
    assert said.ventricular_per_hour == pytest.approx(42.0)
    assert said.supraventricular_per_hour == pytest.approx(18.0)
    assert stretches(said, EpisodeKind.VENTRICULAR_RUN) == [(round(STEADY[10], 3), round(STEADY[13], 3))]


def test_a_silence_between_two_beats_is_a_pause():
    r_s = tuple(s for s in STEADY if not 101.5 < s < 104.5)
    said = reported(Day(r_s))
    ((begin_s, end_s),) = stretches(said, EpisodeKind.PAUSE)
    assert (begin_s, end_s) == (101.15, 105.15)
    assert (said.pauses, said.longest_pause_s) == (1, pytest.approx(4.0))


def test_how_long_a_pause_is_can_be_chosen():
    day = Day(tuple(s for s in STEADY if not 101.5 < s < 104.5))
    assert diary_of(day.windows(ADJOINING_S), pause_s=4.5).pauses == 0


@pytest.mark.parametrize("hole", [{"bad": ((102.0, 104.0),)}, {}], ids=["unreadable", "gap"])
def test_no_pause_reaches_across_what_cannot_be_read(hole):
    day = Day(tuple(s for s in STEADY if not 101.5 < s < 104.5), **hole)
    cuts_s = [0.0, 102.0, 104.0, 600.0]
    windows = day.windows(cuts_s)
    assert diary_of(windows if hole else [windows[0], windows[2]]).pauses == 0


def test_a_beat_missed_where_two_windows_meet_is_no_pause():
    r_s = np.arange(0.0, 600.0, 1.2)
    missed = tuple(np.delete(r_s, np.flatnonzero(np.isclose(r_s, 120.0))).tolist())
    assert reported(Day(missed)).pauses == 0
    assert reported(Day(missed), [0.0, 113.0, 600.0]).pauses == 1


def test_a_beat_missed_at_the_end_of_a_window_is_taken_from_the_next_one():
    day = Day(STEADY)
    first, second = day.reading(0.0, 10.0), day.reading(5.0, 15.0)
    clipped = replace(first, marks=first.marks.take(np.arange(len(first.marks) - 1)))
    assert diary_of([clipped, second]).n_beats == diary_of([first, second]).n_beats


def test_slow_and_fast_rates_have_a_beginning_and_an_end():
    said = reported(Day(at_rates((120, 70), (100, 40), (120, 70), (100, 130), (160, 70))))
    ((slow_from, slow_to),) = stretches(said, EpisodeKind.BRADYCARDIA)
    ((fast_from, fast_to),) = stretches(said, EpisodeKind.TACHYCARDIA)
    assert (slow_from, slow_to) == (pytest.approx(120, abs=1.6), pytest.approx(220, abs=1.6))
    assert (fast_from, fast_to) == (pytest.approx(340, abs=1.0), pytest.approx(440, abs=1.0))


def test_a_rate_that_sways_about_the_limit_is_one_episode():
    sways = at_rates((60, 80), *[(20, 103), (20, 97)] * 8, (60, 80))
    assert len(stretches(reported(Day(sways)), EpisodeKind.TACHYCARDIA)) == 1


def test_a_short_unreadable_stretch_ends_no_tachycardia_and_a_long_one_does():
    r_s = at_rates((600, 130))
    short, long = (reported(Day(r_s, bad=((200.0, end_s),))) for end_s in (206.0, 240.0))
    assert len(stretches(short, EpisodeKind.TACHYCARDIA)) == 1
    assert len(stretches(long, EpisodeKind.TACHYCARDIA)) == 2


def test_300_beats_a_minute_are_a_tachycardia():
    said = reported(Day(tuple(np.arange(0.1, 600.0, 0.2).tolist())))
    assert said.n_beats == 3000
    assert len(stretches(said, EpisodeKind.TACHYCARDIA)) == 1


def test_a_heart_that_stops_has_a_pause_until_the_end():
    said = reported(Day(tuple(s for s in STEADY if s < 100.0)))
    assert stretches(said, EpisodeKind.PAUSE) == [(round(99.55, 3), 600.0)]


@pytest.mark.parametrize("r_s", [(), (4.0,)], ids=["no beat", "one beat"])
def test_windows_of_hardly_any_beats_are_read(r_s):
    said = reported(Day(r_s), [0.0, 5.0])
    assert (said.n_beats, said.pauses) == (len(r_s), 0)


def test_a_day_of_ectopic_beats_is_one_run():
    said = reported(Day(STEADY, "V" * len(STEADY)))
    assert said.ventricular == Ectopics(beats=len(STEADY), couplets=0, runs=1, longest=len(STEADY))


def test_marks_without_waves_and_windows_without_a_track_count_beats_all_the_same():
    reading = Day(STEADY).reading(0.0, 10.0)
    nothing = {name: np.full(len(reading.marks), np.nan) for name in WaveMarks.__slots__ if "_o" in name}
    empty = Track(*(np.empty((0, k), np.float32) for k in (4, 6, 3, 3)))
    bare = replace(reading, marks=replace(reading.marks, **nothing), track=empty)
    said = diary_of([replace(bare, quality=replace(bare.quality, seconds=()))])
    assert said.n_beats == len(reading.marks)
    assert said.seconds[State.UNCLASSIFIED] == pytest.approx(10.0)


def test_a_window_that_is_covered_already_adds_nothing():
    day = Day(STEADY)
    assert same(diary_of([day.reading(0.0, 20.0), day.reading(3.0, 13.0)]), diary_of([day.reading(0.0, 20.0)]))


@settings(max_examples=10)
@given(st.floats(0.99, 1.01))
def test_windows_of_a_slow_clock_still_adjoin(drift):
    windows = [replace(w, span=replace(w.span, start_s=START_S + drift * (w.span.start_s - START_S),
                                       duration_s=drift * w.span.duration_s))
               for w in Day(STEADY).windows(ADJOINING_S)]  # fmt: skip
    said = diary_of(windows)
    assert said.n_beats == len(STEADY)
    assert said.seconds[State.SINUS] == pytest.approx(600.0 * drift)


def test_a_diary_of_a_day_holds_no_more_than_one_of_an_hour():
    def size(hours):
        diary = RhythmDiary()
        window = Day(STEADY).reading(0.0, 10.0)
        for i in range(360 * hours):
            diary.add(replace(window, span=replace(window.span, start_s=START_S + 10.0 * i)))
        return len(diary._episodes), len(diary._pulse._row), len(diary._seconds)

    assert size(1) == size(3)
