"""The figures of many results next to each other, before each is held against the first."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from benchmarks.bench.comparing.comparison import Comparison, PackComparison
from benchmarks.bench.comparing.verdict import Row, Verdict
from benchmarks.bench.comparing.words import figure, what
from benchmarks.bench.measurement import Measurement
from benchmarks.bench.result import PackResult

_STYLES: Final = {Verdict.WORSE: "bold red", Verdict.BETTER: "green"}


def side_by_side(comparisons: Sequence[Comparison]) -> Iterator[Table]:
    """Give a table for each pack of the base that another one has: a column a result, a row a quantity."""
    base = comparisons[0].base
    names = _short([base.name, *(comparison.other.name for comparison in comparisons)])
    for pack in base.result.packs:
        columns = [_rows(comparison, pack) for comparison in comparisons]
        if not any(columns):
            continue
        table = Table(title=escape(pack.label), title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        table.add_column("quantity", overflow="fold")
        for name in names:
            table.add_column(escape(name), justify="right", overflow="fold")
        for measurement in pack.measurements:
            found = [_cell(column, measurement) for column in columns]
            if any(found):
                table.add_row(escape(what(measurement)), figure(measurement), *found)
        yield table


def _short(names: Sequence[str]) -> list[str]:
    """Name files without folder and suffix, where they stay apart."""
    stems = [Path(name).stem for name in names]
    return stems if len(set(stems)) == len(set(names)) else list(names)


def _rows(comparison: Comparison, pack: PackResult) -> tuple[Row, ...]:
    of_pack: list[PackComparison] = [one for one in comparison.packs if one.base is pack]
    return of_pack[0].rows if of_pack else ()


def _cell(rows: Sequence[Row], measurement: Measurement) -> str:
    row = next((row for row in rows if row.base is measurement), None)
    if row is None:
        return ""
    style = _STYLES.get(row.verdict)
    said = figure(row.other)
    return f"[{style}]{said}[/]" if style else said
