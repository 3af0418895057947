"""`anyecg flash` as a process, to a patch that another process simulates: by port, by radio, killed between."""

import contextlib
import os
import shutil
import subprocess

import pytest

from benchmarks.flash.bench import pack_bytes
from edge.keys import read_private_key, write_new_pair
from edge.signature import sign
from tests.edge.cli.command import ANYECG, anyecg, last_object

WHOLE = 1 << 30
ADDRESS = "F0:5E:ED:00:00:01"
ENVIRONMENT = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None, reason="the virtual patch compiles packs, and there is no cc"
)


@contextlib.contextmanager
def simulated(port, storage, *options):
    """A virtual patch in a process of its own; where its radio is."""
    command = [
        ANYECG, "simulate", "--radio", "tcp:127.0.0.1:0", "--device", "anyecg-patch", "--smp", port,
        "--storage", storage, *options, "--json",
    ]  # fmt: skip
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        try:
            yield next(word for line in process.stderr for word in line.split() if word.startswith("tcp:"))
        finally:
            process.kill()


def signed(folder):
    """Two versions of a pack, signed, and the key that says so."""
    private, public, _ = write_new_pair(folder / "lab")
    packs = [folder / "old.tflite", folder / "new.tflite"]
    for path, version in zip(packs, ("1.0.0", "1.1.0"), strict=True):
        path.write_bytes(sign(pack_bytes(version, model_bytes=WHOLE), read_private_key(private)))
    return *packs, public


def kill_when_the_link_is_lost(*command):
    with subprocess.Popen([ANYECG, *map(str, command)], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert any(line.startswith("link") for line in process.stdout)
        process.kill()


def test_a_flash_by_port_that_was_killed_goes_on_by_radio(tmp_path):
    old, new, key = signed(tmp_path)
    port = tmp_path / "patch"
    amid_the_second_pack = old.stat().st_size + 100_000
    with simulated(port, tmp_path / "memory", "--key", key, "--fail", f"cut@{amid_the_second_pack}") as radio:
        first = anyecg("flash", old, "--port", port, "--key", key, "--json")
        assert last_object(first)["flashed"], first.stderr
        kill_when_the_link_is_lost("flash", new, "--port", port, "--key", key)
        by_radio = anyecg("flash", new, "--address", ADDRESS, "--radio", radio, "--key", key, "--json")
        told = last_object(by_radio)
        assert told["resumed_bytes"] > 90_000
        assert told["resumed_bytes"] + told["sent_bytes"] == told["size_bytes"]
        refused = anyecg("flash", old, "--address", ADDRESS, "--radio", radio, "--key", key)
        assert "version 1.0.0 is older than 1.1.0, which runs" in refused.stderr
