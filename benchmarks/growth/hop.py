"""Cost against the hop: how much of a window's cost is paid again where windows overlap."""

import time
from collections.abc import Sequence
from typing import Final

from benchmarks.figures import heart_blocks
from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Costs, Kind, Measure, Series, What, measure_rounds
from benchmarks.growth.streams import WINDOW_S
from edge.loop import InferenceLoop
from edge.model import Model, open_model
from edge.pack import SHIPPED, read_pack
from edge.waves.reader import WaveReader, open_reader

_HOUR: Final = Kind("CPU", "s an hour of stream", Measure.CPU)
_WINDOW: Final = Kind("CPU of a window", "ms", Measure.CPU, Verdict.CONSTANT)


def measure(hops_s: Sequence[float], *, stream_s: float, n_rounds: int) -> list[Series]:
    """Measure the loop at each hop; the size is the number of windows that end in an hour.

    Parameters
    ----------
    hops_s
        From one window's start to the next one's, descending, s.
    stream_s
        Stream that counts.
    n_rounds
        Times each hop is measured.
    """
    model, reader = open_model(read_pack(SHIPPED)), open_reader()
    sizes = [3600.0 / hop_s for hop_s in hops_s]
    measured = measure_rounds(sizes, lambda n: _costs(model, reader, 3600.0 / n, stream_s), n_rounds=n_rounds)
    return measured.series(What.HOP, "windows an hour", (_HOUR, _WINDOW))


def _costs(model: Model, reader: WaveReader, hop_s: float, stream_s: float) -> Costs:
    loop = InferenceLoop(model, reader, hop_s=hop_s)
    blocks = heart_blocks(WINDOW_S + stream_s)
    n_warm = sum(block.start_s < WINDOW_S for block in blocks)
    for block in blocks[:n_warm]:
        loop.push(block)
    began_s = time.process_time()
    n_windows = sum(len(loop.push(block)) for block in blocks[n_warm:])
    cpu_s = time.process_time() - began_s
    return {_HOUR.name: cpu_s * 3600.0 / stream_s, _WINDOW.name: 1e3 * cpu_s / n_windows}
