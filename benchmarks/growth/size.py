"""Cost against the size of a store: what is asked of its end, and of all of it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.growth import asking
from benchmarks.growth.hours import copied, cpu_ms
from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Costs, Kind, Measure, Series, What, measure_rounds
from benchmarks.growth.streams import RATE_HZ, pieces, run_once
from edge.model import open_model
from edge.pack import SHIPPED, read_pack
from edge.store import OutcomeStore
from edge.waves.reader import open_reader

_ASKED: Final = {
    Kind("opening", "ms", Measure.CPU, Verdict.CONSTANT): asking.open_and_close,
    Kind("outcomes of the last hour", "ms", Measure.CPU, Verdict.CONSTANT): asking.outcomes_of_last_hour,
    Kind("samples of the last hour", "ms", Measure.CPU, Verdict.CONSTANT): asking.samples_of_last_hour,
    Kind("every sample", "ms", Measure.CPU): asking.samples_of_all,
    Kind("runs with their windows", "ms", Measure.CPU, why="it counts every outcome"): asking.runs,
    Kind(
        "outcomes since a time", "ms", Measure.CPU, why="no index is by time: runs and sample indices are"
    ): asking.outcomes_since,
}
_STRETCH_S: Final = 600.0


def measure(sizes_mb: Sequence[float], *, folder: Path, run_hours: float, n_rounds: int) -> list[Series]:
    """Measure stores of each size: the same run, again and again.

    Parameters
    ----------
    sizes_mb
        Ascending, MB.
    folder
        Where they may lie: the sum of the sizes, and the largest once more while it is made.
    run_hours
        Length of the run.
    n_rounds
        Times each is measured.
    """
    stores = _grow(sizes_mb, folder, run_hours)
    by_size = {stores[mb].stat().st_size / 1e6: stores[mb] for mb in sizes_mb}

    def cost_of(mb: float) -> Costs:
        return {kind.name: cpu_ms(partial(ask, by_size[mb])) for kind, ask in _ASKED.items()}

    return measure_rounds(tuple(by_size), cost_of, n_rounds=n_rounds).series(What.STORE, "MB", _ASKED)


def _grow(sizes_mb: Sequence[float], folder: Path, run_hours: float) -> dict[float, Path]:
    path, grown = folder / "all.db", dict[float, Path]()
    _write_run(path, run_hours)
    for mb in sizes_mb:
        _repeat_run(path, mb * 1e6)
        # The largest is the one that grows.
        grown[mb] = path if mb == sizes_mb[-1] else copied(path, folder / f"{mb:g}MB.db")
    return grown


def _write_run(path: Path, hours: float) -> None:
    stream = pieces(run_once(open_model(read_pack(SHIPPED)), open_reader(), _STRETCH_S))
    with OutcomeStore.open(path) as store, store.run("size") as run:
        for piece in islice(stream, round(hours * 3600 * RATE_HZ / 73)):
            run.append(*piece)


def _repeat_run(path: Path, size_bytes: float) -> None:
    """Copy the first run, row by row, until the store is so large: writing it anew would take hours."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        columns = {
            table: [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            for table in ("block", "outcome")
        }
        while path.stat().st_size < size_bytes:
            with database:
                run_id = database.execute("INSERT INTO run(source, started_s) VALUES ('again', 0)").lastrowid
                for table, (_, *others) in columns.items():
                    rest = ", ".join(others)
                    copy = f"INSERT INTO {table}(run_id, {rest}) SELECT ?, {rest} FROM {table} WHERE run_id = 1"  # noqa: S608 - names of our own tables
                    database.execute(copy, (run_id,))
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
