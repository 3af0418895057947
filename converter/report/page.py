"""The report for people: one page that needs nothing but itself."""

import json
import math
from pathlib import Path
from typing import Final

from converter.report.agreement import Agreement
from converter.report.agreement_section import agreement_section
from converter.report.cost_section import choices_section, cost_section
from converter.report.document import as_json
from converter.report.error_section import error_section
from converter.report.facts import Report, Verdict
from converter.report.style import STYLE
from edge.page.markup import Column, Markup, element, facts, join, number, plural, table
from edge.page.sheet import sheet

_NOT_A_DEVICE: Final = "Research only. Not a medical device: nothing here shows that its estimates are true of people."
_SHOWN_LOST: Final = 12
_DEMONSTRATION: Final = "DEMONSTRATION: this pack must never be taken for a trained medical model."


def render(report: Report) -> str:
    """Write the report as one self-contained HTML page, without scripts.

    Parameters
    ----------
    report
        Of a conversion.
    """
    title = f"{report.pack_label}: conversion report"
    sections = (_verdict, agreement_section, error_section, cost_section, choices_section, _method)
    return sheet(title, [_identity(report), *(section(report) for section in sections)], style=STYLE)


def write_report(path: Path, report: Report) -> None:
    """Write the page, and the same figures for machines beside it as ``.json``.

    Parameters
    ----------
    path
        Of the page, such as ``report.html``.
    report
        Of a conversion.
    """
    path.write_text(render(report), encoding="utf-8")
    figures = json.dumps(as_json(report), indent=1, ensure_ascii=False, allow_nan=False)
    path.with_suffix(".json").write_text(figures + "\n", encoding="utf-8")


def _identity(report: Report) -> Markup:
    warnings = [element("p", _DEMONSTRATION, class_="warning")] if report.demonstration else []
    said = facts(
        [
            ("pack", report.pack_label),
            ("made from", report.checkpoint_name),
            ("SHA-256 of it", element("code", report.checkpoint_sha256)),
            ("network", f"{report.n_parameters:,} parameters, {plural(report.n_outputs, 'output')}"),
            ("mode", report.mode),
            ("for", report.target),
            ("created", report.created),
        ]
    )
    return join([*warnings, element("p", _NOT_A_DEVICE), said])


def _verdict(report: Report) -> Markup:
    n_failed, n_accepted, total = len(report.failed), len(report.accepted), plural(report.n_outputs, "output")
    match report.verdict:
        case Verdict.PASSED:
            said = f"Passed: all of {total} kept."
        case Verdict.PASSED_WITH_LOSSES:
            said = f"Passed with accepted losses: {n_accepted} of {total} not kept, and accepted."
        case Verdict.FAILED:
            also = f" ({n_accepted} more accepted)" if n_accepted else ""
            said = f"Failed: {n_failed} of {total} not kept{also}."
    rows = [
        (limit.what, limit.asked, number(limit.measured, ".5g"), _outside(limit.n_outside))
        for limit in report.gate.limits
    ]
    asked = [Column("measured"), Column("asked"), Column("worst", is_number=True), Column("outputs outside")]
    parts = [
        element("h2", "Did it pass?"),
        element("p", said, class_=f"verdict {report.verdict.value}"),
        element("p", report.gate.words),
        table(asked, rows, caption="What was asked, and the worst output") if rows else Markup(""),
        _lost(report),
    ]
    if report.spoilt is None:
        parts.append(element("p", "Windows with artefacts were not measured.", class_="warning"))
    return join(parts)


def _outside(n: int) -> str:
    return element("span", str(n), class_="no") if n else "none"


def _lost(report: Report) -> Markup:
    """List the outputs that were not kept."""
    lost = [(output_id, "failed") for output_id in report.failed]
    lost += [(output_id, "accepted") for output_id in report.accepted]
    if not lost:
        return Markup("")
    names = {row.output_id: row.name for row in report.clean.outputs}
    clean, spoilt = _ranks(report.clean), _ranks(report.spoilt)
    lost.sort(key=lambda row: _worse_of(clean.get(row[0]), spoilt.get(row[0])))
    columns = [Column("output"), Column("name"), Column("how")]
    columns += [Column(heading, is_number=True) for heading in ("rank, clean", "rank, artefacts")]
    rows = [
        (of, names.get(of, ""), how, number(clean.get(of), ".4f"), number(spoilt.get(of), ".4f")) for of, how in lost
    ]
    said = table(columns, rows[:_SHOWN_LOST], caption="Outputs that were not kept, the worst first")
    if len(rows) <= _SHOWN_LOST:
        return said
    summary = element("summary", f"{plural(len(rows) - _SHOWN_LOST, 'more output')} not kept")
    return join([said, element("details", summary, table(columns, rows[_SHOWN_LOST:]))])


def _worse_of(*ranks: float | None) -> float:
    """Give the lower rank correlation; below all others where there is none."""
    return min((-2.0 if math.isnan(rank) else rank for rank in ranks if rank is not None), default=-2.0)


def _ranks(agreement: Agreement | None) -> dict[str, float]:
    return {row.output_id: row.spearman for row in agreement.outputs} if agreement else {}


def _method(report: Report) -> Markup:
    largest = report.float_vs_torch_max
    against_torch = "not compared" if largest is None else f"{number(largest, '.2g')} logits apart at the most"
    spoilt = report.spoilt
    with_artefacts = f"{plural(spoilt.n_windows, 'window')}: {spoilt.windows_origin}" if spoilt else "not measured"
    windows = facts(
        [
            ("calibrated with", report.calibration),
            ("verified with", report.verification),
            ("clean", f"{plural(report.clean.n_windows, 'window')}: {report.clean.windows_origin}"),
            ("with artefacts", with_artefacts),
            ("turned away by the quality gate", plural(report.clean.n_rejected, "window")),
            ("float graph against torch", against_torch),
            ("machine", report.machine),
            ("versions", ", ".join(f"{name} {version}" for name, version in report.versions.items())),
        ]
    )
    words = facts(
        [
            (
                "rank correlation",
                "Spearman's, of the converted model's estimates with the float model's, over windows.",
            ),
            ("flip", "A window on the other side of the output's decision threshold."),
            ("signal to error", "Ratio of the powers of a tensor and of its error, in decibels: 20 dB is a tenth."),
            ("float, dynamic, int8", "In float; int8 weights on float values; calibrated int8 throughout."),
            ("SD", "Standard deviation of an output's logit over the calibration windows."),
        ]
    )
    return join([element("h2", "How it was measured"), windows, element("h3", "Words"), words])
