import asyncio
import contextlib
import itertools
import resource
import sqlite3

import pytest

from ble_gateway.session import end_session, run_session
from ble_gateway.simulator.script import Script
from ble_gateway.stream import H10Stream
from ble_gateway.wearables import polar_h10
from edge.errors import StoreError
from edge.loop import open_loop
from edge.store import OutcomeStore
from tests.ble_gateway.scenes import on_virtual_time, scene


@pytest.fixture
def loop():
    return open_loop(hop_s=5.0)


def _ignore(_block, _outcomes):
    pass


def _stream_until_over(on_air, link, loop, run, stream, observe=_ignore):
    async def stream_all():
        async with link:
            closing = asyncio.create_task(_close_after(on_air, link))
            try:
                await run_session(link, stream, loop, run, observe)
            finally:
                closing.cancel()
        await end_session(loop, run, observe)

    return stream_all()


async def _close_after(on_air, link):
    await on_air.strap.over.wait()
    await link.aclose()


def test_what_the_strap_sends_is_in_the_store_or_counted_as_lost_there(tmp_path, loop):
    seen = []

    @on_virtual_time
    async def play():
        script = Script(seed=2, loss=0.03, jitter_s=0.02, disconnect_every_s=30)
        async with scene(script, duration_s=90) as on_air:
            await _stream_until_over(on_air, on_air.link(), loop, run, H10Stream(), lambda b, o: seen.extend([(b, o)]))
            assert on_air.strap.samples_sent == run.samples_stored + run.samples_lost

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert sum(len(outcomes) for _, outcomes in seen) == run.outcomes_stored == loop.report().windows
    assert seen[-1][0] is None
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT sum(n_samples) FROM block").fetchone() == (run.samples_stored,)


def test_a_full_disk_ends_the_session_with_a_clear_error_and_stops_the_strap(tmp_path, loop):
    def fill_the_disk(block, _):
        if block.first_index > 1000:
            size = (tmp_path / "store.db-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))

    @on_virtual_time
    async def play(run):
        async with scene(duration_s=60) as on_air:
            with pytest.raises(StoreError, match=r"store\.db"):
                await _stream_until_over(on_air, on_air.link(), loop, run, H10Stream(), fill_the_disk)
            assert on_air.strap.commands[-1] == polar_h10.stop_ecg()

    commit_always = itertools.count().__next__
    try:
        with OutcomeStore.open(tmp_path / "store.db", now_s=commit_always) as store, store.run("test") as run:
            play(run=run)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT sum(n_samples) FROM block").fetchone()[0] >= 1000
