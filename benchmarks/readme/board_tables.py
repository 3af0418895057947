"""Boards as Markdown: what each pack is predicted to cost there, and which budgets that keeps."""

from benchmarks.readme.findings import OnBoard, Range
from benchmarks.readme.markdown import number, short, table


def boards_table(boards: tuple[OnBoard, ...]) -> str:
    """A row for each pack on each board."""
    heading = ["pack", "board", "network, ms", "window to outcome, ms", "wearables on one core", "MB", "budgets"]
    rows = [
        [
            one.pack,
            one.board,
            _range(one.inference_ms),
            _range(one.window_ms),
            f"{one.wearables.typical:.0f}",
            f"{one.resident_mb.typical:.0f}",
            _budgets(one),
        ]
        for one in boards
    ]
    return table(heading, rows)


def _range(of: Range) -> str:
    typical = short(of.typical)
    return typical if of.low == of.high else f"{typical} ({short(of.low)} - {short(of.high)})"


def _budgets(one: OnBoard) -> str:
    """Count what is met, name what is not, and say whether anybody measured it."""
    unsure = [limit for limit in one.limits if limit.words.startswith("likely met")]
    missed = [limit for limit in one.limits if not limit.kept]
    said = [f"{len(one.limits) - len(unsure) - len(missed)} of {len(one.limits)} met"]
    said += [
        f"{limit.limit} of the {limit.whose}, {number(limit.allowed)}: {limit.words}" for limit in (*unsure, *missed)
    ]
    return "; ".join(said)
