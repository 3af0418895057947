"""How much of a window is overhead: what no network takes, no native kernel of the signal, and no stage of the loop."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from scipy import ndimage, signal

from benchmarks.flame.windows import opened, run, stream, warm_up
from edge.budget import Stage
from edge.loop import InferenceLoop

_KERNELS: Final = ((signal, "lfilter"), (signal, "upfirdn"), (ndimage, "median_filter"))
"""Linear filter, resampling and running median: scipy's functions, a call's own Python included."""
_PACK, _WAVES = "pack", "waves"
_RESAMPLING: Final = "upfirdn"
_STAGES: Final = (Stage.MEASURE, Stage.PREPROCESS, Stage.QUANTISE, Stage.INFER, Stage.DECODE)


@dataclass(frozen=True, slots=True)
class Overhead:
    """Medians over windows of ten seconds at a hop of as much, ms of one window.

    Parameters
    ----------
    windows
        How many.
    total_ms
        Processor time of all blocks of a window in `InferenceLoop.push`.
    inference_ms
        The pack's network.
    waves_ms
        The network that marks waves.
    filters_ms, resampling_ms
        Linear filters and running medians, and resampling.
    stages_ms
        Stages of the loop from measuring to decoding, the networks in them included.
    """

    windows: int
    total_ms: float
    inference_ms: float
    waves_ms: float
    filters_ms: float
    resampling_ms: float
    stages_ms: float

    @property
    def beside_networks_ms(self) -> float:
        """All but the two networks: the strict figure."""
        return self.total_ms - self.inference_ms - self.waves_ms

    @property
    def python_ms(self) -> float:
        """All but networks and kernels: Python, and the many small calls of numpy it makes."""
        return self.beside_networks_ms - self.filters_ms - self.resampling_ms

    @property
    def loop_ms(self) -> float:
        """All but stages and resampling: taking blocks, cutting windows, keeping times and budget, handing on."""
        return self.total_ms - self.stages_ms - self.resampling_ms


class _Ledger:
    """Time spent in what is watched, s."""

    def __init__(self) -> None:
        self.spent_s: defaultdict[str, float] = defaultdict(float)

    def watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began_s = time.process_time()
            try:
                return call(*args, **kwargs)
            finally:
                self.spent_s[name] += time.process_time() - began_s

        return timed

    def taken_s(self) -> dict[str, float]:
        """What has been spent since it was last asked."""
        taken, self.spent_s = self.spent_s, defaultdict(float)
        return taken


def measure_overhead(pack: Path | None, n_windows: int) -> Overhead:
    """Run windows with the networks and kernels watched.

    Parameters
    ----------
    pack
        The pack of estimates; the shipped one by default.
    n_windows
        At least one.
    """
    loop, blocks = opened(pack, now_s=time.process_time), stream()
    warm_up(loop, blocks)
    ledger, rows = _Ledger(), []
    with _watching(ledger, loop):
        for took_s in run(loop, blocks, n_windows):
            spent_s = ledger.taken_s()
            resampling_s = spent_s.pop(_RESAMPLING)
            pack_s, waves_s = spent_s.pop(_PACK), spent_s.pop(_WAVES)
            rows.append((took_s, pack_s, waves_s, sum(spent_s.values()), resampling_s))
    stages_ms = loop.latencies_ms()
    of_stages_ms = sum(median(stages_ms[stage][-n_windows:]) for stage in _STAGES)
    total_ms, pack_ms, waves_ms, filters_ms, resampling_ms = (
        1e3 * median(column) for column in zip(*rows, strict=True)
    )
    return Overhead(n_windows, total_ms, pack_ms, waves_ms, filters_ms, resampling_ms, of_stages_ms)


@contextmanager
def _watching(ledger: _Ledger, loop: InferenceLoop) -> Iterator[None]:
    """Put a stopwatch round each call that is not the loop's own."""
    networks = ((loop.model, _PACK), (loop.reader.model, _WAVES))
    raw = [(model._interpreter._raw, name) for model, name in networks]  # type: ignore[attr-defined]  # noqa: SLF001
    kept = [(module, name, getattr(module, name)) for module, name in _KERNELS]
    for interpreter, name in raw:
        interpreter.invoke = ledger.watched(name, interpreter.invoke)
    for module, name, call in kept:
        setattr(module, name, ledger.watched(name, call))
    try:
        yield
    finally:
        for module, name, call in kept:
            setattr(module, name, call)
