"""Intervals as people marked them: LUDB's table of medians by record and lead."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

TABLE_NAME: Final = "intervals_from_manual_annotations.csv"
"""Its columns: record, lead, hr_bpm, pr_ms, qrs_ms, qt_ms and more; a cell is empty where nothing was marked."""


@dataclass(frozen=True, slots=True)
class IntervalTruth:
    """Medians over the marked beats of one lead of a record; None where there are none.

    Parameters
    ----------
    heart_rate_bpm
        From the intervals between the marked beats, bpm.
    pr_ms, qrs_ms, qt_ms
        As `edge.waves.figures.Measurements` defines them, ms.
    """

    heart_rate_bpm: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None


IntervalTable: TypeAlias = dict[tuple[str, str], IntervalTruth]
"""By record and lead, the lead in small letters."""


def read_interval_table(path: Path) -> IntervalTable:
    """Read the table.

    Raises
    ------
    ValueError, KeyError
        If a column is missing or a cell is no number.
    """
    with path.open(newline="", encoding="utf-8") as file:
        return interval_table(csv.DictReader(file))


def interval_table(rows: Iterable[dict[str, str]]) -> IntervalTable:
    """Read rows; see `read_interval_table`."""
    return {
        (row["record"], row["lead"].lower()): IntervalTruth(
            *(_number(row[column]) for column in ("hr_bpm", "pr_ms", "qrs_ms", "qt_ms"))
        )
        for row in rows
    }


def _number(cell: str) -> float | None:
    return float(cell) if cell and cell.strip().lower() != "nan" else None
