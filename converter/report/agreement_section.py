"""How the converted model agrees with the float one."""

import statistics
from collections.abc import Callable, Iterable

from converter.report.agreement import Agreement, OutputAgreement
from converter.report.charts import rank_losses, scatter
from converter.report.facts import Report
from converter.report.gather import SHOWN_OUTPUTS
from converter.report.signs import CLEAN, SPOILT
from edge.page.axes import both_widths
from edge.page.legend import legend
from edge.page.markup import Column, Markup, element, join, number, plural, table


def agreement_section(report: Report) -> Markup:
    """Say how all outputs agree, show the worst, and list the rest."""
    clean, spoilt = report.clean, report.spoilt
    chart = both_widths("ranks", lambda name, width: rank_losses(name, width, clean, spoilt, report.gate))
    key = legend([(CLEAN, "clean windows"), *([(SPOILT, "with artefacts")] if spoilt else [])])
    parts = [
        element("h2", "How well does it agree with the float model?"),
        _summary(clean, spoilt),
        element(
            "figure", chart, element("figcaption", key, ". ", "Every output, once on each set of windows. Low is good.")
        ),
        _panels("clean", "on clean windows", clean),
        _panels("spoilt", "with artefacts", spoilt) if spoilt else Markup(""),
        _every_output(clean, spoilt),
    ]
    return join(parts)


def _summary(clean: Agreement, spoilt: Agreement | None) -> Markup:
    def both(said: Callable[[Agreement], str]) -> tuple[str, str]:
        return said(clean), said(spoilt) if spoilt else number(None)

    rows = [
        ("windows", *both(lambda a: f"{a.n_windows:,}")),
        ("turned away by the quality gate", *both(lambda a: f"{a.n_rejected:,}")),
        ("rank correlation, median of outputs", *both(lambda a: number(a.spearman_median, ".5f"))),
        ("rank correlation, worst output", *both(lambda a: number(a.spearman_min, ".5f"))),
        ("logit error, largest", *both(lambda a: number(max(row.max_abs_logit for row in a.outputs), ".4f"))),
        ("logit error, RMS of the worst output", *both(lambda a: number(max(r.rms_logit for r in a.outputs), ".4f"))),
        ("flips", *both(lambda a: f"{a.flips:,}")),
        ("flips, share of all decisions", *both(_share_of_flips)),
    ]
    if any(_auroc_losses(agreement) for agreement in (clean, spoilt) if agreement):
        rows += [
            ("AUROC, median, float", *both(lambda a: number(_median(r.auroc_float for r in a.outputs), ".4f"))),
            ("AUROC, median, converted", *both(lambda a: number(_median(r.auroc_converted for r in a.outputs), ".4f"))),
            ("AUROC, largest loss of an output", *both(lambda a: number(max(_auroc_losses(a), default=None), ".4f"))),
        ]
    columns = [Column("over all outputs"), Column("clean", is_number=True), Column("with artefacts", is_number=True)]
    return table(columns, rows)


def _share_of_flips(agreement: Agreement) -> str:
    return f"{agreement.flips / (agreement.n_windows * len(agreement.outputs)):.3%}"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _auroc_losses(agreement: Agreement) -> list[float]:
    return [
        row.auroc_float - row.auroc_converted
        for row in agreement.outputs
        if row.auroc_float is not None and row.auroc_converted is not None
    ]


def _panels(name: str, where: str, agreement: Agreement) -> Markup:
    """Show the outputs that agree least, window by window."""
    shown = [row for row in agreement.worst_first[:SHOWN_OUTPUTS] if row.scatter is not None]
    if not shown:
        return Markup("")
    figures = (
        element(
            "figure",
            scatter(f"{name}-{i}", row),
            element("figcaption", row.name, f": {number(row.spearman, '.5f')}, {plural(row.flips, 'flip')}"),
        )
        for i, row in enumerate(shown)
    )
    note = "A point for each window; dashed: the decision threshold; a cross: a flip. Caption: rank correlation."
    heading = element("h3", f"The {plural(len(shown), 'output')} that agree least, {where}")
    return join([heading, element("p", note, class_="note"), element("div", *figures, class_="panels")])


def _every_output(clean: Agreement, spoilt: Agreement | None) -> Markup:
    others = {row.output_id: row for row in spoilt.outputs} if spoilt else {}
    columns = [Column("output"), Column("name")]
    columns += [
        Column(heading, is_number=True)
        for heading in ("rank", "rank, artefacts", "largest error", "RMS error", "flips", "flips, artefacts", "AUROC")
    ]
    columns.append(Column("AUROC, float", is_number=True))
    rows = [_row(row, others.get(row.output_id)) for row in clean.worst_first]
    caption = "Clean windows unless it says artefacts; errors in logits; the outputs that agree least first"
    summary = element("summary", f"All {plural(len(rows), 'output')}")
    return element("details", summary, table(columns, rows, caption=caption))


def _row(clean: OutputAgreement, spoilt: OutputAgreement | None) -> tuple[str, ...]:
    return (
        clean.output_id,
        clean.name,
        number(clean.spearman, ".5f"),
        number(spoilt.spearman if spoilt else None, ".5f"),
        number(clean.max_abs_logit, ".4f"),
        number(clean.rms_logit, ".4f"),
        str(clean.flips),
        str(spoilt.flips) if spoilt else number(None),
        number(clean.auroc_converted, ".4f"),
        number(clean.auroc_float, ".4f"),
    )
