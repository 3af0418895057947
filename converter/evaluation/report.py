"""An evaluation as a page for people and as JSON for machines."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from converter.evaluation.evaluate import AnyScore, RecordResult, What, findings_of
from converter.evaluation.findings import Findings, Grid, numbers, spoken
from converter.report.json_value import json_value
from converter.report.style import STYLE
from edge.page.axes import both_widths
from edge.page.markup import Column, Markup, element, facts, join, plural, table
from edge.page.sheet import sheet

SCHEMA_VERSION: Final = 1
"""Version of the keys of the JSON."""
NOT_A_DEVICE: Final = "Not a medical device."
_FEW_PATIENTS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was evaluated, on what, and what was found.

    Parameters
    ----------
    what
        Was scored.
    pack
        Name of the pack that read, or of several.
    data
        Name of the data set.
    channels
        How many records were read in each channel.
    n_records, n_patients
        Scored.
    passed_over
        Records that could not be scored, by reason.
    created
        When, in ISO 8601.
    findings
        Of all records.
    scores
        Of each record, from which any selection can be pooled again.
    """

    what: What
    pack: str
    data: str
    channels: dict[str, int]
    n_records: int
    n_patients: int
    passed_over: dict[str, tuple[str, ...]]
    created: str
    findings: Findings
    scores: tuple[AnyScore, ...]


def evaluation_of(what: What, results: Sequence[RecordResult], *, pack: str, data: str, created: str) -> Evaluation:
    """Put an evaluation together from records, whichever packs read them.

    Parameters
    ----------
    what, results
        As `findings_of` takes them, and raises.
    pack, data, created
        As `Evaluation` has them.
    """
    scored = [result for result in results if result.scores]
    passed_over: dict[str, list[str]] = {}
    for result in results:
        if result.passed_over:
            passed_over.setdefault(result.passed_over, []).append(result.record)
    return Evaluation(
        what,
        pack,
        data,
        dict(Counter(result.channel for result in scored).most_common()),
        len(scored),
        len({result.patient for result in scored}),
        {why: tuple(names) for why, names in passed_over.items()},
        created,
        findings_of(what, results),
        tuple(score for result in scored for score in result.scores),
    )


def identity(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Say what was evaluated on what, as pairs of words."""
    pairs = [
        ("what", evaluation.what),
        ("pack", evaluation.pack),
        ("data set", evaluation.data),
        ("channel", ", ".join(f"{channel} ({n})" for channel, n in evaluation.channels.items())),
        ("scored", f"{plural(evaluation.n_records, 'record')} of {plural(evaluation.n_patients, 'patient')}"),
    ]
    pairs += [("passed over", f"{len(names)}: {why}") for why, names in evaluation.passed_over.items()]
    return [*pairs, ("created", evaluation.created)]


def headline_grid(evaluation: Evaluation) -> Grid:
    """Tabulate the headlines."""
    columns = (*numbers("figure", "value (95 % interval)"), Column("of"))
    rows = tuple((h.name, spoken(h.estimate, h.unit), h.rests_on) for h in evaluation.findings.headlines)
    return Grid("Figures of all records", columns, rows, _interval_note(evaluation.n_patients))


def _interval_note(n_patients: int) -> str:
    drawn = "Intervals come from drawing patients again and again, 1,000 times."
    if n_patients < _FEW_PATIENTS:
        return f"{drawn} Of {plural(n_patients, 'patient')} they say little, and are too narrow."
    return drawn


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values: null for what is not a number."""
    found = evaluation.findings
    headlines = {h.key: {"value": h.estimate.value, "low": h.estimate.low, "high": h.estimate.high, "unit": h.unit}
                 for h in found.headlines}  # fmt: skip
    said = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_A_DEVICE,
        "what": evaluation.what.value,
        "pack": evaluation.pack,
        "data": evaluation.data,
        "created": evaluation.created,
        "channels": evaluation.channels,
        "n_records": evaluation.n_records,
        "n_patients": evaluation.n_patients,
        "passed_over": evaluation.passed_over,
        "figures": headlines,
        "records": found.records,
        "gross": found.gross,
        "scores": evaluation.scores,
        "notes": found.notes,
    }
    value: dict[str, Any] = json_value(said)
    return value


def render(evaluation: Evaluation) -> str:
    """Write the evaluation as one self-contained HTML page, without scripts."""
    found = evaluation.findings
    sections = [
        element("p", NOT_A_DEVICE, class_="warning"),
        facts(identity(evaluation)),
        element("h2", "What was found"),
        _table(headline_grid(evaluation)),
        *(_table(grid) for grid in found.grids),
        *(_figure(k, evaluation) for k in range(len(found.charts))),
        element("h2", "By record"),
        _table(found.by_record),
        _folded(found.details),
        element("h2", "How it was measured"),
        *(element("p", note) for note in found.notes),
    ]
    return sheet(f"Evaluation of {evaluation.what}: {evaluation.data}", sections, style=STYLE)


def _table(grid: Grid) -> Markup:
    note = [element("p", grid.note, class_="note")] if grid.note else []
    return join([table(grid.columns, grid.rows, caption=grid.title), *note])


def _folded(grids: Sequence[Grid]) -> Markup:
    if not grids:
        return Markup("")
    return element("details", element("summary", "Record by record"), *(_table(grid) for grid in grids))


def _figure(k: int, evaluation: Evaluation) -> Markup:
    chart = evaluation.findings.charts[k]
    picture = both_widths(f"{evaluation.what}-{k}", chart.draw)
    return element("figure", element("h3", chart.title), picture, element("figcaption", chart.caption))


def write_evaluation(folder: Path, evaluation: Evaluation) -> Path:
    """Write ``report.html`` and ``report.json`` into a folder, which is made where it is missing; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(render(evaluation), encoding="utf-8")
    figures = json.dumps(as_json(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    page.with_suffix(".json").write_text(figures + "\n", encoding="utf-8")
    return page
