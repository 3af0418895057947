"""Samples and outcomes kept on the gateway: one SQLite file, one writer, whole after a crash."""

import fcntl
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, assert_never

import numpy as np
from numpy.typing import NDArray

from edge.errors import StoreError, StoreFault
from edge.outcome import Estimated, Outcome, OverBudget, Rejected
from edge.signal import Gap, SampleBlock

SCHEMA_VERSION: Final = 1
"""Version of the tables this release writes, and the newest it reads (SQLite's ``user_version``)."""

_COMMIT_EVERY_S: Final = 1.0
_COMMIT_SIGNAL_S: Final = 30.0
"""A replay runs hundreds of times faster than the clock: it commits after so much signal."""
_SCHEMA: Final = """
CREATE TABLE run(id INTEGER PRIMARY KEY, source TEXT NOT NULL, started_s REAL NOT NULL, ended_s REAL);
CREATE TABLE block(run_id INTEGER NOT NULL REFERENCES run, first_index INTEGER NOT NULL, n_samples INTEGER NOT NULL,
  start_s REAL NOT NULL, period_s REAL NOT NULL, time_uncertainty_s REAL NOT NULL, rate_hz REAL NOT NULL,
  millivolts_per_count REAL NOT NULL, zero_count REAL NOT NULL, contact INTEGER, counts BLOB NOT NULL,
  PRIMARY KEY(run_id, first_index)) WITHOUT ROWID;
CREATE TABLE gap(run_id INTEGER NOT NULL REFERENCES run, first_index INTEGER NOT NULL, n_samples INTEGER NOT NULL,
  reason TEXT NOT NULL, PRIMARY KEY(run_id, first_index)) WITHOUT ROWID;
CREATE TABLE outcome(run_id INTEGER NOT NULL REFERENCES run, first_index INTEGER NOT NULL, n_samples INTEGER NOT NULL,
  start_s REAL NOT NULL, duration_s REAL NOT NULL, kind TEXT NOT NULL, reason TEXT, heart_rate_bpm REAL,
  pack TEXT, facts TEXT NOT NULL, PRIMARY KEY(run_id, first_index)) WITHOUT ROWID;
"""


class OutcomeStore:
    """The store, open for writing; `OutcomeStore.open` makes one.

    Use it as a context manager. Samples and the outcomes that rest on them are committed together, at most a second
    of wall time and half a minute of signal apart, and reach the disk with the commit (WAL, ``synchronous=FULL``):
    after ``kill -9`` or a power cut the file opens again and holds a prefix of each run.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, lock: IO[str], now_s: Callable[[], float]) -> None:
        self.path = path
        self._database = database
        self._lock = lock
        self._now_s = now_s
        self._committed_s = now_s()
        self._uncommitted_signal_s = 0.0

    @classmethod
    def open(cls, path: Path, *, now_s: Callable[[], float] = time.monotonic) -> Self:
        """Open the store at `path`, making it and its folder if there is none.

        Parameters
        ----------
        path
            The SQLite file; beside it stand its ``-wal``, its ``-shm`` and a ``.lock``.
        now_s
            A clock that never runs backwards, for the time between commits.

        Raises
        ------
        StoreError
            If another process writes to it, it is no store of ours, or it cannot be written.
        """
        lock = _lock(path)
        try:
            database = _connected(path)
        except StoreError:
            lock.close()
            raise
        return cls(path, database, lock, now_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is pending and close the file."""
        try:
            self._commit()
        finally:
            self._database.close()
            self._lock.close()

    @contextmanager
    def run(self, source: str) -> Iterator["StoredRun"]:
        """Append a run: one stream from its start to its end.

        Parameters
        ----------
        source
            What the stream comes from: a device's name, a recording's path.
        """
        with self._writing():
            cursor = self._database.execute("INSERT INTO run(source, started_s) VALUES (?, ?)", (source, time.time()))
        run_id = int(cursor.lastrowid or 0)
        self._commit()
        yield StoredRun(self, run_id)
        with self._writing():
            self._database.execute("UPDATE run SET ended_s = ? WHERE id = ?", (time.time(), run_id))
        self._commit()

    def _append(self, rows: Iterable[tuple[str, tuple[Any, ...]]], signal_s: float) -> None:
        with self._writing():
            for statement, values in rows:
                self._database.execute(statement, values)
        self._uncommitted_signal_s += signal_s
        waited_s = self._now_s() - self._committed_s
        if waited_s >= _COMMIT_EVERY_S or self._uncommitted_signal_s >= _COMMIT_SIGNAL_S:
            self._commit()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _translated(self.path):
            if not self._database.in_transaction:
                self._database.execute("BEGIN IMMEDIATE")
            yield

    def _commit(self) -> None:
        with _translated(self.path):
            if self._database.in_transaction:
                self._database.execute("COMMIT")
        self._committed_s = self._now_s()
        self._uncommitted_signal_s = 0.0


class StoredRun:
    """One run of a store, open for appending.

    Attributes
    ----------
    samples_stored, samples_lost
        Samples appended, and samples stated as missing, so far.
    outcomes_stored
        Outcomes appended so far.
    """

    def __init__(self, store: OutcomeStore, run_id: int) -> None:
        self._store = store
        self.run_id = run_id
        self.samples_stored = 0
        self.samples_lost = 0
        self.outcomes_stored = 0

    def append(self, block: SampleBlock, outcomes: Iterable[Outcome] = ()) -> None:
        """Keep a block, the gap before it, and the outcomes of the windows it completed.

        Parameters
        ----------
        block
            The next block of the run.
        outcomes
            In order.

        Raises
        ------
        StoreError
            If they cannot be kept; what was committed before is still there.
        """
        self._keep(_block_rows(self.run_id, block), outcomes, block.n_samples / block.rate_hz)
        self.samples_stored += block.n_samples
        self.samples_lost += block.gap_before.n_samples if block.gap_before else 0

    def end(self, outcomes: Iterable[Outcome] = (), missing: Gap | None = None) -> None:
        """Keep the outcomes of what was left at the end of the stream, and what is known to be missing there."""
        self._keep([_gap_row(self.run_id, missing)] if missing else [], outcomes, 0.0)
        self.samples_lost += missing.n_samples if missing else 0

    def _keep(self, rows: Iterable[tuple[str, tuple[Any, ...]]], outcomes: Iterable[Outcome], signal_s: float) -> None:
        ended = [_outcome_row(self.run_id, outcome) for outcome in outcomes]
        self._store._append([*rows, *ended], signal_s)  # noqa: SLF001 - the two classes are one
        self.outcomes_stored += len(ended)


def _block_rows(run_id: int, block: SampleBlock) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if block.gap_before:
        yield _gap_row(run_id, block.gap_before)
    yield (
        "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            block.first_index,
            block.n_samples,
            block.start_s,
            block.period_s,
            block.time_uncertainty_s,
            block.rate_hz,
            block.scale.millivolts_per_count,
            block.scale.zero_count,
            block.contact,
            _packed(block.counts),
        ),
    )


def _packed(counts: NDArray[np.int32]) -> bytes:
    """Little-endian counts, in two bytes a sample where all of them fit, else in four."""
    fits = np.iinfo(np.int16).min <= counts.min() and counts.max() <= np.iinfo(np.int16).max
    return counts.astype("<i2" if fits else "<i4").tobytes()


def unpacked(n_samples: int, counts: bytes) -> NDArray[np.int32]:
    """Counts of a stored block, shape (n_samples,)."""
    return np.frombuffer(counts, "<i2" if len(counts) == 2 * n_samples else "<i4").astype(np.int32)


def _gap_row(run_id: int, gap: Gap) -> tuple[str, tuple[Any, ...]]:
    return "INSERT INTO gap VALUES (?, ?, ?, ?)", (run_id, gap.first_index, gap.n_samples, gap.reason)


def _outcome_row(run_id: int, outcome: Outcome) -> tuple[str, tuple[Any, ...]]:
    reason: str | None = None
    bpm, pack = None, None
    match outcome:
        case Estimated():
            bpm, pack = outcome.heart_rate.bpm, outcome.pack
        case Rejected():
            reason = outcome.reason
        case OverBudget():
            reason = outcome.limit
        case _:
            assert_never(outcome)
    span = outcome.span
    return (
        "INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run_id,
            span.first_index,
            span.n_samples,
            span.start_s,
            span.duration_s,
            type(outcome).__name__,
            reason,
            bpm,
            pack,
            json.dumps(asdict(outcome), allow_nan=False),
        ),
    )


def _lock(path: Path) -> IO[str]:
    """Hold a lock that the kernel gives back however the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("a")
    except OSError as error:
        raise StoreError(
            StoreFault.UNWRITABLE,
            f"the store {path} cannot be written ({error.strerror})",
            advice="choose another --store",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise StoreError(
            StoreFault.IN_USE,
            f"another process writes to the store {path}",
            advice="stop it, or choose another --store",
        ) from error
    return lock


def _connected(path: Path) -> sqlite3.Connection:
    with _translated(path):
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
        return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found > SCHEMA_VERSION:
        raise StoreError(
            StoreFault.NEWER_SCHEMA,
            f"the store {path} was written by a newer release (schema {found}, this one knows {SCHEMA_VERSION})",
            advice="update anyecg-edge, or choose another --store",
        )
    if found == 0:
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise _not_a_store(path)
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _not_a_store(path: Path) -> StoreError:
    return StoreError(StoreFault.NOT_A_STORE, f"{path} is not a store of anyecg-edge", advice="choose another --store")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_NOTADB":
            raise _not_a_store(path) from error
        if name in {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE"}:
            raise StoreError(
                StoreFault.DISK_FULL,
                f"no space left for the store {path}",
                advice="make room; what was stored before is still there",
            ) from error
        raise StoreError(
            StoreFault.UNWRITABLE, f"the store {path} cannot be used ({error})", advice="check the disk and its rights"
        ) from error
