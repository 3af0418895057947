"""Intervals are compared with the medians of what people marked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.heard import heard
from converter.evaluation.interval_truth import IntervalTruth, interval_table
from converter.evaluation.intervals import compared, interval_figures, score_intervals, withheld
from converter.evaluation.pooling import pool
from edge.waves.figures import Withheld
from edge.waves.track import Grade
from tests.converter.evaluation.records import a_record
from tests.converter.evaluation.standin import marks_of, measured, reading_of

TRUTH = IntervalTruth(60.0, 160.0, 90.0, 400.0)


def score(name="1", truth=TRUTH, grade=Grade.WAVES, bpm=60.0, **figures):
    said = [measured(bpm, **{f"{key}_ms": value for key, value in figures.items()})]
    reading = reading_of(marks_of(10.0, np.arange(0.5, 10.0, 1.0)), grades=[grade], measurements=said)
    return score_intervals(a_record(name, 10.0, intervals=truth), heard(reading))


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=10))
def test_bias_and_spread_are_those_of_the_differences(apart):
    scores = [score(str(k), pr=160.0 + d, qrs=90.0, qt=400.0) for k, d in enumerate(apart)]
    figures = interval_figures(pool(scores))
    assert figures["pr_bias"] == pytest.approx(np.mean(apart), abs=1e-9)
    assert figures["pr_mae"] == pytest.approx(np.mean(np.abs(apart)), abs=1e-9)
    assert figures["pr_sd"] == pytest.approx(np.std(apart, ddof=1), abs=1e-9)
    assert figures["qt_mae"] == 0.0


def test_what_is_withheld_is_counted_by_reason_and_not_compared():
    scores = [score("1", pr=170.0), score("2"), score("3", grade=Grade.NOTHING)]
    whole = pool(scores)
    assert withheld(whole.pr) == {Withheld.TOO_FEW_BEATS: 1, "unreadable": 1}
    assert compared(whole.pr)[1].tolist() == [170.0]
    assert interval_figures(whole)["pr_withheld"] == pytest.approx(2 / 3)


def test_a_figure_where_nothing_is_marked_is_told():
    assert withheld(score(truth=IntervalTruth(60.0, None, 90.0, 400.0), pr=150.0).pr) == {"nothing marked": 1}


def test_the_constant_guess_is_the_median_of_all_that_is_marked():
    truths = [IntervalTruth(60.0, 160.0, 90.0, qt) for qt in (380.0, 400.0, 450.0)]
    figures = interval_figures(pool([score(str(k), t, qt=t.qt_ms) for k, t in enumerate(truths)]))
    assert figures["qt_constant_mae"] == pytest.approx((20.0 + 0.0 + 50.0) / 3)


def test_without_any_interval_the_figures_are_unknown():
    figures = interval_figures(score(grade=Grade.NOTHING))
    assert np.isnan([figures["qt_mae"], figures["qt_bias"], figures["qt_sd"], figures["qt_constant_mae"]]).all()


def test_a_channel_without_intervals_cannot_be_scored():
    with pytest.raises(ValueError, match="no intervals are marked"):
        score(truth=None)


def test_the_table_of_intervals_has_a_row_for_each_lead_and_gaps_where_nothing_was_marked():
    row = {"record": "5", "lead": "II", "hr_bpm": "58.3", "pr_ms": "", "qrs_ms": "72.0", "qt_ms": "nan"}
    assert interval_table([row]) == {("5", "ii"): IntervalTruth(58.3, None, 72.0, None)}
