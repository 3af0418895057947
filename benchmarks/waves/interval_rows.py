"""Intervals of several analysers against the same marks: over all that each gave, and where two both gave one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from benchmarks.waves.comparing import OURS, Compared
from converter.evaluation.intervals import UNITS, IntervalScore, Pairs
from edge.waves.marks import Floats

CONSTANT: Final = "a constant guess"
_RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One figure in one lead by one analyser.

    Parameters
    ----------
    figure, unit, lead, name
        What, where, and by whom.
    n_marked, n_given
        Records in which people marked it, and in how many of those it was given.
    mae, bias
        Mean absolute error and mean error over those.
    n_both, mae_both, ours_both
        Records in which ours was given as well, and both errors there.
    ahead, low, high
        `mae_both` less `ours_both`, with its 95 % interval over records: above zero, ours is nearer.
    """

    figure: str
    unit: str
    lead: str
    name: str
    n_marked: int
    n_given: int
    mae: float
    bias: float
    n_both: int
    mae_both: float
    ours_both: float
    ahead: float
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


def interval_rows(lead: str, compared: Sequence[Compared[IntervalScore]]) -> list[IntervalRow]:
    """Tell of every figure, ours first; the last row of each is of always saying the median of all marked ones."""
    rows = []
    for figure, unit in UNITS.items():
        given = {one.name: _read(figure, one.scores) for one in compared}
        marked = _marked(figure, compared[0].scores)
        given[CONSTANT] = np.full(marked.size, np.nanmedian(marked) if np.isfinite(marked).any() else np.nan)
        rows += [_row((figure, unit, lead, name), marked, read, given[OURS]) for name, read in given.items()]
    return rows


def _pairs(figure: str, scores: Sequence[IntervalScore]) -> Pairs:
    return tuple(pair for score in scores for pair in getattr(score, figure))


def _marked(figure: str, scores: Sequence[IntervalScore]) -> Floats:
    return np.array([np.nan if p.marked is None else p.marked for p in _pairs(figure, scores)], np.float64)


def _read(figure: str, scores: Sequence[IntervalScore]) -> Floats:
    return np.array([np.nan if p.read is None else p.read for p in _pairs(figure, scores)], np.float64)


def _row(what: tuple[str, str, str, str], marked: Floats, read: Floats, ours: Floats) -> IntervalRow:
    errors, our_errors = read - marked, ours - marked
    known = errors[np.isfinite(errors)]
    both = np.isfinite(errors) & np.isfinite(our_errors)
    theirs, own = np.abs(errors[both]), np.abs(our_errors[both])
    low, high = _interval(theirs - own)
    return IntervalRow(
        *what,
        n_marked=int(np.isfinite(marked).sum()),
        n_given=known.size,
        mae=_mean(np.abs(known)),
        bias=_mean(known),
        n_both=int(both.sum()),
        mae_both=_mean(theirs),
        ours_both=_mean(own),
        ahead=_mean(theirs - own),
        low=low,
        high=high,
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")


def _interval(differences: Floats) -> tuple[float, float]:
    if differences.size < 2:  # noqa: PLR2004 - one record has no spread
        return float("nan"), float("nan")
    draws = np.random.default_rng(0).integers(differences.size, size=(_RESAMPLES, differences.size))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)
