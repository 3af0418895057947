"""Measures all that the tables are made of, in order: what packs cost, peers, the signal's side, boards."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bench.boards import core_of, loop_costs, profile_names, read_profile
from benchmarks.bench.boards.asking import asked_of
from benchmarks.bench.boards.measured import as_measured, shipped_results
from benchmarks.bench.boards.prediction import predict
from benchmarks.bench.comparing.reading import read_result
from benchmarks.bench.result import Result
from benchmarks.peers.cleaning import measure_cleaning
from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.full_size import PACK, measure_full_size
from benchmarks.peers.older import make
from benchmarks.peers.result import NetworkPeers
from benchmarks.peers.shipped import measure_shipped
from benchmarks.readme.errors import ReadmeError, ReadmeFault
from benchmarks.readme.findings import Findings, OnBoard
from converter.memory import give_back_memory
from edge.pack import SHIPPED, SHIPPED_WAVES

_HOP_S: Final = 10.0
_KEPT: Final = "findings.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how much of it.

    Parameters
    ----------
    checkpoint
        A full-size one; None for shipped packs alone.
    folder
        Where findings, the result of `anyecg bench` and the full-size pack are kept.
    bench
        Options of `anyecg bench`.
    n_windows, n_rounds
        Of shipped packs' networks, and of the signal's side.
    n_calibration, n_full_windows, n_full_rounds
        Of the full-size one.
    minutes
        That this takes about, on two quiet cores: without a checkpoint, and with one.
    """

    checkpoint: Path | None
    folder: Path
    bench: tuple[str, ...]
    n_windows: int
    n_rounds: int
    n_calibration: int
    n_full_windows: int
    n_full_rounds: int
    minutes: tuple[float, float]

    @property
    def kept(self) -> Path:
        """Where the findings are written."""
        return self.folder / _KEPT


def whole_plan(checkpoint: Path | None, folder: Path) -> Plan:
    """What the README is made of."""
    bench = ("--threads", "1,2", "--batch", "1", "--loop", "--streams", "1,8", "--seconds", "4", "--processes", "5")
    return Plan(checkpoint, folder, bench, 200, 200, 64, 96, 60, (5.0, 11.0))


def quick_plan(checkpoint: Path | None, folder: Path) -> Plan:
    """A look at whether everything runs."""
    return Plan(checkpoint, folder, ("--quick", "--loop", "--streams", "1"), 16, 20, 16, 8, 6, (2.0, 4.0))


def collect(plan: Plan, say: Callable[[str], None]) -> Findings:
    """Measure, one after the other.

    Parameters
    ----------
    plan
        What.
    say
        Told what is measured next, before it is.

    Raises
    ------
    ReadmeError
        If `anyecg bench` fails.
    ConversionError
        If the checkpoint cannot be read.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    left_out = list(_prepared(plan, say))
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as models:
        networks = list(_networks(plan, Path(models), say))
    say("preprocessing and cleaning")
    cleaning = measure_cleaning(n_windows=min(plan.n_windows, 64), n_rounds=plan.n_rounds)
    after = os.getloadavg()[0]
    give_back_memory()
    packs = [SHIPPED, SHIPPED_WAVES, *([plan.folder / PACK] if plan.checkpoint else [])]
    say("what the packs cost, with anyecg bench")
    return Findings(
        bench=_bench(plan, packs),
        networks=tuple(networks),
        cleaning=cleaning,
        boards=tuple(on_boards(packs)),
        load_average=(before, after),
        left_out=tuple(left_out),
    )


def _prepared(plan: Plan, say: Callable[[str], None]) -> Iterator[str]:
    """Bring the runtime that has an environment of its own; give what cannot be measured."""
    say("tflite-runtime's own environment, unless it is there")
    try:
        make()
    except PeerUnavailable as error:
        yield f"tflite-runtime was not measured: {error.problem}."
    if plan.checkpoint is None:
        yield "No full-size checkpoint was given: `make full-size`, then `make bench`."


def _networks(plan: Plan, models: Path, say: Callable[[str], None]) -> Iterator[NetworkPeers]:
    """Measure each network; of the models, in a folder of their own, the full-size pack is kept."""
    for pack in (SHIPPED, SHIPPED_WAVES):
        say(f"peers of {pack.stem}")
        yield measure_shipped(pack, models, n_windows=plan.n_windows, n_rounds=plan.n_rounds)
    if plan.checkpoint:
        say("full size: convert, quantise with onnxruntime's tool, compare, time")
        yield measure_full_size(
            plan.checkpoint,
            models,
            n_calibration=plan.n_calibration,
            n_windows=plan.n_full_windows,
            n_rounds=plan.n_full_rounds,
        )
        shutil.copyfile(models / PACK, plan.folder / PACK)


def _bench(plan: Plan, packs: list[Path]) -> Result:
    """Run the command as a user would, its own progress on the screen."""
    kept = plan.folder / "bench.json"
    command = [sys.executable, "-m", "edge.cli.main", "bench", *map(str, packs), *plan.bench, "--json", str(kept)]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise ReadmeError(
            ReadmeFault.NOT_MEASURED,
            f"anyecg bench ended with exit status {done.returncode}",
            advice=f"see what it says: anyecg bench {' '.join([*map(str, packs), *plan.bench])}",
        )
    return read_result(kept)


def on_boards(packs: list[Path]) -> Iterator[OnBoard]:
    """Give each pack on each board there is a profile of: measured where a shipped result is of it, else predicted."""
    results = list(shipped_results())
    for path in packs:
        asked = asked_of(path, _HOP_S)
        for name in profile_names():
            profile = read_profile(name)
            yield OnBoard.of(as_measured(predict(asked, profile, core_of(profile), loop_costs()), results))
