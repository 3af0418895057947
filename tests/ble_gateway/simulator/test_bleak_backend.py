import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att
from bumble.gatt import CharacteristicValue

from ble_gateway.simulator.air import Air
from ble_gateway.simulator.twin import Sent
from ble_gateway.wearables import heart_rate
from ble_gateway.wearables import polar_pmd as pmd
from tests.ble_gateway.scenes import ADDRESS as STRAP
from tests.ble_gateway.scenes import on_virtual_time, scene


@on_virtual_time
async def test_a_scan_sees_the_straps_name_and_services():
    async with scene() as on_air:
        seen = await BleakScanner.discover(timeout=2, return_adv=True, backend=on_air.radio.scanner)
    device, advertised = seen[STRAP]
    assert (device.name, advertised.service_uuids) == ("Polar H10 5EED0001", [heart_rate.HEART_RATE_SERVICE])


@on_virtual_time
async def test_a_scan_for_other_services_does_not_see_the_strap():
    async with scene() as on_air:
        seen = await BleakScanner.discover(timeout=2, service_uuids=[pmd.PMD_SERVICE], backend=on_air.radio.scanner)
    assert seen == []


@on_virtual_time
async def test_a_connection_by_address_finds_the_services_with_their_properties():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        assert client.mtu_size == 247
        control = client.services.get_characteristic(pmd.PMD_CONTROL_POINT)
        assert sorted(control.properties) == ["indicate", "read", "write"]
        assert client.services.get_characteristic(pmd.PMD_DATA).properties == ["notify"]
        assert await client.read_gatt_char(heart_rate.BATTERY_LEVEL) == bytearray([87])
        assert client.name == STRAP.replace(":", "-")


@on_virtual_time
async def test_an_address_that_is_not_there_is_not_found():
    async with scene() as on_air:
        with pytest.raises(BleakDeviceNotFoundError):
            await BleakClient("F0:00:00:00:00:99", timeout=3, backend=on_air.radio.client).connect()


@on_virtual_time
async def test_what_the_strap_refuses_is_a_protocol_error():
    def refuse(_):
        raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)

    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        on_air.virtual.peripheral.characteristics[pmd.PMD_CONTROL_POINT].value = CharacteristicValue(read=refuse)
        with pytest.raises(BleakGATTProtocolError) as refusal:
            await client.read_gatt_char(pmd.PMD_CONTROL_POINT)
    assert refusal.value.code == 0x02


@on_virtual_time
async def test_a_request_after_the_link_broke_is_an_error_and_a_callback_says_so():
    broken = asyncio.Event()
    async with scene() as on_air:
        client = BleakClient(STRAP, lambda _: broken.set(), backend=on_air.radio.client)
        await client.connect()
        await on_air.virtual.peripheral.drop()
        await broken.wait()
        assert not client.is_connected
        with pytest.raises(BleakError, match="Not connected"):
            await client.read_gatt_char(heart_rate.BATTERY_LEVEL)


@on_virtual_time
async def test_a_link_that_breaks_under_a_request_is_an_error_and_no_cancellation():
    async with scene() as on_air:
        client = BleakClient(STRAP, backend=on_air.radio.client)
        await client.connect()
        asking = asyncio.create_task(client.read_gatt_char(heart_rate.BATTERY_LEVEL))
        await asyncio.sleep(0)
        await on_air.virtual.peripheral.drop()
        with pytest.raises(BleakError):
            await asking


@on_virtual_time
async def test_a_cancelled_request_stays_cancelled():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        asking = asyncio.create_task(client.read_gatt_char(heart_rate.BATTERY_LEVEL))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


@on_virtual_time
async def test_a_write_without_response_that_does_not_fit_a_packet_is_refused():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        with pytest.raises(BleakError, match="500 bytes"):
            await client.write_gatt_char(pmd.PMD_CONTROL_POINT, bytes(500), response=False)


@on_virtual_time
async def test_a_long_write_arrives_whole():
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        await client.write_gatt_char(pmd.PMD_CONTROL_POINT, bytes(range(250)) * 2, response=True)
        assert on_air.commands == [bytes(range(250)) * 2]


@on_virtual_time
async def test_notifications_end_when_they_are_unsubscribed():
    heard = []
    async with scene() as on_air, BleakClient(STRAP, backend=on_air.radio.client) as client:
        await client.start_notify(pmd.PMD_DATA, lambda _, value: heard.append(bytes(value)))
        with pytest.raises(BleakError, match="already on"):
            await client.start_notify(pmd.PMD_DATA, lambda _, value: heard.append(bytes(value)))
        on_air.virtual.say(Sent(pmd.PMD_DATA, b"one"))
        await asyncio.sleep(1)
        await client.stop_notify(pmd.PMD_DATA)
        on_air.virtual.say(Sent(pmd.PMD_DATA, b"two"))
        await asyncio.sleep(1)
    assert heard == [b"one"]


class Deaf:
    """Takes packets and does nothing."""

    def on_packet(self, packet):
        pass


@on_virtual_time
async def test_a_radio_that_no_longer_answers_is_an_error_of_bleaks():
    radio = await Air().radio()
    radio.scanner.central.host.hci_sink = Deaf()
    with pytest.raises(BleakError, match="the radio does not answer"):
        await BleakScanner.discover(timeout=1, backend=radio.scanner)
    with pytest.raises(BleakError, match="the radio does not answer"):
        await BleakClient(STRAP, backend=radio.client).connect()
