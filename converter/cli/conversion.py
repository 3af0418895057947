"""What a conversion says on the screen, and to machines."""

import math
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from converter.report.agreement import Agreement
from converter.report.facts import Report
from edge.interpreter import installed_runtimes

_SHOWN: Final = 12


def conversion_json(report: Report) -> dict[str, Any]:
    """Return the one object of ``--json``."""
    return {
        "mode": report.mode,
        "runtime": report.target,
        "size_bytes": report.pack_bytes,
        "float_bytes": report.float_bytes,
        "model_bytes": report.model_bytes,
        "seconds": round(report.seconds, 2),
        "peak_rss_mb": round(report.peak_rss_mb, 1),
        "operators": sum(report.execution.operators.values()),
        "delegated": report.execution.delegated,
        "delegated_on": _shown_on(report),
        "calibration": report.calibration,
        "verification": report.verification,
        **_agreement(report.clean),
        "outputs_failed": sorted((*report.failed, *report.accepted)),
        "float_vs_torch_max": report.float_vs_torch_max,
        "median_ms": {speed.name: round(speed.median_ms, 3) for speed in report.speed},
        "spoilt": _agreement(report.spoilt) if report.spoilt else None,
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    areas = {
        row.output_id: {"float": row.auroc_float, "converted": row.auroc_converted}
        for row in agreement.outputs
        if row.auroc_converted is not None and row.auroc_float is not None
    }
    return {
        "windows": agreement.n_windows,
        "spearman": {"median": _number(agreement.spearman_median), "min": _number(agreement.spearman_min)},
        "max_abs_logit": max(row.max_abs_logit for row in agreement.outputs),
        "flips": agreement.flips,
        "auroc": areas,
        "auroc_shift_max": max((abs(area["converted"] - area["float"]) for area in areas.values()), default=None),
    }


def _shown_on(report: Report) -> str:
    """Name the runtime that was asked what it makes of the graph: the target, unless it is not installed here."""
    installed = installed_runtimes()
    return report.target if report.target in installed else next(iter(installed))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def conversion_table(report: Report, pack: Path, page: Path) -> Table:
    """What was made of what, and at what cost."""
    table = Table(title="Converted", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    n_operators = sum(report.execution.operators.values())
    tried = [f"{each.mode} {_tried(each.passed, each.median_ms)}" for each in report.candidates]
    for what, said in {
        "pack": f"{pack}, {report.pack_bytes:,} bytes",
        "model": f"{report.mode} for {report.target}: {report.float_bytes:,} bytes of float became "
        f"{report.model_bytes:,}",
        "tried": ", ".join(tried),
        "operators": f"{n_operators}, {report.execution.delegated} of them delegated on {_shown_on(report)}",
        "calibrated with": report.calibration,
        "verified with": report.verification,
        "lost, accepted": ", ".join(report.accepted) or "none",
        "took": f"{report.seconds:.1f} s, {report.peak_rss_mb:.0f} MB at the most",
        "report": str(page),
    }.items():
        table.add_row(what, escape(said))
    return table


def _tried(passed: bool, median_ms: float | None) -> str:
    return ("kept" if passed else "lost outputs") + (f" ({median_ms:.2f} ms a window)" if median_ms else "")


def outputs_table(report: Report) -> Table:
    """The outputs that agree least with float, worst first."""
    table = Table(
        title="Agreement with float, worst outputs first", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("output", no_wrap=True)
    for heading in ("rank\ncorrelation", "largest\nlogit error", "flips", "rank, with\nartefacts"):
        table.add_column(heading, justify="right")
    spoilt = {row.output_id: row for row in report.spoilt.outputs} if report.spoilt else {}
    worst = report.clean.worst_first[:_SHOWN]
    for row in worst:
        with_artefact = f"{spoilt[row.output_id].spearman:.5f}" if spoilt else "-"
        table.add_row(row.output_id, f"{row.spearman:.5f}", f"{row.max_abs_logit:.3f}", str(row.flips), with_artefact)
    hidden = len(report.clean.outputs) - len(worst)
    table.caption = f"{report.clean.n_windows} windows" + (f"; {hidden} more outputs agree better" if hidden else "")
    table.caption_justify = "left"
    return table
