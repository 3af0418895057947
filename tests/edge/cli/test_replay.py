import sqlite3
import subprocess
from contextlib import closing

import numpy as np
import pytest

from edge.pack import write_pack
from tests.edge.batches import stating_its_batch
from tests.edge.cli.command import anyecg, called, is_one_clear_line, last_object
from tests.edge.signals import heartbeat

KEYS = {
    "samples_read", "samples_stored", "samples_lost", "windows", "outcomes", "rejected", "latency_ms", "peak_rss_mb",
    "pack", "store",
}  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Forty seconds of a heart at 250 Hz, with a stretch that was not measured at 12 s."""
    x = heartbeat(40.0, rate_hz=250.0)
    cells = [f"{mv:.4f}" if not 3000 <= i < 3100 else "" for i, mv in enumerate(x)]
    path = tmp_path_factory.mktemp("tables") / "heart.csv"
    path.write_text("index,II\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    return path


@pytest.fixture
def replay(table, small_pack_path, tmp_path):
    def run(*arguments, file=table, by=called):
        return by("replay", file, "--channel", "II", "--rate", 250, "--pack", small_pack_path, *arguments, cwd=tmp_path)

    return run


def test_a_replay_ends_with_all_its_figures(replay):
    done = replay("--json", by=anyecg)
    assert done.returncode == 0
    said = last_object(done)
    assert said.keys() >= KEYS
    assert (said["samples_read"], said["samples_stored"], said["samples_lost"]) == (10_000, 9_900, 100)
    assert (said["windows"], said["outcomes"], said["rejected"]) == (5, 5, {"ended": 1, "gap": 1})


def test_every_stage_has_its_latency(replay):
    latency = last_object(replay("--json"))["latency_ms"]
    assert {"measure", "preprocess", "quantise", "infer", "decode"} <= latency.keys()
    assert all(0 <= figures["p50"] <= figures["p99"] for figures in latency.values())


def test_for_machines_stdout_is_one_line(replay):
    done = replay("--json", by=anyecg)
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_for_people_each_window_is_a_line_and_the_purpose_is_said(replay):
    done = replay(by=anyecg)
    assert done.stdout.count("untrained 0.0.1 DEMONSTRATION") == 3 + 1
    assert "Not a medical device" in done.stdout


def test_lines_for_people_are_the_same_whoever_reads_them(replay):
    strip = [line for line in replay().stdout.splitlines() if "dB" in line]
    assert strip == [line for line in replay(by=anyecg).stdout.splitlines() if "dB" in line]


def test_quiet_leaves_the_summary_only(replay):
    assert replay("--quiet").stdout.count("untrained 0.0.1 DEMONSTRATION") == 1


def test_the_store_is_anyecg_db_and_a_second_replay_appends(replay, tmp_path):
    assert [replay("-q").returncode, replay("-q").returncode] == [0, 0]
    with closing(sqlite3.connect(tmp_path / "anyecg.db")) as database:
        runs = database.execute("SELECT run_id, sum(n_samples) FROM block GROUP BY run_id").fetchall()
    assert runs == [(1, 9_900), (2, 9_900)]


def test_a_duration_ends_the_replay_there(replay):
    assert last_object(replay("--json", "--duration", 11))["samples_read"] == 2750


def test_a_duration_that_ends_in_what_was_not_measured_counts_it_as_lost(replay):
    said = last_object(replay("--json", "--duration", 12.2))
    assert (said["samples_read"], said["samples_stored"], said["samples_lost"]) == (3050, 3000, 50)


def test_overlapping_windows_are_had_with_a_shorter_hop(replay):
    assert last_object(replay("--json", "--hop", 5, "--duration", 12))["windows"] == 2


def outcomes_in(store):
    with closing(sqlite3.connect(store)) as database:
        return database.execute("SELECT first_index, kind, reason, facts FROM outcome ORDER BY first_index").fetchall()


@pytest.mark.parametrize("batch", [2, 4, 8])
def test_windows_that_run_together_leave_the_same_outcomes(replay, tmp_path, batch):
    said = [
        last_object(replay("--json", "--hop", 2, "--batch", n, "--store", tmp_path / f"{n}.db")) for n in (1, batch)
    ]
    assert [figures["batch"] for figures in said] == [1, batch]
    assert outcomes_in(tmp_path / f"{batch}.db") == outcomes_in(tmp_path / "1.db")


def test_four_windows_run_together_by_default(replay):
    assert last_object(replay("--json"))["batch"] == 4


def test_a_pack_that_states_its_batch_is_run_window_by_window_and_the_figures_say_so(
    table, small_pack, small_pack_path, tmp_path
):
    write_pack(tmp_path / "stated.tflite", stating_its_batch(small_pack))
    for pack, store in (tmp_path / "stated.tflite", "stated.db"), (small_pack_path, "open.db"):
        arguments = ("--channel", "II", "--rate", 250, "--pack", pack, "--store", store, "--json")
        done = called("replay", table, *arguments, cwd=tmp_path)
        assert last_object(done)["batch"] == (1 if store == "stated.db" else 4)
    assert outcomes_in(tmp_path / "stated.db") == outcomes_in(tmp_path / "open.db")


@pytest.mark.parametrize("batch", [0, 9])
def test_a_batch_that_is_none_is_used_wrongly(replay, batch):
    assert replay("--batch", batch).returncode == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("absent.csv", None), ("empty.csv", ""), ("words.csv", "only words\n"), ("nan.csv", "II\nnan\nnan\n"),
     ("other.csv", "I,V1\n1,2\n"), ("noise.edf", "\x00\x01\x02"), ("a.mp3", "la la la")],
)  # fmt: skip
def test_a_recording_that_cannot_be_played_is_one_clear_line(replay, tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content)
    assert is_one_clear_line(replay(file=tmp_path / name))


@pytest.mark.parametrize("rate", [0, -1, "nan", "inf", 1e-9, 1e12])
def test_a_rate_that_is_none_is_one_clear_line(table, small_pack_path, tmp_path, rate):
    done = called("replay", table, "--channel", "II", f"--rate={rate}", "--pack", small_pack_path, cwd=tmp_path)
    assert is_one_clear_line(done)


def test_a_store_in_use_is_one_clear_line(replay, tmp_path):
    from edge.store import OutcomeStore

    with OutcomeStore.open(tmp_path / "anyecg.db"):
        assert is_one_clear_line(replay())


def test_a_file_that_is_no_store_is_one_clear_line(replay, tmp_path):
    (tmp_path / "anyecg.db").write_text("dear diary " * 100)
    assert is_one_clear_line(replay())


def test_a_pack_that_is_none_is_one_clear_line(table, tmp_path):
    (tmp_path / "a.tflite").write_bytes(np.random.default_rng(0).bytes(5000))
    assert is_one_clear_line(called("replay", table, "--pack", tmp_path / "a.tflite", cwd=tmp_path))


def test_a_full_disk_is_one_clear_line(replay, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no disk of its own can be mounted here: {made.stderr.strip()}")
    try:
        done = replay("-q", "--store", disk / "a.db", by=anyecg)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert ("no space left for the store" in done.stderr, is_one_clear_line(done)) == (True, True)
