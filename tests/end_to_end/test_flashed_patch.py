"""`anyecg flash` onto a virtual patch, which then runs the pack's C on its own heart and sends what it gives."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from ble_gateway.simulator.smp.compiled import CompiledRunner
from ble_gateway.simulator.smp.wire import wired
from edge.pack import SHIPPED, read_pack
from tests.ble_gateway.interpreted import InterpretedRunner
from tests.ble_gateway.scenes import on_virtual_time
from tests.ble_gateway.simulator.patches import RATE_HZ, listen, patch_on_air
from tests.edge.cli.command import ANYECG, anyecg, called, is_one_clear_line, last_object

PICOVOLTS = 500_000
SECONDS = 65

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("make") is None, reason="there is no cc and make here"
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return CompiledRunner(tmp_path_factory.mktemp("compiled"), rate_hz=RATE_HZ, picovolts_per_count=PICOVOLTS)


def flash(port):
    return anyecg("flash", SHIPPED, "--port", port, "--allow-unsigned", "--json")


@on_virtual_time
async def test_a_flashed_patch_gives_what_litert_gives_for_the_samples_that_it_sends(compiled, tmp_path):
    async with patch_on_air(compiled, seconds=SECONDS) as scene, wired(scene.host, tmp_path / "patch"):
        # Virtual time stands still meanwhile: the patch takes its first sample once it is flashed.
        flashed = await asyncio.to_thread(flash, tmp_path / "patch")
        assert flashed.returncode == 0, flashed.stderr
        assert last_object(flashed)["flashed"]
        assert scene.told[0] == "runs demonstration 1.1.0 DEMONSTRATION"
        heard = await listen(scene)
    heard.first = SECONDS * RATE_HZ - sum(block.n_samples for block in heard.blocks)
    whole = [outcome for outcome in heard.outcomes if outcome.first >= heard.first]
    assert len(whole) >= 5
    expected = InterpretedRunner().start(SHIPPED.read_bytes())
    steps = [np.abs(outcome.outputs.astype(int) - expected.run(heard.window(outcome))) for outcome in whole]
    assert np.max(steps) <= read_pack(SHIPPED).self_test.tolerance
    assert {(outcome.simulated, outcome.on_trial, outcome.contact) for outcome in whole} == {(True, False, True)}


@contextlib.contextmanager
def simulated(port, storage, *options):
    """A virtual patch in a process of its own, once it can be flashed; it is killed."""
    command = [ANYECG, "simulate", "--smp", port, "--storage", storage, "--outage", "0.2", *options, "--json"]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            next(line for line in process.stderr if line.startswith("Flash with:"))
            yield process
        finally:
            process.kill()


def test_a_patch_fails_as_it_is_told_and_keeps_what_it_confirmed_from_one_process_to_the_next(compiled, tmp_path):
    port, storage = tmp_path / "patch", tmp_path / "flash"
    compiled.self_test(SHIPPED.read_bytes())
    shutil.copytree(compiled.cache, storage / "compiled")
    with simulated(port, storage, "--fail", "reset@100000", "--fail", "self-test"):
        done = flash(port)
        assert done.returncode == 1
        assert "lost" in done.stderr
        assert "fails its self-test on the device" in done.stderr.splitlines()[-1]
        assert "the device runs what it left the factory with" in done.stderr.splitlines()[-1]
    with simulated(port, storage) as process:
        done = flash(port)
        assert done.returncode == 0, done.stderr
        assert last_object(done)["flashed"]
        process.kill()
        assert "SIMULATION: the patch runs demonstration 1.1.0 DEMONSTRATION" in process.stderr.read()
    with simulated(port, storage) as process:
        told = last_object(flash(port))
        assert (told["plan"], told["flashed"]) == ("skip", False)
        assert told["device"]["runs"].startswith("demonstration 1.1.0")
        process.terminate()
        stdout, _ = process.communicate()
    ended = json.loads(stdout.splitlines()[-1])
    assert (ended["simulated"], ended["device"], ended["outcomes"]) == (True, "anyecg-patch", 0)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--fail", "hash"], 2, "--smp"),
        (["--smp", "/nowhere/patch"], 1, "give a path that is free"),
        (["--smp", "patch", "--fail", "hush"], 1, "choose among cut@BYTE"),
        (["--smp", "patch", "--storage", "/dev/null"], 1, "--storage"),
        (["--smp", "patch", "--key", "nobody.pub"], 1, "nobody.pub"),
        (["--smp", "patch", "--board", "abacus"], 1, "abacus"),
        (["--smp", "patch", "--device", "polar-h10"], 2, "anyecg-patch"),
    ],
)
def test_what_cannot_be_simulated_is_told(options, code, says, tmp_path):
    done = called("simulate", *options, cwd=tmp_path)
    assert done.returncode == code
    assert says in done.stderr
    assert code == 2 or is_one_clear_line(done)
