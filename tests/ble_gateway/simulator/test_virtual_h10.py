import asyncio

import numpy as np
import pytest
from bleak import BleakClient

from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_h10 import NEVER_SET_NS
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables.polar_h10 import Response, Status, Stopped
from tests.ble_gateway.scenes import on_virtual_time, ramp, scene

STRAP = "F0:5E:ED:00:00:01"


class Listener:
    """A client that keeps all it hears."""

    def __init__(self, client):
        self.client = client
        self.frames, self.control, self.heart_rates = [], asyncio.Queue(), []

    async def subscribe(self):
        client = self.client
        await client.start_notify(polar_h10.PMD_CONTROL_POINT, lambda _, v: self.control.put_nowait(bytes(v)))
        await client.start_notify(polar_h10.PMD_DATA, lambda _, v: self.frames.append(polar_h10.decode_ecg(bytes(v))))
        await client.start_notify(
            heart_rate.HEART_RATE_MEASUREMENT,
            lambda _, v: self.heart_rates.append(heart_rate.decode_heart_rate(bytes(v))),
        )

    async def ask(self, command):
        await self.client.write_gatt_char(polar_h10.PMD_CONTROL_POINT, command, response=True)
        return polar_h10.decode_control(await self.control.get())


@on_virtual_time
async def test_the_strap_plays_its_samples_in_full_frames_and_says_when_it_has_ended():
    async with scene(duration_s=10) as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        listener = Listener(client)
        await listener.subscribe()
        assert await listener.ask(polar_h10.start_ecg()) == Response(2, 0, Status.OK)
        assert polar_h10.decode_control(await listener.control.get()) == Stopped((0,))
    sizes = [frame.microvolts.size for frame in listener.frames]
    assert sizes == [73] * 17 + [59]
    np.testing.assert_array_equal(np.concatenate([frame.microvolts for frame in listener.frames]), ramp(1300))


@on_virtual_time
async def test_time_stamps_are_those_of_the_last_sample_on_a_clock_that_drifts():
    arrived_s = []
    async with (
        scene(Script(drift_ppm=1000), duration_s=10) as on_air,
        BleakClient(STRAP, backend=on_air.radio.client) as client,
    ):
        listener = Listener(client)
        await listener.subscribe()
        await client.stop_notify(polar_h10.PMD_DATA)
        await client.start_notify(
            polar_h10.PMD_DATA,
            lambda _, v: arrived_s.append((on_air.clock(), polar_h10.decode_ecg(bytes(v)).timestamp_ns)),
        )
        await listener.ask(polar_h10.start_ecg())
        await on_air.strap.over.wait()
        await asyncio.sleep(1)
        truth_s = on_air.strap.truth.times_s(0, 1300)
    stamps_ns = np.array([stamp for _, stamp in arrived_s])
    assert stamps_ns[0] == NEVER_SET_NS + round(72 / 130 * 1e9)
    np.testing.assert_allclose([at for at, _ in arrived_s[:-1]], truth_s[72::73], atol=1e-3)
    assert (stamps_ns[-2] - stamps_ns[0]) * 1e-9 == pytest.approx(
        1.001 * (truth_s[72 + 73 * 16] - truth_s[72]), rel=1e-6
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (polar_h10.ask_settings(), Response(1, 0, Status.OK, parameters=bytes.fromhex("000182000101 0e00"))),
        (polar_h10.stop_ecg(), Response(3, 0, Status.OK)),
        (bytes([2, 2, 0, 1, 25, 0]), Response(2, 2, Status.NOT_SUPPORTED)),
        (bytes([0x63, 0]), Response(0x63, 0, Status.INVALID_OPCODE)),
        (bytes([2]), Response(2, 0, Status.INVALID_LENGTH)),
        (bytes.fromhex("02 00 00 01 f4 01 01 01 0e 00"), Response(2, 0, Status.INVALID_PARAMETER)),
    ],
    ids=["settings", "stop", "another measurement", "no opcode", "cut short", "another rate"],
)
def test_commands_are_answered_as_the_strap_answers_them(command, answer):
    @on_virtual_time
    async def ask():
        async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
            listener = Listener(client)
            await listener.subscribe()
            assert await listener.ask(command) == answer

    ask()


@on_virtual_time
async def test_a_second_start_is_already_in_state():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        listener = Listener(client)
        await listener.subscribe()
        await listener.ask(polar_h10.start_ecg())
        assert (await listener.ask(polar_h10.start_ecg())).status is Status.ALREADY_IN_STATE


@on_virtual_time
async def test_nothing_is_sent_after_stop_while_samples_go_on():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        listener = Listener(client)
        await listener.subscribe()
        await listener.ask(polar_h10.start_ecg())
        await asyncio.sleep(5)
        await listener.ask(polar_h10.stop_ecg())
        heard = len(listener.frames)
        sent = on_air.strap.samples_sent
        await asyncio.sleep(5)
        assert len(listener.frames) == heard
        assert on_air.strap.samples_sent > sent


@on_virtual_time
async def test_the_strap_sends_its_own_heart_rate():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        listener = Listener(client)
        await listener.subscribe()
        await listener.ask(polar_h10.start_ecg())
        await asyncio.sleep(15)
    assert {said.contact for said in listener.heart_rates} == {True}


@on_virtual_time
async def test_a_signal_that_no_heart_gives_is_an_electrode_off_the_skin():
    async with scene(duration_s=120) as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        listener = Listener(client)
        await listener.subscribe()
        await listener.ask(polar_h10.start_ecg())
        await asyncio.sleep(110)  # the ramp passes 10 mV after 77 s
    said = [measurement.contact for measurement in listener.heart_rates]
    assert (said[0], said[-1]) == (True, False)


@on_virtual_time
async def test_the_strap_says_what_it_can_stream_and_that_it_is_simulated():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        features = polar_h10.decode_features(bytes(await client.read_gatt_char(polar_h10.PMD_CONTROL_POINT)))
        assert polar_h10.Feature.ECG in features
        assert b"simulated" in await client.read_gatt_char("2A24")
