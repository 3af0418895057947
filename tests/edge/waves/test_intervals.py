from dataclasses import astuple, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.heart import PatchNoise
from edge.waves.figures import Figure, Measurements, Withheld
from edge.waves.intervals import measure, medians
from edge.waves.marks import Rhythm, WaveMarks
from edge.waves.track import Grade
from tests.edge.waves.hearts import PR_S, QRS_S, QT_S, beats_at, hearts, marks_of

N = 2560
SINUS, AF, UNSURE = (0.9, 0.06, 0.04), (0.1, 0.8, 0.1), (0.5, 0.3, 0.2)
FLAT = np.zeros(N)
STEADY_S = np.arange(0.3, 10.0, 0.8)
WAVES = ("pr_ms", "qrs_ms", "qt_ms", "p_mv", "t_mv", "st_mv")
MS = ("sdnn_ms", "rmssd_ms", *WAVES[:3], "qtc_bazett_ms", "qtc_fridericia_ms", "qtc_framingham_ms")


def measured(marks, millivolts=FLAT, rhythm=SINUS, grade=Grade.WAVES) -> Measurements:
    return measure(marks, np.asarray(millivolts, float), rhythm, grade)


def shifted(marks: WaveMarks, rows, **by_ms) -> WaveMarks:
    """The marks with some places of some beats elsewhere."""
    moved = {}
    for name, ms in by_ms.items():
        moved[name] = getattr(marks, name).copy()
        moved[name][rows] += 1e-3 * ms * marks.rate_hz
    return replace(marks, **moved)


def figures(said: Measurements) -> dict[str, Figure]:
    return {f.name: getattr(said, f.name) for f in fields(said) if isinstance(getattr(said, f.name), Figure)}


def same(one: Figure, other: Figure, **tolerance) -> bool:
    return (one.withheld, one.n) == (other.withheld, other.n) and (one.value, one.spread) == (
        pytest.approx(other.value, **tolerance),
        pytest.approx(other.spread, abs=1e-6),
    )


@pytest.mark.parametrize("noise", [{}, {"noise": PatchNoise()}], ids=["silent", "patch"])
def test_of_perfect_marks_the_true_intervals_are_measured(noise):
    windows = hearts(40, **noise)
    for row in range(40):
        said, truth = measured(marks_of(windows.truth, row, N), windows.millivolts[row]), windows.truth
        for name, true_s in (("pr_ms", truth.pr_s), ("qrs_ms", truth.qrs_s), ("qt_ms", truth.qt_s)):
            assert getattr(said, name).value == pytest.approx(1e3 * np.nanmedian(true_s[row]), abs=1e-6)


@pytest.mark.parametrize(("noise", "off_mv"), [({}, 0.01), ({"noise": PatchNoise()}, 0.03)], ids=["silent", "patch"])
def test_of_perfect_marks_the_true_heights_are_measured(noise, off_mv):
    windows = hearts(40, **noise)
    for row in range(40):
        said, truth = measured(marks_of(windows.truth, row, N), windows.millivolts[row]), windows.truth
        assert said.p_mv.value == pytest.approx(np.nanmedian(truth.p_mv[row]), abs=off_mv)
        assert said.t_mv.value == pytest.approx(np.nanmedian(truth.t_mv[row]), abs=off_mv, rel=0.05)


def test_the_figures_of_a_steady_heart_are_those_worked_out_by_hand():
    said = measured(beats_at(STEADY_S))
    qt_ms = 1e3 * QT_S
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert (said.pr_ms.value, said.qrs_ms.value, said.qt_ms.value) == pytest.approx((1e3 * PR_S, 1e3 * QRS_S, qt_ms))
    assert said.qtc_bazett_ms.value == pytest.approx(qt_ms / np.sqrt(0.8))
    assert said.qtc_fridericia_ms.value == pytest.approx(qt_ms / 0.8 ** (1 / 3))
    assert said.qtc_framingham_ms.value == pytest.approx(qt_ms + 154 * 0.2)
    assert said.sdnn_ms.value == pytest.approx(0.0, abs=1e-6)
    assert (said.rhythm, said.beats) == (Rhythm.SINUS, {"N": STEADY_S.size})


def test_a_pause_after_an_ectopic_beat_is_no_missed_one():
    r_s = np.delete(STEADY_S, 5)
    rate = 60.0 * (r_s.size - 1) / (r_s[-1] - r_s[0])
    assert measured(beats_at(r_s)).heart_rate_bpm.value == pytest.approx(rate)


def test_an_interval_of_two_in_fibrillation_is_one():
    rr_s = [1.11, 0.86, 0.72, 1.45, 0.53, 1.64, 0.83]
    said = measured(beats_at(np.cumsum([0.5, *rr_s])), rhythm=AF)
    assert said.heart_rate_bpm.value == pytest.approx(60.0 / np.mean(rr_s))


def test_a_pause_of_six_beats_is_none_that_were_missed():
    r_s = np.array([0.5, 1.5, 2.5, 3.5, 9.5])
    assert measured(beats_at(r_s)).heart_rate_bpm.value == pytest.approx(60.0 * 4 / 9.0)


def test_a_beat_marked_twice_does_not_shift_the_rate():
    doubled = np.sort(np.append(STEADY_S, STEADY_S[5] + 0.12))
    said = measured(replace(beats_at(doubled), confidence=np.where(doubled == STEADY_S[5] + 0.12, 0.7, 1.0)))
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert said.beats == {"N": STEADY_S.size}


def test_where_every_beat_is_marked_twice_the_rate_is_that_of_the_beats():
    doubled = np.sort(np.concatenate([STEADY_S, STEADY_S + 0.1]))
    said = measured(beats_at(doubled))
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert said.pr_ms.withheld is Withheld.TOO_FEW_BEATS


def test_300_beats_a_minute_are_not_taken_for_beats_marked_twice():
    said = measured(beats_at(np.arange(0.1, 9.9, 0.2)))
    assert said.heart_rate_bpm.value == pytest.approx(300.0)
    assert said.qt_ms.withheld is Withheld.TOO_FEW_BEATS


@pytest.mark.parametrize("r_s", [[], [4.0]], ids=["asystole", "one beat"])
def test_without_an_interval_nothing_is_measured(r_s):
    said = measured(beats_at(r_s))
    assert {figure.withheld for figure in figures(said).values()} == {Withheld.TOO_FEW_BEATS}


def test_two_beats_have_a_rate_and_nothing_else():
    said = measured(beats_at([3.0, 5.0]))
    assert said.heart_rate_bpm.value == pytest.approx(30.0)
    assert said.qrs_ms.withheld is Withheld.TOO_FEW_BEATS


@pytest.mark.parametrize("letter", ["S", "V", "F", "Q"])
def test_in_a_window_of_ectopic_beats_only_the_rate_is_measured(letter):
    said = measured(beats_at(STEADY_S, classes=letter * STEADY_S.size))
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert {getattr(said, name).withheld for name in MS + WAVES} == {Withheld.ECTOPIC}


def test_in_bigeminy_pr_and_qrs_are_measured_and_qt_is_not():
    said = measured(beats_at(STEADY_S, classes="NV" * 7))
    assert (said.pr_ms.value, said.qrs_ms.value) == pytest.approx((1e3 * PR_S, 1e3 * QRS_S))
    assert said.qt_ms.withheld is Withheld.ECTOPIC
    assert said.sdnn_ms.withheld is Withheld.ECTOPIC


@given(st.sets(st.integers(0, STEADY_S.size - 1), max_size=3), st.sampled_from("SVFQ"), st.floats(-30.0, 100.0))
def test_what_is_marked_of_ectopic_beats_enters_no_median(rows, letter, ms):
    classes = "".join(letter if row in rows else "N" for row in range(STEADY_S.size))
    marks = beats_at(STEADY_S, classes=classes)
    other = shifted(marks, sorted(rows), p_on=-ms, qrs_on=-0.2 * ms, qrs_off=ms, t_off=ms)
    for one, two in zip(figures(measured(marks)).values(), figures(measured(other)).values(), strict=True):
        assert same(one, two, abs=1e-6)


@given(st.sets(st.integers(1, STEADY_S.size - 1), max_size=4), st.floats(0.0, 0.39))
def test_a_mark_that_is_hardly_believed_changes_nothing(after, confidence):
    r_s = np.concatenate([STEADY_S, STEADY_S[sorted(after)] - 0.3])
    order = np.argsort(r_s)
    believed = np.where(np.arange(r_s.size) < STEADY_S.size, 1.0, confidence)[order]
    said = measured(replace(beats_at(r_s[order]), confidence=believed))
    assert astuple(said) == astuple(measured(beats_at(STEADY_S)))


def test_beats_that_are_half_believed_count_and_are_not_measured():
    believed = np.where(np.arange(STEADY_S.size) < 2, 0.45, 1.0)
    said = measured(replace(beats_at(STEADY_S), confidence=believed))
    assert (said.heart_rate_bpm.n, said.qrs_ms.n) == (STEADY_S.size - 1, STEADY_S.size - 2)


def test_beats_cut_off_at_the_ends_are_not_measured():
    marks = beats_at(np.arange(0.0, 10.0, 0.9))
    said = measured(marks)
    assert said.qrs_ms.n == len(marks) - 1
    assert said.pr_ms.n == len(marks) - 1


def test_in_fibrillation_pr_p_and_variability_are_withheld_and_qrs_and_qt_are_not():
    r_s = np.cumsum([0.3, 0.6, 0.9, 0.7, 1.1, 0.65, 0.8, 0.95, 0.6, 1.0, 0.7])
    said = measured(beats_at(r_s), rhythm=AF)
    assert {said.pr_ms.withheld, said.p_mv.withheld, said.sdnn_ms.withheld} == {Withheld.AF}
    assert said.qt_ms.value == pytest.approx(1e3 * QT_S)
    assert said.qtc_bazett_ms.value == pytest.approx(1e3 * QT_S / np.sqrt(np.diff(r_s).mean()))
    assert said.rhythm is Rhythm.AF


def test_a_rhythm_that_is_not_likely_enough_is_not_named():
    assert measured(beats_at(STEADY_S), rhythm=UNSURE).rhythm is None


@pytest.mark.parametrize(
    ("wave", "figure", "reason"), [("p_on", "pr_ms", Withheld.NO_P), ("t_off", "qt_ms", Withheld.NO_T_END)]
)
def test_a_wave_that_most_beats_lack_is_said_to_be_missing(wave, figure, reason):
    marks = beats_at(STEADY_S)
    some = getattr(marks, wave).copy()
    some[4:] = np.nan
    assert getattr(measured(replace(marks, **{wave: some})), figure).withheld is reason


def test_without_any_wave_only_the_rhythm_is_measured():
    marks = beats_at(STEADY_S)
    bare = replace(marks, **{name: np.full(len(marks), np.nan) for name in WaveMarks.__slots__ if "_o" in name})
    said = measured(bare)
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert {getattr(said, name).withheld for name in WAVES} == {Withheld.TOO_FEW_BEATS}


def test_half_of_a_few_beats_are_too_few_to_measure():
    marks = beats_at([1.0, 3.0, 5.0, 7.0])
    half = replace(marks, p_on=np.where([True, True, False, False], marks.p_on, np.nan))
    assert measured(half).pr_ms.withheld is Withheld.TOO_FEW_BEATS


def test_pr_that_grows_from_beat_to_beat_is_said_to_be_scattered():
    marks = beats_at(STEADY_S)
    wenckebach = shifted(marks, np.arange(len(marks)), p_on=np.resize([0.0, -60.0, -120.0], len(marks)))
    assert measured(wenckebach).pr_ms.withheld is Withheld.SCATTERED


def test_of_a_window_good_for_the_rate_only_the_rate_is_measured():
    said = measured(beats_at(STEADY_S), grade=Grade.RATE)
    assert said.heart_rate_bpm.value == pytest.approx(75.0)
    assert {getattr(said, name).withheld for name in MS + WAVES} == {Withheld.UNREADABLE}


def test_what_cannot_be_read_is_not_measured():
    with pytest.raises(ValueError, match="nothing"):
        measured(beats_at(STEADY_S), grade=Grade.NOTHING)


@given(st.integers(0, 19), st.floats(0.1, 20.0), st.floats(-3.0, 3.0))
def test_a_signal_of_another_gain_and_offset_changes_heights_by_the_gain_and_nothing_else(row, gain, offset_mv):
    windows = hearts(20)
    marks, mv = marks_of(windows.truth, row, N), windows.millivolts[row].astype(float)
    said, other = measured(marks, mv), measured(marks, gain * mv + offset_mv)
    assert all(same(getattr(said, name), getattr(other, name), abs=1e-9) for name in MS)
    for name in ("p_mv", "t_mv"):
        if getattr(said, name).value is not None and getattr(other, name).value is not None:
            assert getattr(other, name).value == pytest.approx(gain * getattr(said, name).value, abs=1e-6 * gain)


def test_a_missing_beat_leaves_variability_and_an_irregular_rhythm_withholds_it():
    assert measured(beats_at(np.delete(STEADY_S, 5))).sdnn_ms.value == pytest.approx(0.0, abs=1e-6)
    irregular = beats_at(np.cumsum([0.3, 0.5, 0.7, 1.2, 0.5, 1.3, 0.8, 0.5, 1.1, 1.4]))
    assert measured(irregular).sdnn_ms.withheld is Withheld.SCATTERED


@given(st.lists(st.lists(st.floats(-1e3, 1e3) | st.just(np.nan), min_size=4, max_size=4), min_size=1, max_size=5))
def test_medians_of_rows_are_those_of_numpy(rows):
    middle, spread, counts = medians(rows)
    for row, m, s, n in zip(np.array(rows), middle, spread, counts, strict=True):
        there = row[np.isfinite(row)]
        assert n == there.size
        if n:
            assert m == pytest.approx(np.median(there))
            assert s == pytest.approx(1.4826 * np.median(np.abs(there - np.median(there))))
        else:
            assert np.isnan([m, s]).all()
