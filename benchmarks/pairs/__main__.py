"""`python -m benchmarks.pairs [--pairs 20] [--slow 20] -o FILE`: pairs of the same commit, and slow-downs.

A result of the networks alone takes 10 to 14 s on two cores of a server, most of it the start of eight processes, and
fifty take 8 to 12 minutes.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.bench.comparing.verdict import DEFAULT_THRESHOLD
from benchmarks.bench.measuring.measure import commit
from benchmarks.bench.measuring.settings import Settings, numbers
from benchmarks.bench.measuring.subject import open_subject
from benchmarks.machine import this_machine
from benchmarks.pairs.counting import count
from benchmarks.pairs.measuring import Plan, Trio, keep, trios
from benchmarks.pairs.tables import page
from edge.cli.console import errors, progress_bar
from edge.errors import EdgeError
from edge.pack import SHIPPED, SHIPPED_WAVES


def main(
    packs: Annotated[list[Path] | None, typer.Argument(help="Packs; every shipped one by default.")] = None,
    pairs: Annotated[int, typer.Option(help="Pairs of the same commit.", min=1)] = 20,
    slow_pairs: Annotated[int, typer.Option(help="Pairs whose second is slower; at most --pairs.", min=0)] = 10,
    slow: Annotated[float, typer.Option(help="By how much, percent.", min=0.0)] = 20.0,
    seconds: Annotated[float, typer.Option(help="For a pack's network in each process.", min=0.05)] = 0.2,
    processes: Annotated[int, typer.Option(help="Processes for each pack in a result.", min=2)] = 4,
    batch: Annotated[str, typer.Option(help="Windows at once, with commas.")] = "1",
    everything: Annotated[
        bool, typer.Option("--everything", help="Whole results with the loop: ten times as long.")
    ] = False,
    results: Annotated[Path | None, typer.Option(help="Folder that keeps every result.")] = None,
    to: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the page here: Markdown.")] = None,
) -> None:
    """Measure the same commit again and again, and count what `bench compare` calls different.

    Exit 1 where a pair of the same commit is called different, or a slow-down is not caught.
    """
    settings = Settings(
        threads=(1,),
        batches=numbers(batch),
        streams=(),
        hop_s=10.0,
        seconds=seconds,
        processes=processes,
        loop_minutes=5.0 if everything else 0.0,
        streams_minutes=0.0,
        waves=SHIPPED_WAVES,
    )
    plan = Plan(pairs, min(slow_pairs, pairs), slow, settings, everything)
    subjects = [open_subject(path) for path in packs or (SHIPPED, SHIPPED_WAVES)]
    machine, today = this_machine(), datetime.now(UTC).date().isoformat()
    began_s = time.monotonic()
    measured: list[Trio] = []
    with progress_bar() as bar:
        task = bar.add_task("pairs", total=pairs)
        for trio in trios(subjects, plan):
            measured.append(trio)
            if results:
                keep(results, trio)
            bar.advance(task)
    counted = count(measured, slow_percent=slow, threshold=DEFAULT_THRESHOLD)
    minutes = (time.monotonic() - began_s) / 60.0
    said = page(counted, plan, machine=machine.line, commit=commit(), date=today, minutes=minutes)
    print(said)
    if to:
        to.write_text(said, encoding="utf-8")
    if counted.called_different.found or counted.caught.found < counted.caught.of:
        sys.exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except EdgeError as error:
        errors.print(f"benchmarks.pairs: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
