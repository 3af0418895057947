"""The page's figures for machines: what it worked out from the results, as JSON values with stable keys."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from benchmarks.bench.comparing.as_json import as_json as comparisons_json
from benchmarks.bench.comparing.comparison import Comparison, Named
from benchmarks.bench.measurement import Measurement
from benchmarks.bench.report.figures import spread
from benchmarks.bench.report.roofline import points_of
from benchmarks.bench.report.series import Series, Subject, series_of, subjects_of
from benchmarks.bench.report.streams import groups_of
from benchmarks.bench.result import PackResult

SCHEMA_VERSION: Final = 1
"""Version of the keys."""


def as_json(results: Sequence[Named], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return the figures of the page as JSON values.

    Parameters
    ----------
    results, comparisons
        As `benchmarks.bench.report.page.render` takes them.
    """
    series = series_of(results)
    return {
        "schema_version": SCHEMA_VERSION,
        "results": [_result(one) for one in series],
        "comparison": comparisons_json(comparisons) if comparisons else None,
    }


def _result(series: Series) -> dict[str, Any]:
    result = series.result
    return {
        "file": series.named.name,
        "letter": series.letter,
        "created": result.created,
        "commit": result.commit,
        "machine": result.machine.model_dump(mode="json"),
        "mood": result.mood.model_dump(mode="json"),
        "packs": [_pack(subject) for subject in subjects_of((series,))],
    }


def _pack(subject: Subject) -> dict[str, Any]:
    pack: PackResult = subject.entries[0][1]
    return {
        "label": pack.label,
        "demonstration": pack.demonstration,
        "sha256": pack.sha256,
        "size_bytes": pack.size_bytes,
        "macs": pack.macs,
        "accuracy": [accuracy.model_dump(mode="json") for accuracy in pack.accuracy],
        "budgets": [{**budget.model_dump(mode="json"), "met": budget.met} for budget in pack.budgets],
        "measurements": [_measurement(measurement) for measurement in pack.measurements],
        "roofline": [
            {
                "threads": point.peak.threads,
                "ms": point.ms,
                "floor_ms": point.floor.ms,
                "floor": point.floor.bound,
                "share_of_peak": point.share,
            }
            for point in points_of((subject,))
        ],
        "streams": [
            {"threads": group.threads, "hop_s": group.hop_s, **asdict(line), "one_core_carries": line.carried}
            for group in groups_of(subject)
            if (line := group.line)
        ],
        "memory": pack.memory.model_dump(mode="json") if pack.memory else None,
    }


def _measurement(measurement: Measurement) -> dict[str, Any]:
    said = spread(measurement)
    return {
        "quantity": measurement.quantity.value,
        "unit": measurement.quantity.unit,
        "conditions": measurement.conditions.model_dump(mode="json"),
        "p50": said.p50,
        "p95": said.p95,
        "p99": said.p99,
        "most": said.most,
        "process_medians": list(said.medians),
        "n": said.n,
    }
