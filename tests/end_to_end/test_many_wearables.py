"""Several wearables and one gateway, in two processes: which are run, and that each is accounted for in one store."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
from itertools import pairwise

import pytest

from tests.edge.cli.command import ANYECG, anyecg, is_one_clear_line, last_object
from tests.end_to_end.test_scan import simulated


def _assert_each_run_is_accounted_for(store, figures):
    """What each run says is what its rows say, and no sample lies between them."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        runs = database.execute("SELECT id, source, ended_s FROM run ORDER BY id").fetchall()
        assert [source for _, source, _ in runs] == [run["source"] for run in figures]
        for (run_id, _, ended_s), run in zip(runs, figures, strict=True):
            of_run = "FROM {} WHERE run_id = " + str(run_id)
            blocks = database.execute("SELECT first_index, n_samples " + of_run.format("block")).fetchall()
            blocks += database.execute("SELECT interval_index, 1 " + of_run.format("beat")).fetchall()
            gaps = database.execute("SELECT first_index, n_samples " + of_run.format("gap")).fetchall()
            unit = (run.get("samples_stored") is None and "intervals") or "samples"
            assert sum(n for _, n in blocks) == run[f"{unit}_stored"] > 0
            assert sum(n for _, n in gaps) == run[f"{unit}_lost"]
            row = sorted(blocks + gaps)
            assert row[0][0] == 0
            assert all(first + n == following for (first, n), (following, _) in pairwise(row))
            assert ended_s is not None


def test_three_wearables_run_into_one_store_and_each_is_accounted_for(tmp_path):
    options = ("--disconnect-every", "2", "--outage", "0.3", "--loss", "0.02", "--duration", "60")
    with simulated("polar-h10", "anyecg-patch", "heart-rate", options=options) as (_, place):
        done = anyecg(
            *(
                "run",
                "Polar",
                "ECG",
                "HRM",
                "--radio",
                place,
                "--duration",
                "9",
                "--store",
                tmp_path / "run.db",
                "--json",
            )
        )
        assert done.returncode == 0, done.stderr
    runs = last_object(done)["runs"]
    assert [run["simulated"] for run in runs] == [True] * 3
    assert [run["connections"] > 1 for run in runs] == [True] * 3
    _assert_each_run_is_accounted_for(tmp_path / "run.db", runs)


def test_where_nothing_is_named_the_only_wearable_in_reach_is_run(tmp_path):
    with simulated("movesense") as (_, place):
        done = anyecg("run", "--radio", place, "--duration", "1", "--store", tmp_path / "run.db", "--json")
    assert done.returncode == 0, done.stderr
    assert "(movesense)" in last_object(done)["source"]
    _assert_each_run_is_accounted_for(tmp_path / "run.db", [last_object(done)])


@pytest.fixture(scope="module")
def two_straps():
    """Two wearables of one kind."""
    with simulated("polar-h10", "polar-h10") as (_, place):
        yield place


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ((), "Polar H10 5EED0001 at F0:5E:ED:00:00:01, Polar H10 5EED0002 at F0:5E:ED:00:00:02"),
        (("Polar",), "say which by its address"),
        (("Polar H10 5EED0001", "F0:5E:ED:00:00:01"), "was asked for twice"),
        (("Polar H10 FFFF",), "no Polar H10 FFFF was seen within 2 s"),
    ],
)
def test_which_wearable_is_meant_must_be_clear(two_straps, tmp_path, who, says):
    done = anyecg("run", *who, "--radio", two_straps, "--find", "2", "--duration", "1", cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_wearable_that_is_not_seen_is_left_out_and_the_other_is_run(two_straps, tmp_path):
    who = ("F0:5E:ED:00:00:02", "Polar H10 FFFF")
    done = anyecg("run", *who, "--radio", two_straps, "--find", "2", "--duration", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "left out: no Polar H10 FFFF was seen within 2 s" in done.stderr
    assert "5EED0002" in last_object(done)["source"]


def test_a_gateway_of_two_that_is_interrupted_keeps_and_counts_all_and_tells_both_to_stop(tmp_path):
    store, began = tmp_path / "run.db", set()
    with simulated("polar-h10", "polar-h10") as (straps, place):
        command = [
            ANYECG,
            "run",
            "Polar H10 5EED0001",
            "Polar H10 5EED0002",
            "--radio",
            place,
            "--store",
            store,
            "--json",
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"NO_COLOR": "1"}
        ) as gateway:
            for line in gateway.stderr:
                began |= {line.split(":")[0]} if "first samples" in line else set()
                if len(began) == 2:
                    break
            gateway.send_signal(signal.SIGINT)
            stdout, stderr = gateway.communicate(timeout=60)
        assert gateway.returncode == 0, stderr
        straps.send_signal(signal.SIGTERM)
        served = _figures(straps.communicate(timeout=60)[0])["devices"]
    assert began == {"Polar H10 5EED0001", "Polar H10 5EED0002"}
    _assert_each_run_is_accounted_for(store, _figures(stdout)["runs"])
    assert [strap["stopped"] for strap in served] == [True, True]


def _figures(stdout):
    return json.loads(stdout.splitlines()[-1])


def test_a_kind_there_is_not_is_one_clear_line(tmp_path):
    done = anyecg("run", "--device", "sundial", cwd=tmp_path)
    assert is_one_clear_line(done)
    assert "choose one of polar-h10" in done.stderr
    assert not list(tmp_path.iterdir()), "nothing is begun"
