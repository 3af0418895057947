"""Cost against the number of wearables: their loops and runs in one process and one store, as `anyecg run` has them."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import heart_blocks
from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Costs, Kind, Measure, Series, What, measure_rounds
from benchmarks.growth.streams import WINDOW_S, apart
from ble_gateway.cli.work import Keeping
from ble_gateway.session import Work
from ble_gateway.wearables.catalogue import set_up
from edge.budget import resident_mb
from edge.signal import SampleBlock
from edge.store import OutcomeStore

_CPU: Final = Kind("CPU of all", "s an hour of stream", Measure.CPU)
_EACH: Final = Kind("CPU of each", "s a wearable-hour", Measure.CPU, Verdict.CONSTANT)
_RESIDENT: Final = Kind("resident memory", "MB", Measure.SPACE)
_WARM_S: Final = 2 * WINDOW_S


def measure(sizes: Sequence[int], *, stream_s: float, n_rounds: int) -> list[Series]:
    """Measure each number of wearables in processes of their own.

    Parameters
    ----------
    sizes
        How many at once.
    stream_s
        Stream of each wearable that counts, a window every ten seconds.
    n_rounds
        Processes of each size.
    """
    measured = measure_rounds(sizes, lambda n: apart(_costs, int(n), stream_s), n_rounds=n_rounds, n_warmup=0)
    return measured.series(What.WEARABLES, "wearables", (_CPU, _EACH, _RESIDENT))


def _costs(n_wearables: int, stream_s: float) -> Costs:
    blocks = heart_blocks(_WARM_S + stream_s)
    n_warm = sum(block.start_s < _WARM_S for block in blocks)
    with (
        tempfile.TemporaryDirectory() as folder,
        OutcomeStore.open(Path(folder) / "growth.db") as store,
        Keeping(store, None, hop_s=WINDOW_S) as keeping,
    ):
        works = [keeping.work(set_up("polar-h10"), f"wearable {i}") for i in range(n_wearables)]
        _take(works, blocks[:n_warm])
        began_s = time.process_time()
        _take(works, blocks[n_warm:])
        cpu_s = (time.process_time() - began_s) * 3600.0 / stream_s
        resident = resident_mb()
    return {_CPU.name: cpu_s, _EACH.name: cpu_s / n_wearables, _RESIDENT.name: resident}


def _take(works: Sequence[Work], blocks: Sequence[SampleBlock]) -> None:
    for block in blocks:
        for work in works:
            work.take(block)
