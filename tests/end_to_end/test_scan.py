"""`anyecg scan` and `anyecg devices` as processes, against wearables that another process simulates."""

import contextlib
import os
import shlex
import socket
import subprocess

import pytest

from tests.edge.cli.command import ANYECG, anyecg, is_one_clear_line, last_object

KINDS = ("polar-h10", "movesense", "heart-rate")


@contextlib.contextmanager
def simulated(*kinds, options=()):
    """Virtual wearables in a process of their own; it and where they are."""
    devices = [argument for kind in kinds for argument in ("--device", kind)]
    command = [ANYECG, "simulate", "--radio", "tcp:127.0.0.1:0", *devices, *options, "--json"]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            place = next(word for line in process.stderr for word in line.split() if word.startswith("tcp:"))
            yield process, place
        finally:
            process.kill()


@pytest.fixture(scope="module")
def place():
    """Three wearables that wait for a gateway."""
    with simulated(*KINDS) as (_, place):
        yield place


def test_a_scan_lists_each_wearable_in_reach_with_the_command_that_runs_it(place, tmp_path):
    done = anyecg("scan", "--radio", place, "--duration", "1", "--json")
    assert done.returncode == 0, done.stderr
    seen = last_object(done)
    devices = {device["kind"]: device for device in seen["devices"]}
    assert (set(devices), seen["others"]) == (set(KINDS), 0)
    assert devices["polar-h10"]["name"] == "Polar H10 5EED0001"
    assert devices["polar-h10"]["address"] == "F0:5E:ED:00:00:01"
    command = shlex.split(devices["movesense"]["run"])
    assert command == ["anyecg", "run", "Movesense 000000000002", "--radio", place]
    ran = anyecg(*command[1:], "--duration", "1", "--store", tmp_path / "run.db", "--json")
    assert ran.returncode == 0, ran.stderr
    assert last_object(ran)["samples_stored"] > 0


def test_a_scan_tells_people_the_same(place):
    done = anyecg("scan", "--radio", place, "--duration", "1")
    assert done.returncode == 0, done.stderr
    assert 'anyecg run "Polar H10 5EED0001"' in done.stdout
    for words in (*KINDS, "dBm", "F0:5E:ED:00:00:03"):
        assert words in done.stdout


def test_a_scan_where_no_radio_is_served_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = anyecg("scan", "--radio", f"tcp:127.0.0.1:{port}", "--duration", "1")
    assert is_one_clear_line(done)
    assert "anyecg simulate" in done.stderr


def test_devices_are_listed_without_any_radio():
    done = anyecg("devices", "--json")
    assert done.returncode == 0, done.stderr
    assert set(KINDS) < {device["kind"] for device in last_object(done)["devices"]}


@pytest.mark.parametrize("verb", ["scan", "devices"])
def test_help_has_an_example(verb):
    assert f"Example: anyecg {verb}" in anyecg(verb, "--help").stdout
