import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.catalogue import twin_of
from ble_gateway.wearables.catalogue import KINDS, WEARABLES, Setup, recognise, set_up
from ble_gateway.wearables.heart_rate import HEART_RATE_SERVICE
from ble_gateway.wearables.wearable import Advertised, Gives, Trust

PER_WEARABLE = pytest.mark.parametrize("wearable", WEARABLES, ids=KINDS)
CHOICES = [(wearable.kind, rate_hz) for wearable in WEARABLES for rate_hz in wearable.rates_hz]


def _advertised(kind):
    says = twin_of(kind).advertisement
    return Advertised(says.name, frozenset(says.services), frozenset([says.maker[0]] if says.maker else []))


@pytest.mark.parametrize("kind", KINDS)
def test_each_wearable_is_recognised_as_what_it_is(kind):
    assert recognise(_advertised(kind)).kind == kind


@PER_WEARABLE
def test_no_wearable_is_taken_for_another_of_its_maker_or_service(wearable):
    others = {kind for kind in KINDS if wearable.recognised_by(_advertised(kind))} - {wearable.kind}
    # Straps of any maker advertise what makers' own do: they come last.
    assert others <= ({"polar-h10", "healthypi-move"} if wearable.kind == "heart-rate" else set())
    assert KINDS[-1] == "heart-rate"


@pytest.mark.parametrize(
    "advertised",
    [
        Advertised(),
        Advertised(name="Living room TV"),
        Advertised(name="Polar"),
        Advertised(name="polar h10 5EED0001"),
        Advertised(name="ER"),
        Advertised(services=frozenset({"0000180f-0000-1000-8000-00805f9b34fb"})),
        Advertised(makers=frozenset({0x004C})),
    ],
    ids=repr,
)
def test_what_is_none_of_them_is_not_recognised(advertised):
    assert recognise(advertised) is None


def test_a_strap_of_a_maker_that_is_not_known_is_recognised_by_what_it_offers():
    assert recognise(Advertised("TICKR 1A2B", frozenset({HEART_RATE_SERVICE}))).kind == "heart-rate"


@given(
    st.builds(
        Advertised, st.text(max_size=30), st.frozensets(st.text(max_size=40)), st.frozensets(st.integers(0, 0xFFFF))
    )
)
def test_any_advertisement_is_of_a_wearable_or_of_none(advertised):
    found = recognise(advertised)
    assert found is None or found.recognised_by(advertised)


def test_kinds_are_named_as_the_command_line_names_them():
    assert [wearable.kind for wearable in WEARABLES] == list(KINDS)
    assert len(set(KINDS)) == len(KINDS)
    assert all(set(kind) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for kind in KINDS)


@pytest.mark.parametrize(("kind", "rate_hz"), CHOICES)
def test_each_rate_that_is_offered_can_be_set_up(kind, rate_hz):
    assert set_up(kind, Setup(rate_hz=rate_hz)).rate_hz == rate_hz


@PER_WEARABLE
def test_the_usual_rate_is_one_that_is_offered_and_rhythm_has_none(wearable):
    if wearable.gives is Gives.WAVES:
        assert wearable.rate_hz in wearable.rates_hz
        assert all(rate_hz > 0 for rate_hz in wearable.rates_hz)
    else:
        assert wearable.rate_hz == 0


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, 7.5, 1e9, math.nan, math.inf])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"uart"}))
def test_a_rate_that_a_wearable_does_not_have_is_refused_with_those_it_has(kind, rate_hz):
    with pytest.raises(GatewayError, match=r"has no rate of .* Hz - choose one of its rates, Hz: ") as refused:
        set_up(kind, Setup(rate_hz=rate_hz))
    assert refused.value.fault is GatewayFault.BAD_REQUEST


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"uart"}))
def test_a_layout_is_refused_where_there_is_one_only(kind):
    with pytest.raises(GatewayError, match="has one layout only - leave --layout away"):
        set_up(kind, Setup(layout="int16@250Hz,2.5uV"))


def test_a_layout_that_cannot_be_read_is_refused():
    with pytest.raises(GatewayError) as refused:
        set_up("uart", Setup(layout="sixteen bits"))
    assert refused.value.fault is GatewayFault.BAD_REQUEST


def test_a_layout_says_its_rate():
    assert set_up("uart", Setup(layout="int16le@125Hz,1uV")).rate_hz == 125


@pytest.mark.parametrize("kind", ["", "polar", "Polar-H10", "sundial"])
def test_a_kind_there_is_not_is_refused_with_those_there_are(kind):
    with pytest.raises(GatewayError, match="there is no wearable of kind") as refused:
        set_up(kind)
    assert refused.value.fault is GatewayFault.BAD_REQUEST
    assert all(known in refused.value.advice for known in KINDS)


@PER_WEARABLE
def test_what_is_unverified_is_said(wearable):
    if wearable.trust is Trust.UNVERIFIED:
        assert any("unverified" in limit for limit in wearable.limits)
    assert wearable.limits, "nothing here was tried on hardware: each has limits"
    for limit in wearable.limits:
        assert limit.endswith(".")
        assert limit.isprintable()


@PER_WEARABLE
def test_what_a_wearable_is_can_be_told_to_people(wearable):
    for words in (wearable.title, wearable.placed_by, str(wearable.trust), str(wearable.gives)):
        assert words
        assert words.isprintable()
    assert 5 <= wearable.patience_s <= 120


@PER_WEARABLE
def test_each_connection_gets_a_dialogue_and_a_decoder_of_its_own(wearable):
    assert wearable.start() is not wearable.start()
    assert wearable.decoder() is not wearable.decoder()
