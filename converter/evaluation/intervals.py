"""Heart rate, PR, QRS and QT of a recording's first window against the medians of what people marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, TypeAlias

import numpy as np

from converter.evaluation.beat_truth import Floats
from converter.evaluation.ec57 import share
from converter.evaluation.heard import Heard
from converter.evaluation.interval_truth import IntervalTruth
from converter.evaluation.records import Record
from edge.waves.figures import Figure, Measurements

UNITS: Final = {"heart_rate": "bpm", "pr": "ms", "qrs": "ms", "qt": "ms"}
"""What is compared: fields of `IntervalScore`, and their units."""
_FIELDS: Final = {"heart_rate": "heart_rate_bpm", "pr": "pr_ms", "qrs": "qrs_ms", "qt": "qt_ms"}
_UNREADABLE: Final = "unreadable"
_NOTHING_MARKED: Final = "nothing marked"


@dataclass(frozen=True, slots=True)
class Pair:
    """A record's figure as people marked it and as it was read.

    Parameters
    ----------
    record
        Whose.
    marked
        None where people marked none.
    read
        None where it is withheld.
    withheld
        Why; empty where there is a figure.
    """

    record: str
    marked: float | None
    read: float | None
    withheld: str


Pairs: TypeAlias = tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class IntervalScore:
    """Figures of a record, or of several; one pair a record in each field."""

    record: str
    patient: str
    heart_rate: Pairs
    pr: Pairs
    qrs: Pairs
    qt: Pairs


def score_intervals(record: Record, read: Heard) -> IntervalScore:
    """Compare the figures of a record's first window.

    Parameters
    ----------
    record
        With `Record.intervals`, of about the length of a window.
    read
        What the analyser said.

    Raises
    ------
    ValueError
        If no intervals are marked.
    """
    if record.intervals is None:
        raise ValueError(f"no intervals are marked in channel {record.channel} of {record.name}")
    first = next((window.measurements for _, _, window in read.windows()), None)
    pairs = {name: (_pair(record.name, record.intervals, first, field),) for name, field in _FIELDS.items()}
    return IntervalScore(record.name, record.patient, **pairs)


def _pair(record: str, truth: IntervalTruth, measured: Measurements | None, field: str) -> Pair:
    marked: float | None = getattr(truth, field)
    if measured is None:
        return Pair(record, marked, None, _UNREADABLE)
    figure: Figure = getattr(measured, field)
    return Pair(record, marked, figure.value, str(figure.withheld) if figure.withheld else "")


def compared(pairs: Sequence[Pair]) -> tuple[Floats, Floats]:
    """Marked and read figures of the records that have both, shape (n,) each."""
    both = [(p.marked, p.read) for p in pairs if p.marked is not None and p.read is not None]
    together = np.array(both, np.float64).reshape(-1, 2)
    return together[:, 0], together[:, 1]


def withheld(pairs: Sequence[Pair]) -> dict[str, int]:
    """How often a marked figure was withheld, by reason; and how often one was given where people marked none."""
    counts: dict[str, int] = {}
    for pair in pairs:
        why = pair.withheld if pair.marked is not None else _NOTHING_MARKED if pair.read is not None else ""
        if why:
            counts[why] = counts.get(why, 0) + 1
    return counts


def interval_figures(score: IntervalScore) -> dict[str, float]:
    """Errors of each figure in its unit; NaN where nothing is compared.

    Keys, for each of `UNITS`: ``pr_mae`` mean absolute error; ``pr_bias`` mean of read minus marked; ``pr_sd`` SD of
    that, as a sample's; ``pr_withheld`` part of the marked figures that were withheld; ``pr_constant_mae`` the mean
    absolute error of always saying the median of all that is marked, over the records that were compared.
    """
    figures = {}
    for name in UNITS:
        pairs: Pairs = getattr(score, name)
        marked, read = compared(pairs)
        apart = read - marked
        everything = np.array([p.marked for p in pairs if p.marked is not None], np.float64)
        figures[f"{name}_mae"] = float(np.abs(apart).mean()) if apart.size else nan
        figures[f"{name}_bias"] = float(apart.mean()) if apart.size else nan
        figures[f"{name}_sd"] = float(apart.std(ddof=1)) if apart.size > 1 else nan
        figures[f"{name}_withheld"] = share(everything.size - marked.size, everything.size)
        constant = float(np.abs(marked - np.median(everything)).mean()) if marked.size else nan
        figures[f"{name}_constant_mae"] = constant
    return figures
