import asyncio

import pytest
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.link import Link
from ble_gateway.radio import Radio, Wanted, adapter, discover, find_again, find_each, find_one, require_adapter
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.direct import DirectAir, DirectClient
from ble_gateway.wearables.catalogue import KINDS, set_up
from ble_gateway.wearables.heart_rate import BATTERY_SERVICE, HEART_RATE_SERVICE
from tests.ble_gateway.scenes import on_virtual_time

H10, OTHER_H10, ER1, TV = (address_of(number) for number in (1, 2, 3, 4))


def _says(name, *, services=(), rssi_dbm=-50, service_data=None, makers=None):
    return AdvertisementData(name, makers or {}, service_data or {}, list(services), None, rssi_dbm, ())


def _radio_that_hears(*advertisements, again_every_s=0.1):
    """Hears these, address and what it says, one after the other, again and again."""

    class Scanner(BaseBleakScanner):
        def __init__(self, detection_callback, service_uuids, _scanning_mode, **_platform):
            super().__init__(detection_callback, service_uuids)

        async def start(self):
            self.seen_devices = {}
            self._task = asyncio.create_task(self._hear())

        async def stop(self):
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

        async def _hear(self):
            while True:
                for address, says in advertisements:
                    device = self.create_or_update_device(address, address, says.local_name, None, says)
                    self.call_detection_callbacks(device, says)
                    await asyncio.sleep(0)
                await asyncio.sleep(again_every_s)

    return Radio("test", DirectClient, Scanner)


NEIGHBOURHOOD = (
    (H10, _says("Polar H10 5EED0001", services=[HEART_RATE_SERVICE], rssi_dbm=-70)),
    (TV, _says("Living room TV", rssi_dbm=-40)),
    (ER1, _says("ER1 0007", rssi_dbm=-60)),
    ("F0:5E:ED:00:00:99", _says(None, rssi_dbm=-90)),
)


async def _found(text="", kind=None, *, among=NEIGHBOURHOOD):
    return await find_one(_radio_that_hears(*among), Wanted(text, kind), timeout_s=5)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("Polar H10 5EED0001", None, H10),
        ("Polar", None, H10),
        ("ER1", None, ER1),
        (H10, None, H10),
        (H10.lower(), None, H10),
        ("", "polar-h10", H10),
        ("", "viatom-er1", ER1),
        ("Living", None, TV),
        ("Living", "uart", TV),
        (TV, "uart", TV),
        ("F0:5E:ED:00:00:99", "uart", "F0:5E:ED:00:00:99"),
    ],
)
@on_virtual_time
async def test_a_wearable_is_found_by_name_beginning_of_a_name_address_or_kind(text, kind, address):
    assert (await _found(text, kind)).address == address


@on_virtual_time
async def test_the_only_supported_wearable_is_found_where_nothing_is_asked_for():
    seen = await _found(among=NEIGHBOURHOOD[:2])
    assert (seen.address, seen.wearable.kind, seen.name, seen.rssi_dbm) == (H10, "polar-h10", "Polar H10 5EED0001", -70)


@pytest.mark.parametrize(
    ("text", "kind"), [("Polar H10 A", None), ("5EED0001", None), ("", "movesense"), (TV[:-1], None)]
)
@on_virtual_time
async def test_what_is_not_in_reach_is_not_found_after_the_time_it_was_given(text, kind):
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(GatewayError, match=r"was seen within 5 s - .*anyecg scan") as missing:
        await _found(text, kind)
    assert missing.value.fault is GatewayFault.NOT_FOUND
    assert (text or kind) in str(missing.value)
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(5, abs=0.2)


TWINS = ((H10, _says("Polar H10 5EED0001")), (OTHER_H10, _says("Polar H10 5EED0001")), (TV, _says("TV")))


@pytest.mark.parametrize(
    ("text", "kind"), [("Polar H10 5EED0001", None), ("Polar", None), ("", None), ("", "polar-h10")]
)
@on_virtual_time
async def test_several_that_fit_are_listed_by_their_addresses_and_none_is_taken(text, kind):
    with pytest.raises(GatewayError) as ambiguous:
        await _found(text, kind, among=TWINS)
    assert ambiguous.value.fault is GatewayFault.AMBIGUOUS
    assert f"Polar H10 5EED0001 at {H10}, Polar H10 5EED0001 at {OTHER_H10}" in ambiguous.value.problem
    assert "address" in ambiguous.value.advice


@on_virtual_time
async def test_of_two_of_one_name_each_is_found_by_its_address_at_once():
    for address in (H10, OTHER_H10):
        began_s = asyncio.get_running_loop().time()
        assert (await _found(address, among=TWINS)).address == address
        assert asyncio.get_running_loop().time() - began_s < 0.5


@on_virtual_time
async def test_a_search_listens_a_little_longer_for_others_that_fit_and_then_no_longer():
    began_s = asyncio.get_running_loop().time()
    await _found("Polar")
    assert 1 < asyncio.get_running_loop().time() - began_s < 2


@on_virtual_time
async def test_a_search_ends_in_time_where_no_one_advertises_any_more():
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    radio = _radio_that_hears(*NEIGHBOURHOOD, again_every_s=60)
    assert (await find_one(radio, Wanted("Polar"), timeout_s=30)).address == H10
    assert loop.time() - began_s < 2


@on_virtual_time
async def test_one_that_has_the_whole_name_comes_before_one_whose_name_only_begins_so():
    among = ((H10, _says("Polar H10 5EED")), (OTHER_H10, _says("Polar H10 5EED0002")))
    assert (await _found("Polar H10 5EED", among=among)).address == H10


@on_virtual_time
async def test_several_are_searched_for_in_one_scan_and_what_is_missing_is_an_error_in_its_place():
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    wanted = [Wanted("Polar"), Wanted("nothing"), Wanted("ER1")]
    strap, missing, recorder = await find_each(_radio_that_hears(*NEIGHBOURHOOD), wanted, timeout_s=5)
    assert (strap.address, missing.fault, recorder.address) == (H10, GatewayFault.NOT_FOUND, ER1)
    assert loop.time() - began_s == pytest.approx(5, abs=0.2)


@on_virtual_time
async def test_all_in_reach_are_listed_strongest_first_each_once():
    seen = await discover(_radio_that_hears(*NEIGHBOURHOOD), duration_s=2)
    assert [sighting.rssi_dbm for sighting in seen] == [-40, -60, -70, -90]
    assert [sighting.wearable and sighting.wearable.kind for sighting in seen] == [
        None,
        "viatom-er1",
        "polar-h10",
        None,
    ]
    assert [sighting.label for sighting in seen][-1] == "F0:5E:ED:00:00:99"


@on_virtual_time
async def test_where_nothing_advertises_nothing_is_listed():
    assert await discover(DirectAir().radio(), duration_s=2) == []


@pytest.mark.parametrize(
    ("value", "percent"),
    [(b"\x00", 0), (b"\x57", 87), (b"\x64", 100), (b"\x65", None), (b"", None), (b"\x01\x02", None)],
)
@on_virtual_time
async def test_the_charge_is_read_where_it_is_advertised_and_can_be(value, percent):
    heard = (H10, _says("Polar H10 5EED0001", service_data={BATTERY_SERVICE: value}))
    (seen,) = await discover(_radio_that_hears(heard), duration_s=1)
    assert seen.battery_percent == percent


@given(st.text(max_size=30))
def test_no_name_can_drive_the_terminal(name):
    @on_virtual_time
    async def scan():
        (seen,) = await discover(_radio_that_hears((H10, _says(name))), duration_s=0.2)
        assert seen.name.isprintable()
        assert seen.label
        assert seen.name == "".join(letter for letter in name if letter.isprintable())

    scan()


@on_virtual_time
async def test_a_name_that_would_drive_the_terminal_is_made_safe_and_the_wearable_is_found_by_what_is_left():
    among = ((H10, _says("Polar H10 \x1b[2J\r\n\u202e[/]")),)
    seen = await _found("Polar H10 [2J[/]", among=among)
    assert (seen.name, seen.wearable.kind) == ("Polar H10 [2J[/]", "polar-h10")


@on_virtual_time
async def test_one_that_was_seen_before_is_found_again_or_not_in_time():
    seen = await _found(H10)
    assert (await find_again(_radio_that_hears(*NEIGHBOURHOOD), seen, timeout_s=5)).address == H10
    assert await find_again(_radio_that_hears(NEIGHBOURHOOD[1]), seen, timeout_s=5) is None


@pytest.mark.parametrize("kind", KINDS)
@on_virtual_time
async def test_each_virtual_wearable_is_recognised_on_the_air_and_can_be_taken_for_another(kind):
    air, twin = DirectAir(), twin_of(kind)
    await air.peripheral(twin.advertisement, twin.services, H10).power_on()
    seen = await find_one(air.radio(), Wanted(), timeout_s=5)
    assert seen.wearable.kind == kind
    assert (await find_one(air.radio(), Wanted(seen.name, "uart"), timeout_s=5)).address == H10
    if kind != "movesense":
        with pytest.raises(GatewayError, match="no wearable of kind movesense"):
            await find_one(air.radio(), Wanted(kind="movesense"), timeout_s=1)


@on_virtual_time
async def test_a_device_that_is_taken_for_what_it_is_not_is_told_of():
    air, twin = DirectAir(), twin_of("viatom-er1")
    await air.peripheral(twin.advertisement, twin.services, H10).power_on()
    radio = air.radio()
    seen = await find_one(radio, Wanted(kind="viatom-er1"), timeout_s=5)
    with pytest.raises(GatewayError, match=r"ER1 0001.* - "):
        await Link(radio, seen, set_up("polar-h10")).open()


async def test_a_radio_says_whether_it_is_simulated():
    assert DirectAir().radio().simulated
    assert not adapter().simulated
    await require_adapter(DirectAir().radio())
