"""A comparison for machines."""

from collections.abc import Sequence
from typing import Any

from benchmarks.bench.comparing.comparison import Comparison, Named, PackComparison
from benchmarks.bench.comparing.verdict import Row
from benchmarks.bench.measurement import Measurement
from benchmarks.bench.result import PackResult


def as_json(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return what was compared as JSON values: of one base, each other."""
    return {
        "schema_version": 1,
        "base": _named(comparisons[0].base),
        "threshold": comparisons[0].threshold,
        "regression": any(comparison.regressed for comparison in comparisons),
        "comparisons": [_comparison(comparison) for comparison in comparisons],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "other": _named(comparison.other),
        "same_machine": comparison.same_machine,
        "noisy": comparison.noisy,
        "regression": comparison.regressed,
        "packs": [_pack(pack) for pack in comparison.packs],
        "only_base": [_model(pack) for pack in comparison.only_base],
        "only_other": [_model(pack) for pack in comparison.only_other],
    }


def _named(named: Named) -> dict[str, Any]:
    result = named.result
    return {
        "file": named.name,
        "commit": result.commit,
        "created": result.created,
        "machine": result.machine.model_dump(mode="json"),
        "noisy": list(result.mood.noisy),
    }


def _model(pack: PackResult) -> dict[str, Any]:
    return {"label": pack.label, "model_sha256": pack.model_sha256, "kernel_family": pack.kernel_family}


def _pack(pack: PackComparison) -> dict[str, Any]:
    return {
        **_model(pack.base),
        "other_kernel_family": pack.other.kernel_family,
        "judged": pack.judged.value,
        "accuracy": {
            "base": [one.model_dump(mode="json") for one in pack.base.accuracy],
            "other": [one.model_dump(mode="json") for one in pack.other.accuracy],
        },
        "rows": [_row(row) for row in pack.rows],
        "only_base": [_which(one) for one in pack.only_base],
        "only_other": [_which(one) for one in pack.only_other],
    }


def _which(measurement: Measurement) -> dict[str, Any]:
    return {"quantity": measurement.quantity.value, "conditions": measurement.conditions.model_dump(mode="json")}


def _row(row: Row) -> dict[str, Any]:
    found = row.ratio
    return {
        **_which(row.base),
        "unit": row.base.quantity.unit,
        "base": row.base.figure,
        "other": row.other.figure,
        "runs": [len(row.base.runs), len(row.other.runs)],
        "corrected_by_yardstick": row.corrected,
        "ratio": found.value if found else None,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "p": found.p if found else None,
        "p_adjusted": row.p_adjusted,
        "verdict": row.verdict.value,
        "said": row.said,
    }
