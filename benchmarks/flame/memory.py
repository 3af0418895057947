"""Whether the loop asks for memory once it is warm: pages from the system, and growth of Python's heap."""

import gc
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Final

import edge
from benchmarks.flame.windows import WARM_WINDOWS, opened, run, stream, warm_up

_FEWEST_WARM: Final = 10


@dataclass(frozen=True, slots=True)
class Steady:
    """What windows asked for after the loop was warm.

    Parameters
    ----------
    windows
        Windows that were watched, for either figure.
    faults
        Pages that the system had to give while they ran (minor page faults).
    edge_bytes
        By how much more memory was held at the end that lines of `edge` had asked for, arrays of numpy included.
    all_bytes
        By how much all that Python knows of was more. Small pieces that numpy and Python keep for their next use come
        and go in it: some kilobytes, however many windows run.
    """

    windows: int
    faults: int
    edge_bytes: int
    all_bytes: int

    @property
    def faults_a_window(self) -> float:
        """0 where the loop lives on what it has."""
        return self.faults / self.windows


def watch_memory(pack: Path | None, n_windows: int, hop_s: float) -> Steady:
    """Run windows and watch; the heap in a second run, since watching it needs memory itself.

    Parameters
    ----------
    pack
        The pack of estimates; the shipped one by default.
    n_windows
        Stretches of ten seconds; of windows as many more as the hop is shorter.
    hop_s
        From one window's start to the next one's, s.
    """
    loop, blocks = opened(pack, hop_s), stream()
    n_warm = max(_FEWEST_WARM, round(WARM_WINDOWS * hop_s / 10.0))
    warm_up(loop, blocks, n_warm)
    faults = getrusage(RUSAGE_SELF).ru_minflt
    for _ in run(loop, blocks, n_windows):
        pass
    faults = getrusage(RUSAGE_SELF).ru_minflt - faults
    tracemalloc.start()
    try:
        warm_up(loop, blocks, n_warm)
        before = _held()
        for _ in run(loop, blocks, n_windows):
            pass
        after = _held()
    finally:
        tracemalloc.stop()
    return Steady(round(n_windows * 10.0 / hop_s), faults, after[0] - before[0], after[1] - before[1])


def _held() -> tuple[int, int]:
    """Bytes that lines of `edge` have asked for and that are still held, and those of all."""
    gc.collect()
    everything = tracemalloc.get_traced_memory()[0]
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{Path(edge.__file__).parent}/*")])
    return sum(trace.size for trace in ours.traces), everything
