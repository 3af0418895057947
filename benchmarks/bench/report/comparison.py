"""Several results: what is alike in them side by side, with what may be said of a difference."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from benchmarks.bench.comparing.comparison import Comparison, PackComparison
from benchmarks.bench.comparing.verdict import Judged, Row, Verdict
from benchmarks.bench.comparing.words import accuracy_line, figure, interval, what
from benchmarks.bench.report.drawing import NARROW_PX, RIGHT, ruler, shortened
from benchmarks.bench.report.drawing import figure as chart
from benchmarks.bench.report.said import told
from benchmarks.bench.report.series import Series
from edge.page.axes import Sign, line, mark, snug, svg, words
from edge.page.markup import Column, Markup, element, join, plural, table

_ROW_PX: Final = 18
_TOP, _FOOT = 4, 40
_WIDE_LEFT, _NARROW_LEFT = 230, 150
_LEAST: Final = 1.1
"""The axis reaches so far to either side at least."""
_MOST: Final = 3.0
"""Times beyond the ratios themselves, and no farther: one wide interval would press all others together."""
_COLOUR: Final = {Verdict.WORSE: "worse", Verdict.BETTER: "better"}


def comparison_section(series: Sequence[Series], comparisons: Sequence[Comparison]) -> Markup:
    """Compare each further result with the first; nothing where there is one result."""
    if not comparisons:
        return Markup("")
    base = series[0]
    note = (
        f"Ratios are of each result over {base.letter}, with their 95 % interval: below 1 is less. A difference is "
        "called one only beyond noise: processes are the units, and probabilities are corrected for the number of rows."
    )
    parts = [element("h2", "How do the results differ?"), element("p", note, class_="note")]
    for one, comparison in zip(series[1:], comparisons, strict=True):
        parts += _pair(base, one, comparison)
    return join(parts)


def _pair(base: Series, other: Series, comparison: Comparison) -> Iterator[Markup]:
    yield element("h3", f"{other.letter} over {base.letter}")
    yield element("p", _said(comparison))
    for i, pack in enumerate(comparison.packs):
        if not pack.rows:
            continue
        yield element("h4", told(pack.base.label, pack.base))
        name = f"ratios-{other.letter}-{i}"
        yield chart(name, partial(_forest, base=base, other=other, pack=pack), _caption(pack))
        yield element("details", element("summary", f"All {len(pack.rows)} ratios"), _table(base, other, pack))
    for one, lonely in ((base, comparison.only_base), (other, comparison.only_other)):
        if lonely:
            named = ", ".join(f"{pack.label} (model {pack.model_sha256[:8]})" for pack in lonely)
            yield element("p", f"Only in {one.letter}, not compared: {named}.", class_="note")


def _said(comparison: Comparison) -> str:
    if not comparison.rows:
        return "Nothing in the two is alike: not one model under the same conditions."
    if not comparison.same_machine:
        return f"{plural(len(comparison.rows), 'figure')} side by side; another machine, so no regression is judged."
    counts = {verdict: comparison.count(verdict) for verdict in (Verdict.WORSE, Verdict.BETTER, Verdict.NONE_SHOWN)}
    said = ", ".join(f"{n} {verdict.value}" for verdict, n in counts.items() if n)
    noisy = " A machine was noisy: intervals are wider by a fifth." if comparison.noisy else ""
    threshold = f"beyond noise and {comparison.threshold:.0%}"
    return f"Of {plural(len(comparison.rows), 'figure')}: {said or 'none judged'} ({threshold}).{noisy}"


def _table(base: Series, other: Series, pack: PackComparison) -> Markup:
    columns = [
        Column("quantity"),
        *(Column(head, is_number=True) for head in (base.letter, other.letter, "ratio, 95 %")),
    ]
    columns.append(Column("difference"))
    rows = [(what(row.base), figure(row.base), figure(row.other), _ratio(row), _verdict(row)) for row in pack.rows]
    return table(columns, rows)


def _caption(pack: PackComparison) -> str:
    judged = "" if pack.judged is Judged.YES else f" {pack.judged.value.capitalize()}."
    corrected = " *: each process's figure over its yardstick." if any(row.corrected for row in pack.rows) else ""
    good = accuracy_line(pack.base.accuracy).replace("accuracy", "Accuracy", 1)
    said = "Ratio and 95 % interval of what both have. Dashed: no difference. What reaches farther ends at the edge."
    return f"{said}{judged}{corrected} {good}."


def _forest(name: str, width: int, base: Series, other: Series, pack: PackComparison) -> Markup:
    """Every ratio with its interval, a row each."""
    rows = [(row, row.ratio) for row in pack.rows if row.ratio is not None]
    height = _TOP + _ROW_PX * len(rows) + _FOOT
    left = _NARROW_LEFT if width < NARROW_PX else _WIDE_LEFT
    values = [1 / _LEAST, _LEAST, *(found.value for _, found in rows)]
    low, high = min(values) / _MOST, max(values) * _MOST
    ends = [end for _, found in rows for end in (found.low or found.value, found.high or found.value)]
    x = snug([*values, *(min(max(end, low), high) for end in ends)], left, width - RIGHT)
    foot = height - _FOOT
    parts = [
        ruler(x, _TOP, foot, x.ticks(), f"{other.letter} over {base.letter} (log)"),
        line(x(1.0), _TOP, x(1.0), foot, "limit"),
    ]
    for k, (row, found) in enumerate(rows):
        at = _TOP + _ROW_PX * (k + 0.5)
        parts.append(words(left - 7, at + 4, shortened(what(row.base), left - 10), "end", "label"))
        if found.low is not None and found.high is not None:
            parts.append(line(x(found.low), at, x(found.high), at, f"rule {_COLOUR.get(row.verdict, 'c-rest')}"))
        parts.append(
            mark(x(found.value), at, Sign(_COLOUR.get(row.verdict, "c-rest")), f"{what(row.base)}: {_ratio(row)}")
        )
    said = "; ".join(f"{what(row.base)} {_ratio(row)} {row.said}" for row, _ in rows)
    return svg(name, f"{pack.base.label}: {other.letter} over {base.letter}", f"{said}.", width, height, join(parts))


def _ratio(row: Row) -> str:
    return f"{interval(row.ratio).replace(' - ', ' to ')}{' *' if row.corrected else ''}"


def _verdict(row: Row) -> str:
    match row.verdict:
        case Verdict.WORSE:
            return element("span", row.said, class_="no")
        case Verdict.BETTER:
            return element("span", row.said, class_="yes")
        case _:
            return row.said
