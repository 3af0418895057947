"""What was found is told on a page, in tables and as JSON."""

import json
import re

import numpy as np
import pytest

from converter.evaluation.bootstrap import Estimate
from converter.evaluation.drawing import bland_altman, boundary_errors, burden, receiver_curve, shares_by_level
from converter.evaluation.errors import EvaluationError
from converter.evaluation.evaluate import AddedNoise, RecordResult, What, findings_of, has_truth, score_record
from converter.evaluation.findings import plain, spoken
from converter.evaluation.interval_truth import IntervalTruth
from converter.evaluation.records import Stretch
from converter.evaluation.report import as_json, evaluation_of, render, write_evaluation
from converter.evaluation.rhythm_truth import RhythmLabel, RhythmSpan
from converter.evaluation.wave_truth import Waves
from edge.waves.marks import Rhythm
from edge.waves.track import Grade
from tests.converter.evaluation.records import a_record, beats
from tests.converter.evaluation.standin import marks_of, measured, reading_of

AT_S = np.arange(0.5, 60.0, 1.0)
RATE_HZ = 100.0
SAMPLES = np.random.default_rng(3).normal(size=6000)
NOISE = AddedNoise(Stretch(0.0, np.random.default_rng(4).normal(size=3000), RATE_HZ), (12.0, 0.0))


def marked(name, k):
    label = RhythmLabel.AF if k % 2 else RhythmLabel.SINUS
    places = ([-0.2, -0.16, -0.1], [-0.04, 0.0, 0.05], [0.2, 0.3, 0.38])
    return a_record(
        name,
        beats=beats(AT_S, np.arange(60) % 5),
        rhythms=(RhythmSpan(0.0, 60.0, label),),
        waves=Waves(*(AT_S[:, None] + np.array(place) for place in places)),
        intervals=IntervalTruth(60.0, 160.0 + k, None, 400.0 - k),
        stretches=(Stretch(0.0, SAMPLES, RATE_HZ),),
    )


def analyse(millivolts, rate_hz):
    """Read a beat at each second, a bit late, some of them missed, in a signal that is turned away when it is loud."""
    found = np.delete(AT_S, [7, 30]) + 0.01
    grades = [Grade.NOTHING if millivolts.std() > 1.1 else Grade.WAVES] + [Grade.RATE] * 5
    said = [measured(60.0, Rhythm.AF, pr_ms=165.0, qt_ms=390.0)] * 6
    places = [-0.04, 0.0, 0.05]
    marks = marks_of(millivolts.size / rate_hz, found, np.arange(58) % 3, None, found[:, None] + places, None)
    return reading_of(marks, af=0.4, grades=grades, measurements=said)


def results(what, n=4):
    added = NOISE if what is What.QUALITY else None
    records = [marked(f"r<{k}>", k) for k in range(n)]
    scored = [RecordResult(r.name, r.patient, r.channel, score_record(r, what, analyse, added)) for r in records]
    return [*scored, RecordResult("empty", "", "", (), "no beats are marked")]


def evaluation(what, n=4):
    return evaluation_of(what, results(what, n), pack="stand-in 1.0", data="a set", created="2026-11-28T12:00:00+00:00")


@pytest.mark.parametrize("what", What)
def test_a_page_says_on_what_it_rests_and_needs_nothing_but_itself(what):
    page = render(evaluation(what))
    for said in ("Not a medical device", "stand-in 1.0", "a set", "II (4)", "4 records of 4 patients", "1: no beats"):
        assert said in page
    assert "r&lt;0&gt;" in page
    assert not re.search(r"<script|src=|href=|url\(|r<0>", page)


@pytest.mark.parametrize("what", What)
def test_every_row_of_a_table_is_as_long_as_its_heading(what):
    found = evaluation(what).findings
    for grid in (*found.grids, found.by_record, *found.details):
        assert {len(row) for row in grid.rows} == {len(grid.columns)}


@pytest.mark.parametrize("what", What)
def test_the_json_beside_the_page_has_every_headline_and_record(what, tmp_path):
    page = write_evaluation(tmp_path / "deep" / "er", evaluation(what))
    said = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert said["what"] == what
    assert len(said["records"]) == 4
    assert {score["record"] for score in said["scores"]} == set(said["records"])
    assert all({"value", "low", "high", "unit"} == set(figure) for figure in said["figures"].values())


def test_quality_has_a_headline_for_each_level_of_noise():
    figures = as_json(evaluation(What.QUALITY))["figures"]
    assert figures["accepted"]["value"] == 1.0
    assert figures["accepted_0_db"]["value"] == pytest.approx(5 / 6)


def test_few_patients_are_warned_of():
    assert "4 patients they say little" in render(evaluation(What.BEATS))
    assert "they say little" not in render(evaluation(What.BEATS, n=10))


def test_without_a_score_the_reasons_are_told():
    with pytest.raises(EvaluationError, match="nothing to score: no beats are marked - name a data set"):
        findings_of(What.BEATS, [RecordResult("a", "", "", (), "no beats are marked")])


def test_a_record_says_for_what_it_has_a_truth():
    assert all(has_truth(marked("1", 0), what) for what in What)
    assert not any(has_truth(a_record(), what) for what in What)


def test_an_estimate_is_spoken_with_its_interval():
    assert spoken(Estimate(0.5, 0.25, 0.75), "%", 0) == "50 % (25 to 75)"
    assert spoken(Estimate(-1.25, float("nan"), float("nan")), "ms", 2) == "\N{MINUS SIGN}1.25 ms"
    assert spoken(Estimate(float("nan"), float("nan"), float("nan")), "") == "\N{EN DASH}"


def test_what_is_rounded_away_has_no_sign():
    assert plain(-0.01) == "0.0"


def test_a_difference_chart_has_a_point_for_each_record_and_its_limits():
    chart = bland_altman("a", 340, "QT", "ms", np.array([400.0, 410.0, 390.0]), np.array([405.0, 405.0, 395.0]))
    assert chart.count("<circle") == 3
    assert chart.count('class="limit"') == 3
    assert "bias 1.7 ms" in chart


def test_one_record_can_be_drawn():
    assert bland_altman("a", 340, "QT", "ms", np.array([400.0]), np.array([405.0])).count("<circle") == 1


def test_a_curve_of_a_perfect_score_goes_through_the_corner():
    chart = receiver_curve("a", 340, np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    points = re.search(r'polyline points="([^"]+)"', chart)[1].split()
    assert points[0].split(",")[0] == points[2].split(",")[0]
    assert points[2].split(",")[1] == points[-1].split(",")[1]


def test_what_is_unknown_is_not_drawn():
    nan = float("nan")
    assert burden("a", 340, [("1", nan, 0.5), ("2", 0.5, 0.5)]).count("<circle") == 1
    assert (
        shares_by_level("a", 340, ["1 dB", "0 dB"], {"accepted": [0.5, nan], "right": [0.1, 0.2]}).count("<circle") == 1
    )
    assert "Nothing was compared" in boundary_errors("a", 340, [("P on", nan, nan)], {})
