"""Questions to a store, as whoever reads one asks them: by run and index, which its keys answer, and by time."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from edge.store import OutcomeStore, unpacked

HOUR_S: Final = 3600.0


def open_and_close(path: Path) -> None:
    """Open a store for writing, as a gateway that starts does."""
    OutcomeStore.open(path).close()


def outcomes_of_last_hour(path: Path) -> int:
    """Read the outcomes of the last hour of the newest run, and say how many there are."""
    with closing(_connected(path)) as database:
        run_id, end_index, rate_hz = _end(database)
        begin = end_index - round(HOUR_S * rate_hz)
        asked = "SELECT start_s, kind, heart_rate_bpm, facts FROM outcome WHERE run_id = ? AND first_index >= ?"
        return len(database.execute(asked, (run_id, begin)).fetchall())


def samples_of_last_hour(path: Path) -> int:
    """Read the samples of the last hour of the newest run, and say how many there are."""
    with closing(_connected(path)) as database:
        run_id, end_index, rate_hz = _end(database)
        return _samples(database, run_id, end_index - round(HOUR_S * rate_hz))


def outcomes_since(path: Path) -> int:
    """Find the outcomes of the last hour by their time, over all runs."""
    with closing(_connected(path)) as database:
        (last_s,) = database.execute("SELECT start_s FROM outcome ORDER BY run_id DESC, first_index DESC").fetchone()
        (n,) = database.execute("SELECT count(*) FROM outcome WHERE start_s > ?", (last_s - HOUR_S,)).fetchone()
        return int(n)


def outcomes_of_run(path: Path) -> int:
    """Read every outcome of the newest run, and say how many there are."""
    with closing(_connected(path)) as database:
        run_id, _, _ = _end(database)
        asked = "SELECT start_s, kind, heart_rate_bpm, facts FROM outcome WHERE run_id = ? ORDER BY first_index"
        return len(database.execute(asked, (run_id,)).fetchall())


def samples_of_run(path: Path) -> int:
    """Read every sample of the newest run, and say how many there are."""
    with closing(_connected(path)) as database:
        run_id, _, _ = _end(database)
        return _samples(database, run_id, 0)


def samples_of_all(path: Path) -> int:
    """Read every sample of every run, and say how many there are."""
    with closing(_connected(path)) as database:
        return sum(_samples(database, run_id, 0) for (run_id,) in database.execute("SELECT id FROM run").fetchall())


def runs(path: Path) -> int:
    """List the runs with how many windows each has by what they ended as; say how many windows."""
    with closing(_connected(path)) as database:
        asked = "SELECT run_id, kind, count(*) FROM outcome GROUP BY run_id, kind"
        return sum(n for _, _, n in database.execute(asked))


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _end(database: sqlite3.Connection) -> tuple[int, int, float]:
    """Newest run, index after its last sample, rate."""
    asked = "SELECT run_id, first_index + n_samples, rate_hz FROM block ORDER BY run_id DESC, first_index DESC LIMIT 1"
    run_id, end_index, rate_hz = database.execute(asked).fetchone()
    return int(run_id), int(end_index), float(rate_hz)


def _samples(database: sqlite3.Connection, run_id: int, from_index: int) -> int:
    asked = "SELECT n_samples, counts FROM block WHERE run_id = ? AND first_index >= ? ORDER BY first_index"
    blocks = [unpacked(n, counts) for n, counts in database.execute(asked, (run_id, from_index))]
    return int(np.concatenate(blocks).size)
