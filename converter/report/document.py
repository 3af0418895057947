"""The report for machines: every figure of it, as JSON values with stable keys."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

import numpy as np

from converter.report.agreement import Agreement
from converter.report.facts import Report
from converter.report.gather import SHOWN_OUTPUTS

SCHEMA_VERSION: Final = 1
"""Version of the keys."""


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON values: null for what is not a number, windows of the worst outputs alone.

    Parameters
    ----------
    report
        Of a conversion.
    """
    shown = replace(
        report, clean=_with_fewer_windows(report.clean), spoilt=report.spoilt and _with_fewer_windows(report.spoilt)
    )
    return {"schema_version": SCHEMA_VERSION, "verdict": report.verdict.value, **_plain(shown)}


def _with_fewer_windows(agreement: Agreement) -> Agreement:
    kept = {row.output_id for row in agreement.worst_first[:SHOWN_OUTPUTS]}
    rows = (row if row.output_id in kept else replace(row, scatter=None) for row in agreement.outputs)
    return replace(agreement, outputs=tuple(rows))


def _plain(value: Any) -> Any:
    """Give the JSON value of a fact."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case np.ndarray() | np.generic():
            return _plain(value.tolist())
        case bool() | None:
            return value
        case str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _plain(kept) for key, kept in value.items()}
        case Sequence():
            return [_plain(kept) for kept in value]
        case _:
            raise TypeError(f"{type(value).__name__} is no fact of a report")
