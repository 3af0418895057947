from contextlib import suppress

import pytest
from hypothesis import given

from ble_gateway.errors import FrameError
from ble_gateway.wearables.heart_rate import HeartRateMeasurement, decode_heart_rate, encode_heart_rate
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
