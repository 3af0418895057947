"""What scores of intervals say."""

from collections.abc import Sequence
from typing import Final

from converter.evaluation.beat_truth import Floats
from converter.evaluation.bootstrap import Estimate, estimates
from converter.evaluation.drawing import bland_altman
from converter.evaluation.findings import (
    Chart,
    Draw,
    Findings,
    Grid,
    Headline,
    numbers,
    plain,
    spoken,
)
from converter.evaluation.intervals import UNITS, IntervalScore, Pairs, compared, interval_figures, withheld
from converter.evaluation.pooling import pool
from edge.page.markup import UNKNOWN, Column

_INTERVALS: Final = {"heart_rate": "Heart rate", "pr": "PR", "qrs": "QRS", "qt": "QT"}


def interval_findings(scores: Sequence[IntervalScore]) -> Findings:
    """Tell of heart rate, PR, QRS and QT."""
    known, gross = estimates(scores, interval_figures), pool(scores)
    pairs: dict[str, Pairs] = {name: getattr(gross, name) for name in UNITS}
    both = {name: compared(pairs[name]) for name in UNITS}
    words = {"mae": "mean absolute error", "bias": "bias", "sd": "SD of the difference"}
    headlines = [
        Headline(f"{n}_{k}", f"{_INTERVALS[n]}, {word}", known[f"{n}_{k}"], unit, f"{both[n][0].size} records")
        for n, unit in UNITS.items()
        for k, word in words.items()
    ]
    columns = numbers("figure", "compared", "error", "bias", "SD", "95 % limits", "constant's error", "withheld")
    rows = [_interval_row(n, unit, known, both[n][0].size, pairs[n]) for n, unit in UNITS.items()]
    summary = Grid("Read less marked, with 95 % intervals by patient", (*columns[:-1], Column("withheld")), tuple(rows))
    charts = [
        Chart(f"{_INTERVALS[n]}, {unit}", f"{both[n][0].size} records.", _difference_chart(n, unit, *both[n]))
        for n, unit in UNITS.items()
        if both[n][0].size
    ]
    each = {score.record: _differences(score) for score in scores}
    headings = [f"{_INTERVALS[n]} {what}" for n in UNITS for what in ("marked", "read")]
    by_record = Grid("By record", numbers("record", *headings), tuple(_interval_values(score) for score in scores))
    notes = (
        "Read: the median over the beats of the recording's first ten seconds. Marked: the median over the beats whose "
        "waves people marked in the same lead. The heart rates are of the beats read and marked, the latter fewer.",
        "The constant's error is that of always saying the median of all that is marked.",
    )
    return Findings(tuple(headlines), (summary,), tuple(charts), by_record, (), notes, each, gross)


def _interval_row(name: str, unit: str, known: dict[str, Estimate], n: int, pairs: Pairs) -> tuple[str, ...]:
    bias, sd = known[f"{name}_bias"].value, known[f"{name}_sd"].value
    reasons = ", ".join(f"{count} {why.replace('_', ' ')}" for why, count in withheld(pairs).items()) or "none"
    return (
        f"{_INTERVALS[name]}, {unit}",
        str(n),
        spoken(known[f"{name}_mae"], "", 1),
        spoken(known[f"{name}_bias"], "", 1),
        plain(sd),
        f"{plain(bias - 1.96 * sd)} to {plain(bias + 1.96 * sd)}",
        plain(known[f"{name}_constant_mae"].value),
        reasons,
    )


def _difference_chart(name: str, unit: str, marked: Floats, read: Floats) -> Draw:
    return lambda n, w: bland_altman(n, w, _INTERVALS[name], unit, marked, read)


def _differences(score: IntervalScore) -> dict[str, float]:
    figures = {}
    for name in UNITS:
        marked, read = compared(getattr(score, name))
        figures[f"{name}_difference"] = float((read - marked).mean()) if marked.size else float("nan")
    return figures


def _interval_values(score: IntervalScore) -> tuple[str, ...]:
    values = [score.record]
    for name in UNITS:
        pair = getattr(score, name)[0]
        values.append(UNKNOWN if pair.marked is None else plain(pair.marked))
        values.append(plain(pair.read) if pair.read is not None else pair.withheld.replace("_", " "))
    return tuple(values)
