import itertools

import pytest
from bumble.hci import Address

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.catalogue import MOST, address_of, twin_of
from ble_gateway.simulator.peripheral import _advertising_data
from ble_gateway.simulator.twin import Property
from ble_gateway.wearables.catalogue import KINDS, Setup, recognise, set_up
from ble_gateway.wearables.wearable import Advertised, Gives

NUMBERS = (1, 2, 9, 10, 99, 100, MOST)
CHOICES = [(kind, rate_hz) for kind in KINDS if kind != "uart" for rate_hz in set_up(kind).rates_hz]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", NUMBERS)
def test_each_of_many_is_recognised_has_a_name_of_its_own_and_fits_one_advertisement(kind, number):
    says = twin_of(kind, number=number).advertisement
    assert recognise(Advertised(says.name, frozenset(says.services))).kind == kind
    assert len(bytes(_advertising_data(says))) <= 31


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_of_many_have_one_name_or_one_that_begins_with_the_other(kind):
    names = [twin_of(kind, number=number).advertisement.name for number in NUMBERS]
    assert not [pair for pair in itertools.permutations(names, 2) if pair[0].startswith(pair[1])]


@pytest.mark.parametrize(("kind", "rate_hz"), CHOICES)
def test_a_twin_samples_at_the_rate_it_was_set_up_for(kind, rate_hz):
    assert twin_of(kind, Setup(rate_hz=rate_hz)).rate_hz == rate_hz


def test_a_twin_sends_the_layout_it_was_set_up_for():
    assert twin_of("uart", Setup(layout="int16le@125Hz,1uV")).rate_hz == 125


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_offers_what_the_gateway_listens_to(kind):
    wearable, twin = set_up(kind), twin_of(kind)
    offered = {o.uuid: o.properties for service in twin.services for o in service.characteristics}
    assert offered[wearable.data] & (Property.NOTIFY | Property.INDICATE)
    assert twin.frame_samples >= 1
    assert twin.rails[0] < 0 < twin.rails[1]
    assert twin.millivolts_per_count > 0
    if wearable.gives is Gives.WAVES:
        assert twin.rate_hz == wearable.rate_hz


@pytest.mark.parametrize(
    ("kind", "setup"), [("sundial", None), ("movesense", Setup(7.5)), ("polar-h10", Setup(layout="x"))]
)
def test_a_twin_of_what_there_is_not_is_refused(kind, setup):
    with pytest.raises(GatewayError) as refused:
        twin_of(kind, setup)
    assert refused.value.fault is GatewayFault.BAD_REQUEST


def test_addresses_are_random_static_and_all_different():
    addresses = [address_of(number) for number in range(1, MOST + 1)]
    assert len(set(addresses)) == MOST
    assert all(Address(address).is_static for address in addresses)
    assert "F0:5E:ED:00:00:FF" not in addresses, "the gateway's own"


@pytest.mark.parametrize("number", [-1, 0, MOST + 1, 10**9])
def test_more_wearables_than_there_are_addresses_are_refused(number):
    with pytest.raises(GatewayError, match=f"ask for {MOST} at most") as refused:
        address_of(number)
    assert refused.value.fault is GatewayFault.BAD_REQUEST
