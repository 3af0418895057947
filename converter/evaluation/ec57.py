"""Beats and their classes scored as ANSI/AAMI EC57 does, between a record's first and last marked beat.

A beat is found where a detection lies within 150 ms of its mark. In ventricular flutter and fibrillation no beats are
marked, and detections there are not held against the analyser. Its classes' sensitivity counts missed beats, too; a
fusion or unclassifiable beat called ventricular, or an unclassifiable one called supraventricular, is no false positive
(de Chazal 2004 recalls the rule). Unlike ``bxb`` by default, the first five minutes count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.evaluation.beat_truth import BeatTruth, Floats, within
from converter.evaluation.heard import Heard
from converter.evaluation.matching import TOLERANCE_S, Matching, match
from converter.evaluation.records import Record
from edge.waves.marks import BEAT_CLASSES

N, S, V, F, Q = range(len(BEAT_CLASSES))
NONE: Final = len(BEAT_CLASSES)
"""Row of what was found where no beat is marked, column of what was not found."""
_RATE_WINDOW_S: Final = 10.0
_SHORTEST_RATE_BEATS: Final = 3
BALANCED: Final = (N, S, V, F)
"""Classes of the balanced accuracy; Q is left out: paced beats, and those that nobody can classify."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatScore:
    """Beats of a record, or of several.

    Parameters
    ----------
    record, patient
        Whose.
    confusion
        ``NDArray[int64]``, shape (6, 6): rows N, S, V, F, Q as marked and "no beat", columns the same as found.
    scored_s
        How long is scored, s.
    rate_n, rate_absolute, rate_squared
        Windows of ten seconds with three beats marked and found, and sums of their heart rates' errors: bpm, bpm².
    rate_missing
        Windows with three marked beats and fewer than three found.
    """

    record: str
    patient: str
    confusion: NDArray[np.int64]
    scored_s: float
    rate_n: int
    rate_absolute: float
    rate_squared: float
    rate_missing: int


def score_beats(record: Record, read: Heard) -> BeatScore:
    """Score the beats of a record.

    Parameters
    ----------
    record
        With `Record.beats`.
    read
        What the analyser said.

    Raises
    ------
    ValueError
        If no beats are marked.
    """
    truth = record.beats
    if truth is None or not truth.at_s.size:
        raise ValueError(f"no beats are marked in {record.name}")
    begin_s, end_s = truth.scored_s
    near = (read.beats_s >= begin_s - TOLERANCE_S) & (read.beats_s <= end_s + TOLERANCE_S)
    found_s, classes = read.beats_s[near], read.classes[near]
    pairs = match(truth.at_s, found_s)
    errors = list(_rate_errors(truth, found_s))
    known = [error for error in errors if error is not None]
    return BeatScore(
        record.name,
        record.patient,
        _confusion(truth, pairs, classes, _held_against(truth, found_s, pairs)),
        end_s - begin_s - float(np.diff(truth.left_out_s, axis=1).sum()),
        len(known),
        float(np.abs(known).sum()),
        float(np.square(known).sum()),
        len(errors) - len(known),
    )


def _held_against(truth: BeatTruth, found_s: Floats, pairs: Matching) -> NDArray[np.int64]:
    """Extra detections that count: those between the first and the last beat, out of ventricular flutter."""
    extra_s = found_s[pairs.extra]
    begin_s, end_s = truth.scored_s
    counts = (extra_s >= begin_s) & (extra_s <= end_s) & ~within(extra_s, truth.left_out_s, TOLERANCE_S)
    return pairs.extra[counts]


def _confusion(
    truth: BeatTruth, pairs: Matching, classes: NDArray[np.int64], extra: NDArray[np.int64]
) -> NDArray[np.int64]:
    rows = np.concatenate([truth.classes[pairs.reference], truth.classes[pairs.missed], np.full(extra.size, NONE)])
    columns = np.concatenate([classes[pairs.found], np.full(pairs.missed.size, NONE), classes[extra]])
    return np.bincount((NONE + 1) * rows + columns, minlength=(NONE + 1) ** 2).reshape(NONE + 1, NONE + 1)


def _rate_errors(truth: BeatTruth, found_s: Floats) -> Iterator[float | None]:
    """Error of the mean rate in each window of ten seconds, bpm; None where too few beats are found."""
    first_s, last_s = truth.scored_s
    for begin_s in np.arange(first_s, last_s - _RATE_WINDOW_S, _RATE_WINDOW_S).tolist():
        end_s = begin_s + _RATE_WINDOW_S
        if truth.is_left_out(begin_s, end_s):
            continue
        rate = mean_rate_bpm(truth.at_s, begin_s, end_s)
        if rate is not None:
            found = mean_rate_bpm(found_s, begin_s, end_s)
            yield None if found is None else found - rate


def mean_rate_bpm(at_s: Floats, begin_s: float, end_s: float) -> float | None:
    """60 over the mean interval between the beats of a stretch, bpm; None with fewer than three beats."""
    beats_s = at_s[np.searchsorted(at_s, begin_s) : np.searchsorted(at_s, end_s)]
    if beats_s.size < _SHORTEST_RATE_BEATS:
        return None
    return float(60.0 * (beats_s.size - 1) / (beats_s[-1] - beats_s[0]))


def beat_figures(score: BeatScore) -> dict[str, float]:
    """Shares (0 to 1) of a score, and errors of the rate (bpm); NaN where nothing is to be shared.

    Keys: ``se``, ``ppv``, ``f1`` of detection; the same of V and S as ``v_se`` and so on; ``balanced_accuracy``, the
    mean over N, S, V, F of the part of the marked beats that was found and called so; ``rate_mae_bpm``,
    ``rate_rms_bpm``.
    """
    c = score.confusion.astype(np.float64)
    found = c[:NONE, :NONE].sum()
    figures = _named("", found, c[:NONE, NONE].sum(), c[NONE].sum())
    not_v = c[[N, S, NONE], V].sum()
    not_s = c[[N, V, F, NONE], S].sum()
    figures |= _named("v_", c[V, V], c[V].sum() - c[V, V], not_v)
    figures |= _named("s_", c[S, S], c[S].sum() - c[S, S], not_s)
    recalls = [c[k, k] / c[k].sum() for k in BALANCED if c[k].sum()]
    figures["balanced_accuracy"] = float(np.mean(recalls)) if recalls else nan
    figures["rate_mae_bpm"] = share(score.rate_absolute, score.rate_n)
    figures["rate_rms_bpm"] = sqrt(share(score.rate_squared, score.rate_n))
    return figures


def _named(prefix: str, hit: float, missed: float, wrong: float) -> dict[str, float]:
    return {f"{prefix}{name}": value for name, value in detection(hit, missed, wrong).items()}


def detection(hit: float, missed: float, wrong: float) -> dict[str, float]:
    """Sensitivity, positive predictive value and their harmonic mean, 0 to 1; NaN where there is nothing to find."""
    f1 = share(2.0 * hit, 2.0 * hit + missed + wrong)
    return {"se": share(hit, hit + missed), "ppv": share(hit, hit + wrong), "f1": f1 if hit + missed else nan}


def share(part: float, whole: float) -> float:
    """Part of a whole; NaN of nothing."""
    return float(part / whole) if whole else nan
