"""Atrial fibrillation minute by minute, and the rhythm of each window, against what people noted.

A minute's score is the mean probability of AF over it, its truth what was noted for most of it. A record of 10 to 60
seconds counts as one minute; so does every gap-free stretch of that length. What is left beyond the last whole minute
of a longer one is not scored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.auroc import auroc
from converter.evaluation.ec57 import share
from converter.evaluation.heard import Heard, Placed
from converter.evaluation.records import Record
from converter.evaluation.rhythm_truth import RhythmLabel, majority, share_of
from edge.waves.marks import RHYTHMS, Rhythm

MINUTE_S, SHORTEST_S = 60.0, 10.0
TRUTHS: Final = tuple(RhythmLabel)
"""Rows of `RhythmScore.decisions`."""
DECISIONS: Final = (*(str(rhythm) for rhythm in RHYTHMS), "unclassified", "unreadable")
"""Its columns: what was decided of a window, or why nothing was."""
_AF: Final = RHYTHMS.index(Rhythm.AF)
_ROUNDING_S: Final = 0.05
_THRESHOLD: Final = 0.5


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of a record: where it begins (s), the mean probability of AF, and whether people noted AF."""

    record: str
    begin_s: float
    probability: float
    is_af: bool


@dataclass(frozen=True, slots=True, eq=False)
class RhythmScore:
    """Rhythm of a record, or of several.

    Parameters
    ----------
    record, patient
        Whose.
    minutes
        All with a truth.
    decisions
        ``NDArray[int64]``, shape (4, 5): windows of ten seconds, rows `TRUTHS`, columns `DECISIONS`.
    noted_s, noted_af_s
        How long a rhythm is noted, and AF; s.
    """

    record: str
    patient: str
    minutes: tuple[Minute, ...]
    decisions: NDArray[np.int64]
    noted_s: float
    noted_af_s: float


def score_rhythm(record: Record, read: Heard) -> RhythmScore:
    """Score the rhythm of a record.

    Parameters
    ----------
    record
        With `Record.rhythms`.
    read
        What the analyser said.

    Raises
    ------
    ValueError
        If no rhythm is noted.
    """
    if not record.rhythms:
        raise ValueError(f"no rhythm is noted in {record.name}")
    held = share_of(record.rhythms, 0.0, record.duration_s)
    return RhythmScore(
        record.name,
        record.patient,
        tuple(_minutes(record, read)),
        _decisions(record, read),
        sum(held.values()),
        held[RhythmLabel.AF],
    )


def _minutes(record: Record, read: Heard) -> Iterator[Minute]:
    for part in read.parts:
        for begin_s, end_s in _bounds(part):
            truth = majority(record.rhythms, begin_s, end_s)
            said = part.rhythms_between(begin_s, end_s)
            if truth is not None and len(said):
                probability = float(said[:, _AF].mean(dtype=np.float64))
                yield Minute(record.name, begin_s, probability, truth is RhythmLabel.AF)


def _bounds(part: Placed) -> Iterator[tuple[float, float]]:
    duration_s = part.end_s - part.begin_s
    if SHORTEST_S - _ROUNDING_S <= duration_s < MINUTE_S:
        yield part.begin_s, part.end_s
    for k in range(int(duration_s // MINUTE_S)):
        yield part.begin_s + k * MINUTE_S, part.begin_s + (k + 1) * MINUTE_S


def _decisions(record: Record, read: Heard) -> NDArray[np.int64]:
    counts = np.zeros((len(TRUTHS), len(DECISIONS)), np.int64)
    for begin_s, end_s, window in read.windows():
        truth = majority(record.rhythms, begin_s, end_s)
        if truth is None:
            continue
        said = "unreadable" if window.measurements is None else str(window.measurements.rhythm or "unclassified")
        counts[TRUTHS.index(truth), DECISIONS.index(said)] += 1
    return counts


def rhythm_figures(score: RhythmScore) -> dict[str, float]:
    """Figures of AF, shares from 0 to 1; NaN where there is nothing.

    Keys: ``auroc`` over minutes; ``minute_se``, ``minute_sp`` with a minute called AF where its mean probability is a
    half or more; ``window_se``, ``window_sp``, ``window_ppv`` of windows whose rhythm was decided; ``undecided``, the
    part of windows for which it was not; ``burden_noted`` and ``burden_read``, the part of the time noted as AF and
    the part of the decided windows read as AF.
    """
    scores = np.array([m.probability for m in score.minutes], np.float64)
    labels = np.array([m.is_af for m in score.minutes], np.bool_)
    called = scores >= _THRESHOLD
    decided = score.decisions[:, : len(RHYTHMS)]
    af_row = TRUTHS.index(RhythmLabel.AF)
    hit, read_af, noted_af = float(decided[af_row, _AF]), float(decided[:, _AF].sum()), float(decided[af_row].sum())
    n = float(decided.sum())
    return {
        "auroc": auroc(scores, labels) if scores.size else nan,
        "minute_se": share(float((called & labels).sum()), float(labels.sum())),
        "minute_sp": share(float((~called & ~labels).sum()), float((~labels).sum())),
        "window_se": share(hit, noted_af),
        "window_sp": share(n - noted_af - (read_af - hit), n - noted_af),
        "window_ppv": share(hit, read_af),
        "undecided": share(float(score.decisions.sum()) - n, float(score.decisions.sum())),
        "burden_noted": share(score.noted_af_s, score.noted_s),
        "burden_read": share(read_af, n),
    }
