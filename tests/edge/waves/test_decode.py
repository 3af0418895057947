from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.heart import VariedHeart
from edge.waves.decode import decode
from edge.waves.marks import BEAT_CLASSES, BeatClass, Rhythm
from edge.waves.track import RATE_HZ, Segment, Track
from tests.edge.waves.tracks import any_tracks, track_of

WAVES = ("p_on", "p_peak", "p_off", "qrs_on", "qrs_off", "t_on", "t_peak", "t_off")
N, S, V = (BEAT_CLASSES.index(k) for k in (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR))
ONE_BEAT = ((Segment.P, 340, 366), (Segment.QRS, 400, 424), (Segment.T, 470, 520))


def painted(*stretches, n=1024):
    segments = np.zeros(n, int)
    for kind, begin, end in stretches:
        segments[begin:end] = kind
    return segments


def decoded(segments, r=(412,), classes=None, *, wave=None, **kwargs):
    return decode(track_of(segments, r, classes, **kwargs), np.zeros(len(segments)) if wave is None else wave)


def moved(stretches, by):
    return [(kind, begin + by, end + by) for kind, begin, end in stretches]


@pytest.mark.parametrize("index", range(40))
def test_of_a_network_without_mistakes_the_beats_and_waves_of_a_heart_come_back(index):
    made = VariedHeart(4).windows(np.array([index]))
    there = np.isfinite(made.r_s[0])
    r, rhythm = made.r_s[0, there] * RATE_HZ, list(Rhythm)[made.rhythms[0]]
    marks = decode(track_of(made.segments[0], r, made.classes[0, there], rhythm=rhythm), made.millivolts[0])
    assert len(marks) == r.size
    np.testing.assert_allclose(marks.r, r, atol=0.1 * RATE_HZ)  # the middle of QRS, and not its highest point
    on, off = (getattr(made, name)[0, there] * RATE_HZ for name in ("qrs_on_s", "qrs_off_s"))
    whole = np.isfinite(marks.qrs_on) & (on >= 1) & (off <= 2558)
    assert np.abs(marks.qrs_on - on)[whole].max() <= 1.0
    assert np.abs(marks.qrs_off - off)[whole].max() <= 1.0


@pytest.mark.parametrize("index", range(20))
def test_of_a_network_without_mistakes_the_classes_come_back_but_none_is_early_in_fibrillation(index):
    made = VariedHeart(4).windows(np.array([index]))
    there = np.isfinite(made.r_s[0])
    rhythm, classes = list(Rhythm)[made.rhythms[0]], made.classes[0, there]
    track = track_of(made.segments[0], made.r_s[0, there] * RATE_HZ, classes, rhythm=rhythm)
    expected = np.where((classes == S) & (rhythm is Rhythm.AF), N, classes)
    np.testing.assert_array_equal(decode(track, made.millivolts[0]).classes, expected)


def test_a_beat_has_the_p_before_it_and_the_t_behind_it():
    marks = decoded(painted(*ONE_BEAT))
    edges = {"p_on": 339.5, "p_off": 365.5, "qrs_on": 399.5, "qrs_off": 423.5, "t_on": 469.5, "t_off": 519.5}
    assert {name: getattr(marks, name)[0] for name in edges} == pytest.approx(edges, abs=0.1)


def test_a_beat_lies_in_the_middle_of_its_qrs_and_is_as_sure_as_the_network():
    marks = decoded(painted(*ONE_BEAT))
    assert marks.r[0] == pytest.approx(411.5)
    assert marks.confidence[0] == pytest.approx(1.0 - 0.06 / 5, abs=1e-3)


@given(st.integers(-80, 120))
def test_marks_move_with_what_is_marked(steps):
    by = 4 * steps
    here, there = decoded(painted(*ONE_BEAT)), decoded(painted(*moved(ONE_BEAT, by)), (412 + by,))
    for name in ("r", *WAVES):
        np.testing.assert_allclose(getattr(there, name), getattr(here, name) + by, atol=1e-3)


@given(any_tracks)
@settings(max_examples=200)
def test_whatever_the_network_says_marks_lie_in_the_stretch_and_in_order(track):
    marks = decode(track, np.random.default_rng(0).normal(0, 1, track.n_samples))
    assert np.all(np.diff(marks.r) > 0)
    for name in WAVES:
        place = getattr(marks, name)
        assert np.all(np.isnan(place) | ((place >= 0) & (place <= track.n_samples - 1)))
    for wave in ("p", "t"):
        on, peak, off = (getattr(marks, f"{wave}_{what}") for what in ("on", "peak", "off"))
        assert np.all(np.isnan(on) | ((on <= peak) & (peak <= off)))
    assert np.all((marks.confidence >= 0.4) & (marks.confidence <= 1.0))


@given(any_tracks)
@settings(max_examples=100)
def test_whatever_the_network_says_no_wave_belongs_to_two_beats(track):
    marks = decode(track, np.zeros(track.n_samples))
    for name in ("p_on", "qrs_on", "t_on"):
        there = getattr(marks, name)[np.isfinite(getattr(marks, name))]
        assert np.unique(there).size == there.size


def test_where_nothing_is_said_nothing_is_marked():
    marks = decoded(painted(), ())
    assert len(marks) == 0
    assert {f.name: getattr(marks, f.name).size for f in fields(marks) if f.name in WAVES} == dict.fromkeys(WAVES, 0)


def test_waves_without_a_beat_are_not_marked():
    assert len(decoded(painted(*ONE_BEAT), ())) == 0


def test_a_beat_without_waves_keeps_its_place_and_has_none():
    marks = decoded(painted())
    assert marks.r[0] == pytest.approx(413.5)
    assert all(np.isnan(getattr(marks, name)[0]) for name in WAVES)


def test_a_qrs_far_from_a_beat_is_not_that_beats():
    marks = decoded(painted((Segment.QRS, 500, 524)))
    assert np.isnan(marks.qrs_on[0])


def test_a_qrs_between_two_beats_is_that_of_the_nearer():
    marks = decoded(painted((Segment.QRS, 424, 440)), (412, 464))
    assert np.isfinite(marks.qrs_on).tolist() == [True, False]


@pytest.mark.parametrize(("gap", "end"), [(10, 434), (11, 411)])
def test_a_wave_with_a_notch_of_40_ms_is_one_and_with_a_longer_one_it_is_two(gap, end):
    marks = decoded(painted((Segment.QRS, 400, 412), (Segment.QRS, 412 + gap, 424 + gap)), (405,))
    assert marks.qrs_off[0] == pytest.approx(end if gap == 11 else 423.5 + gap, abs=0.6)


@pytest.mark.parametrize(("kind", "shortest"), [(Segment.P, 8), (Segment.QRS, 8), (Segment.T, 12)])
def test_a_wave_too_short_for_a_heart_is_none(kind, shortest):
    begin = {Segment.P: 360, Segment.QRS: 408, Segment.T: 480}[kind]
    name = {Segment.P: "p_on", Segment.QRS: "qrs_on", Segment.T: "t_on"}[kind]
    found = [
        np.isfinite(getattr(decoded(painted((kind, begin, begin + n))), name)[0]) for n in (shortest - 1, shortest)
    ]
    assert found == [False, True]


def test_in_fibrillation_there_is_no_p():
    marks = decoded(painted(*ONE_BEAT), rhythm=Rhythm.AF)
    assert np.isnan(marks.p_on[0])
    assert np.isfinite(marks.t_on[0])


def test_a_p_before_the_beat_before_is_not_the_next_beats():
    segments = painted((Segment.P, 340, 366), (Segment.QRS, 400, 424), (Segment.QRS, 500, 524))
    assert np.isfinite(decoded(segments, (412, 512)).p_on).tolist() == [True, False]


def test_a_p_half_a_second_before_a_beat_is_not_its():
    assert np.isnan(decoded(painted((Segment.P, 270, 290), (Segment.QRS, 400, 424))).p_on[0])


def test_a_t_behind_the_next_beat_is_not_the_first_ones():
    segments = painted((Segment.QRS, 400, 424), (Segment.QRS, 500, 524), (Segment.T, 570, 610))
    assert np.isfinite(decoded(segments, (412, 512)).t_on).tolist() == [False, True]


def test_a_t_most_of_a_second_behind_a_beat_is_not_its():
    assert np.isnan(decoded(painted((Segment.QRS, 400, 424), (Segment.T, 610, 650))).t_on[0])


def test_beats_at_300_a_minute_are_all_found():
    r = np.arange(30.0, 990.0, 0.2 * RATE_HZ)
    assert len(decoded(painted(), r)) == r.size


def test_two_beats_closer_than_the_heart_can_beat_are_one():
    assert len(decoded(painted(), (412, 440))) == 1


def test_a_beat_that_is_half_likely_is_marked_and_says_so():
    track = track_of(painted(*ONE_BEAT), (412,))
    beats = track.beats.copy()
    beats[101:106] = (0.5, 0.5, 0, 0, 0, 0)
    marks = decode(Track(track.segments, beats, track.rhythms, track.grades), np.zeros(1024))
    assert marks.confidence[0] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("at", [0, 4, 1016, 1023])
def test_a_beat_that_an_end_of_the_stretch_cuts_in_two_is_marked_and_not_doubted(at):
    assert 0.55 < decoded(painted(), (at,)).confidence.item() < 1.0


def test_two_beats_are_never_at_one_qrs():
    marks = decoded(painted((Segment.QRS, 428, 452)), (412, 468))
    assert np.isfinite(marks.qrs_on).sum() == 1


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_wave_peaks_where_it_is_farthest_from_the_line_between_its_ends_either_way(sign):
    wave = np.zeros(1024)
    wave[350], wave[500] = sign, -sign
    marks = decoded(painted(*ONE_BEAT), wave=wave + 3.0)
    assert (marks.p_peak[0], marks.t_peak[0]) == (350, 500)


def test_a_wave_cut_off_at_an_end_begins_or_ends_there():
    segments = painted((Segment.QRS, 0, 12), (Segment.QRS, 1010, 1024))
    marks = decoded(segments, (4, 1018))
    assert (marks.qrs_on[0], marks.qrs_off[-1]) == (0, 1023)


def test_an_edge_lies_where_the_wave_is_as_likely_as_all_else():
    track = track_of(painted(*ONE_BEAT), (412,))
    segments = track.segments.copy()
    segments[399] = (0.6, 0.0, 0.4, 0.0)  # half way between .4 at 399 and .6 at 400
    segments[400] = (0.4, 0.0, 0.6, 0.0)
    marks = decode(Track(segments, track.beats, track.rhythms, track.grades), np.zeros(1024))
    assert marks.qrs_on[0] == pytest.approx(399.5)


def test_the_most_voted_class_is_a_beats():
    marks = decoded(painted(*ONE_BEAT, *moved(ONE_BEAT, 300)), (412, 712), np.array([V, S]))
    assert marks.classes.tolist() == [V, S]
