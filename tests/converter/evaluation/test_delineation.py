"""Waves are scored against a cardiologist's marks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.delineation import BOUNDARIES, score_waves, wave_figures
from converter.evaluation.heard import heard
from converter.evaluation.pooling import pool
from converter.evaluation.wave_truth import Waves, waves_of
from tests.converter.evaluation.records import a_record
from tests.converter.evaluation.standin import marks_of, reading_of

R_S = np.arange(1.0, 9.0, 1.0)
P, QRS, T = (R_S[:, None] + np.array(places) for places in ([-0.2, -0.16, -0.1], [-0.04, 0, 0.05], [0.2, 0.3, 0.38]))
RECORD = a_record(duration_s=10.0, waves=Waves(P[1:], QRS, T[:-1]))


def score(p=P, qrs=QRS, t=T, record=RECORD):
    return score_waves(record, heard(reading_of(marks_of(10.0, qrs[:, 1], None, p, qrs, t))))


def test_a_perfect_reading_has_every_wave_and_no_error():
    figures = wave_figures(score())
    assert [figures[f"{w}_f1"] for w in ("p", "qrs", "t")] == [1.0, 1.0, 1.0]
    assert all(figures[f"{b}_{k}_ms"] == pytest.approx(0.0, abs=1e-6) for b in BOUNDARIES for k in ("mean", "sd"))


@given(st.floats(-60, 60), st.floats(-60, 60))
def test_a_shift_of_a_boundary_is_its_mean_error(on_ms, off_ms):
    shifted = QRS + np.array([on_ms, 0.0, off_ms]) / 1000.0
    figures = wave_figures(score(qrs=shifted))
    assert figures["qrs_on_mean_ms"] == pytest.approx(on_ms, abs=1e-6)
    assert figures["qrs_off_mean_ms"] == pytest.approx(off_ms, abs=1e-6)
    assert figures["qrs_on_sd_ms"] == pytest.approx(0.0, abs=1e-3)


def test_the_sd_is_a_samples():
    errors_ms = np.array([3.0, -5.0, 8.0, 0.0, 1.0, -2.0, 4.0, -9.0])
    figures = wave_figures(score(qrs=QRS + np.outer(errors_ms / 1000.0, [0.0, 0.0, 1.0])))
    assert figures["qrs_off_mean_ms"] == pytest.approx(errors_ms.mean())
    assert figures["qrs_off_sd_ms"] == pytest.approx(errors_ms.std(ddof=1))


def test_missed_and_invented_waves_are_counted():
    without = P.copy()
    without[[2, 3]] = np.nan
    assert score(p=without).presence[0].tolist() == [5, 2, 0]
    record = a_record(duration_s=10.0, waves=Waves(P[3:], QRS, T[:-1]))
    assert score(record=record).presence[0].tolist() == [5, 0, 2]


def test_what_lies_beyond_the_first_and_last_marked_complex_is_not_scored():
    record = a_record(duration_s=10.0, waves=Waves(P, QRS[2:6], T))
    assert score(record=record).presence.tolist() == [[3, 0, 0], [4, 0, 0], [3, 0, 0]]


def test_a_wave_whose_end_is_not_seen_is_present_and_its_end_is_counted():
    without_end = T.copy()
    without_end[1, 2] = np.nan
    scored = score(t=without_end)
    assert scored.presence[2].tolist() == [7, 0, 0]
    assert dict(zip(BOUNDARIES, scored.unseen.tolist(), strict=True))["t_off"] == 1


def test_errors_of_records_pool_as_if_they_were_of_one():
    late, early = score(t=T + 0.01), score(t=T - 0.02)
    figures = wave_figures(pool([late, early]))
    errors_ms = np.repeat([10.0, -20.0], 7)
    assert figures["t_off_mean_ms"] == pytest.approx(errors_ms.mean())
    assert figures["t_off_sd_ms"] == pytest.approx(errors_ms.std(ddof=1))


def test_a_channel_without_marks_cannot_be_scored():
    with pytest.raises(ValueError, match="no waves are marked in channel II of 100"):
        score(record=a_record())


def test_a_bracket_belongs_to_the_symbol_beside_it():
    waves = waves_of(np.array([0.1, 0.2, 0.3, 1.0, 1.1, 2.0]), ["(", "N", ")", "t", ")", "p"])
    assert waves.qrs.tolist() == [[0.1, 0.2, 0.3]]
    assert waves.t[0, 1:].tolist() == [1.0, 1.1]
    assert np.isnan(waves.t[0, 0])
    assert np.isnan(waves.p[0, [0, 2]]).all()
