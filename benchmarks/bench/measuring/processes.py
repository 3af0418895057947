"""Starts the processes that measure, one at a time, and watches the machine meanwhile."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from benchmarks.bench.energy import Energy, EnergyMeter
from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.measurement import Part
from benchmarks.bench.measuring.asks import Ask, Draw, Drawn
from benchmarks.bench.measuring.mood import Watch

_LOOK_EVERY_S: Final = 0.5
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""numpy's: the kernels' threads are asked for, and these would take their cores."""

Answered = TypeVar("Answered", bound=Part)


def asked(ask: Ask, kind: type[Answered], watch: Watch) -> Answered:
    """Start a process that measures what is asked, and give its answer.

    Raises
    ------
    BenchError
        If it ends without one.
    """
    return _answer(ask, kind, _printed("child", [ask.model_dump_json()], watch))


def drawn(ask: Draw, meter: EnergyMeter, watch: Watch) -> tuple[Energy, int]:
    """Start a process that runs a network; what the machine draws meanwhile, and how many windows ran.

    Raises
    ------
    BenchError, EnergyError
        If it ends without an answer, or the meter does.
    """
    command = _command("child", [ask.model_dump_json()])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_env()
    ) as process:
        try:
            is_ready = process.stdout is not None and bool(process.stdout.readline())
            meter.start()
            printed, complaint = process.communicate("\n" if is_ready else None)
            energy = meter.stop()
        except BaseException:
            process.kill()
            raise
    watch.look()
    if process.returncode or not is_ready:
        raise _failed(ask.kind, complaint)
    return energy, _answer(ask, Drawn, printed).windows


def first_outcome_s(estimates: Path, waves: Path, hearts: Path, watch: Watch) -> float:
    """Start a process that ends with its first outcome; the time until it has told it, s.

    Raises
    ------
    BenchError
        If it ends without one.
    """
    command = _command("first_outcome", [str(estimates), str(waves), str(hearts)])
    began_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_env()) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            elapsed_s = time.perf_counter() - began_s
            _, complaint = process.communicate()
        except BaseException:
            process.kill()
            raise
    watch.look()
    if process.returncode or not line:
        raise _failed("first_outcome", complaint)
    return elapsed_s


def _answer(ask: Ask, kind: type[Answered], printed: str) -> Answered:
    try:
        return kind.model_validate_json(printed.splitlines()[-1])
    except (ValidationError, IndexError) as error:
        raise _failed(ask.kind, "no answer that can be read") from error


def _printed(module: str, arguments: list[str], watch: Watch) -> str:
    command = _command(module, arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_env()) as process:
        try:
            printed, complaint = _watched(process, watch)
        except BaseException:  # Ctrl-C too: no process is left behind
            process.kill()
            raise
    if process.returncode:
        raise _failed(module, complaint)
    return printed


def _watched(process: subprocess.Popen[str], watch: Watch) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            watch.look()


def _command(module: str, arguments: list[str]) -> list[str]:
    # -P: a folder of the same name where the user happens to be is not ours
    return [sys.executable, "-P", "-m", f"benchmarks.bench.measuring.{module}", *arguments]


def _env() -> dict[str, str]:
    return {**os.environ, **_ONE_THREAD}


def _failed(what: str, complaint: str) -> BenchError:
    last = complaint.strip().splitlines()[-1:] or ["it said nothing"]
    return BenchError(
        BenchFault.CHILD_FAILED,
        f"a process that measures ({what}) ended without its figures ({last[0]})",
        advice="see that memory and disk are not full, and try again",
    )
