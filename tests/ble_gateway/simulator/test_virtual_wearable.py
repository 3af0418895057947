import asyncio

import numpy as np
import pytest
from bleak import BleakClient

from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Sent
from ble_gateway.simulator.twins.polar_h10 import NEVER_SET_NS, H10Twin
from ble_gateway.simulator.virtual_wearable import TAIL_S
from ble_gateway.wearables import polar_pmd as pmd
from tests.ble_gateway.scenes import ADDRESS, on_virtual_time, ramp, scene

MODEL = "2A24"


class Listener:
    """A client that keeps all it hears, and when."""

    def __init__(self, on_air):
        self.client = BleakClient(ADDRESS, backend=on_air.radio.client)
        self.clock = on_air.clock
        self.frames, self.control = [], asyncio.Queue()

    async def __aenter__(self):
        await self.client.connect()
        await self.client.start_notify(pmd.PMD_CONTROL_POINT, lambda _, v: self.control.put_nowait(bytes(v)))
        await self.client.start_notify(pmd.PMD_DATA, self._on_frame)
        return self

    async def __aexit__(self, *_):
        await self.client.disconnect()

    def _on_frame(self, _, value):
        self.frames.append((self.clock(), pmd.decode_ecg(bytes(value))))

    async def ask(self, command):
        await self.client.write_gatt_char(pmd.PMD_CONTROL_POINT, command, response=True)
        return await self.heard()

    async def heard(self):
        return pmd.decode_control(await self.control.get())

    @property
    def counts(self):
        return np.concatenate([frame.microvolts for _, frame in self.frames])


@on_virtual_time
async def test_it_plays_its_samples_in_full_frames_and_says_when_it_has_ended():
    async with scene(duration_s=10) as on_air, Listener(on_air) as listener:
        assert await listener.ask(pmd.start_ecg()) == pmd.Response(2, 0, pmd.Status.OK)
        assert await listener.heard() == pmd.Stopped((0,))
        assert on_air.virtual.over.is_set()
    assert [frame.microvolts.size for _, frame in listener.frames] == [73] * 17 + [59]
    np.testing.assert_array_equal(listener.counts, ramp(1300))


@on_virtual_time
async def test_time_stamps_are_those_of_the_last_sample_on_a_clock_that_drifts():
    async with scene(Script(drift_ppm=1000), duration_s=10) as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await on_air.virtual.over.wait()
        truth_s = on_air.virtual.truth.times_s(0, 1300)
    arrived_s = [at_s for at_s, _ in listener.frames]
    stamps_ns = np.array([frame.timestamp_ns for _, frame in listener.frames])
    assert stamps_ns[0] == NEVER_SET_NS + round(72 / 130 * 1e9)
    np.testing.assert_allclose(arrived_s, truth_s[[*range(72, 1300, 73), 1299]], atol=1e-3)
    assert (stamps_ns[-2] - stamps_ns[0]) * 1e-9 == pytest.approx(
        1.001 * (truth_s[72 + 73 * 16] - truth_s[72]), rel=1e-6
    )


@on_virtual_time
async def test_nothing_is_sent_after_stop_while_samples_go_on():
    async with scene() as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await asyncio.sleep(5)
        await listener.ask(pmd.stop_ecg())
        heard, sent = len(listener.frames), on_air.virtual.samples_sent
        await asyncio.sleep(5)
        assert len(listener.frames) == heard
        assert on_air.virtual.samples_sent > sent


@on_virtual_time
async def test_it_says_what_it_can_stream_and_that_it_is_simulated():
    async with scene() as on_air, Listener(on_air) as listener:
        features = pmd.decode_features(bytes(await listener.client.read_gatt_char(pmd.PMD_CONTROL_POINT)))
        assert pmd.Feature.ECG in features
        assert b"simulated" in await listener.client.read_gatt_char(MODEL)


@on_virtual_time
async def test_the_first_and_the_last_frame_always_arrive():
    async with scene(Script(seed=1, loss=0.99), duration_s=20) as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await on_air.virtual.over.wait()
    heard = [frame.microvolts[0] for _, frame in listener.frames]
    assert (heard[0], heard[-1]) == (0, 2600 // 73 * 73)
    assert len(heard) < 6


@on_virtual_time
async def test_frames_come_late_but_in_order():
    async with scene(Script(jitter_s=0.5)) as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await on_air.virtual.over.wait()
        truth = on_air.virtual.truth
    np.testing.assert_array_equal(listener.counts, ramp(3900))
    delays_s = [at_s - truth.times_s(int(frame.microvolts[-1]), 1)[0] for at_s, frame in listener.frames]
    assert min(delays_s) >= -1e-3
    assert max(delays_s) > 0.5


@on_virtual_time
async def test_out_of_reach_it_goes_on_taking_samples_and_comes_back():
    async with scene(Script(disconnect_every_s=5, outage_s=3), packets=False) as on_air:
        virtual = on_air.virtual
        async with Listener(on_air) as listener:
            await listener.ask(pmd.start_ecg())
            await asyncio.sleep(6.2)
            assert not listener.client.is_connected
            sent = virtual.samples_sent
            await asyncio.sleep(2)
            assert not virtual.peripheral.advertises
            await asyncio.sleep(1.5)
            assert virtual.peripheral.advertises
            assert virtual.samples_sent == pytest.approx(sent + 3.5 * 130, abs=74)
        assert (virtual.was_stopped, virtual.twin.streaming) == (False, False)


@on_virtual_time
async def test_a_link_that_breaks_before_an_indication_is_confirmed_holds_nothing_up():
    async with scene(Script(outage_s=0.1)) as on_air:
        for turns in range(12):  # of the event loop; the confirmation is under way for some of them
            async with Listener(on_air):
                on_air.virtual.say(Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(pmd.Stopped((0,)))))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await on_air.virtual.peripheral.drop()
            await asyncio.sleep(1)
            began_s = on_air.clock()
            async with Listener(on_air) as listener:
                assert (await listener.ask(pmd.stop_ecg())).status is pmd.Status.OK
            assert on_air.clock() - began_s < 2
            await asyncio.sleep(1)


@on_virtual_time
async def test_without_a_gateway_it_takes_no_samples_and_plays_nothing():
    async with scene(packets=False) as on_air:
        await asyncio.sleep(100)
        assert (on_air.virtual.samples_sent, on_air.virtual.truth, on_air.virtual.was_stopped) == (0, None, False)


@on_virtual_time
async def test_what_a_gateway_writes_is_kept_and_stop_is_known_until_the_next_start():
    async with scene(packets=False) as on_air, Listener(on_air) as listener:
        stopped = []
        for command in (pmd.stop_ecg(), pmd.start_ecg(), pmd.stop_ecg(), pmd.start_ecg()):
            await listener.ask(command)
            stopped.append(on_air.virtual.was_stopped)
        assert on_air.commands == [pmd.stop_ecg(), pmd.start_ecg(), pmd.stop_ecg(), pmd.start_ecg()]
        assert {characteristic for characteristic, _ in on_air.virtual.written} == {pmd.PMD_CONTROL_POINT}
    assert stopped == [False, False, True, False]


@pytest.mark.parametrize("packets", [True, False], ids=["packets", "direct"])
@pytest.mark.parametrize("properly", [True, False])
def test_where_the_protocol_has_no_word_for_stop_leaving_properly_is_one(packets, properly):
    @on_virtual_time
    async def play():
        async with scene(kind="healthypi-move", packets=packets) as on_air:
            link = on_air.link()
            await link.open()
            await asyncio.sleep(5)
            if not properly:
                await on_air.virtual.peripheral.drop()
                await asyncio.sleep(0.2)
                assert not on_air.virtual.was_stopped
            await link.aclose()
            await asyncio.sleep(0.2)
            assert on_air.virtual.was_stopped is properly

    play()


class _Recorder(H10Twin):
    """A strap that keeps what it was told of its samples."""

    def __init__(self):
        super().__init__()
        self.told = []
        self.resets = 0

    def taken(self, taken):
        self.told.append((taken.first_index, taken.counts.size, taken.last_ns))
        return super().taken(taken)

    def reset(self):
        self.resets += 1
        super().reset()


@on_virtual_time
async def test_a_wearable_that_starts_anew_counts_from_0_while_its_samples_go_on():
    twin = _Recorder()
    script = Script(reset_at_s=(5.0,))
    async with scene(script, twin=twin, duration_s=20, packets=False) as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await on_air.virtual.over.wait()
    begins = [i for i, (first, _, _) in enumerate(twin.told) if first == 0]
    assert (begins, twin.resets) == ([0, 8], 1)  # the first frame whose last sample is taken after 5 s
    for begin, end in ((0, 8), (8, len(twin.told))):
        sizes = [size for _, size, _ in twin.told[begin:end]]
        assert [first for first, _, _ in twin.told[begin:end]] == [0, *np.cumsum(sizes)[:-1]]
        assert [ns for _, _, ns in twin.told[begin:end]] == [round((n - 1) / 130 * 1e9) for n in np.cumsum(sizes)]
    np.testing.assert_array_equal(listener.counts, ramp(2600))


@on_virtual_time
async def test_it_stays_a_while_after_its_last_sample():
    async with scene(duration_s=5, packets=False) as on_air, Listener(on_air) as listener:
        await listener.ask(pmd.start_ecg())
        await on_air.virtual.over.wait()
        assert on_air.clock() - on_air.virtual.truth.times_s(649, 1)[0] == pytest.approx(TAIL_S, abs=1e-3)


@on_virtual_time
async def test_what_is_said_out_of_turn_is_not_lost():
    async with scene(Script(loss=0.99), packets=False) as on_air, Listener(on_air) as listener:
        for number in range(20):
            on_air.virtual.say(Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(pmd.Stopped((number,)))))
        assert [await listener.heard() for _ in range(20)] == [pmd.Stopped((number,)) for number in range(20)]
