"""The air without packets gives bleak's callers what the one with packets gives them."""

import asyncio

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError

from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Sent
from ble_gateway.stream import Stream
from ble_gateway.wearables import heart_rate
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.catalogue import KINDS
from tests.ble_gateway.scenes import ADDRESS, on_virtual_time, play_through, scene

EITHER_AIR = pytest.mark.parametrize("packets", [True, False], ids=["with packets", "without"])


def _samples(block):
    return block.counts if hasattr(block, "counts") else block.rr_s


@pytest.mark.parametrize("kind", KINDS)
def test_a_play_brings_the_same_samples_and_says_the_same_on_either_air(kind):
    came = []

    @on_virtual_time
    async def play(packets):
        async with scene(kind=kind, packets=packets, duration_s=12) as on_air:
            stream = Stream(on_air.wearable)
            blocks = await play_through(on_air, on_air.link(), stream)
            counts = np.concatenate([_samples(block) for block in blocks])
            written = {(uuid, data) for uuid, data in on_air.virtual.written}
            came.append((counts.tolist(), stream.samples_lost, stream.battery_percent, written))

    play(packets=True)
    play(packets=False)
    assert came[0] == came[1]


@pytest.mark.parametrize("kind", ["polar-h10", "anyecg-patch"])
def test_through_losses_and_disconnects_all_is_accounted_for_on_either_air(kind):
    @on_virtual_time
    async def play(packets):
        script = Script(seed=4, loss=0.05, jitter_s=0.01, disconnect_every_s=9, outage_s=1)
        async with scene(script, kind=kind, packets=packets, duration_s=45) as on_air:
            stream = Stream(on_air.wearable)
            await play_through(on_air, on_air.link(), stream)
            assert stream.samples_received + stream.samples_lost == on_air.virtual.samples_sent

    play(packets=True)
    play(packets=False)


@EITHER_AIR
@on_virtual_time
async def test_a_scan_sees_names_and_services_and_only_those_asked_for(packets):
    async with scene(packets=packets) as on_air:
        scanner = on_air.radio.scanner
        seen = await BleakScanner.discover(timeout=1, return_adv=True, backend=scanner)
        device, advertised = seen[ADDRESS]
        assert (device.name, advertised.service_uuids) == ("Polar H10 5EED0001", [heart_rate.HEART_RATE_SERVICE])
        assert await BleakScanner.discover(timeout=1, service_uuids=[pmd.PMD_SERVICE], backend=scanner) == []


@EITHER_AIR
@on_virtual_time
async def test_a_connection_shows_services_with_their_properties(packets):
    async with scene(packets=packets) as on_air, BleakClient(ADDRESS, backend=on_air.radio.client) as client:
        assert client.mtu_size == 247
        shown = {c.uuid: sorted(c.properties) for service in client.services for c in service.characteristics}
        for offered in (o for service in on_air.virtual.twin.services for o in service.characteristics):
            flags = sorted(flag.name.lower().replace("_", "-") for flag in offered.properties)
            assert shown[offered.uuid] == flags
        assert await client.read_gatt_char(heart_rate.BATTERY_LEVEL) == bytearray([87])


@EITHER_AIR
@on_virtual_time
async def test_services_can_be_restricted_to_those_wanted(packets):
    async with scene(packets=packets) as on_air:
        wanted = [heart_rate.HEART_RATE_SERVICE]
        async with BleakClient(ADDRESS, services=wanted, backend=on_air.radio.client) as client:
            assert client.services.get_characteristic(heart_rate.HEART_RATE_MEASUREMENT)
            assert client.services.get_characteristic(pmd.PMD_DATA) is None


@EITHER_AIR
@on_virtual_time
async def test_an_address_that_is_not_there_is_not_found_in_time(packets):
    async with scene(packets=packets) as on_air:
        client = BleakClient("F0:00:00:00:00:99", timeout=3, backend=on_air.radio.client)
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(BleakDeviceNotFoundError):
            await client.connect()
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(3, abs=0.5)


@EITHER_AIR
@on_virtual_time
async def test_what_is_connected_does_not_advertise_and_can_be_connected_to_again_later(packets):
    async with scene(packets=packets) as on_air:
        for _ in range(2):
            async with BleakClient(ADDRESS, backend=on_air.radio.client):
                assert await BleakScanner.discover(timeout=1, backend=on_air.radio.scanner) == []
            await asyncio.sleep(5)
            assert await BleakScanner.discover(timeout=1, backend=on_air.radio.scanner)


@EITHER_AIR
@on_virtual_time
async def test_a_link_that_breaks_is_told_of_once_and_every_request_after_it_is_an_error(packets):
    told = []
    async with scene(packets=packets) as on_air:
        client = BleakClient(ADDRESS, told.append, backend=on_air.radio.client)
        await client.connect()
        await on_air.virtual.peripheral.drop()
        await asyncio.sleep(1)
        assert not client.is_connected
        for request in (
            lambda: client.read_gatt_char(heart_rate.BATTERY_LEVEL),
            lambda: client.write_gatt_char(pmd.PMD_CONTROL_POINT, b"\x01\x00", response=True),
            lambda: client.start_notify(pmd.PMD_DATA, lambda _, __: None),
        ):
            with pytest.raises(BleakError, match="Not connected"):
                await request()
        await client.disconnect()
        assert told == [client]


@EITHER_AIR
@on_virtual_time
async def test_notifications_come_as_long_as_they_are_asked_for_and_never_longer_than_a_packet(packets):
    heard = []
    async with scene(packets=packets) as on_air, BleakClient(ADDRESS, backend=on_air.radio.client) as client:
        say = on_air.virtual.peripheral.send
        await say(Sent(pmd.PMD_DATA, b"too early"))
        await client.start_notify(pmd.PMD_DATA, lambda _, data: heard.append(bytes(data)))
        await say(Sent(pmd.PMD_DATA, b"one"))
        await say(Sent(pmd.PMD_DATA, bytes(300)))
        with pytest.raises(BleakError, match="already on"):
            await client.start_notify(pmd.PMD_DATA, lambda _, __: None)
        await asyncio.sleep(1)
        await client.stop_notify(pmd.PMD_DATA)
        await say(Sent(pmd.PMD_DATA, b"too late"))
        await asyncio.sleep(1)
    assert heard == [b"one", bytes(244)]


@on_virtual_time
async def test_what_it_has_not_it_refuses():
    async with scene(packets=False) as on_air:
        client = on_air.radio.client(ADDRESS, disconnected_callback=None, timeout=1)
        assert (client.name, client.is_connected) == (ADDRESS, False)
        await client.disconnect()
        await client.connect(pair=False)
        await client.pair()
        await client.unpair()
        descriptor = type("Descriptor", (), {"uuid": "2902"})
        with pytest.raises(BleakError, match="no descriptor 2902"):
            await client.read_gatt_descriptor(descriptor)
        with pytest.raises(BleakError, match="no descriptor 2902"):
            await client.write_gatt_descriptor(descriptor, b"\x01\x00")
        await client.disconnect()
