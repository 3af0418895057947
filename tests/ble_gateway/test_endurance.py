"""A gateway runs for months, and links break all the time: what a thousand of them leave behind is nothing."""

import tracemalloc
from collections.abc import Iterator

import pytest

from benchmarks.reconnects import Reconnects, reconnect

STEADY_BYTES = 100_000
"""What ten minutes of arrivals, and a minute of samples, take more or less from one moment to another."""


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def assert_nothing_leaks(done: Reconnects) -> None:
    before, after = done.held
    assert after.tasks == before.tasks
    assert after.open_files == before.open_files
    assert after.python_bytes - before.python_bytes < STEADY_BYTES


@pytest.mark.usefixtures("_traced")
def test_a_thousand_reconnects_leave_no_task_no_file_and_no_memory_behind() -> None:
    assert_nothing_leaks(reconnect("anyecg-patch", (200, 1000), packets=False))


@pytest.mark.usefixtures("_traced")
def test_nor_do_a_hundred_over_a_radio_with_packets() -> None:
    assert_nothing_leaks(reconnect("polar-h10", (20, 100), packets=True))


def test_what_a_wearable_keeps_is_all_there_after_a_hundred_reconnects() -> None:
    done = reconnect("anyecg-patch", (100,), packets=False)
    assert done.samples_lost == 0
    assert done.samples_received > 0.99 * done.samples_sent
