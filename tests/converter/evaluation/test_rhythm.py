"""Rhythm is scored minute by minute and window by window."""

import numpy as np
import pytest

from converter.evaluation.heard import Heard, Placed, heard
from converter.evaluation.pooling import pool
from converter.evaluation.rhythm import DECISIONS, TRUTHS, rhythm_figures, score_rhythm
from converter.evaluation.rhythm_truth import (
    RhythmLabel,
    RhythmSpan,
    majority,
    rhythm_of_cinc2017,
    rhythm_of_comments,
    rhythms_of_notes,
)
from edge.waves.marks import Rhythm
from edge.waves.track import STEP_HZ, Grade
from tests.converter.evaluation.records import a_record
from tests.converter.evaluation.standin import marks_of, measured, reading_of

AF, SINUS, NOT_AF, OTHER = RhythmLabel.AF, RhythmLabel.SINUS, RhythmLabel.NOT_AF, RhythmLabel.OTHER
SPANS = (RhythmSpan(0.0, 125.0, SINUS), RhythmSpan(125.0, 300.0, AF))


def read(duration_s, **said):
    return heard(reading_of(marks_of(duration_s, np.arange(0.5, duration_s, 1.0)), **said))


def test_each_minute_has_the_mean_probability_and_the_truth_of_most_of_it():
    af = np.repeat([0.1, 0.2, 0.9, 0.8, 0.7], round(60 * STEP_HZ))
    score = score_rhythm(a_record(duration_s=300.0, rhythms=SPANS), read(300.0, af=af))
    assert [m.is_af for m in score.minutes] == [False, False, True, True, True]
    assert [m.probability for m in score.minutes] == pytest.approx([0.1, 0.2, 0.9, 0.8, 0.7], abs=1e-3)
    assert rhythm_figures(score)["auroc"] == 1.0


@pytest.mark.parametrize(
    ("duration_s", "n_minutes"), [(5.0, 0), (10.0, 1), (59.9, 1), (60.0, 1), (119.0, 1), (121.0, 2)]
)
def test_a_short_record_is_one_minute_and_a_long_one_its_whole_minutes(duration_s, n_minutes):
    spans = (RhythmSpan(0.0, duration_s, AF),)
    assert len(score_rhythm(a_record(rhythms=spans), read(duration_s)).minutes) == n_minutes


def test_minutes_of_stretches_lie_where_the_stretches_do():
    part = read(60.0).parts[0].reading
    record = a_record(duration_s=300.0, rhythms=SPANS)
    score = score_rhythm(record, Heard((Placed(0.0, part), Placed(200.0, part))))
    assert [(m.begin_s, m.is_af) for m in score.minutes] == [(0.0, False), (200.0, True)]


def test_decisions_of_windows_are_counted_and_the_burden_rests_on_those_decided():
    rhythms = [Rhythm.AF, Rhythm.AF, None, Rhythm.SINUS]
    said = [measured(60.0, rhythm) for rhythm in [*rhythms, Rhythm.AF]]
    grades = [Grade.WAVES] * 4 + [Grade.NOTHING]
    record = a_record(duration_s=50.0, rhythms=(RhythmSpan(0.0, 50.0, AF),))
    score = score_rhythm(record, read(50.0, measurements=said, grades=grades))
    row = dict(zip(DECISIONS, score.decisions[TRUTHS.index(AF)].tolist(), strict=True))
    assert row == {"sinus": 1, "af": 2, "other": 0, "unclassified": 1, "unreadable": 1}
    figures = rhythm_figures(score)
    assert figures["burden_read"] == pytest.approx(2 / 3)
    assert (figures["burden_noted"], figures["undecided"]) == (1.0, 0.4)


def test_scores_of_records_pool_their_minutes():
    records = [
        a_record(name, 60.0, rhythms=(RhythmSpan(0.0, 60.0, label),)) for name, label in (("a", AF), ("b", OTHER))
    ]
    scores = [score_rhythm(r, read(60.0, af=p)) for r, p in zip(records, (0.4, 0.3), strict=True)]
    figures = rhythm_figures(pool(scores))
    assert (figures["auroc"], figures["minute_se"], figures["minute_sp"]) == (1.0, 0.0, 1.0)


def test_a_minute_and_a_window_whose_rhythm_is_not_noted_are_not_scored():
    record = a_record(duration_s=120.0, rhythms=(RhythmSpan(0.0, 60.0, AF),))
    score = score_rhythm(record, read(120.0))
    assert len(score.minutes) == 1
    assert score.decisions.sum() == 6


def test_a_record_without_a_rhythm_cannot_be_scored():
    with pytest.raises(ValueError, match="no rhythm is noted"):
        score_rhythm(a_record(), read(60.0))


def test_a_note_holds_until_the_next_one():
    at_s = np.array([0.0, 1.0, 10.0, 20.0, 30.0])
    spans = rhythms_of_notes(at_s, ["(N\0", "", "(AFIB", "(AFL", "TS"], 40.0)
    assert [(s.begin_s, s.end_s, s.label) for s in spans] == [(0, 10, SINUS), (10, 20, AF), (20, 40, OTHER)]


def test_where_only_fibrillation_is_noted_the_rest_is_not_called_sinus():
    spans = rhythms_of_notes(np.array([0.0, 5.0]), ["(AFIB", "(N"], 10.0, only_af=True)
    assert [s.label for s in spans] == [AF, NOT_AF]


@pytest.mark.parametrize(
    ("comments", "label"),
    [
        (["Age: 78", "Dx: 67741000119109,426177001"], SINUS),
        (["Dx: 164889003,426177001"], AF),
        (["Dx: 164890007"], OTHER),
        (["Dx: 59118001"], NOT_AF),
        (["Rhythm: Atrial fibrillation."], AF),
        (["Rhythm: Atrial flutter, typical."], OTHER),
        (["Rhythm: Sinus rhythm.", "III degree AV-block."], OTHER),
        (["Rhythm: Sinus bradycardia."], SINUS),
        (["non atrial fibrillation"], NOT_AF),
        (["persistent atrial fibrillation"], AF),
        (["paroxysmal atrial fibrillation"], None),
        (["69 M 1085 1629 x1"], None),
        ([], None),
    ],
)
def test_a_header_says_its_rhythm(comments, label):
    assert rhythm_of_comments(comments) == label


@pytest.mark.parametrize(("letter", "label"), [("N", SINUS), ("A", AF), ("O", NOT_AF), ("~", None), ("", None)])
def test_labels_of_2017_are_known(letter, label):
    assert rhythm_of_cinc2017(letter) == label


def test_a_stretch_of_which_half_is_not_noted_has_no_rhythm():
    assert majority((RhythmSpan(0.0, 30.0, AF),), 0.0, 60.0) is None
    assert majority((RhythmSpan(0.0, 31.0, AF),), 0.0, 60.0) is AF
