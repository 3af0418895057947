"""What the product gives on an emulated board, and what it gives here."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median_low
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.heart import HeartStream, PatchNoise
from tests.arm import guest
from tests.arm.board import Board
from tests.arm.system import PROJECT, Machine, System

SECONDS: Final = 60
_ROUGH: Final = PatchNoise(motion_per_min=10.0, lost_per_min=2.0)
"""So that some windows are rejected."""
_LONGEST_S: Final = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """What `tests.arm.guest` says, with the instructions that it took where that is known.

    Parameters
    ----------
    versions
        Of the runtimes, numpy and scipy.
    self_tests
        By pack and runtime: the kernel family, and the outputs for each input of the pack's self-test.
    outcomes
        Of the loop.
    network_instructions
        By pack and runtime: of one run of the network.
    window_instructions
        Of one window through the whole loop, from the block that completes it to its estimates.
    block_instructions
        Of one block of `tests.arm.guest.BLOCK_SAMPLES` that completes none.
    """

    machine: str
    versions: Mapping[str, str]
    self_tests: Mapping[str, Mapping[str, Mapping[str, Any]]]
    outcomes: list[dict[str, Any]]
    network_instructions: Mapping[str, Mapping[str, int]]
    window_instructions: int | None
    block_instructions: int | None

    def outputs(self, pack: str, runtime: str) -> NDArray[np.int8]:
        """What a pack's network gives for each input of its self-test, shape (n, values)."""
        said = self.self_tests[pack][runtime]["outputs"]
        return np.array(said, np.int8).reshape(len(said), -1)

    def digests(self) -> dict[str, dict[str, str]]:
        """By pack and runtime: SHA-256 of the bytes of those outputs."""
        return {
            pack: {runtime: sha256(self.outputs(pack, runtime).tobytes()).hexdigest() for runtime in runtimes}
            for pack, runtimes in self.self_tests.items()
        }


def recording(file: Path) -> Path:
    """Write a minute of the synthetic heart as a wearable sends it, in microvolts."""
    stream = HeartStream(seed=7, rate_hz=guest.RATE_HZ, noise=_ROUGH)
    n_samples = round(SECONDS * guest.RATE_HZ)
    blocks = [next(stream).counts for _ in range(n_samples // 73 + 1)]
    np.save(file, np.concatenate(blocks)[:n_samples])
    return file


def ask_here(recording: Path) -> Answer:
    """What this machine gives."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    return _answer(_said([sys.executable, "-m", "tests.arm.guest", str(recording)], environment), [])


def ask(board: Board, recording: Path, counts: Path) -> Answer:
    """What an emulated board gives; `counts` is written and read."""
    command = System.of(Machine(board.machine)).command(board, counts, "-m", "tests.arm.guest", recording)
    return _answer(_said(command, {}), instructions(counts))


def instructions(counts: Path) -> list[int]:
    """Instructions from each mark to the next."""
    return np.diff([int(line) for line in counts.read_text().split()]).tolist()


def _said(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST_S, cwd=PROJECT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _answer(said: dict[str, Any], counted: list[int]) -> Answer:
    estimated = said.pop("estimated")
    networks: dict[str, dict[str, int]] = {}
    window = block = None
    if counted:
        each = guest.COUNTED_RUNS + 1
        names = [(pack, runtime) for pack, runtimes in said["self_tests"].items() for runtime in runtimes]
        for i, (pack, runtime) in enumerate(names):
            networks.setdefault(pack, {})[runtime] = median_low(counted[i * each : (i + 1) * each - 1])
        pushes = counted[len(names) * each :: 2]
        assert len(pushes) == len(estimated)
        window, block = (
            median_low([n for n, windows in zip(pushes, estimated, strict=True) if bool(windows) is completes])
            for completes in (True, False)
        )
    return Answer(**said, network_instructions=networks, window_instructions=window, block_instructions=block)
