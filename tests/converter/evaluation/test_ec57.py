"""Beats are scored as EC57 does."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.beat_truth import beats_of
from converter.evaluation.ec57 import BeatScore, beat_figures, mean_rate_bpm, score_beats
from converter.evaluation.heard import heard
from converter.evaluation.pooling import pool
from tests.converter.evaluation.records import a_record, beats
from tests.converter.evaluation.standin import marks_of, reading_of

AT_S = np.arange(0.5, 59.0, 1.0)
N_BEATS = AT_S.size
RECORD = a_record(beats=beats(AT_S))


def read(at_s, classes=None):
    return heard(reading_of(marks_of(60.0, at_s, classes)))


def test_a_perfect_reading_scores_one_everywhere():
    classes = np.arange(N_BEATS) % 4
    score = score_beats(a_record(beats=beats(AT_S, classes)), read(AT_S, classes))
    figures = beat_figures(score)
    shares = {key: value for key, value in figures.items() if not key.startswith("rate")}
    assert set(shares.values()) == {1.0}
    assert figures["rate_rms_bpm"] == pytest.approx(0.0, abs=1e-9)


def test_missed_and_extra_beats_are_counted():
    found = np.sort(np.append(np.delete(AT_S, [10, 20]), [30.0]))
    score = score_beats(RECORD, read(found))
    assert score.confusion[0].tolist() == [N_BEATS - 2, 0, 0, 0, 0, 2]
    assert score.confusion[5].tolist() == [1, 0, 0, 0, 0, 0]
    assert beat_figures(score)["se"] == pytest.approx((N_BEATS - 2) / N_BEATS)
    assert beat_figures(score)["ppv"] == pytest.approx((N_BEATS - 2) / (N_BEATS - 1))


def test_detections_before_the_first_and_after_the_last_marked_beat_are_not_scored():
    record = a_record(beats=beats(AT_S[5:-5]))
    assert beat_figures(score_beats(record, read(AT_S)))["ppv"] == 1.0


def test_a_detection_just_before_the_first_mark_is_that_beat():
    record = a_record(beats=beats(AT_S[5:-5]))
    score = score_beats(record, read(AT_S - 0.1))
    assert (score.confusion[0, 5], score.confusion[5].sum()) == (0, 0)


def test_detections_in_flutter_are_not_held_against_the_analyser():
    marked = AT_S[(AT_S < 20) | (AT_S > 30)]
    record = a_record(beats=beats(marked, left_out_s=[(20.0, 30.0)]))
    score = score_beats(record, read(np.sort(np.append(AT_S, [25.2, 27.2]))))
    assert score.confusion[5].sum() == 0
    assert score.scored_s == pytest.approx(AT_S[-1] - AT_S[0] - 10.0)


def test_an_episode_of_flutter_that_is_not_closed_lasts_to_the_end():
    truth = beats_of(np.array([1.0, 2.0, 3.0, 4.0]), ["N", "]", "[", "!"], 9.0)
    assert truth.left_out_s.tolist() == [[3.0, 9.0]]


def confusion(**cells):
    table = np.zeros((6, 6), np.int64)
    for cell, n in cells.items():
        table["NSVFQx".index(cell[0]), "NSVFQx".index(cell[1])] = n
    return BeatScore("a", "a", table, 1.0, 0, 0.0, 0.0, 0)


def test_a_fusion_or_unclassifiable_beat_called_ventricular_is_no_false_positive():
    figures = beat_figures(confusion(VV=8, VN=1, Vx=1, NV=1, SV=1, FV=5, QV=5, xV=2))
    assert figures["v_se"] == pytest.approx(0.8)
    assert figures["v_ppv"] == pytest.approx(8 / 12)


def test_an_unclassifiable_beat_called_supraventricular_is_no_false_positive():
    figures = beat_figures(confusion(SS=6, SN=4, NS=1, VS=1, FS=1, QS=9, xS=1))
    assert figures["s_se"] == pytest.approx(0.6)
    assert figures["s_ppv"] == pytest.approx(0.6)


def test_the_balanced_accuracy_leaves_q_and_classes_that_do_not_occur_out():
    figures = beat_figures(confusion(NN=90, Nx=10, VV=5, VN=5, QN=100))
    assert figures["balanced_accuracy"] == pytest.approx((0.9 + 0.5) / 2)


def test_without_ventricular_beats_their_sensitivity_is_unknown():
    figures = beat_figures(confusion(NN=10))
    assert np.isnan([figures["v_se"], figures["v_ppv"], figures["v_f1"]]).all()


def test_a_rate_error_is_that_of_windows_of_ten_seconds():
    score = score_beats(RECORD, read(AT_S[0] + (AT_S - AT_S[0]) * 1.001))
    assert score.rate_n == 5
    assert beat_figures(score)["rate_mae_bpm"] == pytest.approx(60.0 - 60.0 / 1.001, rel=0.01)


def test_a_window_without_detections_has_no_rate_and_is_counted():
    score = score_beats(RECORD, read(AT_S[(AT_S < 20.5) | (AT_S > 31.0)]))
    assert (score.rate_n, score.rate_missing) == (4, 1)


@given(st.integers(0, N_BEATS - 1), st.integers(1, N_BEATS))
def test_every_marked_beat_is_found_or_missed(first, n):
    score = score_beats(RECORD, read(AT_S[first : first + n]))
    assert score.confusion[:5].sum() == N_BEATS


def test_pooling_adds_confusions():
    one, other = score_beats(RECORD, read(AT_S)), score_beats(RECORD, read(AT_S[::2]))
    both = pool([one, dataclasses.replace(other, record="101", patient="101")])
    assert (both.confusion == one.confusion + other.confusion).all()
    assert (both.record, both.patient) == ("2 records", "2 patients")


def test_a_record_without_marked_beats_cannot_be_scored():
    with pytest.raises(ValueError, match="no beats are marked in 100"):
        score_beats(a_record(), read(AT_S))


def test_a_rate_takes_three_beats():
    assert mean_rate_bpm(np.array([0.0, 1.0]), 0.0, 10.0) is None
    assert mean_rate_bpm(np.array([0.0, 1.0, 1.5]), 0.0, 10.0) == pytest.approx(80.0)
