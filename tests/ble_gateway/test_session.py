import asyncio
import contextlib
import itertools
import resource
import sqlite3

import pytest

from ble_gateway.session import Work, end_session, run_session
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Sent
from ble_gateway.stream import Stream
from ble_gateway.wearables import polar_pmd as pmd
from edge.errors import StoreError
from edge.loop import open_loop
from edge.outcome import Rejected, RhythmMeasured
from edge.rhythm import RhythmLoop
from edge.signal import Gap, GapReason
from edge.store import OutcomeStore
from tests.ble_gateway.scenes import close_after, on_virtual_time, scene


@pytest.fixture
def loop():
    return open_loop(hop_s=5.0)


def _ignore(_block, _outcomes):
    pass


async def _stream_until_over(on_air, work, observe=_ignore, **options):
    link, stream = on_air.link(), Stream(on_air.wearable)
    async with link:
        closing = asyncio.create_task(close_after(on_air, link))
        try:
            await run_session(link, stream, work, observe, **options)
        finally:
            closing.cancel()
    await end_session(work, observe)
    return link, stream


def test_what_the_strap_sends_is_in_the_store_or_counted_as_lost_there(tmp_path, loop):
    seen = []

    @on_virtual_time
    async def play():
        script = Script(seed=2, loss=0.03, jitter_s=0.02, disconnect_every_s=30)
        async with scene(script, duration_s=90) as on_air:
            await _stream_until_over(on_air, Work(loop, run), lambda block, outcomes: seen.append((block, outcomes)))
            assert on_air.virtual.samples_sent == run.samples_stored + run.samples_lost

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert sum(len(outcomes) for _, outcomes in seen) == run.outcomes_stored == loop.report().windows > 0
    assert seen[-1][0] is None
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT sum(n_samples) FROM block").fetchone() == (run.samples_stored,)


def test_intervals_between_beats_are_measured_and_kept(tmp_path):
    seen = []

    @on_virtual_time
    async def play():
        async with scene(kind="heart-rate", duration_s=200, packets=False) as on_air:
            await _stream_until_over(on_air, Work(RhythmLoop(), run), lambda _, outcomes: seen.extend(outcomes))

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert [type(outcome) for outcome in seen] == [RhythmMeasured] * 3 + [Rejected]  # the last minute is cut short
    assert run.outcomes_stored == 4


def test_a_loop_that_does_not_fit_the_wearable_is_a_mistake_that_shows(tmp_path, loop):
    @on_virtual_time
    async def play():
        async with scene(kind="heart-rate", duration_s=20, packets=False) as on_air:
            with pytest.raises(TypeError, match="InferenceLoop takes no BeatBlock"):
                await _stream_until_over(on_air, Work(loop, run))

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()


def test_a_session_asks_again_for_what_was_lost(tmp_path, loop):
    @on_virtual_time
    async def play():
        script = Script(loss=0.05, disconnect_every_s=20)
        async with scene(script, kind="anyecg-patch", duration_s=60, packets=False) as on_air:
            _, stream = await _stream_until_over(on_air, Work(loop, run))
        assert stream.samples_mended > 500

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert (run.samples_stored, run.samples_lost) == (15_000, 0)


def test_a_session_starts_a_stream_anew_that_the_strap_has_ended(tmp_path, loop):
    @on_virtual_time
    async def play():
        async with scene(duration_s=40, packets=False) as on_air:
            virtual = on_air.virtual

            async def stop():
                await asyncio.sleep(20)
                virtual.twin.answer(pmd.stop_ecg())
                virtual.say(Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(pmd.Stopped((pmd.Measurement.ECG,)))))

            stopping = asyncio.create_task(stop())
            link, stream = await _stream_until_over(on_air, Work(loop, run))
            await stopping
        # Its word at the end of the play is the second one.
        assert (stream.ended, link.connections) == (2, 2)

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert run.samples_stored + run.samples_lost == 5200


def test_every_value_is_recorded_before_anything_is_made_of_it(tmp_path, loop):
    values = []

    @on_virtual_time
    async def play():
        async with scene(duration_s=20, packets=False) as on_air:
            _, stream = await _stream_until_over(on_air, Work(loop, run), record=values.append)
        again = Stream(on_air.wearable)
        n_blocks = sum(len(again.feed(value)) for value in values) + len(again.finish())
        assert n_blocks > 30
        assert (again.frames, again.samples_received) == (stream.frames, stream.samples_received)

    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        play()
    assert {value.characteristic for value in values} > {pmd.PMD_DATA, pmd.PMD_CONTROL_POINT}


def test_what_is_known_to_be_missing_at_the_end_is_counted_in_the_store(tmp_path, loop):
    with OutcomeStore.open(tmp_path / "store.db") as store, store.run("test") as run:
        asyncio.run(end_session(Work(loop, run), _ignore, Gap(0, 77, GapReason.DISCONNECTED)))
    assert (run.samples_stored, run.samples_lost) == (0, 77)


def test_a_full_disk_ends_the_session_with_a_clear_error_and_stops_the_strap(tmp_path, loop):
    def fill_the_disk(block, _):
        if block.first_index > 1000:
            size = (tmp_path / "store.db-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))

    @on_virtual_time
    async def play(run):
        async with scene(duration_s=60) as on_air:
            with pytest.raises(StoreError, match=r"store\.db"):
                await _stream_until_over(on_air, Work(loop, run), fill_the_disk)
            assert on_air.commands[-1] == pmd.stop_ecg()

    commit_always = itertools.count().__next__
    try:
        with OutcomeStore.open(tmp_path / "store.db", now_s=commit_always) as store, store.run("test") as run:
            play(run=run)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT sum(n_samples) FROM block").fetchone()[0] >= 1000
