"""What one window of ten seconds takes, all measures: ours, NeuroKit2's, and the full-size estimate's network."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.timing import Ratio, Task, Timing, interleave, ratio
from benchmarks.waves.comparing import OURS
from benchmarks.waves.neurokit import Chain
from benchmarks.waves.trying import Failures
from converter.evaluation.records import Record
from edge.model import open_model
from edge.outcome import Span
from edge.pack import read_pack
from edge.resample import PolyphaseResampler
from edge.waves.marks import Floats
from edge.waves.reader import WaveReader
from edge.windowing import Window

INFERENCE: Final = "estimate, its network alone"
ESTIMATE: Final = "estimate, with preprocessing"
_WARMUP_ROUNDS: Final = 10
_ORDER_SEED: Final = 411


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """Times of one window.

    Parameters
    ----------
    timings
        By name, ours first.
    ratios, cpu_ratios
        Of each other's median to ours, of elapsed time and of the processor's.
    n_rounds, n_windows
        Times each was timed, and the windows they were taken from in turn.
    failures
        Of NeuroKit2 while it was timed.
    """

    timings: dict[str, Timing]
    ratios: dict[str, Ratio]
    cpu_ratios: dict[str, Ratio]
    n_rounds: int
    n_windows: int
    failures: Failures

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values, single times included."""
        return {
            "rounds": self.n_rounds,
            "windows": self.n_windows,
            "to_ours": {name: asdict(one) for name, one in self.ratios.items()},
            "cpu_to_ours": {name: asdict(one) for name, one in self.cpu_ratios.items()},
            "timings": {name: timing.as_json() for name, timing in self.timings.items()},
            "failures": self.failures.as_json(),
        }


def measure_cost(
    records: Sequence[Record], reader: WaveReader, delineator: str | None, full_size: Path | None, n_rounds: int
) -> Cost:
    """Time all of them in turn, each round in another order, in this process and on one thread.

    Parameters
    ----------
    records
        Each at least a window long.
    reader
        Ours, with a pack on one thread.
    delineator
        NeuroKit2's; None to leave NeuroKit2 out.
    full_size
        A pack of estimates, on the runtime ours is on.
    n_rounds
        Times each is timed.
    """
    windows = [_window(record) for record in records]
    failures, n = Failures(), len(windows)
    tasks = [Task(OURS, lambda i: reader.read_window(windows[i % n]), 1.0)]
    if delineator:
        chain = Chain(delineator, judges=True)

        def peer(i: int) -> object:
            window = windows[i % n]
            failures.n_asked += 1
            return failures.tried("read", lambda: chain.read(window.millivolts, window.rate_hz, failures), None)

        tasks.append(Task(f"NeuroKit2 ({delineator})", peer, 1.0))
    if full_size:
        tasks += _full_size(full_size, windows)
    timings = interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)
    ours, others = timings[OURS], {name: timing for name, timing in timings.items() if name != OURS}
    elapsed = {name: ratio(timing.wall_ms, ours.wall_ms) for name, timing in others.items()}
    busy = {name: ratio(timing.cpu_ms, ours.cpu_ms) for name, timing in others.items()}
    return Cost(timings, elapsed, busy, n_rounds, n, failures)


def _window(record: Record, duration_s: float = 10.0) -> Window:
    stretch = record.stretches[0]
    n = round(duration_s * stretch.rate_hz)
    return Window(stretch.millivolts[:n], stretch.rate_hz, Span(0, n, 0.0, duration_s, 0.0), 0.0, contact=True)


def _full_size(path: Path, windows: Sequence[Window]) -> list[Task]:
    model = open_model(read_pack(path))
    contract = model.contract
    given = [_resampled(window, contract.rate_hz)[: contract.window_samples] for window in windows]
    inputs = [model.quantise(model.preprocess(millivolts)) for millivolts in given]

    def estimate(i: int) -> object:
        return model.decode(model.infer(model.quantise(model.preprocess(given[i % len(given)]))))

    return [Task(INFERENCE, lambda i: model.infer(inputs[i % len(inputs)]), 1.0), Task(ESTIMATE, estimate, 1.0)]


def _resampled(window: Window, rate_hz: float) -> Floats:
    if window.rate_hz == rate_hz:
        return window.millivolts
    resampler = PolyphaseResampler(window.rate_hz, rate_hz)
    return np.concatenate([resampler.push(window.millivolts), resampler.finish()])
