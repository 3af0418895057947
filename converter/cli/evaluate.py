"""`anyecg evaluate`: how well a waves pack reads a data set that people have marked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from converter.cli.destinations import writing
from converter.evaluation.evaluate import AddedNoise, RecordResult, What, evaluate_record
from converter.evaluation.findings import Grid
from converter.evaluation.heard import Analyse
from converter.evaluation.noise import read_noise
from converter.evaluation.record_files import find_records
from converter.evaluation.report import NOT_A_DEVICE, as_json, evaluation_of, headline_grid, identity, write_evaluation
from edge.cli.console import output, print_json, progress_bar
from edge.waves.reader import open_reader


def evaluate(
    data: Annotated[Path, typer.Argument(help="WFDB record, or a folder of them, searched at every depth.")],
    what: Annotated[What, typer.Option(help="What is scored.")],
    pack: Annotated[Path | None, typer.Option(help="Waves pack; the shipped one by default.")] = None,
    records: Annotated[str | None, typer.Option(help="Only these records: 100,103,105.")] = None,
    channel: Annotated[str | None, typer.Option(help="Channel to read; MLII, II or I by default.")] = None,
    noise: Annotated[Path | None, typer.Option(help="Noise to add, for quality: WFDB, .edf, .csv in mV.")] = None,
    noise_rate: Annotated[float | None, typer.Option(help="Sample rate of noise that does not say it, Hz.")] = None,
    snr: Annotated[str, typer.Option(help="Ratios in which noise is added, dB.")] = "24,18,12,6,0",
    to: Annotated[Path | None, typer.Option("--output", "-o", help="Folder; evaluation/<what> by default.")] = None,
    as_json_line: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Score what is read off recordings against what people marked in them. Not a medical device.

    Example: anyecg evaluate mitdb --what beats --records 101,106
    """
    names = [name.strip() for name in records.split(",") if name.strip()] if records else []
    paths = find_records(data, names)
    added = _noise(what, noise, noise_rate, snr)
    reader = open_reader(pack)
    results = _results(paths, what, reader.read_recording, channel, added)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    evaluation = evaluation_of(what, results, pack=reader.label, data=data.resolve().name, created=now)
    folder = to or Path("evaluation") / what.value
    with writing(folder):
        page = write_evaluation(folder, evaluation)
    if as_json_line:
        print_json(as_json(evaluation))
        return
    output.print(_facts([*identity(evaluation), ("report", str(page.absolute()))]))
    for grid in (headline_grid(evaluation), *evaluation.findings.grids, evaluation.findings.by_record):
        output.print(_table(grid), crop=False)
    output.print(NOT_A_DEVICE)


def _noise(what: What, noise: Path | None, rate_hz: float | None, snr: str) -> AddedNoise | None:
    if noise is None:
        return None
    if what is not What.QUALITY:
        raise typer.BadParameter("noise is added for --what quality alone", param_hint="--noise")
    try:
        levels = tuple(float(db) for db in snr.split(","))
    except ValueError as error:
        raise typer.BadParameter(f"{snr!r} is no list of decibels such as 24,12,0", param_hint="--snr") from error
    return AddedNoise(read_noise(noise, rate_hz), levels)


def _results(
    paths: Sequence[Path], what: What, analyse: Analyse, channel: str | None, added: AddedNoise | None
) -> list[RecordResult]:
    results = []
    with progress_bar() as progress:
        task = progress.add_task(what.value, total=len(paths))
        for path in paths:
            progress.update(task, description=path.name)
            results.append(evaluate_record(path, what, analyse, channel=channel, added=added))
            progress.advance(task)
    return results


def _facts(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table(title="Evaluation", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, said in pairs:
        table.add_row(what, escape(said))
    return table


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for k, column in enumerate(grid.columns):
        longest = max((len(word) for row in grid.rows for word in row[k].split()), default=1)
        table.add_column(column.heading, justify="right" if column.is_number else "left", min_width=longest)
    for row in grid.rows:
        table.add_row(*(escape(cell) for cell in row))
    if grid.note:
        table.caption, table.caption_justify = grid.note, "left"
    return table
