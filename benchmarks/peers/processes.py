"""Measurements that need a process of their own: memory and the time until the first window is done."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure
from benchmarks.peers import older
from benchmarks.peers.variants import Runtime, Variant

_REPOSITORY: Final = Path(__file__).parents[2]


def each_alone(
    variants: Sequence[Variant], window: NDArray[np.float32], n_processes: int, folder: Path
) -> dict[str, tuple[Figure, ...]]:
    """Start a process for each variant, one after the other and so many times; the figures of `benchmarks.peers.child`.

    Parameters
    ----------
    variants
        What to open.
    window
        Shape (1, window_samples).
    n_processes
        For each variant.
    folder
        Where the window is written.
    """
    given = folder / "window.npy"
    np.save(given, window)
    found: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in variants}
    for _ in range(n_processes):
        for variant in variants:
            python = str(older.make()) if variant.runtime is Runtime.TFLITE_RUNTIME else sys.executable
            found[variant.name].append(_printed(python, "child", variant.runtime, variant.path, given))
    return {name: _figures(runs) for name, runs in found.items()}


def gateway_alone(pack: Path, n_processes: int) -> tuple[Figure, ...]:
    """Start so many gateways with a pack; the figures of `benchmarks.peers.gateway`."""
    return _figures([_printed(sys.executable, "gateway", pack) for _ in range(n_processes)])


def _printed(python: str, module: str, *arguments: str | Path) -> Any:
    command = [python, "-m", f"benchmarks.peers.{module}", *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=_REPOSITORY)
    return json.loads(done.stdout)


def _figures(runs: list[dict[str, float]]) -> tuple[Figure, ...]:
    return tuple(Figure(name, name.rpartition("_")[2], tuple(run[name] for run in runs)) for name in runs[0])
