"""What stands in the store: its tables, and how blocks and outcomes become rows of them and back."""

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from edge.outcome import Estimated, Outcome, OverBudget, Rejected, RhythmMeasured
from edge.signal import BeatBlock, Gap, SampleBlock

Row: TypeAlias = tuple[str, tuple[Any, ...]]
"""A statement and its values."""

MIGRATIONS: Final = (
    """
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
""",
    """
CREATE TABLE beat(run_id INTEGER NOT NULL REFERENCES run, interval_index INTEGER NOT NULL, start_s REAL NOT NULL,
  rr_s REAL NOT NULL, time_uncertainty_s REAL NOT NULL, contact INTEGER,
  PRIMARY KEY(run_id, interval_index)) WITHOUT ROWID;
""",
)
"""Each makes the next schema out of the one before; the first out of an empty file. In a run of intervals between beats
the indices of `gap` and `outcome` count intervals."""

FIRST_TABLES: Final = frozenset({"run", "block", "gap", "outcome"})
"""What a store of any schema has."""

SCHEMA_VERSION: Final = len(MIGRATIONS)
"""Version of the tables this release writes, and the newest it reads (SQLite's ``user_version``)."""


def block_rows(run_id: int, block: SampleBlock) -> Iterator[Row]:
    """Rows of a block of samples and the gap before it."""
    if block.gap_before:
        yield gap_row(run_id, block.gap_before)
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


def beat_rows(run_id: int, block: BeatBlock) -> Iterator[Row]:
    """Rows of a block of intervals, one for each, and the gap before it."""
    if block.gap_before:
        yield gap_row(run_id, block.gap_before)
    start_s = block.start_s
    for index, rr_s in enumerate(block.rr_s.tolist(), block.first_index):
        yield (
            "INSERT INTO beat VALUES (?, ?, ?, ?, ?, ?)",
            (run_id, index, start_s, rr_s, block.time_uncertainty_s, block.contact),
        )
        start_s += rr_s


def _packed(counts: NDArray[np.int32]) -> bytes:
    """Little-endian counts, in two bytes a sample where all of them fit, else in four."""
    fits = np.iinfo(np.int16).min <= counts.min() and counts.max() <= np.iinfo(np.int16).max
    return counts.astype("<i2" if fits else "<i4").tobytes()


def unpacked(n_samples: int, counts: bytes) -> NDArray[np.int32]:
    """Counts of a stored block, shape (n_samples,)."""
    return np.frombuffer(counts, "<i2" if len(counts) == 2 * n_samples else "<i4").astype(np.int32)


def gap_row(run_id: int, gap: Gap) -> Row:
    """Row of a gap."""
    return "INSERT INTO gap VALUES (?, ?, ?, ?)", (run_id, gap.first_index, gap.n_samples, gap.reason)


def outcome_row(run_id: int, outcome: Outcome) -> Row:
    """Row of an outcome: what is asked for most in columns, all of it as JSON."""
    reason: str | None = None
    bpm, pack = None, None
    match outcome:
        case Estimated():
            bpm, pack = outcome.heart_rate.bpm, outcome.pack
        case RhythmMeasured():
            bpm = outcome.heart_rate.bpm
        case Rejected():
            bpm, reason = outcome.heart_rate_bpm, outcome.reason
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
            _FACTS.encode(outcome),
        ),
    )


def _fields(part: Any) -> dict[str, Any]:
    """Give the fields of an outcome, or of a part of one: `asdict` would copy all that is in them first."""
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


_FACTS: Final = json.JSONEncoder(default=_fields, allow_nan=False, check_circular=False, separators=(",", ":"))
"""Writes an outcome as an object of its fields."""
