"""What the pack costs, and why it was made as it is."""

from converter.report.charts import frontier_chart
from converter.report.facts import Report
from edge.page.axes import both_widths
from edge.page.markup import Column, Markup, element, facts, join, megabytes, number, plural, table


def cost_section(report: Report) -> Markup:
    """Say what the pack takes of a device, and what its making took."""
    parts = [element("h2", "What does it cost?"), _sizes(report), _speed(report), _operators(report), _making(report)]
    return join(parts)


def _sizes(report: Report) -> Markup:
    part = report.model_bytes / report.float_bytes
    pack = f"{megabytes(report.pack_bytes)} ({report.pack_bytes:,} bytes)" if report.pack_bytes else "not written"
    return facts(
        [
            ("float graph", f"{megabytes(report.float_bytes)} ({report.float_bytes:,} bytes)"),
            ("this graph", f"{megabytes(report.model_bytes)} ({report.model_bytes:,} bytes), {part:.1%} of float"),
            ("pack", pack),
        ]
    )


def _speed(report: Report) -> Markup:
    if not report.speed:
        return element("p", "Speed was not measured.")
    columns = [Column("one window, ms")] + [
        Column(heading, is_number=True) for heading in ("median", "5th %", "95th %", "batch", "threads", "n")
    ]
    rows = [
        (s.name, *(f"{ms:.2f}" for ms in (s.median_ms, s.p05_ms, s.p95_ms)), str(s.batch), str(s.threads), f"{s.n:,}")
        for s in report.speed
    ]
    note = f"Wall time, measured n times on {report.machine}; the time of a batch is divided by its windows."
    return join([element("p", note, class_="note"), table(columns, rows)])


def _operators(report: Report) -> Markup:
    execution = report.execution
    total = sum(execution.operators.values())
    said = (
        f"{execution.delegated:,} of {plural(total, 'operator')} run in the delegate, in "
        f"{plural(execution.partitions, 'partition')}."
    )
    rows = [
        (kind, f"{n:,}", f"{execution.undelegated.get(kind, 0):,}")
        for kind, n in sorted(execution.operators.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    columns = [Column("operator"), Column("in the graph", is_number=True), Column("not delegated", is_number=True)]
    summary = element("summary", f"{plural(len(rows), 'kind')} of operators")
    return join([element("p", said), element("details", summary, table(columns, rows))])


def _making(report: Report) -> Markup:
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.stage_seconds.items())
    said = f"Converting took {report.seconds:.1f} s and {report.peak_rss_mb:,.0f} MB of memory at the most"
    return element("p", f"{said}{f': {stages}' if stages else ''}.")


def choices_section(report: Report) -> Markup:
    """Say what was chosen, out of what, and why."""
    parts = [element("h2", "What was chosen, and why?")]
    if report.choices:
        rows = [(choice.what, choice.chosen, choice.why) for choice in report.choices]
        parts.append(table([Column("what"), Column("chosen"), Column("why")], rows))
    parts += [_candidates(report), _frontier(report)]
    return join(parts)


def _candidates(report: Report) -> Markup:
    if not report.candidates:
        return Markup("")
    columns = [Column("mode"), Column("gate")]
    columns += [
        Column(heading, is_number=True) for heading in ("rank, median", "rank, worst", "flips", "median, ms", "size")
    ]
    columns.append(Column("what stood in the way"))
    rows = [
        (
            tried.mode,
            "passed" if tried.passed else element("span", "not passed", class_="no"),
            number(tried.spearman_median, ".5f"),
            number(tried.spearman_min, ".5f"),
            f"{tried.flips:,}",
            number(tried.median_ms, ".2f"),
            megabytes(tried.model_bytes),
            tried.why_not,
        )
        for tried in report.candidates
    ]
    return join([element("h3", "Modes that were tried"), table(columns, rows)])


def _frontier(report: Report) -> Markup:
    points, chosen = report.frontier, report.chosen_step
    if not points:
        return Markup("")
    chart = both_widths("frontier", lambda name, width: frontier_chart(name, width, points, chosen))
    note = (
        f"Each of {plural(len(points), 'placement')} takes more operators from float towards int8 than the one "
        "before it, by what adds the least error for the time it saves. Cost is time beside the int8 kernels "
        "of the layers with weights."
    )
    end = "No step of this walk was taken as it stands." if chosen is None else _step(report, chosen)
    caption = element("figcaption", f"Predicted, not measured. {end}")
    heading = element("h3", "Placements of int8 that were weighed")
    return join([heading, element("p", note, class_="note"), element("figure", chart, caption)])


def _step(report: Report, chosen: int) -> str:
    at = report.frontier[chosen]
    return (
        f"Chosen: step {chosen}, error {number(at.noise_sd, '.3g')} SD at cost {number(at.relative_cost, '.3g')}; "
        f"{at.n_int8} operators int8, {at.n_dynamic} dynamic, {at.n_float} float."
    )
