"""Samples, beats and outcomes kept on the gateway: one SQLite file, one process that writes, whole after a crash."""

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from edge.errors import StoreError, StoreFault
from edge.outcome import Outcome
from edge.signal import BeatBlock, Gap, SampleBlock
from edge.store_rows import (
    FIRST_TABLES,
    MIGRATIONS,
    SCHEMA_VERSION,
    Row,
    beat_rows,
    block_rows,
    gap_row,
    outcome_row,
    unpacked,
)

__all__ = ["SCHEMA_VERSION", "OutcomeStore", "StoredRun", "unpacked"]

_COMMIT_EVERY_S: Final = 1.0
_COMMIT_SIGNAL_S: Final = 30.0
"""A replay runs hundreds of times faster than the clock: it commits after so much signal."""


class OutcomeStore:
    """The store, open for writing; `OutcomeStore.open` makes one.

    Use it as a context manager. Samples and the outcomes that rest on them are committed together, at most a second
    of wall time and half a minute of signal apart, and reach the disk with the commit (WAL, ``synchronous=FULL``):
    after ``kill -9`` or a power cut the file opens again and holds a prefix of each run. Several runs may be appended
    to at once, each from a thread of its own: they take turns, and an append is kept as a whole or not at all.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, lock: IO[str], now_s: Callable[[], float]) -> None:
        self.path = path
        self._database = database
        self._lock = lock
        self._turn = threading.Lock()
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
        with self._turn:
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
        run_id = self._insert_run(source)
        yield StoredRun(self, run_id)
        with self._writing():
            self._database.execute("UPDATE run SET ended_s = ? WHERE id = ?", (time.time(), run_id))
            self._commit()

    def _insert_run(self, source: str) -> int:
        with self._writing():
            row = (source, time.time())
            run_id = self._database.execute("INSERT INTO run(source, started_s) VALUES (?, ?)", row).lastrowid
            self._commit()
        return int(run_id or 0)

    def _append(self, rows: Iterable[Row], signal_s: float) -> None:
        with self._writing():
            with self._whole():
                for statement, values in rows:
                    self._database.execute(statement, values)
            self._uncommitted_signal_s += signal_s
            waited_s = self._now_s() - self._committed_s
            if waited_s >= _COMMIT_EVERY_S or self._uncommitted_signal_s >= _COMMIT_SIGNAL_S:
                self._commit()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, _translated(self.path):
            if not self._database.in_transaction:
                self._database.execute("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Undo what was begun where it fails, and leave what the other runs have appended."""
        self._database.execute("SAVEPOINT appending")
        try:
            yield
        except BaseException:
            # A full disk may have made SQLite roll all of it back already.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK TO appending")
                self._database.execute("RELEASE appending")
            raise
        self._database.execute("RELEASE appending")

    def _commit(self) -> None:
        with _translated(self.path):
            if self._database.in_transaction:
                self._database.execute("COMMIT")
        self._committed_s = self._now_s()
        self._uncommitted_signal_s = 0.0


class StoredRun:
    """One run of a store, open for appending, from one thread at a time.

    Attributes
    ----------
    samples_stored, samples_lost
        Samples (in a run of intervals between beats: intervals) appended, and stated as missing, so far.
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
        self._keep(block_rows(self.run_id, block), outcomes, block.n_samples / block.rate_hz)
        self.samples_stored += block.n_samples
        self.samples_lost += block.gap_before.n_samples if block.gap_before else 0

    def append_beats(self, block: BeatBlock, outcomes: Iterable[Outcome] = ()) -> None:
        """Keep a block of intervals as `append` keeps one of samples."""
        self._keep(beat_rows(self.run_id, block), outcomes, block.duration_s)
        self.samples_stored += block.n_intervals
        self.samples_lost += block.gap_before.n_samples if block.gap_before else 0

    def end(self, outcomes: Iterable[Outcome] = (), missing: Gap | None = None) -> None:
        """Keep the outcomes of what was left at the end of the stream, and what is known to be missing there."""
        self._keep([gap_row(self.run_id, missing)] if missing else [], outcomes, 0.0)
        self.samples_lost += missing.n_samples if missing else 0

    def _keep(self, rows: Iterable[Row], outcomes: Iterable[Outcome], signal_s: float) -> None:
        ended = [outcome_row(self.run_id, outcome) for outcome in outcomes]
        self._store._append([*rows, *ended], signal_s)  # noqa: SLF001 - the two classes are one
        self.outcomes_stored += len(ended)


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
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables != set() if found == 0 else not tables >= FIRST_TABLES:
        raise _not_a_store(path)
    if found < SCHEMA_VERSION:
        changes = "".join(MIGRATIONS[found:])
        database.executescript(f"BEGIN IMMEDIATE; {changes} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


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
