"""`python -m benchmarks.waves --data DIR`: beats, waves, intervals, quality, cost beside peers, as tables and JSON."""

import json
import os
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from benchmarks.machine import this_machine
from benchmarks.waves.asking import Comparison, Question
from benchmarks.waves.detectors import PACKAGES, versions
from benchmarks.waves.packs import folds_of, open_packs
from benchmarks.waves.tables import WIDTH
from edge.errors import EdgeError

_THREADS: Final = "OMP_NUM_THREADS"
_NOTE: Final = (
    "Ours was taught on other people of these same data sets, where it is cross-validated, and so on the habits of "
    "those who marked them; the peers are rules that no one fitted to them. A peer that raises has found nothing."
)
"""What a reader of the tables should know."""


def main(
    data: Annotated[Path, typer.Option(help="Folder with mitdb, ludb and nstdb.", exists=True, file_okay=False)],
    pack: Annotated[Path | None, typer.Option(help="Waves pack; the shipped one by default.")] = None,
    folds: Annotated[Path | None, typer.Option(help="Folder with transfer-0.tflite to transfer-4.tflite.")] = None,
    fold: Annotated[int | None, typer.Option(help="Only patients of this fold.", min=0, max=4)] = None,
    full_size: Annotated[Path | None, typer.Option(help="Full-size int8 pack of estimates, timed too.")] = None,
    only: Annotated[str, typer.Option(help="Questions, with commas.")] = ",".join(Question),
    records: Annotated[str, typer.Option(help="Only these: mitdb/106,ludb/5.")] = "",
    rounds: Annotated[int, typer.Option(help="Times each is timed.", min=5)] = 300,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures here: JSON.")] = None,
) -> None:
    """Compare the waves pack with what else reads an ECG in Python."""
    # Read by what computes in other threads; the runtimes have one thread each of their own accord.
    os.environ.setdefault(_THREADS, "1")
    console, machine, installed = Console(width=WIDTH, highlight=False), this_machine(), versions()
    today = datetime.now(UTC).date().isoformat()
    try:
        questions = [Question(name) for name in only.split(",")]
        names = tuple(name for name in records.split(",") if name)
        dealt = folds_of(data) if folds is not None or fold is not None else {}
        packs = open_packs(pack, folds, dealt)
    except (EdgeError, ValueError, OSError) as error:
        raise typer.BadParameter(str(error)) from error
    console.print(f"{machine.line}; {today}")
    for one in packs.as_json():
        console.print(f"{one['file']}: {one['label']}, sha256 {one['sha256'][:16]}")
    console.print(", ".join(f"{name} {release}" for name, release in installed.items()))
    for name in sorted(set(PACKAGES) - installed.keys()):
        console.print(f"{name} is not installed, and not compared (pip install 'anyecg-edge[peers-waves]')")
    results = _answers(Comparison(data, packs, names, fold, dealt, full_size, rounds), questions, console)
    console.print(_NOTE)
    if output:
        facts = {
            "machine": machine.as_json(), "date": today, "packs": packs.as_json(), "versions": installed,
            "environment": {_THREADS: os.environ[_THREADS]}, "fold": fold, "cross_validated": folds is not None,
            "records": list(names), "load_average_after": os.getloadavg()[0],
        }  # fmt: skip
        output.write_text(json.dumps(_plain(facts | results), indent=1, allow_nan=False), encoding="utf-8")


def _answers(comparison: Comparison, questions: list[Question], console: Console) -> dict[str, Any]:
    """Ask one after the other, and print each answer when it is there."""
    results = {}
    for question in questions:
        try:
            answer = comparison.answer(question)
        except (EdgeError, FileNotFoundError) as error:
            raise typer.BadParameter(str(error)) from error
        for table in answer.tables:
            console.print(table)
        for line in answer.said:
            console.print(line)
        results[question.value] = answer.result
    return results


def _plain(value: Any) -> Any:
    """JSON has no word for what is not a number."""
    match value:
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case float():
            return value if isfinite(value) else None
        case _:
            return value


if __name__ == "__main__":
    typer.run(main)
