import json
import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import StoreError, StoreFault
from edge.outcome import (
    Estimated,
    HeartRate,
    LabEstimate,
    Limit,
    OverBudget,
    Rejected,
    Rejection,
    RhythmMeasured,
    Span,
)
from edge.signal import BeatBlock, Gap, GapReason
from edge.store import OutcomeStore, unpacked
from edge.store_rows import outcome_row
from tests.edge.measured import MEASURED
from tests.edge.signals import block

WRITER = """
import sys
from itertools import count
from pathlib import Path
import numpy as np
from edge.outcome import Rejected, Rejection, Span
from edge.store import OutcomeStore
from tests.edge.signals import block

now = count()  # a commit with every block, as if a second had passed
with OutcomeStore.open(Path(sys.argv[1]), now_s=lambda: float(next(now))) as store, store.run("writer") as run:
    for i in count():
        first = 100 * i
        ended = [Rejected(Span(first - 100, 200, 0.0, 0.4, 0.0), Rejection.NOISY, "")] if i % 2 else []
        run.append(block(np.arange(first, first + 100), first), ended)
        print(i, flush=True)
"""


def rows(path, query, *values):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query, values).fetchall()


def counts_of(path, run_id=1):
    found = rows(path, "SELECT n_samples, counts FROM block WHERE run_id = ? ORDER BY first_index", run_id)
    return np.concatenate([np.empty(0, np.int32), *(unpacked(n, counts) for n, counts in found)])


def rejected(first, n=100):
    return Rejected(Span(first, n, 0.0, 0.2, 0.0), Rejection.NOISY, "noise")


def fault_of(path):
    with pytest.raises(StoreError) as caught:
        OutcomeStore.open(path)
    return caught.value.fault


def test_samples_come_back_as_they_were_stored(tmp_path):
    x = np.random.default_rng(0).integers(-(2**31) + 1, 2**31 - 1, 1000, dtype=np.int32)
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        for i in range(0, 1000, 100):
            run.append(block(x[i : i + 100], i))
    np.testing.assert_array_equal(counts_of(tmp_path / "a.db"), x)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-32768, 32767]), min_size=1, max_size=50))
def test_any_counts_come_back(tmp_path, counts):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(counts))
    assert counts_of(tmp_path / "a.db", run.run_id).tolist() == counts


def test_small_counts_take_two_bytes_a_sample(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(100)))
    assert rows(tmp_path / "a.db", "SELECT length(counts) FROM block") == [(200,)]


def test_gaps_are_stored_with_their_reason(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(10)))
        run.append(block(np.arange(10), 17, lost_before=7))
        run.end(missing=Gap(27, 5, GapReason.DISCONNECTED))
    assert rows(tmp_path / "a.db", "SELECT first_index, n_samples, reason FROM gap") == [
        (10, 7, "frame_lost"),
        (27, 5, "disconnected"),
    ]


def test_a_run_counts_what_was_stored_and_lost(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(10)))
        run.append(block(np.arange(10), 17, lost_before=7), [rejected(0)])
        run.end([rejected(17)], Gap(27, 5, GapReason.DISCONNECTED))
    assert (run.samples_stored, run.samples_lost, run.outcomes_stored) == (20, 12, 2)


OUTCOMES = [
    (
        Estimated(
            Span(0, 100, 1.5, 0.2, 0.01),
            HeartRate(72.5, 12),
            MEASURED,
            (LabEstimate("k_low", "Potassium low", 0.25, above_threshold=False),),
            "pack 1 DEMONSTRATION",
            "litert/xnnpack",
        ),
        ("Estimated", None, 72.5, "pack 1 DEMONSTRATION"),
    ),
    (
        RhythmMeasured(Span(0, 75, 1.5, 60.0, 0.3), HeartRate(75.0, 76), 800.0, 40.0, 30.0, None, 75, 2),
        ("RhythmMeasured", None, 75.0, None),
    ),
    (rejected(0), ("Rejected", "noisy", None, None)),
    (Rejected(Span(0, 100, 0.0, 0.2, 0.0), Rejection.MOTION, "", MEASURED), ("Rejected", "motion", 72.3, None)),
    (
        OverBudget(Span(0, 100, 0.0, 0.2, 0.0), Limit.LATENCY_P99, 220.0, 100.0, 20.0),
        ("OverBudget", "latency_p99_ms", None, None),
    ),
]


@pytest.mark.parametrize(("outcome", "row"), OUTCOMES, ids=[row[0] for _, row in OUTCOMES])
def test_an_outcome_is_stored_in_columns(tmp_path, outcome, row):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(100)), [outcome])
    assert rows(tmp_path / "a.db", "SELECT kind, reason, heart_rate_bpm, pack FROM outcome") == [row]


def test_all_there_is_to_an_outcome_is_stored_as_json(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(100)), [OUTCOMES[0][0]])
    [(facts,)] = rows(tmp_path / "a.db", "SELECT facts FROM outcome")
    assert json.loads(facts)["estimates"] == [
        {"output_id": "k_low", "name": "Potassium low", "probability": 0.25, "above_threshold": False}
    ]


@pytest.mark.parametrize("outcome", [outcome for outcome, _ in OUTCOMES], ids=[row[0] for _, row in OUTCOMES])
def test_the_json_of_an_outcome_has_every_field_of_every_part(outcome):
    _, values = outcome_row(1, outcome)
    assert json.loads(values[-1]) == json.loads(json.dumps(asdict(outcome)))


def test_an_outcome_with_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        outcome_row(1, replace(OUTCOMES[0][0], heart_rate=HeartRate(float("nan"), 3)))


def test_intervals_come_back_each_with_its_time(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("strap") as run:
        run.append_beats(BeatBlock(np.array([0.5, 0.75]), 0, 100.0, 0.25, contact=True))
        gap = Gap(2, 3, GapReason.DISCONNECTED)
        run.append_beats(BeatBlock(np.array([1.0]), 5, 104.0, 0.5, gap, 2.75))
    assert rows(tmp_path / "a.db", "SELECT * FROM beat") == [
        (1, 0, 100.0, 0.5, 0.25, 1),
        (1, 1, 100.5, 0.75, 0.25, 1),
        (1, 5, 104.0, 1.0, 0.5, None),
    ]
    assert rows(tmp_path / "a.db", "SELECT first_index, n_samples, reason FROM gap") == [(2, 3, "disconnected")]
    assert (run.samples_stored, run.samples_lost) == (3, 3)


def test_a_replay_of_beats_commits_every_half_minute_too(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db", now_s=lambda: 0.0) as store, store.run("strap") as run:
        for i in range(40):
            run.append_beats(BeatBlock(np.array([1.0]), i, float(i)))
        seen_by_others = rows(tmp_path / "a.db", "SELECT count(*) FROM beat")
    assert seen_by_others == [(30,)]


def test_an_append_that_is_refused_leaves_nothing_of_itself_and_all_of_the_others(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("one") as one, store.run("other") as other:
        one.append(block(np.arange(10)))
        other.append(block(np.arange(10)), [rejected(0)])
        with pytest.raises(StoreError):
            one.append(block(np.arange(10), 17, lost_before=7), [rejected(0), rejected(0)])
        one.append(block(np.arange(10), 10))
    assert rows(tmp_path / "a.db", "SELECT run_id, first_index FROM block ORDER BY 1, 2") == [(1, 0), (1, 10), (2, 0)]
    assert rows(tmp_path / "a.db", "SELECT count(*) FROM gap") == [(0,)]
    assert rows(tmp_path / "a.db", "SELECT run_id FROM outcome") == [(2,)]
    assert (one.samples_stored, one.samples_lost, one.outcomes_stored) == (20, 0, 0)


def write_a_run(store, name, blocks):
    with store.run(name) as run:
        for i in range(blocks):
            ended = [rejected(100 * i - 100, 200)] if i % 2 else []
            run.append(block(np.arange(100 * i, 100 * i + 100), 100 * i), ended)
        run.end([rejected(100 * blocks)], Gap(100 * blocks, 5, GapReason.DISCONNECTED))
    return name, run


def test_runs_that_are_written_at_once_from_threads_are_each_whole(tmp_path):
    now = count()  # a commit every few blocks, whoever appends them
    with (
        OutcomeStore.open(tmp_path / "a.db", now_s=lambda: next(now) / 7) as store,
        ThreadPoolExecutor(8) as threads,
    ):
        written = list(threads.map(lambda name: write_a_run(store, name, 60), "abcdefgh"))
    sources = dict(rows(tmp_path / "a.db", "SELECT source, id FROM run WHERE ended_s IS NOT NULL"))
    assert sources == {name: run.run_id for name, run in written}
    for _, run in written:
        np.testing.assert_array_equal(counts_of(tmp_path / "a.db", run.run_id), np.arange(6000))
        [(outcomes,)] = rows(tmp_path / "a.db", "SELECT count(*) FROM outcome WHERE run_id = ?", run.run_id)
        assert (run.samples_stored, run.samples_lost, run.outcomes_stored, outcomes) == (6000, 5, 31, 31)


SCHEMA_1 = """
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
INSERT INTO run VALUES (1, 'strap', 5.0, 9.0);
INSERT INTO block VALUES (1, 0, 2, 5.0, 0.002, 0.01, 500.0, 0.001, 0.0, 1, x'01000200');
INSERT INTO gap VALUES (1, 2, 7, 'frame_lost');
INSERT INTO outcome VALUES (1, 0, 2, 5.0, 0.004, 'Rejected', 'ended', NULL, NULL, '{}');
PRAGMA user_version = 1;
"""
"""What the first release wrote."""


def everything(path):
    return [rows(path, f"SELECT * FROM {table}") for table in ("run", "block", "gap", "outcome")]


def test_a_store_of_the_first_release_is_taken_on_and_loses_nothing(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.executescript(SCHEMA_1)
    before = everything(tmp_path / "a.db")
    OutcomeStore.open(tmp_path / "a.db").close()
    assert everything(tmp_path / "a.db") == before
    assert rows(tmp_path / "a.db", "PRAGMA user_version") == [(2,)]
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("beats") as run:
        run.append_beats(BeatBlock(np.array([1.0]), 0, 100.0))
    assert rows(tmp_path / "a.db", "SELECT run_id FROM beat") == [(2,)]


def test_a_new_store_has_the_same_tables_as_one_that_was_taken_on(tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.executescript(SCHEMA_1)
    schemas = []
    for name in ("old.db", "new.db"):
        OutcomeStore.open(tmp_path / name).close()
        schemas.append(rows(tmp_path / name, "SELECT name, sql FROM sqlite_master ORDER BY name"))
    assert schemas[0] == schemas[1]


def test_a_store_of_the_first_release_that_cannot_be_taken_on_is_left_as_it_was(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        # Someone has made a table of that name: the change fails half-way.
        database.executescript(SCHEMA_1 + "CREATE TABLE beat(theirs);")
    assert fault_of(tmp_path / "a.db") is StoreFault.UNWRITABLE
    assert rows(tmp_path / "a.db", "PRAGMA user_version") == [(1,)]


def test_a_store_that_is_opened_again_is_appended_to(tmp_path):
    for _ in range(2):
        with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
            run.append(block(np.arange(10)))
    assert rows(tmp_path / "a.db", "SELECT run_id, n_samples FROM block") == [(1, 10), (2, 10)]


def test_a_replay_commits_every_half_minute_of_signal_however_fast_it_runs(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db", now_s=lambda: 0.0) as store, store.run("test") as run:
        for i in range(40):
            second = block(np.arange(500) + i, 500 * i)
            assert second.n_samples / second.rate_hz == 1.0
            run.append(second)
        seen_by_others = rows(tmp_path / "a.db", "SELECT count(*) FROM block")
    assert seen_by_others == [(30,)]


def test_a_run_that_ended_says_when(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("strap"):
        pass
    assert rows(tmp_path / "a.db", "SELECT source, ended_s >= started_s FROM run") == [("strap", 1)]


def test_a_run_that_failed_does_not_say_it_ended_and_keeps_its_samples(tmp_path):
    def fail():
        with OutcomeStore.open(tmp_path / "a.db") as store, store.run("strap") as run:
            run.append(block(np.arange(10)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert rows(tmp_path / "a.db", "SELECT ended_s, n_samples FROM run JOIN block") == [(None, 10)]


def test_samples_are_committed_once_a_second_has_passed(tmp_path):
    now = iter([0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0])
    seen = []
    with OutcomeStore.open(tmp_path / "a.db", now_s=lambda: next(now)) as store, store.run("test") as run:
        for i in range(2):
            run.append(block(np.arange(10), 10 * i))
            seen.append(rows(tmp_path / "a.db", "SELECT count(*) FROM block")[0][0])
    assert seen == [0, 2]


def test_the_folder_of_a_store_is_made(tmp_path):
    with OutcomeStore.open(tmp_path / "new" / "folder" / "a.db"):
        assert (tmp_path / "new" / "folder" / "a.db").is_file()


def test_a_second_writer_is_refused(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db"):
        assert fault_of(tmp_path / "a.db") is StoreFault.IN_USE


def test_a_store_that_was_closed_can_be_opened(tmp_path):
    OutcomeStore.open(tmp_path / "a.db").close()
    OutcomeStore.open(tmp_path / "a.db").close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 30, bytes(4096)])
def test_a_file_that_is_no_database_is_no_store(tmp_path, content):
    (tmp_path / "a.db").write_bytes(content)
    assert fault_of(tmp_path / "a.db") is StoreFault.NOT_A_STORE


def test_a_database_of_someone_else_is_no_store(tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("CREATE TABLE theirs(x)")
    assert fault_of(tmp_path / "a.db") is StoreFault.NOT_A_STORE


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_database_of_someone_else_is_left_as_it_was(tmp_path, version):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("CREATE TABLE theirs(x)")
        database.execute(f"PRAGMA user_version = {version}")
        database.commit()
    assert fault_of(tmp_path / "a.db") is StoreFault.NOT_A_STORE
    assert rows(tmp_path / "a.db", "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_file_that_is_no_database_is_left_as_it_was(tmp_path):
    (tmp_path / "a.db").write_bytes(b"a letter to a friend, never to be overwritten" * 40)
    fault_of(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == b"a letter to a friend, never to be overwritten" * 40


def test_a_store_of_a_newer_release_is_refused(tmp_path):
    OutcomeStore.open(tmp_path / "a.db").close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("PRAGMA user_version = 3")
    with pytest.raises(StoreError, match="schema 3, this one knows 2") as caught:
        OutcomeStore.open(tmp_path / "a.db")
    assert caught.value.fault is StoreFault.NEWER_SCHEMA


def test_a_folder_in_the_place_of_the_store_is_refused(tmp_path):
    (tmp_path / "a.db").mkdir()
    assert fault_of(tmp_path / "a.db") is StoreFault.UNWRITABLE


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    assert fault_of(tmp_path / "file" / "a.db") is StoreFault.UNWRITABLE


def test_the_same_samples_twice_are_refused(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("test") as run:
        run.append(block(np.arange(10)))
        with pytest.raises(StoreError):
            run.append(block(np.arange(10)))


def check_is_a_prefix(path, at_least=0):
    """What a killed writer left: whole blocks in a row, and outcomes on stored samples only."""
    counts = counts_of(path)
    assert counts.size % 100 == 0
    assert counts.size >= at_least
    np.testing.assert_array_equal(counts, np.arange(counts.size))
    [(last,)] = rows(path, "SELECT coalesce(max(first_index + n_samples), 0) FROM outcome")
    assert last == counts.size // 200 * 200


def test_after_kill_9_at_random_moments_the_store_holds_a_prefix(tmp_path):
    moments = random.Random(7)
    for attempt in range(5):
        path = tmp_path / f"{attempt}.db"
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        for _ in range(moments.randint(1, 60)):
            last = int(writer.stdout.readline())
        writer.kill()
        writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        with OutcomeStore.open(path) as store, store.run("again") as run:
            run.append(block(np.arange(3)))
        # What was said to be stored before the kill is there.
        check_is_a_prefix(path, at_least=100 * last)
        assert counts_of(path, run_id=2).tolist() == [0, 1, 2]


def fill_until_it_fails(path):
    """Append until the store refuses; its refusal, and the samples appended before."""
    now = count()
    stored = 0
    try:
        with OutcomeStore.open(path, now_s=lambda: float(next(now))) as store, store.run("test") as run:
            for first in count(step=100):
                ended = [rejected(first - 100, 200)] if first // 100 % 2 else []
                run.append(block(np.arange(first, first + 100), first), ended)
                stored = first + 100
    except StoreError as error:
        return error, stored


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 512 KiB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no disk of its own can be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_is_named_and_loses_nothing_that_was_stored(tiny_disk):
    error, stored = fill_until_it_fails(tiny_disk / "a.db")
    assert error.fault is StoreFault.DISK_FULL
    check_is_a_prefix(tiny_disk / "a.db", at_least=stored - 100)


def test_a_store_on_a_disk_with_room_again_is_appended_to(tiny_disk):
    (tiny_disk / "ballast").write_bytes(bytes(200_000))
    fill_until_it_fails(tiny_disk / "a.db")
    (tiny_disk / "ballast").unlink()
    with OutcomeStore.open(tiny_disk / "a.db") as store, store.run("again") as run:
        run.append(block(np.arange(10)))
    assert counts_of(tiny_disk / "a.db", run.run_id).size == 10


def test_a_disk_too_full_to_begin_a_store_is_named(tiny_disk):
    (tiny_disk / "ballast").write_bytes(bytes(500_000))
    assert fault_of(tiny_disk / "a.db") is StoreFault.DISK_FULL


LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from edge.errors import StoreError
from tests.edge.test_store import fill_until_it_fails
error, stored = fill_until_it_fails(Path(sys.argv[1]))
print(error.fault, stored)
"""


def test_a_file_that_may_not_grow_is_named_and_loses_nothing_that_was_stored(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "a.db"], capture_output=True, text=True, check=True
    )
    fault, stored = done.stdout.split()
    assert fault == "disk_full"
    check_is_a_prefix(tmp_path / "a.db", at_least=int(stored) - 100)
