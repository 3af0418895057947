"""Memory against the hours a loop and its run have lasted: all of it, and which files of source hold what grew."""

import gc
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import getpagesize
from typing import Final

import numpy as np

from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Kind, Measure, Series, What
from benchmarks.growth.streams import WINDOW_S, apart
from ble_gateway.cli.work import Keeping
from ble_gateway.session import Work
from ble_gateway.wearables.catalogue import set_up
from edge.budget import resident_mb
from edge.heart.stream import HeartStream
from edge.store import OutcomeStore

_ADDED: Final = Kind(
    "memory added by running",
    "MB",
    Measure.SPACE,
    Verdict.CONSTANT,
    why="numpy keeps up to seven freed blocks of each size below a kilobyte, 3.7 MB at most, which takes hours to fill",
)
_SHOWN: Final = 4
_PAGE_MB: Final = getpagesize() / 1e6
"""Memory is counted in pages: less is none."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What holds more than it did.

    Parameters
    ----------
    file
        Of the source that asked for the memory.
    kb_an_hour
        By how much it grew, 10^3 bytes an hour of stream.
    """

    file: str
    kb_an_hour: float


def measure(hours: Sequence[float]) -> Series:
    """Run a loop and its run for so many hours of stream, one process, and look at what that adds to its memory."""
    added_mb = apart(_added_mb, tuple(hours))
    return Series(What.HOURS, "hours", _ADDED, tuple(hours), np.array([added_mb]))


def holders(hours: tuple[float, float]) -> tuple[Holder, ...]:
    """Say what Python objects of another run grew between two hours, the most first; the heart's own are left out."""
    return apart(_traced, hours)


def _added_mb(hours: Sequence[float]) -> list[float]:
    with _work() as work:
        before_mb = resident_mb()
        return [max(_PAGE_MB, resident_mb() - before_mb) for _ in _at(work, hours)]


def _traced(hours: tuple[float, float]) -> tuple[Holder, ...]:
    with _work() as work:
        tracemalloc.start()
        before, after = (_snapshot() for _ in _at(work, hours))
        tracemalloc.stop()
    grown = Counter[str]()
    for difference in after.compare_to(before, "filename"):
        path = Path(difference.traceback[0].filename)
        grown["/".join(path.parts[-2:])] += difference.size_diff
    return tuple(Holder(file, n / 1e3 / (hours[1] - hours[0])) for file, n in grown.most_common(_SHOWN) if n > 0)


def _snapshot() -> tracemalloc.Snapshot:
    gc.collect()
    others = (tracemalloc.__file__, "*/edge/heart/*")
    return tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=False, filename_pattern=o) for o in others]
    )


@contextmanager
def _work() -> Iterator[Work]:
    with (
        tempfile.TemporaryDirectory() as folder,
        OutcomeStore.open(Path(folder) / "memory.db") as store,
        Keeping(store, None, hop_s=WINDOW_S) as keeping,
    ):
        yield keeping.work(set_up("polar-h10"), "memory")


def _at(work: Work, hours: Sequence[float]) -> Iterator[float]:
    """Run the stream, and stop at each of these hours."""
    stream = HeartStream()
    for n in hours:
        while work.run.samples_stored < n * 3600 * stream.rate_hz:
            work.take(next(stream))
        yield n
