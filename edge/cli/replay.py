"""`anyecg replay`: a recording through the loop into the store, as fast as it goes."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.console import NOT_MEDICAL, outcome_line, output, print_json, progress_bar, summary_table
from edge.loop import InferenceLoop, open_loop
from edge.outcome import Outcome
from edge.recording import Recording, open_recording
from edge.signal import Gap, GapReason
from edge.store import OutcomeStore, StoredRun
from edge.summary import RunSummary, summarise


def replay(
    file: Annotated[
        Path, typer.Argument(help="WFDB record (without extension), .edf, .csv, .tsv, .txt, or .raw of --record-raw.")
    ],
    channel: Annotated[str | None, typer.Option(help="Channel to play; MLII, II or I by default.")] = None,
    rate: Annotated[float | None, typer.Option(help="Sample rate of a text table that does not say it, Hz.")] = None,
    pack: Annotated[Path | None, typer.Option(help="Pack to run; the demonstration pack by default.")] = None,
    store: Annotated[Path, typer.Option(help="SQLite file to append to.")] = Path("anyecg.db"),
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.1)] = 10.0,
    duration: Annotated[float | None, typer.Option(help="Stop after this much of the recording, s.", min=0.0)] = None,
    batch: Annotated[int, typer.Option(help="Windows to run together, where the pack allows it.", min=1, max=8)] = 4,
    budget_ms: Annotated[float | None, typer.Option(help="Latency limit (p99) in place of the pack's.", min=1)] = None,
    budget_mb: Annotated[float | None, typer.Option(help="Memory limit in place of the pack's.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line for each window.")] = False,
) -> None:
    """Run a recording through the loop and keep its samples and outcomes.

    Example: anyecg replay mitdb/119 --channel MLII --store night.db
    """
    lines = not (as_json or quiet)
    player = _player_of(file)
    if player:
        with OutcomeStore.open(store) as opened:
            summary = player(file, opened, pack, hop_s=hop, batch=batch, lines=lines)
        _show(summary, as_json=as_json)
        return
    recording = open_recording(file, channel, rate)
    loop = open_loop(pack, hop_s=hop, batch=batch, latency_p99_ms=budget_ms, resident_mb=budget_mb)
    with OutcomeStore.open(store) as opened, opened.run(f"{recording.name} {recording.channel}") as run:
        summary = _play(recording, loop, run, store, limit_s=duration, lines=lines)
    _show(summary, as_json=as_json)


def _player_of(file: Path) -> Callable[..., RunSummary] | None:
    """Find what plays a file that holds no samples yet, by its extension: what the gateway adds."""
    found = entry_points(group="anyecg.players", name=file.suffix.removeprefix(".").lower() or "-")
    return next((point.load() for point in found), None)


def _show(summary: RunSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(summary.as_json())
    else:
        output.print(summary_table(summary))
        output.print(NOT_MEDICAL)


def _play(
    recording: Recording, loop: InferenceLoop, run: StoredRun, store: Path, *, limit_s: float | None, lines: bool
) -> RunSummary:
    n_samples = recording.length(limit_s)
    end_index = 0
    with progress_bar() as progress:
        task = progress.add_task(f"{recording.name} {recording.channel}", total=n_samples)
        for block in recording.blocks(limit_s=limit_s):
            outcomes = loop.push(block)
            run.append(block, outcomes)
            end_index = block.end_index
            progress.update(task, completed=end_index)
            _print(outcomes if lines else ())
    outcomes, missing = loop.finish(), n_samples - end_index
    run.end(outcomes, Gap(end_index, missing, GapReason.INVALID_SAMPLES) if missing else None)
    _print(outcomes if lines else ())
    return summarise(
        loop,
        run,
        source=f"{recording.name} {recording.channel}",
        counted_as="read",
        samples=n_samples,
        store=store,
        extra={"duration_s": round(n_samples / recording.rate_hz, 3), "batch": loop.batch},
    )


def _print(outcomes: tuple[Outcome, ...]) -> None:
    for outcome in outcomes:
        output.print(outcome_line(outcome), soft_wrap=True)
