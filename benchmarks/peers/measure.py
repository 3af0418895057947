"""The comparison in the order it happens: build, agree, time, start as processes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.peers.accuracy import Agreements, agreements
from benchmarks.peers.comparison import Comparison, Placement, Settings
from benchmarks.peers.pack import write_pack_of
from benchmarks.peers.peak import peak_tasks
from benchmarks.peers.processes import each_alone, gateway_alone
from benchmarks.peers.timing import Task, Timing, interleave
from benchmarks.peers.variants import (
    BATCH,
    FLOAT,
    FULL,
    MIXED,
    MIXED_FAST,
    TORCH,
    Runtime,
    Variant,
    build,
    converted,
    in_torch,
    versions,
)
from benchmarks.peers.work import macs, weights
from converter.calibration import WindowSet, network_inputs, synthetic_windows, with_artefacts
from converter.candidate import Source
from converter.ecgfounder.checkpoint import Checkpoint
from converter.memory import give_back_memory
from converter.target import Target
from edge.preprocess import Preprocessing

_CALIBRATION_SEED, _TEST_SEED, _ARTEFACT_SEED, _ORDER_SEED = 301, 302, 303, 304
_WARMUP_ROUNDS: Final = 10


def measure(
    checkpoint: Checkpoint, contract: Preprocessing, settings: Settings, folder: Path, stressed: Checkpoint | None
) -> Comparison:
    """Measure every variant of a network that can run here.

    Parameters
    ----------
    checkpoint, contract
        The network and what it was trained with.
    settings
        How much to measure.
    folder
        Where the models go.
    stressed
        Another network, whose conversions are compared but not timed.
    """
    calibration = network_inputs(_windows(settings.n_calibration, contract, _CALIBRATION_SEED), contract)
    clean = _windows(settings.n_test, contract, _TEST_SEED)
    spoilt = with_artefacts(clean, seed=_ARTEFACT_SEED)
    test = {"clean": network_inputs(clean, contract), "artefacts": network_inputs(spoilt, contract)}
    installed = versions()
    kept = _of_stressed(stressed, calibration, test, folder) if stressed else {}

    source = Source(checkpoint, Target.LITERT, calibration)
    variants = build(source, folder, frozenset(installed))
    gateway = _gateway(variants, folder, contract, clean, settings.n_processes)
    del source
    give_back_memory()

    reference = TORCH if Runtime.TORCH in installed else FLOAT
    agreement = agreements(variants, reference, test)
    n_weights = weights(checkpoint)
    timings, loads = {}, [os.getloadavg()[0]]
    for n in settings.n_threads:
        timings[n] = _timed(variants, test["clean"], n, settings.n_rounds, n_weights)
        loads.append(os.getloadavg()[0])
    singles = [variant for variant in variants if variant.batch == 1]
    return Comparison(
        settings=settings,
        versions={str(runtime): packages for runtime, packages in installed.items()},
        macs=macs(checkpoint.config, contract.window_samples),
        n_weights=n_weights,
        load_average=tuple(loads),
        reference=reference,
        size_bytes={variant.name: variant.path.stat().st_size for variant in variants},
        placements=_placements(singles),
        agreement=agreement,
        stressed=kept,
        timings=timings,
        processes=each_alone(singles, test["clean"][:1], settings.n_processes, folder),
        gateway=gateway,
    )


def _windows(n: int, contract: Preprocessing, seed: int) -> WindowSet:
    return synthetic_windows(contract, -(-n // BATCH) * BATCH, seed=seed)


def _of_stressed(
    checkpoint: Checkpoint, calibration: NDArray[np.float32], test: dict[str, NDArray[np.float32]], folder: Path
) -> Agreements:
    apart = folder / "stressed"
    apart.mkdir()
    source = Source(checkpoint, Target.LITERT, calibration)
    variants = [converted(source, name, apart) for name in (FULL, MIXED, MIXED_FAST, FLOAT)]
    if Runtime.TORCH in versions():
        variants.append(in_torch(source, apart))
    return agreements(variants, variants[-1].name, test)


def _gateway(
    variants: Sequence[Variant], folder: Path, contract: Preprocessing, windows: WindowSet, n_processes: int
) -> tuple[Figure, ...]:
    (candidate,) = (variant.candidate for variant in variants if variant.name == FULL and variant.candidate)
    path = folder / "gateway.tflite"
    write_pack_of(candidate, path, preprocessing=contract, windows=windows)
    return gateway_alone(path, n_processes)


def _placements(variants: Sequence[Variant]) -> dict[str, Placement]:
    steps = {variant.name: variant.candidate.step for variant in variants if variant.candidate}
    return {name: Placement(step.noise, step.cost) for name, step in steps.items() if step}


def _timed(
    variants: Sequence[Variant], test: NDArray[np.float32], n_threads: int, n_rounds: int, n_weights: int
) -> dict[str, Timing]:
    tasks = [_task(variant, variant.open_timed(n_threads), test) for variant in variants]
    tasks += peak_tasks(n_threads, n_weights)
    return interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)


def _task(variant: Variant, run: Callable[[NDArray[np.float32]], object], test: NDArray[np.float32]) -> Task:
    batches = test.reshape(-1, variant.batch, test.shape[1])
    return Task(variant.name, lambda i: run(batches[i % len(batches)]), variant.batch)
