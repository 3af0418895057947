"""A figure with its spread, the synthetic heart in blocks, and a replay as a process of its own."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from edge.heart import HeartStream
from edge.signal import SampleBlock


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its spread over runs.

    Parameters
    ----------
    name, unit
        What was measured, in what.
    values
        One for each run.
    """

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value to quote."""
        return median(self.values)

    @property
    def row(self) -> str:
        """A row of a Markdown table: median, smallest and largest, number of runs."""
        low, high = min(self.values), max(self.values)
        return f"| {self.name} | {self.median:.3g} {self.unit} | {low:.3g} - {high:.3g} | {len(self.values)} |"


def heart_blocks(seconds: float, *, seed: int = 0, rate_hz: float = 130.0) -> list[SampleBlock]:
    """Give the synthetic heart's blocks for so long."""
    blocks: list[SampleBlock] = []
    for block in HeartStream(seed=seed, rate_hz=rate_hz):
        if block.start_s - (blocks[0].start_s if blocks else block.start_s) >= seconds:
            break
        blocks.append(block)
    return blocks


def replay_process(recording: Path | None, pack: Path | None, *, channel: str | None, n_runs: int) -> list[Figure]:
    """Run the shipped `anyecg replay` as a process: time to the first outcome, peak memory, speed over real time."""
    with tempfile.TemporaryDirectory() as folder:
        file = recording or _heart_table(Path(folder) / "heart.csv")
        command = [sys.executable, "-m", "edge.cli.main", "replay", str(file)]
        command += ["--channel", channel] if channel else []
        command += ["--pack", str(pack)] if pack else []
        firsts, peaks, speeds = [], [], []
        for run in range(n_runs):
            store = ["--store", str(Path(folder) / f"{run}.db")]
            firsts.append(_first_outcome_s([*command, *store]))
            began_s = time.perf_counter()
            done = subprocess.run([*command, *store, "--json"], check=True, capture_output=True, text=True)
            elapsed_s = time.perf_counter() - began_s
            summary = json.loads(done.stdout.splitlines()[-1])
            peaks.append(summary["peak_rss_mb"])
            speeds.append(summary["duration_s"] / elapsed_s)
    return [
        Figure("replay: start of the process to the first outcome", "s", tuple(firsts)),
        Figure("replay: peak resident memory", "MB", tuple(peaks)),
        Figure("replay: recording time over wall time", "x", tuple(speeds)),
    ]


def _first_outcome_s(command: list[str]) -> float:
    began_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        if process.stdout is None or not process.stdout.readline():
            raise RuntimeError(f"no outcome from {' '.join(command)}")
        elapsed_s = time.perf_counter() - began_s
        process.stdout.read()
    return elapsed_s


def _heart_table(path: Path, seconds: float = 600.0) -> Path:
    """Write the synthetic heart as a table of samples."""
    blocks = heart_blocks(seconds)
    millivolts = np.concatenate([block.scale.millivolts(block.counts) for block in blocks])
    heading = f"# sampling rate: {blocks[0].rate_hz}\necg_mV"
    np.savetxt(path, millivolts, fmt="%.3f", header=heading, comments="")
    return path
