"""Packs as their generated C, compiled for this machine."""

import shutil

import numpy as np
import pytest

from ble_gateway.simulator.smp.compiled import CompiledRunner
from ble_gateway.simulator.smp.runner import CannotRun, SelfTested
from ble_gateway.simulator.source import as_counts
from edge.heart.stream import HeartStream
from edge.pack import SHIPPED, SHIPPED_WAVES, read_pack
from tests.ble_gateway.interpreted import InterpretedRunner

PACK = SHIPPED.read_bytes()
RATE_HZ, PICOVOLTS = 250, 500_000
RAILS = (-(1 << 19), (1 << 19) - 1)

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or shutil.which("make") is None, reason="there is no cc and make here"
)


def runner_at(cache):
    return CompiledRunner(cache, rate_hz=RATE_HZ, picovolts_per_count=PICOVOLTS)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder that has the shipped pack compiled."""
    folder = tmp_path_factory.mktemp("compiled")
    assert runner_at(folder).self_test(PACK) == SelfTested(len(read_pack(SHIPPED).self_test.inputs), 0)
    return folder


def windows(seed, n_windows):
    """Windows in a row of a synthetic heart, as the virtual patch takes them."""
    counts, size = [], n_windows * 10 * RATE_HZ
    for some in as_counts(HeartStream(seed, rate_hz=RATE_HZ), RATE_HZ, PICOVOLTS * 1e-9, RAILS):
        counts.append(some)
        if sum(map(len, counts)) >= size:
            break
    return np.concatenate(counts)[:size].reshape(n_windows, -1)


def test_its_c_gives_what_litert_gives_within_the_packs_tolerance(cache):
    compiled, interpreted = runner_at(cache).start(PACK), InterpretedRunner().start(PACK)
    assert (compiled.feed.window_samples, compiled.feed.rate_hz) == (2500, RATE_HZ)
    assert compiled.feed.scale == pytest.approx(interpreted.feed.scale, rel=1e-6)
    assert compiled.feed.zero_point == interpreted.feed.zero_point
    steps = [
        np.abs(compiled.run(window).astype(int) - interpreted.run(window))
        for seed in range(3)
        for window in windows(seed, 4)
    ]
    compiled.close()
    assert np.max(steps) <= read_pack(SHIPPED).self_test.tolerance


def test_what_was_compiled_once_needs_no_compiler_again(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(runner_at(cache).self_test(PACK), SelfTested)


@pytest.mark.parametrize("there", [(), ("make",)])
def test_without_a_compiler_it_says_so_and_runs_nothing(there, tmp_path, monkeypatch):
    for name in there:
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = "cc" if there else "make"
    says = CannotRun(f"there is no {missing} here to compile it with")
    assert runner_at(tmp_path / "cache").self_test(PACK) == says
    assert runner_at(tmp_path / "cache").start(PACK) == says


def test_what_is_no_pack_is_told_in_one_line(tmp_path):
    told = runner_at(tmp_path).self_test(b"no pack")
    assert told.why.startswith("no C came of it (anyecg: ")
    assert "\n" not in told.why


def test_a_pack_whose_outputs_fit_no_notification_is_not_compiled(tmp_path):
    told = runner_at(tmp_path).self_test(SHIPPED_WAVES.read_bytes())
    assert told == CannotRun("its 12800 outputs do not fit one notification")
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_died_gives_nothing(cache):
    running = runner_at(cache).start(PACK)
    running._process.kill()
    running._process.wait()
    assert running.run(np.zeros(2500, np.int32)) is None
    running.close()
    running.close()


def test_a_program_that_is_gone_or_speaks_otherwise_cannot_run(cache, tmp_path):
    shutil.copytree(cache, tmp_path / "copy")
    runner = runner_at(tmp_path / "copy")
    assert isinstance(runner.self_test(PACK), SelfTested)
    program = next((tmp_path / "copy").rglob("anyecg_run"))
    program.write_text("#!/bin/sh\nexit 3\n")
    assert "does not run" in runner.self_test(PACK).why
    program.unlink()
    assert "does not run" in runner.self_test(PACK).why
    assert "does not run" in runner.start(PACK).why
