"""A row of a comparison, and what may be said of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from benchmarks.bench.comparing.around import Around
from benchmarks.bench.comparing.ratio import CONFIDENCE, Drift, Ratio, Units, holm, ratio
from benchmarks.bench.measurement import Measurement, Quantity

DEFAULT_THRESHOLD: Final = 0.05
"""A smaller change is of no practical weight."""

_MEMORY: Final = frozenset({Quantity.PEAK_RESIDENT, Quantity.STEADY_RESIDENT})
_UNTIMED: Final = _MEMORY | {Quantity.ENERGY}
"""What does not follow the speed of the machine."""

# Results of one commit on a virtual machine of two cores that others used meanwhile lay 1.5 to 3 % apart beyond what
# their processes explain, taken over the yardstick, and 4 to 7 % as they were; times followed it by powers of 0.6 to 1.
_OVER_YARDSTICK: Final = Drift(floor=0.02, usual=0.03, power=1.0, doubt=0.25)
_AS_IT_IS: Final = Drift(floor=0.07, usual=0.05, power=0.0, doubt=1.0)
_OF_MEMORY: Final = Drift(floor=0.005, usual=0.005)
_OF_ENERGY: Final = Drift(floor=0.03, usual=0.03)

_NOISY_WIDENS: Final = 1.2
"""Most of the noise is in the processes already."""


class Judged(StrEnum):
    """Whether a comparison of two results may end in a regression."""

    YES = "yes"
    OTHER_MACHINE = "other machine: no regression is judged"
    OTHER_KERNELS = "other kernels: no regression is judged"


class Verdict(StrEnum):
    """What may be said of one quantity."""

    WORSE = "worse"
    BETTER = "better"
    NONE_SHOWN = "no difference shown"
    ONE_RUN = "one run: no verdict"
    NOT_JUDGED = "not judged"
    NO_RATIO = "not above zero: no ratio"


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity under the same conditions in two results.

    Parameters
    ----------
    base, other
        The measurements.
    ratio
        Other over base; None where a figure is not above zero.
    corrected
        Whether each figure was divided by its yardstick before.
    verdict
        In the light of all rows of the same two results.
    p_adjusted
        As `ratio.p`, for the number of rows; None where nothing is judged.
    """

    base: Measurement
    other: Measurement
    ratio: Ratio | None
    corrected: bool
    verdict: Verdict
    p_adjusted: float | None = None

    @property
    def said(self) -> str:
        """The verdict in the words of the quantity."""
        heavier = self.base.quantity in _UNTIMED
        match self.verdict:
            case Verdict.WORSE:
                return "more" if heavier else "slower"
            case Verdict.BETTER:
                return "less" if heavier else "faster"
            case _:
                return self.verdict.value


def compare(
    base: Measurement,
    other: Measurement,
    *,
    judged: Judged,
    noisy: bool,
    around: tuple[Around, Around] = (Around(), Around()),
) -> Row:
    """Put two measurements of the same quantity under the same conditions side by side; no verdict yet.

    Parameters
    ----------
    base, other
        The measurements.
    judged
        On another machine the yardstick is left alone: its speed is part of the answer. On the same one times are
        taken over the yardstick, unless it was so disturbed that the interval is wider for it.
    noisy
        Whether either machine was: the interval is then wider by a fifth.
    around
        Each one's machine while it was measured.
    """
    if min(run.median for run in (*base.runs, *other.runs)) <= 0.0:
        return Row(base, other, None, False, Verdict.NO_RATIO)
    timed = all(run.yardstick_ms is not None for run in (*base.runs, *other.runs))
    a, b = _units(base, around[0], timed=timed), _units(other, around[1], timed=timed)
    widening = _NOISY_WIDENS if noisy else 1.0
    found, corrected = ratio(a, b, _as_it_is(base.quantity, judged), widening=widening), False
    if timed and base.quantity not in _UNTIMED and judged is not Judged.OTHER_MACHINE:
        over = ratio(a, b, _OVER_YARDSTICK, widening=widening)
        if over.width <= found.width:
            found, corrected = over, True
    one_run = found.p is None and judged is Judged.YES
    return Row(base, other, found, corrected, Verdict.ONE_RUN if one_run else Verdict.NOT_JUDGED)


def judge(rows: Sequence[Row], *, threshold: float = DEFAULT_THRESHOLD) -> list[Row]:
    """Give every row that has an interval its verdict.

    Worse or better is what differs after Holm's correction for the number of rows, so that its interval excludes 1,
    and by more than the threshold. A table in which nothing differs says so wrongly once in twenty times at most.

    Parameters
    ----------
    rows
        All of two results.
    threshold
        The least change of practical weight, as a share: 0.05 is a ratio of 1.05, or of 1 / 1.05.
    """
    asked = [i for i, row in enumerate(rows) if row.ratio is not None and row.ratio.p is not None]
    adjusted = holm([p for i in asked if (p := _p(rows[i])) is not None])
    judged = list(rows)
    for i, p in zip(asked, adjusted, strict=True):
        judged[i] = replace(rows[i], verdict=_verdict(rows[i], p, threshold), p_adjusted=p)
    return judged


def _p(row: Row) -> float | None:
    return row.ratio.p if row.ratio else None


def _verdict(row: Row, p: float, threshold: float) -> Verdict:
    value = row.ratio.value if row.ratio else 1.0
    if p > 1.0 - CONFIDENCE or 1.0 / (1.0 + threshold) <= value <= 1.0 + threshold:
        return Verdict.NONE_SHOWN
    return Verdict.WORSE if value > 1.0 else Verdict.BETTER


def _units(measurement: Measurement, around: Around, *, timed: bool) -> Units:
    yardsticks = [run.yardstick_ms for run in measurement.runs if run.yardstick_ms is not None]
    return Units(
        figures=[run.median for run in measurement.runs],
        yardsticks=yardsticks if timed else (),
        beside=around.pace,
        doubt=around.doubt(measurement),
    )


def _as_it_is(quantity: Quantity, judged: Judged) -> Drift:
    match quantity:
        case Quantity.PEAK_RESIDENT | Quantity.STEADY_RESIDENT:
            return _OF_MEMORY
        case Quantity.ENERGY:
            return _OF_ENERGY
        case _ if judged is Judged.OTHER_MACHINE:  # that one is faster is no doubt there, but the answer
            return replace(_AS_IT_IS, doubt=0.0)
        case _:
            return _AS_IT_IS
