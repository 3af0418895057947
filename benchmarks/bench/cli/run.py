"""`anyecg bench [PACK]...`: what packs cost on this machine."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from benchmarks.bench.cli.app import bench

_STDOUT: Final = Path("-")


@bench.command(name="run")
def run(
    packs: Annotated[list[Path] | None, typer.Argument(help="Packs to measure; every shipped one by default.")] = None,
    threads: Annotated[str, typer.Option(help="Threads of a kernel, with commas.")] = "1,2,4",
    batch: Annotated[str, typer.Option(help="Windows at once, with commas.")] = "1,4",
    loop: Annotated[bool, typer.Option("--loop", help="Also the whole loop: stages, an hour's cost, memory.")] = False,
    streams: Annotated[str | None, typer.Option(help="Also so many wearables at once, with commas: 1,2,4,8.")] = None,
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.5)] = 10.0,
    seconds: Annotated[float, typer.Option(help="For a pack's network in each round.", min=0.1, max=3600.0)] = 10.0,
    processes: Annotated[int, typer.Option(help="Rounds: a fresh process for everything in each.", min=1)] = 5,
    waves: Annotated[
        Path | None, typer.Option(help="Pack that reads the waves in the loop; the shipped one by default.")
    ] = None,
    board: Annotated[
        str | None, typer.Option(help="Board whose budgets are judged by; by default this one, where it is known.")
    ] = None,
    energy: Annotated[
        str | None, typer.Option(help="Meter: rapl, hwmon, ina219:..., file:...; by default what the kernel has.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A look in a minute: short, first thread and batch.")] = False,
    to: Annotated[
        Path | None, typer.Option("--json", help="Write the result to this file; - for stdout alone.")
    ] = None,
) -> None:
    """Measure what packs cost on this machine: latency, throughput, processor time, memory, energy.

    Example: anyecg bench edge/packs/demonstration.tflite --loop --streams 1,2,4,8 --json result.json
    """
    from benchmarks.bench.boards.shelf import board_here, read_profile
    from benchmarks.bench.cli.steps import with_progress
    from benchmarks.bench.measuring.measure import measure, meter_of
    from benchmarks.bench.measuring.settings import Settings
    from benchmarks.bench.measuring.subject import open_subject
    from benchmarks.bench.measuring.tables import page
    from benchmarks.bench.measuring.writing import refuse_unwritable, write_result
    from edge.cli.console import errors, output, print_json
    from edge.pack import SHIPPED, SHIPPED_WAVES
    from edge.waves.reader import open_reader

    if to not in (None, _STDOUT):
        refuse_unwritable(to)
    settings = Settings(
        threads=_listed(threads, "--threads"),
        batches=_listed(batch, "--batch"),
        streams=_listed(streams, "--streams") if streams is not None else (),
        hop_s=hop,
        seconds=seconds,
        processes=processes,
        loop_minutes=60.0 if loop else 0.0,
        streams_minutes=10.0,
        waves=waves or SHIPPED_WAVES,
    )
    settings = settings.quick() if quick else settings
    open_reader(settings.waves)  # refused now, not in the middle
    profile = read_profile(board) if board else board_here()
    subjects = [open_subject(path) for path in packs or (SHIPPED, SHIPPED_WAVES)]
    meter, source = meter_of(energy)
    with meter or nullcontext():
        result = measure(
            subjects, settings, settings.line, with_progress, board=profile, meter=meter, energy_source=source
        )
    if to == _STDOUT:
        print_json(result.model_dump(mode="json"))
        return
    for part in page(result):
        output.print(part)
    if to is not None:
        write_result(to, result)
        errors.print(f"written to {escape(str(to))}", soft_wrap=True)


def _listed(text: str, option: str) -> tuple[int, ...]:
    from benchmarks.bench.errors import BenchError
    from benchmarks.bench.measuring.settings import numbers

    try:
        return numbers(text)
    except BenchError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
