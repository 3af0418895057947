"""Cost against the hours a run has lasted: appending, opening again, asking, the diary, and memory of the writer."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from benchmarks.figures import heart_blocks
from benchmarks.growth import asking
from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Costs, Kind, Measure, Series, What, measure_rounds
from benchmarks.growth.streams import RATE_HZ, WINDOW_S, Piece, apart, moved, pieces, run_once
from edge.budget import resident_mb
from edge.model import open_model
from edge.pack import SHIPPED, read_pack
from edge.store import OutcomeStore, StoredRun
from edge.waves.diary import RhythmDiary
from edge.waves.reader import WaveReader, open_reader
from edge.waves.reading import WindowReading
from edge.windowing import Window, Windower

_APPEND: Final = Kind("appending", "ms a minute of stream", Measure.CPU, Verdict.CONSTANT)
_SLOWEST: Final = Kind("slowest of 100 appends", "ms", Measure.WALL, Verdict.CONSTANT)
_OPEN: Final = Kind("opening again", "ms", Measure.CPU, Verdict.CONSTANT)
_FILE: Final = Kind("file", "MB", Measure.SPACE)
_DIARY: Final = Kind("diary, a window", "ms", Measure.CPU, Verdict.CONSTANT)
_REPORT: Final = Kind("diary, its report", "ms", Measure.CPU, why="a report lists every episode")
_WRITER: Final = Kind("memory of a writer", "MB", Measure.SPACE, Verdict.CONSTANT)
_ASKED: Final = {
    Kind("outcomes of the last hour", "ms", Measure.CPU, Verdict.CONSTANT): asking.outcomes_of_last_hour,
    Kind("samples of the last hour", "ms", Measure.CPU, Verdict.CONSTANT): asking.samples_of_last_hour,
    Kind("outcomes of the run", "ms", Measure.CPU): asking.outcomes_of_run,
    Kind("samples of the run", "ms", Measure.CPU): asking.samples_of_run,
}
_STRETCH_S: Final = 600.0
_APPENDED_S: Final = 120.0
_REPORTS: Final = 20
_LONG_MS: Final = 100.0
_CALLS: Final = 7


@dataclass(frozen=True, slots=True)
class _Grown:
    """A store after so many hours, and the resident memory of the process that wrote it, MB."""

    path: Path
    resident_mb: float


def measure(hours: Sequence[float], *, folder: Path, n_rounds: int) -> list[Series]:
    """Measure a run after each of so many hours.

    Parameters
    ----------
    hours
        Ascending.
    folder
        Where stores may lie.
    n_rounds
        Times each is measured; the memory of a writer is looked at as the stores are made, once.
    """
    grown = apart(_grow, tuple(hours), folder)
    reader = open_reader()
    run = run_once(open_model(read_pack(SHIPPED)), reader, _APPENDED_S)
    readings = _readings(reader)
    diaries = {n: _diary(readings, n) for n in hours}

    def cost_of(n: float) -> Costs:
        costs = {**_appending(grown[n].path, n, run), **_of_diary(diaries[n], readings)}
        costs[_OPEN.name] = cpu_ms(partial(asking.open_and_close, grown[n].path))
        costs[_FILE.name] = grown[n].path.stat().st_size / 1e6
        costs[_WRITER.name] = grown[n].resident_mb
        return costs | {kind.name: cpu_ms(partial(ask, grown[n].path)) for kind, ask in _ASKED.items()}

    kinds = (_APPEND, _SLOWEST, _OPEN, _FILE, *_ASKED, _DIARY, _REPORT, _WRITER)
    return measure_rounds(hours, cost_of, n_rounds=n_rounds).series(What.HOURS, "hours", kinds)


def _grow(hours: Sequence[float], folder: Path) -> dict[float, _Grown]:
    """Write one run for all those hours, and copy the store at each of them."""
    stream = pieces(run_once(open_model(read_pack(SHIPPED)), open_reader(), _STRETCH_S))
    path, grown = folder / "grown.db", dict[float, _Grown]()
    with OutcomeStore.open(path) as store, store.run("hours") as run:
        for n in hours:
            while run.samples_stored < n * 3600 * RATE_HZ:
                run.append(*next(stream))
            grown[n] = _Grown(copied(path, folder / f"{n:g}h.db"), resident_mb())
    return grown


def copied(path: Path, to: Path) -> Path:
    """Copy a store as it stands on disk, log included; what is not committed yet is left out."""
    for suffix in ("", "-wal"):
        if (source := path.with_name(path.name + suffix)).exists():
            shutil.copyfile(source, to.with_name(to.name + suffix))
    asking.open_and_close(to)
    return to


def cpu_ms(call: Callable[[], object]) -> float:
    """Processor time of a call, ms: what is short is called again and again, and the median taken."""
    first_ms = _once_ms(call)
    return first_ms if first_ms > _LONG_MS else median(_once_ms(call) for _ in range(_CALLS))


def _once_ms(call: Callable[[], object]) -> float:
    began_s = time.process_time()
    call()
    return 1e3 * (time.process_time() - began_s)


def _appending(path: Path, hours: float, run: Sequence[Piece]) -> Costs:
    """Go on with the run in a copy of its store."""
    later = [moved(piece, round((hours + 1) * 3600 * RATE_HZ), (hours + 1) * 3600) for piece in run]
    took_ms: list[float] = []
    with OutcomeStore.open(copied(path, path.with_name("going-on.db"))) as store:
        stored = StoredRun(store, 1)
        began_s = time.process_time()
        for block, outcomes in later:
            began_append_s = time.perf_counter()
            stored.append(block, outcomes)
            took_ms.append(1e3 * (time.perf_counter() - began_append_s))
        cpu_s = time.process_time() - began_s
    return {_APPEND.name: 1e3 * cpu_s * 60.0 / _APPENDED_S, _SLOWEST.name: float(np.percentile(took_ms, 99))}


def _readings(reader: WaveReader) -> list[WindowReading]:
    windower = Windower(500.0, 5000, WINDOW_S)
    cuts = [cut for block in heart_blocks(_STRETCH_S) for cut in windower.push(block)]
    return [reader.read_window(cut) for cut in cuts if isinstance(cut, Window)]


def _diary(readings: Sequence[WindowReading], hours: float) -> RhythmDiary:
    diary = RhythmDiary()
    for i in range(round(hours * 3600 / WINDOW_S)):
        diary.add(_at(readings[i % len(readings)], i))
    return diary


def _at(reading: WindowReading, i: int) -> WindowReading:
    return replace(reading, span=replace(reading.span, start_s=i * WINDOW_S, duration_s=WINDOW_S))


def _of_diary(diary: RhythmDiary, readings: Sequence[WindowReading]) -> Costs:
    at = round(diary.report().end_s / WINDOW_S)
    later = [_at(reading, at + i) for i, reading in enumerate(readings)]
    began_s = time.process_time()
    for reading in later:
        diary.add(reading)
    added_s = time.process_time()
    for _ in range(_REPORTS):
        diary.report()
    reported_s = time.process_time()
    return {
        _DIARY.name: 1e3 * (added_s - began_s) / len(later),
        _REPORT.name: 1e3 * (reported_s - added_s) / _REPORTS,
    }
