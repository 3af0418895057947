"""What verbs print: tables for people on stdout, progress and errors on stderr, one JSON object for machines."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.outcome import Estimated, Outcome, OverBudget, Rejected, RhythmMeasured
from edge.summary import RunSummary
from edge.waves.words import diary_rows, in_words

output: Final = Console(highlight=False)
"""What the user asked for."""
errors: Final = Console(stderr=True, highlight=False)
"""Progress, warnings and errors."""

_A_YEAR_S: Final = 365.0 * 86_400.0

NOT_MEDICAL: Final = "Not a medical device. Estimates are not laboratory results."


def progress_bar() -> Progress:
    """Return a bar for long work, on stderr; it vanishes where stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object as the last line of stdout."""
    print(json.dumps(value, allow_nan=False), flush=True)  # noqa: T201 - rich would wrap and colour it


def outcome_line(outcome: Outcome) -> str:
    """Say an outcome in one line of rich markup."""
    span = outcome.span
    place = _clock(span.start_s)
    match outcome:
        case Estimated():
            bpm = outcome.heart_rate.bpm
            rate = f"{bpm:5.1f} bpm" if bpm is not None else "   -- bpm"
            said = ", ".join(_estimate(e.name, e.probability, e.above_threshold) for e in outcome.estimates)
            waves = in_words(outcome.measured)
            return f"{place}  {rate}  {waves}  {said}  [dim]{escape(outcome.pack)}[/]"
        case RhythmMeasured():
            return f"{place}  {_rhythm(outcome)}"
        case Rejected():
            rate = _rate_all_the_same(outcome)
            return f"{place}  [yellow]rejected: {outcome.reason}[/] [dim]{escape(outcome.detail)}[/]{rate}"
        case OverBudget():
            return (
                f"{place}  [red]over budget[/]: {outcome.limit} {outcome.measured:.0f} of {outcome.allowed:.0f}, "
                f"windows every {outcome.hop_s:g} s"
            )


def _rate_all_the_same(rejected: Rejected) -> str:
    bpm = rejected.heart_rate_bpm
    return f"  {bpm:.1f} bpm" if bpm is not None else ""


def _clock(time_s: float) -> str:
    """Local time of day; seconds from the start of a recording that does not say when it began."""
    if time_s < _A_YEAR_S:
        return f"{time_s:8.1f} s"
    return f"{datetime.fromtimestamp(time_s, UTC).astimezone():%H:%M:%S}"


def _rhythm(measured: RhythmMeasured) -> str:
    pnn50 = f"  pNN50 {measured.pnn50_percent:.0f} %" if measured.pnn50_percent is not None else ""
    return (
        f"{measured.heart_rate.bpm:5.1f} bpm  RR {measured.rr_mean_ms:.0f} ms  SDNN {measured.sdnn_ms:.0f} ms  "
        f"RMSSD {measured.rmssd_ms:.0f} ms{pnn50}  [dim]{measured.n_rejected} of {measured.n_intervals} left out[/]"
    )


def _estimate(name: str, probability: float, above: bool) -> str:
    text = f"{escape(name)} {probability:.2f}"
    return f"[bold]{text}[/]" if above else text


def summary_table(summary: RunSummary) -> Table:
    """Return the figures of a run as a table for people."""
    table = Table(title="Summary", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rejected = ", ".join(f"{n} {reason}" for reason, n in summary.rejected.items()) or "none"
    kept = f"{summary.samples_stored} stored + {summary.samples_lost} lost"
    pack = {"pack": summary.pack} if summary.pack is not None else {}
    rows = {
        "source": summary.source,
        summary.counted: f"{summary.samples} {summary.counted_as} = {kept}",
        "windows": f"{summary.windows}, rejected: {rejected}, over budget: {summary.over_budget}",
        **{
            f"{stage}, ms": f"p50 {latency['p50']:.2f}, p99 {latency['p99']:.2f}"
            for stage, latency in summary.latency_ms.items()
        },
        **(dict(diary_rows(summary.diary)) if summary.diary else {}),
        "peak memory": f"{summary.peak_rss_mb:.0f} MB",
        **pack,
        **{name.replace("_", " "): _plain(value) for name, value in summary.extra.items()},
        "store": str(summary.store.absolute()),
    }
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _plain(value: Any) -> str:
    """A figure of a verb, for people."""
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{name} {_plain(item)}".replace("_", " ") for name, item in value.items()) or "none"
        case _:
            return str(value)
