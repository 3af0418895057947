"""The report for machines: every figure of it, as JSON values with stable keys."""

from dataclasses import replace
from typing import Any, Final

from converter.report.agreement import Agreement
from converter.report.facts import Report
from converter.report.gather import SHOWN_OUTPUTS
from converter.report.json_value import json_value

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
    return {"schema_version": SCHEMA_VERSION, "verdict": report.verdict.value, **json_value(shown)}


def _with_fewer_windows(agreement: Agreement) -> Agreement:
    kept = {row.output_id for row in agreement.worst_first[:SHOWN_OUTPUTS]}
    rows = (row if row.output_id in kept else replace(row, scatter=None) for row in agreement.outputs)
    return replace(agreement, outputs=tuple(rows))
