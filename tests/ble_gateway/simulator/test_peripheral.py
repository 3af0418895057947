import asyncio

import pytest
from bleak import BleakClient, BleakScanner
from bumble.core import AdvertisingData

from ble_gateway.simulator.air import Air
from ble_gateway.simulator.peripheral import BumblePeripheral, Ears, _advertising_data, in_background
from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent
from tests.ble_gateway.scenes import ADDRESS, on_virtual_time

SERVICE, NOTIFIES, INDICATES, READABLE, WRITABLE = (f"0000000{n}-1ebf-4dde-a5b8-6d8c54390df7" for n in range(5))
SERVICES = (
    OfferedService(
        SERVICE,
        (
            Offered(NOTIFIES, Property.NOTIFY),
            Offered(INDICATES, Property.INDICATE),
            Offered(READABLE, Property.READ, b"as offered"),
            Offered(WRITABLE, Property.WRITE | Property.WRITE_WITHOUT_RESPONSE),
        ),
    ),
)
SAYS = Advertisement("Peer", ("0000180d-0000-1000-8000-00805f9b34fb",), (0x5EED, b"\x01\x02"))


async def _on_air(ears=None):
    air = Air()
    peripheral = BumblePeripheral(air.controller(), SAYS, SERVICES, ADDRESS)
    peripheral.ears = ears or Ears()
    await peripheral.power_on()
    return peripheral, await air.radio()


def test_an_advertisement_says_flags_services_maker_and_name_as_the_specification_has_them():
    # Core Specification Supplement, Part A: length, type, value.
    assert bytes(_advertising_data(SAYS)) == bytes.fromhex(
        "02 01 06"  # flags: general discoverable, no BR/EDR
        "03 03 0d18"  # complete list of 16-bit services
        "05 ff ed5e 0102"  # maker, low byte first, and its data
        "05 09 50656572"  # complete name
    )


def test_a_service_of_its_own_is_advertised_with_all_its_bits_low_byte_first():
    says = AdvertisingData.from_bytes(bytes(_advertising_data(Advertisement("P", (SERVICE,)))))
    listed = says.get(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, raw=True)
    assert bytes(listed) == bytes.fromhex(SERVICE.replace("-", ""))[::-1]


@on_virtual_time
async def test_what_it_advertises_is_seen():
    _, radio = await _on_air()
    seen = await BleakScanner.discover(timeout=1, return_adv=True, backend=radio.scanner)
    _, advertised = seen[ADDRESS]
    assert advertised.local_name == "Peer"
    assert advertised.service_uuids == list(SAYS.services)
    assert advertised.manufacturer_data == {0x5EED: b"\x01\x02"}


@on_virtual_time
async def test_the_wearable_is_told_of_all_that_a_gateway_does():
    told = []
    ears = Ears(
        written=lambda uuid, data: told.append(("written", uuid, data)),
        subscribed=lambda uuid: told.append(("subscribed", uuid)),
        connected=lambda: told.append("connected"),
        disconnected=lambda properly: told.append(("disconnected", properly)),
    )
    _, radio = await _on_air(ears)
    async with BleakClient(ADDRESS, backend=radio.client) as client:
        await client.start_notify(NOTIFIES, lambda _, __: None)
        await client.start_notify(INDICATES, lambda _, __: None)
        await client.write_gatt_char(WRITABLE, b"one", response=True)
        await client.write_gatt_char(WRITABLE, b"two", response=False)
        await asyncio.sleep(1)
    await asyncio.sleep(1)
    assert told == [
        "connected",
        ("subscribed", NOTIFIES),
        ("subscribed", INDICATES),
        ("written", WRITABLE, b"one"),
        ("written", WRITABLE, b"two"),
        ("disconnected", True),
    ]


@on_virtual_time
async def test_a_read_gives_what_the_wearable_says_or_else_what_was_offered():
    says = {}
    _, radio = await _on_air(Ears(read=says.get))
    async with BleakClient(ADDRESS, backend=radio.client) as client:
        assert await client.read_gatt_char(READABLE) == b"as offered"
        says[READABLE] = b""
        assert await client.read_gatt_char(READABLE) == b""
        says[READABLE] = b"now"
        assert await client.read_gatt_char(READABLE) == b"now"


@pytest.mark.parametrize("uuid", [NOTIFIES, INDICATES])
@on_virtual_time
async def test_what_it_sends_arrives_in_order_where_it_was_asked_for_and_nowhere_else(uuid):
    heard = []
    peripheral, radio = await _on_air()
    await peripheral.send(Sent(uuid, b"to no one"))
    async with BleakClient(ADDRESS, backend=radio.client) as client:
        await peripheral.send(Sent(uuid, b"not asked for"))
        await client.start_notify(uuid, lambda _, data: heard.append(bytes(data)))
        for n in range(20):
            await peripheral.send(Sent(uuid, bytes([n])))
        await asyncio.sleep(1)
    assert heard == [bytes([n]) for n in range(20)]


@on_virtual_time
async def test_a_link_that_it_drops_did_not_end_properly_and_it_can_be_reached_again_when_it_advertises():
    ends = []
    peripheral, radio = await _on_air(Ears(disconnected=ends.append))
    client = BleakClient(ADDRESS, backend=radio.client)
    await client.connect()
    await peripheral.drop()
    await asyncio.sleep(1)
    assert (client.is_connected, ends) == (False, [False])
    await peripheral.advertise()
    async with BleakClient(ADDRESS, backend=radio.client) as again:
        assert again.is_connected


@on_virtual_time
async def test_one_that_is_switched_off_is_gone_and_breaks_the_link():
    peripheral, radio = await _on_air()
    client = BleakClient(ADDRESS, backend=radio.client)
    await client.connect()
    await peripheral.power_off()
    await asyncio.sleep(1)
    assert not client.is_connected
    assert await BleakScanner.discover(timeout=1, backend=radio.scanner) == []
    await peripheral.drop()
    await peripheral.send(Sent(NOTIFIES, b"to no one"))


@on_virtual_time
async def test_what_runs_beside_is_kept_until_it_is_done():
    tasks = set()
    in_background(tasks, asyncio.sleep(1))
    await asyncio.sleep(0.5)
    assert len(tasks) == 1
    await asyncio.sleep(1)
    assert not tasks
