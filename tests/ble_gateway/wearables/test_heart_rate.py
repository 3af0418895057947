from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError
from ble_gateway.wearables.heart_rate import (
    BATTERY_LEVEL,
    HEART_RATE_MEASUREMENT,
    HEART_RATE_SERVICE,
    HeartRateMeasurement,
    decode_battery_level,
    decode_heart_rate,
    decode_vitals,
    encode_battery_level,
    encode_heart_rate,
    wearable,
)
from ble_gateway.wearables.wearable import Advertised, Beats, Charge, Gives, Received, Subscribe
from tests.ble_gateway.places import vendor_vectors
from tests.ble_gateway.strategies import heart_rates, hostile_bytes


@pytest.mark.parametrize(
    ("written", "measurement"),
    [
        ("00 3c", HeartRateMeasurement(60)),
        ("01 2c 01", HeartRateMeasurement(300)),
        ("16 3c 11 04", HeartRateMeasurement(60, contact=True, rr_1024=(1041,))),
        (
            "1c 3c 05 00 00 04 ff 03",
            HeartRateMeasurement(60, contact=False, energy_kj=5, rr_1024=(1024, 1023)),
        ),
    ],
)
def test_heart_rates_are_the_golden_bytes_both_ways(written, measurement):
    assert decode_heart_rate(bytes.fromhex(written)) == measurement
    assert encode_heart_rate(measurement).hex(" ") == written


@given(heart_rates)
def test_a_heart_rate_is_read_as_it_was_written(measurement):
    assert decode_heart_rate(encode_heart_rate(measurement)) == measurement


@given(hostile_bytes)
def test_any_bytes_are_read_or_refused(value):
    with suppress(FrameError):
        decode_heart_rate(value)


def test_an_interval_is_in_units_of_a_1024th_of_a_second():
    assert HeartRateMeasurement(60, rr_1024=(1024, 512)).rr_s == (1.0, 0.5)


@pytest.mark.parametrize("written", ["", "00", "01 3c", "08 3c", "10 3c 00", "00 3c 00 04"])
def test_a_heart_rate_whose_flags_do_not_fit_its_length_is_refused(written):
    with pytest.raises(FrameError):
        decode_heart_rate(bytes.fromhex(written))


def test_the_vendors_heart_rates_are_read_as_the_vendor_reads_them():
    vectors = vendor_vectors("hr_measurement_vectors.json")
    for vector in [*vectors["vectors"], *vectors["captured"]["vectors"]]:
        read = decode_heart_rate(bytes.fromhex(vector["hex"]))
        assert read.bpm == vector.get("hr", read.bpm)
        assert read.contact == (vector.get("contact") if vector.get("contact_supported", True) else None)
        assert list(read.rr_1024) == vector.get("rr_1024", list(read.rr_1024))
        assert read.energy_kj == vector.get("energy")


def vitals(characteristic, value):
    return list(decode_vitals(Received(characteristic, bytes.fromhex(value), 0.0)))


def test_a_measurement_says_what_the_heart_does():
    # flags: contact known and there, intervals; 72 bpm; 0x0355 = 853, 0x0340 = 832
    assert vitals(HEART_RATE_MEASUREMENT, "16 48 55 03 40 03") == [Beats(72, (853 / 1024, 0.8125), contact=True)]


def test_a_battery_says_its_charge():
    assert vitals(BATTERY_LEVEL, "57") == [Charge(87)]


@given(hostile_bytes)
def test_other_characteristics_say_nothing_of_the_heart(value):
    assert list(decode_vitals(Received("00002a38-0000-1000-8000-00805f9b34fb", value, 0.0))) == []


@given(st.sampled_from([HEART_RATE_MEASUREMENT, BATTERY_LEVEL]), hostile_bytes)
def test_any_value_says_something_or_is_refused(characteristic, value):
    with suppress(FrameError):
        assert len(list(decode_vitals(Received(characteristic, value, 0.0)))) == 1


@given(st.integers(0, 100))
def test_a_charge_is_read_as_it_was_written(percent):
    assert decode_battery_level(encode_battery_level(percent)) == percent


@pytest.mark.parametrize("written", ["", "65", "ff", "57 57"])
def test_a_charge_that_is_none_is_refused(written):
    with pytest.raises(FrameError, match="0 to 100 %"):
        vitals(BATTERY_LEVEL, written)


def test_a_heart_rate_longer_than_any_value_is_refused():
    with pytest.raises(FrameError, match="2 to 512 bytes"):
        decode_heart_rate(b"\x10\x3c" + bytes(512))


@pytest.mark.parametrize(
    ("services", "is_one"), [({HEART_RATE_SERVICE}, True), ({BATTERY_LEVEL}, False), (set(), False)]
)
def test_a_strap_is_recognised_by_its_service(services, is_one):
    assert wearable().recognised_by(Advertised("any name", frozenset(services))) == is_one


def test_a_strap_is_asked_for_its_measurements_and_for_nothing_when_it_is_left():
    strap = wearable()
    assert (list(strap.start()), list(strap.stop())) == ([Subscribe(HEART_RATE_MEASUREMENT)], [])
    assert (strap.gives, strap.data, strap.rate_hz) == (Gives.RHYTHM, HEART_RATE_MEASUREMENT, 0.0)


@given(hostile_bytes)
def test_the_decoder_leaves_all_to_the_vitals(value):
    assert list(wearable().decoder().feed(Received(HEART_RATE_MEASUREMENT, value, 0.0))) == []
