"""`python -m benchmarks.peers CHECKPOINT`: the same network on each runtime, as Markdown tables and as JSON."""

import json
import logging
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.machine import this_machine
from benchmarks.peers.aims import aims
from benchmarks.peers.comparison import Settings
from benchmarks.peers.measure import measure
from benchmarks.peers.tables import paragraph, tables
from converter.ecgfounder.checkpoint import read_checkpoint
from converter.errors import ConversionError
from edge.preprocess import ECGFOUNDER


def main(
    checkpoint: Annotated[Path, typer.Argument(help="Fine-tuned Net1D: .npz, .safetensors, .pth.")],
    stressed: Annotated[Path | None, typer.Option(help="Another Net1D, compared but not timed.")] = None,
    windows: Annotated[int, typer.Option(help="Windows to calibrate with.", min=8)] = 64,
    test_windows: Annotated[int, typer.Option(help="Other windows, to compare on.", min=8)] = 128,
    rounds: Annotated[int, typer.Option(help="Times each variant is timed.", min=5)] = 200,
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    processes: Annotated[int, typer.Option(help="Processes started for each variant.", min=1)] = 5,
    output: Annotated[Path | None, typer.Option(help="Also write the figures here, as JSON.")] = None,
) -> None:
    """Compare this product's conversions of a network with the runtimes that could run it instead."""
    # Read when torch loads its OpenMP: threads that spin between calls would take the cores of the next variant.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger().setLevel(logging.ERROR)
    try:
        settings = Settings(windows, test_windows, rounds, tuple(int(n) for n in threads.split(",")), processes)
        network = read_checkpoint(checkpoint)
        other = read_checkpoint(stressed) if stressed else None
    except (ConversionError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    machine = this_machine()
    with tempfile.TemporaryDirectory() as folder:
        comparison = measure(network, ECGFOUNDER, settings, Path(folder), other)
    today = datetime.now(UTC).date().isoformat()
    print(paragraph(f"{checkpoint.name}; {machine.line}; {today}") + "\n")
    print(tables(comparison))
    if output:
        result = {
            "machine": machine.as_json(),
            "date": today,
            "checkpoint": checkpoint.name,
            "stressed_checkpoint": stressed.name if stressed else None,
            "aims": [aim.as_json() for aim in aims(comparison)],
            **comparison.as_json(),
        }
        output.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
