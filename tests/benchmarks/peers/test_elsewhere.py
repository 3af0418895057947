"""A runtime in another process, driven over a pipe; here with this Python and this runtime."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.elsewhere import Elsewhere
from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.frames import read_array, write_array
from benchmarks.peers.runners import open_runner
from benchmarks.peers.timing import Elapsed, Task, interleave
from edge.pack import SHIPPED_WAVES

WINDOWS = np.random.default_rng(0).normal(size=(3, 1, 2560)).astype(np.float32)


@pytest.fixture(scope="module")
def elsewhere():
    there = Elsewhere(Path(sys.executable), "litert", SHIPPED_WAVES, n_threads=1)
    yield there
    there.close()


def test_it_gives_what_the_same_runtime_gives_in_this_process(elsewhere):
    here = open_runner("litert", SHIPPED_WAVES, 1)
    for window in WINDOWS:
        np.testing.assert_array_equal(elsewhere(window), here(window))


def test_its_time_is_told_by_its_own_clocks_and_taken_for_the_tasks(elsewhere):
    told = elsewhere.timed(WINDOWS[0])
    assert min(told.wall_s, told.cpu_s) > 0
    task = Task("elsewhere", lambda _: Elapsed(0.25, 0.5), 1.0)
    timing = interleave([task], n_rounds=2, n_warmup=1, seed=0)["elsewhere"]
    assert (timing.wall_ms.tolist(), timing.cpu_ms.tolist()) == ([250.0, 250.0], [500.0, 500.0])


def test_a_model_that_cannot_be_loaded_there_is_told_with_its_reason(tmp_path):
    with pytest.raises(PeerUnavailable, match=r"litert has ended in its own process \(.*nothing.tflite"):
        Elsewhere(Path(sys.executable), "litert", tmp_path / "nothing.tflite", n_threads=1)


def test_windows_it_cannot_run_end_it_and_that_is_told():
    there = Elsewhere(Path(sys.executable), "litert", SHIPPED_WAVES, n_threads=1)
    with pytest.raises(PeerUnavailable, match="has ended in its own process"):
        there(np.zeros((1, 17), np.float32))


@pytest.mark.parametrize("cut", [0, 3, 20])
def test_a_pipe_that_ends_between_arrays_or_within_one_gives_none(tmp_path, cut):
    path = tmp_path / "pipe"
    with path.open("wb") as stream:
        write_array(stream, WINDOWS[0])
    path.write_bytes(path.read_bytes()[:cut])
    with path.open("rb") as stream:
        assert read_array(stream) is None


def test_arrays_come_through_a_pipe_as_they_are(tmp_path):
    path, arrays = tmp_path / "pipe", [WINDOWS, np.array([1.5, 2.5]), np.empty(0)]
    with path.open("wb") as stream:
        for array in arrays:
            write_array(stream, array)
    with path.open("rb") as stream:
        for array in arrays:
            np.testing.assert_array_equal(read_array(stream), array)
