"""Several results: what is alike in them side by side, with what may be said of a difference."""

from collections.abc import Iterator, Sequence

from benchmarks.bench.comparing.comparison import Comparison, PackComparison
from benchmarks.bench.comparing.verdict import Judged, Row, Verdict
from benchmarks.bench.comparing.words import accuracy_line, figure, interval, what
from benchmarks.bench.report.series import Series
from edge.page.markup import Column, Markup, element, join, plural, table


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
    for pack in comparison.packs:
        yield _table(base, other, pack)
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
    noisy = " A machine was noisy: intervals are wider by half." if comparison.noisy else ""
    threshold = f"beyond noise and {comparison.threshold:.0%}"
    return f"Of {plural(len(comparison.rows), 'figure')}: {said or 'none judged'} ({threshold}).{noisy}"


def _table(base: Series, other: Series, pack: PackComparison) -> Markup:
    columns = [
        Column("quantity"),
        *(Column(head, is_number=True) for head in (base.letter, other.letter, "ratio, 95 %")),
    ]
    columns.append(Column("difference"))
    rows = [(what(row.base), figure(row.base), figure(row.other), _ratio(row), _verdict(row)) for row in pack.rows]
    judged = "" if pack.judged is Judged.YES else f"; {pack.judged.value}"
    corrected = "; *: each process's figure over its yardstick" if any(row.corrected for row in pack.rows) else ""
    caption = f"{pack.base.label}, {accuracy_line(pack.base.accuracy)}{judged}{corrected}"
    return table(columns, rows, caption=caption)


def _ratio(row: Row) -> str:
    return f"{interval(row.ratio)}{' *' if row.corrected else ''}"


def _verdict(row: Row) -> str:
    match row.verdict:
        case Verdict.WORSE:
            return element("span", row.said, class_="no")
        case Verdict.BETTER:
            return element("span", row.said, class_="yes")
        case _:
            return row.said
