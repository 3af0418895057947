"""Measures packs and makes a result of it."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench.boards.profile import Profile as Board
from benchmarks.bench.boards.shelf import board_here
from benchmarks.bench.energy import EnergyError, EnergyMeter, open_meter
from benchmarks.bench.measuring.mood import Watch
from benchmarks.bench.measuring.plan import Measuring, Step
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.result import SCHEMA_VERSION, Machine, Peak, Result
from benchmarks.machine import this_machine

__all__ = ["Step", "commit", "measure", "meter_of"]


def measure(
    subjects: Sequence[Subject],
    settings: Settings,
    said: str,
    plan: Callable[[list[Step]], Iterator[Step]] = iter,
    *,
    board: Board | None = None,
    meter: EnergyMeter | None = None,
    energy_source: str = "not asked for",
) -> Result:
    """Measure packs.

    Parameters
    ----------
    subjects, settings
        What, and how much.
    said
        The settings, for people.
    plan
        Is given all steps before the first one, and gives them on one after the other: a place for a progress bar.
    board
        Whose budgets are judged by; None: only the packs' own.
    meter
        What measures energy; None: nothing does.
    energy_source
        Which meter that is, or why there is none.

    Raises
    ------
    BenchError
        If a process that measures ends without its figures.
    EnergyError
        If the meter ceases to be read.
    """
    here = board_here()
    machine = Machine(**asdict(this_machine()), board=here.name if here else "")
    with tempfile.TemporaryDirectory() as folder:
        measuring = Measuring(subjects, settings, Path(folder), meter)
        measuring.prepare()
        watch = Watch()
        for step in plan(measuring.steps()):
            step.run(watch)
    return Result(
        schema_version=SCHEMA_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit(),
        settings=said,
        machine=machine,
        mood=watch.mood(),
        energy_source=energy_source,
        peaks=tuple(
            Peak(threads=n, int8_gmacs=peak.int8_gmacs, read_gb_s=peak.read_gb_s) for n, peak in measuring.peaks.items()
        ),
        packs=tuple(one.result(board) for one in measuring.collected),
    )


def meter_of(asked: str | None) -> tuple[EnergyMeter | None, str]:
    """Open the meter that is asked for, or whatever this machine has; it, and what it is or why there is none.

    Raises
    ------
    EnergyError
        If one is asked for by name and cannot be opened.
    """
    try:
        meter = open_meter(asked or "auto")
    except EnergyError as error:
        if asked:
            raise
        return None, f"not measured: {error.problem}"
    return meter, meter.source


def commit() -> str:
    """Commit of this source, with ``+`` behind it where it was changed; empty where it is no checkout."""
    source = Path(__file__).parents[3]
    if not (source / ".git").exists():
        return ""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=source, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=source,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip() + "+" * bool(changed.stdout.strip())
