"""The shipped command as a process: the demonstration, and a strap and a gateway in two processes."""

import contextlib
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.ble_gateway.places import shared_data

ANYECG = Path(sys.executable).with_name("anyecg")
PLAIN = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
LONGEST_S = 240


def _anyecg(*arguments, **options):
    return subprocess.run(
        [ANYECG, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=PLAIN,
        timeout=LONGEST_S,
        check=False,
        **options,
    )


@contextlib.contextmanager
def _started(*arguments):
    with subprocess.Popen(
        [ANYECG, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=PLAIN
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _figures(stdout):
    return json.loads(stdout.splitlines()[-1])


def _assert_all_is_accounted_for(figures, store):
    assert figures["samples_sent"] == figures["samples_stored"] + figures["samples_lost"]
    assert figures["windows"] == figures["outcomes"]
    with contextlib.closing(sqlite3.connect(store)) as database:
        blocks = database.execute("SELECT first_index, n_samples, length(counts) FROM block").fetchall()
        gaps = database.execute("SELECT first_index, n_samples FROM gap").fetchall()
        windows = database.execute("SELECT first_index, n_samples FROM outcome").fetchall()
    assert sum(n for _, n, _ in blocks) == figures["samples_stored"]
    assert all(size in {2 * n, 4 * n} for _, n, size in blocks)
    assert sum(n for _, n in gaps) == figures["samples_lost"]
    row = sorted([(first, n) for first, n, _ in blocks] + gaps)
    assert row[0][0] == 0
    assert all(first + n == following for (first, n), (following, _) in pairwise(row))
    assert not [(w, g) for w in windows for g in gaps if w[0] < g[0] + g[1] and g[0] < w[0] + w[1]]


def test_the_demonstration_ends_with_every_sample_stored_or_counted_as_lost(tmp_path):
    done = _anyecg("demo", "--speed", "1000", "--store", tmp_path / "demo.db", "--json")
    assert done.returncode == 0, done.stderr
    figures = _figures(done.stdout)
    assert len(done.stdout.splitlines()) == 1
    assert figures["samples_sent"] == 7800
    assert figures["connections"] == 2
    assert "DEMONSTRATION" in figures["pack"]
    assert {"p50", "p99"} == set(figures["latency_ms"]["total"])
    assert figures["peak_rss_mb"] > 0
    _assert_all_is_accounted_for(figures, tmp_path / "demo.db")


def test_the_demonstration_says_what_it_is_and_where_the_store_lies(tmp_path):
    done = _anyecg("demo", "--speed", "1000", "--duration", "20", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "virtual Polar H10" in done.stdout
    assert "Not a medical device" in done.stdout
    assert "anyecg-demo.db" in done.stdout
    assert (tmp_path / "anyecg-demo.db").is_file()


def test_the_same_seed_gives_the_same_demonstration(tmp_path):
    stored = []
    for name in ("first.db", "second.db"):
        done = _anyecg("demo", "--speed", "1000", "--duration", "30", "--seed", "7", "--store", tmp_path / name)
        assert done.returncode == 0, done.stderr
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as database:
            stored.append(
                (
                    database.execute("SELECT first_index, counts FROM block").fetchall(),
                    database.execute("SELECT * FROM gap").fetchall(),
                )
            )
    assert stored[0] == stored[1]


def test_a_real_recording_through_loss_drift_and_disconnects_is_accounted_for_and_placed_in_time(tmp_path):
    record = shared_data("mitdb", "119")
    done = _anyecg(
        *("demo", "--recording", record, "--channel", "MLII", "--speed", "1000", "--duration", "300"),
        *("--loss", "0.02", "--drift-ppm", "100", "--disconnect-every", "60", "--hop", "10"),
        *("--store", tmp_path / "demo.db", "--json"),
    )
    assert done.returncode == 0, done.stderr
    figures = _figures(done.stdout)
    assert figures["samples_sent"] == 39_000
    assert figures["connections"] == 5
    assert figures["sample_time_error_ms"]["p99"] < 10
    _assert_all_is_accounted_for(figures, tmp_path / "demo.db")


def test_a_real_recording_over_a_clean_link_is_stored_whole(tmp_path):
    record = shared_data("mitdb", "119")
    done = _anyecg(
        *("demo", "--recording", record, "--channel", "MLII", "--speed", "1000", "--duration", "120"),
        *("--loss", "0", "--disconnect-every", "0", "--store", tmp_path / "demo.db", "--json"),
    )
    figures = _figures(done.stdout)
    assert (figures["samples_sent"], figures["samples_stored"]) == (15_600, 15_600)


def test_several_wearables_at_once_are_a_run_each_and_all_accounted_for(tmp_path):
    done = _anyecg(
        *("demo", "--device", "polar-h10", "--device", "movesense", "--device", "heart-rate", "--device", "polar-h10"),
        *("--speed", "1000", "--duration", "40", "--store", tmp_path / "demo.db", "--json"),
    )
    assert done.returncode == 0, done.stderr
    runs = _figures(done.stdout)["runs"]
    assert ["Polar H10" in run["source"] for run in runs] == [True, False, False, True]
    waves = [run for run in runs if "samples_sent" in run]
    assert [run["samples_sent"] for run in waves] == [5200, 8000, 5200]
    assert all(run["samples_sent"] == run["samples_stored"] + run["samples_lost"] for run in waves)
    assert all("DEMONSTRATION" in run["source"] for run in runs)
    with contextlib.closing(sqlite3.connect(tmp_path / "demo.db")) as database:
        assert database.execute("SELECT count(*) FROM run").fetchone() == (4,)


def test_a_demonstration_that_is_interrupted_keeps_and_counts_all(tmp_path):
    with _started("demo", "--duration", "600", "--store", tmp_path / "demo.db", "--json") as process:
        for line in process.stderr:
            if "first samples" in line:
                break
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, stderr
    _assert_all_is_accounted_for(_figures(stdout), tmp_path / "demo.db")


def test_on_a_terminal_the_stream_is_drawn_live(tmp_path):
    reader, terminal = pty.openpty()
    with subprocess.Popen(
        [ANYECG, "demo", "--speed", "20", "--duration", "40", "--store", tmp_path / "demo.db"],
        stdout=terminal,
        stderr=subprocess.DEVNULL,
        env=PLAIN | {"TERM": "xterm", "LINES": "40"},
    ) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal ends
            while more := os.read(reader, 65536):
                shown += more
        os.close(reader)
    assert process.returncode == 0
    screen = shown.decode()
    for part in ("DEMONSTRATION", "Not a medical device", "bpm", "sinus", "link streaming", "received", "Summary"):
        assert part in screen
    assert any(0x2800 < ord(character) <= 0x28FF for character in screen)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["demo", "--recording", "nothing"], 1, "no recording nothing"),
        (["demo", "--loss", "1.5"], 2, "loss"),
        (["demo", "--speed", "0"], 2, "speed"),
        (["demo", "--store", "/proc/nothing/demo.db"], 1, "/proc/nothing/demo.db"),
        (["demo", "--drift-ppm", "1e9"], 1, "drift"),
        (["demo", "--pack", "nothing.tflite"], 1, "nothing.tflite"),
        (["demo", "--device", "nothing"], 1, "no wearable of kind 'nothing'"),
        (["demo", "--device", "polar-h10", "--rate", "500"], 1, "no rate of 500 Hz"),
        (["run", "--device", "nothing"], 1, "no wearable of kind 'nothing'"),
        (["run", "--radio", "udp:1"], 1, "udp:1"),
        (["run", "--radio", "tcp:127.0.0.1:1"], 1, "anyecg simulate --radio tcp:127.0.0.1:1"),
        (["simulate", "--radio", "tcp:127.0.0.1:99999"], 1, "99999"),
        (["simulate"], 2, "radio"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments, code, says, tmp_path):
    done = _anyecg(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert code == 2 or len(done.stderr.strip().splitlines()) == 1


@contextlib.contextmanager
def _strap(*options):
    """A strap in a process of its own, and where it is served."""
    with _started("simulate", "--radio", "tcp:127.0.0.1:0", *options, "--json") as process:
        for line in process.stderr:
            if "tcp:" in line:
                break
        yield process, line.split()[-1]


def test_a_strap_and_a_gateway_in_two_processes_lose_nothing(tmp_path):
    with _strap("--duration", "5") as (strap, place):
        done = _anyecg(*("run", "--radio", place, "--duration", "3", "--store", tmp_path / "run.db", "--json"))
        assert done.returncode == 0, done.stderr
        strap_figures = _figures(strap.communicate(timeout=LONGEST_S)[0])
    figures = _figures(done.stdout)
    assert figures["simulated"]
    assert figures["samples_lost"] == 0
    assert figures["samples_stored"] >= 130
    assert (strap_figures["samples_sent"], strap_figures["stopped"]) == (650, True)
    _assert_all_is_accounted_for(figures, tmp_path / "run.db")


def test_a_gateway_runs_those_wearables_that_are_named_and_no_others(tmp_path):
    with _strap("--device", "polar-h10", "--device", "movesense", "--device", "polar-h10", "--duration", "20") as strap:
        done = _anyecg(
            *("run", "Polar H10 5EED0003", "Movesense", "--radio", strap[1], "--duration", "2"),
            *("--store", tmp_path / "run.db", "--json"),
        )
        assert done.returncode == 0, done.stderr
        strap[0].send_signal(signal.SIGTERM)
        served = _figures(strap[0].communicate(timeout=LONGEST_S)[0])["devices"]
    assert [run["source"].split(" (")[1].split(")")[0] for run in _figures(done.stdout)["runs"]] == [
        "polar-h10",
        "movesense",
    ]
    assert all(run["samples_stored"] > 0 for run in _figures(done.stdout)["runs"])
    assert [device["stopped"] for device in served] == [False, True, True]


def test_a_gateway_takes_a_wearable_for_what_it_is_told_to(tmp_path):
    with _strap("--duration", "20") as (_, place):
        done = _anyecg(
            *("run", "F0:5E:ED:00:00:01", "--device", "heart-rate", "--radio", place, "--duration", "8"),
            *("--store", tmp_path / "run.db", "--json"),
        )
    assert done.returncode == 0, done.stderr
    assert "(heart-rate)" in _figures(done.stdout)["source"]


def test_a_gateway_of_another_process_reconnects(tmp_path):
    with _strap("--duration", "40", "--disconnect-every", "2", "--outage", "0.3") as (_, place):
        done = _anyecg(*("run", "--radio", place, "--duration", "4", "--store", tmp_path / "run.db", "--json"))
    assert done.returncode == 0, done.stderr
    figures = _figures(done.stdout)
    assert figures["connections"] >= 2
    assert figures["lost_by_reason"].keys() == {"disconnected"}
    _assert_all_is_accounted_for(figures, tmp_path / "run.db")


def test_a_gateway_that_is_interrupted_tells_the_strap_to_stop_and_keeps_all(tmp_path):
    with _strap() as (strap, place):
        with _started("run", "--radio", place, "--store", tmp_path / "run.db", "--json") as gateway:
            for line in gateway.stderr:
                if "first samples" in line:
                    break
            gateway.send_signal(signal.SIGINT)
            stdout, stderr = gateway.communicate(timeout=LONGEST_S)
        assert gateway.returncode == 0, stderr
        strap.send_signal(signal.SIGTERM)
        assert _figures(strap.communicate(timeout=LONGEST_S)[0])["stopped"]
    _assert_all_is_accounted_for(_figures(stdout), tmp_path / "run.db")


def test_a_gateway_that_is_killed_leaves_a_whole_store_and_a_strap_for_the_next_one(tmp_path):
    store = tmp_path / "run.db"
    with _strap() as (_, place):
        with _started("run", "--radio", place, "--store", store, "--json") as gateway:
            for line in gateway.stderr:
                if "first samples" in line:
                    break
            gateway.kill()
        done = _anyecg("run", "--radio", place, "--duration", "2", "--store", store, "--json")
    assert done.returncode == 0, done.stderr
    assert _figures(done.stdout)["samples_stored"] > 0
    with contextlib.closing(sqlite3.connect(store)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM run").fetchone() == (2,)


def test_without_an_adapter_run_says_so_in_one_line(tmp_path):
    adapters = Path("/sys/class/bluetooth")
    if adapters.is_dir() and list(adapters.iterdir()):
        pytest.skip("this machine has a Bluetooth adapter")
    done = _anyecg("run", "--find", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert "no Bluetooth adapter can be used" in done.stderr
    assert (done.stdout, len(done.stderr.strip().splitlines())) == ("", 1)


@pytest.mark.parametrize("verb", ["demo", "run", "simulate"])
def test_help_has_an_example(verb):
    assert f"Example: anyecg {verb}" in _anyecg(verb, "--help").stdout
