"""A real half-hour through the shipped command, as a process: whole, and killed in the middle."""

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
import wfdb

from edge.store import unpacked
from tests.edge.cli.command import ANYECG, anyecg, last_object

RATE_HZ, N_SAMPLES = 360, 650_000
BEATS = set("NLRBAaJSVrFejnE/fQ?")
KILLS, KILLED_AS_SHIPPED = 50, 5
SEED = 20_261_121


def rows(path, query, *values):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query, values).fetchall()


def stored_counts(path, run_id):
    blocks = rows(path, "SELECT first_index, n_samples, counts FROM block WHERE run_id = ? ORDER BY 1", run_id)
    starts = [first for first, _, _ in blocks]
    assert starts == np.cumsum([0, *(n for _, n, _ in blocks)])[: len(blocks)].tolist()
    return np.concatenate([np.empty(0, np.int32), *(unpacked(n, counts) for _, n, counts in blocks)])


@pytest.fixture(scope="module")
def record(data_dir):
    return data_dir / "mitdb" / "119"


@pytest.fixture(scope="module")
def expected(record):
    return wfdb.rdrecord(str(record), channel_names=["MLII"], physical=False).d_signal[:, 0]


@pytest.fixture(scope="module")
def replayed(record, small_pack_path, tmp_path_factory):
    """The store of the whole record, and what the command said."""
    store = tmp_path_factory.mktemp("replay") / "a.db"
    done = anyecg("replay", record, "--channel", "MLII", "--pack", small_pack_path, "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    return store, last_object(done)


def test_every_sample_is_in_the_store_bit_for_bit(replayed, expected):
    store, _ = replayed
    np.testing.assert_array_equal(stored_counts(store, 1), expected)


def test_the_command_says_so(replayed):
    _, said = replayed
    assert (said["samples_read"], said["samples_stored"], said["samples_lost"]) == (N_SAMPLES, N_SAMPLES, 0)


def test_every_window_has_exactly_one_outcome(replayed):
    store, said = replayed
    spans = rows(store, "SELECT first_index, first_index + n_samples FROM outcome ORDER BY 1")
    assert (spans[0][0], spans[-1][1], said["windows"], said["outcomes"]) == (0, N_SAMPLES, len(spans), len(spans))
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_the_heart_rate_agrees_with_the_annotated_beats(replayed, record):
    store, _ = replayed
    marks = wfdb.rdann(str(record), "atr")
    beats = np.array([s for s, kind in zip(marks.sample, marks.symbol, strict=True) if kind in BEATS])
    query = "SELECT first_index, n_samples, heart_rate_bpm FROM outcome WHERE kind = 'Estimated'"
    accepted = rows(store, query)
    errors = []
    for first, n, bpm in accepted:
        inside = beats[(beats >= first) & (beats < first + n)]
        errors.append(abs(bpm - 60 * RATE_HZ * (inside.size - 1) / (inside[-1] - inside[0])))
    assert len(accepted) >= 150
    assert np.median(errors) <= 1.0


def test_every_estimate_names_its_pack(replayed):
    store, _ = replayed
    assert rows(store, "SELECT DISTINCT pack FROM outcome WHERE kind = 'Estimated'") == [
        ("untrained 0.0.1 DEMONSTRATION",)
    ]


KILLED_AGAIN_AND_AGAIN = """
import os, random, signal, sys
import ai_edge_litert.interpreter, edge.cli.replay, edge.recording.wfdb_record
from edge.cli.main import main

# The imports are shared by forking; everything the command does is done, and killed, in a process of its own.
seed, kills, sys.argv = int(sys.argv[1]), int(sys.argv[2]), ["anyecg", *sys.argv[3:]]
moments, killed = random.Random(seed), 0
for _ in range(kills):
    read_end, write_end = os.pipe()
    player = os.fork()
    if player == 0:
        os.dup2(write_end, 1)
        os.close(write_end)
        main()
    os.close(write_end)
    with os.fdopen(read_end) as lines:
        for _ in range(moments.randint(1, 350)):
            lines.readline()
        os.kill(player, signal.SIGKILL)
        _, status = os.waitpid(player, 0)
    killed += os.WIFSIGNALED(status)
print(killed)
"""


def kill_after(n_lines, arguments):
    """Replay, and kill -9 after so many lines of outcomes; whether it was still running."""
    player = subprocess.Popen([ANYECG, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    for _ in range(n_lines):
        player.stdout.readline()
    player.kill()
    player.communicate()
    return player.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def killed(record, small_pack_path, tmp_path_factory):
    """A store whose writer was killed fifty times at random moments, then left to end; kills that met it running."""
    store = tmp_path_factory.mktemp("killed") / "a.db"
    arguments = ["replay", record, "--channel", "MLII", "--pack", small_pack_path, "--store", store, "--hop", 5]
    moments = random.Random(SEED)
    n_killed = sum(kill_after(moments.randint(1, 350), arguments) for _ in range(KILLED_AS_SHIPPED))
    forked = [sys.executable, "-W", "ignore", "-c", KILLED_AGAIN_AND_AGAIN, SEED, KILLS - KILLED_AS_SHIPPED, *arguments]
    done = subprocess.run(list(map(str, forked)), capture_output=True, text=True, check=True)
    assert anyecg(*arguments, "--quiet").returncode == 0
    return store, n_killed + int(done.stdout)


def test_all_fifty_kills_met_a_running_replay(killed):
    store, n_killed = killed
    assert (n_killed, rows(store, "SELECT count(*), count(ended_s) FROM run")) == (KILLS, [(KILLS + 1, 1)])


def test_after_fifty_kills_the_store_is_sound(killed):
    assert rows(killed[0], "PRAGMA integrity_check") == [("ok",)]


def test_every_killed_run_holds_a_prefix_of_the_samples(killed, expected):
    lengths = []
    for run_id in range(1, KILLS + 1):
        counts = stored_counts(killed[0], run_id)
        np.testing.assert_array_equal(counts, expected[: counts.size])
        lengths.append(counts.size)
    assert sum(0 < length < N_SAMPLES for length in lengths) >= KILLS // 2


def test_no_outcome_of_a_killed_run_rests_on_samples_that_were_not_stored(killed):
    beyond = """SELECT run_id FROM outcome WHERE first_index + n_samples >
        (SELECT coalesce(max(first_index + n_samples), 0) FROM block WHERE block.run_id = outcome.run_id)"""
    assert rows(killed[0], beyond) == []


def test_a_rerun_appends_the_whole_record(killed, expected):
    np.testing.assert_array_equal(stored_counts(killed[0], KILLS + 1), expected)
