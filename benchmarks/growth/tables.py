"""What was measured, as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.growth.memory import Holder
from benchmarks.growth.series import Series, What

TITLES: Final = {
    What.WEARABLES: "Wearables: 130 Hz, a window every 10 s, their loops and runs in one process and one store",
    What.HOP: "Hop of 10, 5, 2, 1 and 0.5 s: windows of 10 s that overlap",
    What.OUTPUTS: "Outputs: the demonstration pack, its last layer repeated",
    What.HOURS: "Hours: one run at 130 Hz with a window every 10 s",
    What.STORE: "Size of the store: runs of two hours, one after the other",
}
_HEADING: Final = ("cost", "by size", "line", "exponent (95 %)", "of the largest three", "verdict")


def tables(measured: Iterable[Series], holders: Sequence[Holder]) -> str:
    """Write a table for each thing that grows, and what holds memory that grew."""
    of: dict[What, list[Series]] = {}
    for series in measured:
        of.setdefault(series.what, []).append(series)
    parts = [f"**{TITLES[what]}**\n\n{_table(some)}{_reasons(some)}" for what, some in of.items()]
    return "\n\n".join([*parts, *([holders_said(holders)] if holders else [])])


def holders_said(holders: Sequence[Holder]) -> str:
    """Say which files hold what grew."""
    said = ", ".join(f"`{holder.file}` {holder.kb_an_hour:.1f} kB" for holder in holders)
    return f"Python objects that grew in an hour of stream, by the file that made them: {said or 'none'}."


def short(value: float) -> str:
    """Write a cost to four digits."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - no exponents


def _table(some: Sequence[Series]) -> str:
    sizes = " / ".join(f"{size:.4g}" for size in some[0].sizes)
    heading = [cell.replace("by size", f"{sizes} {some[0].size_unit}") for cell in _HEADING]
    rows = [heading, ["---"] * len(heading), *map(_row, some)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(series: Series) -> list[str]:
    law = series.law
    return [
        f"{series.kind.name}, {series.kind.unit}",
        " / ".join(map(short, series.medians)),
        f"{short(law.fixed)} + {law.each:.3g} n",
        str(law.exponent),
        str(law.late),
        law.verdict.value + ("" if series.as_asked else f"; was to be {series.kind.asked}"),
    ]


def _reasons(some: Sequence[Series]) -> str:
    said = [f"{series.kind.name}: {series.kind.why}" for series in some if series.kind.why]
    return f"\n\n{'; '.join(said).capitalize()}." if said else ""
