"""What an evaluation found, for pages, terminals and machines alike: figures, tables, charts and words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Final, TypeAlias

from converter.evaluation.bootstrap import Estimate
from edge.page.markup import UNKNOWN, Column, Markup, number

Draw: TypeAlias = Callable[[str, int], Markup]
"""Draws a chart, given its name and width, px."""
PERCENT: Final = "%"
DETECTION: Final = {"se": "sensitivity", "ppv": "positive predictive value", "f1": "F1"}
"""Keys of `converter.evaluation.ec57.detection`, in words."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure that matters.

    Parameters
    ----------
    key
        For machines.
    name
        In words.
    estimate
        Its value; shares from 0 to 1.
    unit
        ``%`` for shares, or empty.
    rests_on
        What and how much of it.
    """

    key: str
    name: str
    estimate: Estimate
    unit: str
    rests_on: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its rows are as long as `columns`, and in words already."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture and what it shows."""

    title: str
    caption: str
    draw: Draw


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found.

    Parameters
    ----------
    headlines
        With intervals.
    grids
        Of all records together.
    charts
        Pictures.
    by_record
        A row for each record.
    details
        Further tables, folded away.
    notes
        How it was measured, a sentence or two each.
    records
        The rows' figures for machines, by record.
    gross
        The pooled score for machines.
    """

    headlines: tuple[Headline, ...]
    grids: tuple[Grid, ...]
    charts: tuple[Chart, ...]
    by_record: Grid
    details: tuple[Grid, ...]
    notes: tuple[str, ...]
    records: Mapping[str, Mapping[str, float]]
    gross: Any = field(repr=False)


def percent(share: float, digits: int = 2) -> str:
    """Write a share of 0 to 1."""
    return number(100.0 * share, f".{digits}f")


def plain(value: float, digits: int = 1) -> str:
    """Write a figure in its unit; a value that is rounded away is 0, not -0."""
    return number(value if isnan(value) else round(value, digits) + 0.0, f".{digits}f")


def spoken(estimate: Estimate, unit: str, digits: int | None = None) -> str:
    """Write an estimate with its interval."""
    if isnan(estimate.value):
        return UNKNOWN
    if unit == PERCENT:
        value, low, high = (percent(v, 2 if digits is None else digits) for v in _three(estimate))
    else:
        value, low, high = (plain(v, (3 if not unit else 1) if digits is None else digits) for v in _three(estimate))
    interval = "" if isnan(estimate.low) else f" ({low} to {high})"
    return f"{value}{' ' + unit if unit else ''}{interval}"


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def numbers(first: str, *headings: str) -> tuple[Column, ...]:
    """Columns of numbers after one of names."""
    return Column(first), *(Column(heading, is_number=True) for heading in headings)
