"""Whether the budgets are met: the pack's own, and those of the board."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

from benchmarks.bench.report.numbers import listed, percent, three
from benchmarks.bench.report.said import how_to
from benchmarks.bench.report.series import Series, Subject
from benchmarks.bench.result import Budget
from edge.page.markup import Column, Markup, element, join, table

Judged: TypeAlias = tuple[Series, str, Budget]
"""Of which result, which pack, and what was judged."""


def verdict_line(subjects: Sequence[Subject]) -> Markup:
    """Say it in a sentence."""
    judged = _judged(subjects)
    if not judged:
        return element("p", "No budget was judged.", class_="verdict unknown")
    missed = [one for one in judged if not one[2].met]
    return element("p", _sentence(len(judged), missed), class_=f"verdict {'failed' if missed else 'passed'}")


def verdict_section(subjects: Sequence[Subject]) -> Markup:
    """Go through them, those that are missed first."""
    heading = element("h2", "Does it keep its budgets?")
    judged = _judged(subjects)
    if not judged:
        return join([heading, how_to("No budget was judged: the loop was not run", "anyecg bench PACK --loop")])
    silent = [s.label for s in subjects if not any(pack.budgets for _, pack in s.entries)]
    more = [element("p", f"Not judged: {listed(silent)}.", class_="note")] if silent else []
    return join([heading, _table(sorted(judged, key=lambda one: one[2].met)), *more])


def _judged(subjects: Sequence[Subject]) -> list[Judged]:
    return [(series, s.label, budget) for s in subjects for series, pack in s.entries for budget in pack.budgets]


def _sentence(n: int, missed: Sequence[Judged]) -> str:
    if not missed:
        return "The budget is met." if n == 1 else f"All {n} budgets are met."
    said = f"{len(missed)} of {n} budgets {'is' if len(missed) == 1 else 'are'} missed"
    if len(missed) > 1:
        letters = Counter(series.letter for series, _, _ in missed)
        if "" in letters:
            return f"{said}, by {listed(list(dict.fromkeys(label for _, label, _ in missed)))}."
        return f"{said}: {listed([f'{n} by {letter}' for letter, n in letters.items()])}."
    series, label, budget = missed[0]
    return (
        f"{said}: {series.before(label)}, {budget.limit}: {three(budget.measured)}, of {three(budget.allowed)} allowed "
        f"({budget.source})."
    )


def _table(judged: Sequence[Judged]) -> Markup:
    numbers = ("allowed", "measured", "used")
    columns = [Column("pack"), Column("verdict"), Column("limit")]
    columns += [*(Column(said, is_number=True) for said in numbers), Column("whose")]
    rows = [
        (
            series.before(label),
            element("span", "met", class_="yes") if budget.met else element("span", "missed", class_="no"),
            budget.limit,
            three(budget.allowed),
            three(budget.measured),
            percent(budget.measured / budget.allowed) if budget.allowed > 0 else three(None),
            budget.source,
        )
        for series, label, budget in judged
    ]
    return table(columns, rows)
