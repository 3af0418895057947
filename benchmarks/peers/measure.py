"""The comparison in the order it happens: build, agree, time, start as processes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.peers.accuracy import Agreement, agreement, logits_of
from benchmarks.peers.peak import peak_tasks
from benchmarks.peers.runners import Runner, open_runner
from benchmarks.peers.timing import Task, Timing, interleave, ratio
from benchmarks.peers.variants import BASELINE, BATCH, TORCH, Variant, build, versions
from benchmarks.peers.work import macs
from converter.calibration import network_inputs, synthetic_windows
from converter.ecgfounder.checkpoint import Checkpoint
from edge.preprocess import Preprocessing

_CALIBRATION_SEED, _TEST_SEED, _ORDER_SEED = 301, 302, 303
_WARMUP_ROUNDS: Final = 10
_REPOSITORY: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured.

    Parameters
    ----------
    n_calibration, n_test
        Windows to calibrate and to compare with; rounded up to whole batches.
    n_rounds
        Times each variant is timed.
    n_threads
        Numbers of threads, one after the other.
    n_processes
        Processes started for each variant.
    """

    n_calibration: int
    n_test: int
    n_rounds: int
    n_threads: tuple[int, ...]
    n_processes: int


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What was measured.

    Parameters
    ----------
    settings
        How much of it.
    versions
        Packages behind each runtime that is installed.
    macs
        Multiply-accumulates of one window.
    load_average
        Just before, and just after the timing of each number of threads.
    reference
        Name of the variant that `agreement` compares with.
    size_bytes, agreement
        By variant.
    timings
        By number of threads and name: variants for a window, products for 10^9 multiply-accumulates.
    processes
        By variant: the figures of `benchmarks.peers.child`.
    """

    settings: Settings
    versions: dict[str, str]
    macs: int
    load_average: tuple[float, ...]
    reference: str
    size_bytes: dict[str, int]
    agreement: dict[str, Agreement]
    timings: dict[int, dict[str, Timing]]
    processes: dict[str, tuple[Figure, ...]]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values, single times included."""
        return {
            "settings": asdict(self.settings),
            "versions": self.versions,
            "macs": self.macs,
            "load_average": self.load_average,
            "reference": self.reference,
            "size_bytes": self.size_bytes,
            "ratios": {
                n: {name: asdict(ratio(timed[name].wall_ms, timed[BASELINE].wall_ms)) for name in self.size_bytes}
                for n, timed in self.timings.items()
            },
            "agreement": {name: asdict(agreed) for name, agreed in self.agreement.items()},
            "timings": {
                n: {name: timing.as_json() for name, timing in timed.items()} for n, timed in self.timings.items()
            },
            "processes": {name: [asdict(figure) for figure in figures] for name, figures in self.processes.items()},
        }


def measure(checkpoint: Checkpoint, contract: Preprocessing, settings: Settings, folder: Path) -> Comparison:
    """Measure every variant of a network that can run here.

    Parameters
    ----------
    checkpoint, contract
        The network and what it was trained with.
    settings
        How much to measure.
    folder
        Where the models go.
    """
    calibration = _windows(settings.n_calibration, contract, _CALIBRATION_SEED)
    test = _windows(settings.n_test, contract, _TEST_SEED)
    installed = versions()
    variants = build(checkpoint, calibration, folder, frozenset(installed))
    logits = {v.name: logits_of(open_runner(v.runtime, v.path, 1), test, v.batch) for v in variants}
    reference = TORCH if TORCH in logits else variants[0].name
    timings, loads = {}, [os.getloadavg()[0]]
    for n in settings.n_threads:
        timings[n] = _timed(variants, test, n, settings.n_rounds)
        loads.append(os.getloadavg()[0])
    return Comparison(
        settings=settings,
        versions={str(runtime): packages for runtime, packages in installed.items()},
        macs=macs(checkpoint.config, contract.window_samples),
        load_average=tuple(loads),
        reference=reference,
        size_bytes={v.name: v.path.stat().st_size for v in variants},
        agreement={name: agreement(logits[reference], of_one) for name, of_one in logits.items()},
        timings=timings,
        processes=_as_processes([v for v in variants if v.batch == 1], test[:1], settings.n_processes, folder),
    )


def _windows(n: int, contract: Preprocessing, seed: int) -> NDArray[np.float32]:
    return network_inputs(synthetic_windows(contract, -(-n // BATCH) * BATCH, seed=seed), contract)


def _timed(variants: Sequence[Variant], test: NDArray[np.float32], n_threads: int, n_rounds: int) -> dict[str, Timing]:
    tasks = [_task(v, open_runner(v.runtime, v.path, n_threads), test) for v in variants]
    tasks += peak_tasks(n_threads)
    return interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)


def _task(variant: Variant, run: Runner, test: NDArray[np.float32]) -> Task:
    batches = test.reshape(-1, variant.batch, test.shape[1])
    return Task(variant.name, lambda i: run(batches[i % len(batches)]), variant.batch)


def _as_processes(
    variants: Sequence[Variant], window: NDArray[np.float32], n_processes: int, folder: Path
) -> dict[str, tuple[Figure, ...]]:
    given = folder / "window.npy"
    np.save(given, window)
    found: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in variants}
    for _ in range(n_processes):
        for variant in variants:
            command = [sys.executable, "-m", "benchmarks.peers.child", variant.runtime, str(variant.path), str(given)]
            done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=_REPOSITORY)
            found[variant.name].append(json.loads(done.stdout))
    return {name: _figures(runs) for name, runs in found.items()}


def _figures(runs: list[dict[str, float]]) -> tuple[Figure, ...]:
    return tuple(Figure(name, name.rpartition("_")[2], tuple(run[name] for run in runs)) for name in runs[0])
