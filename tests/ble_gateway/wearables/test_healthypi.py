from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ble_gateway.errors import FrameError
from ble_gateway.wearables import healthypi
from ble_gateway.wearables.wearable import Advertised, Received, Subscribe, Unplaced

GOLDEN = "00 00 00 00  01 00 00 00  ff ff ff ff  00 00 01 00  00 00 00 fe  ff ff ff 7f"
COUNTS = [0, 1, -1, 65_536, -33_554_432, 2**31 - 1]


def test_samples_are_the_golden_bytes_both_ways():
    assert healthypi.decode_ecg(bytes.fromhex(GOLDEN)).tolist() == COUNTS
    assert healthypi.encode_ecg(np.array(COUNTS, np.int32)) == bytes.fromhex(GOLDEN)


@given(hnp.arrays(np.int32, st.integers(1, healthypi.MAX_SAMPLES)))
def test_samples_are_read_as_they_were_written(counts):
    np.testing.assert_array_equal(healthypi.decode_ecg(healthypi.encode_ecg(counts)), counts)


@given(st.binary(max_size=520))
def test_any_bytes_are_read_or_refused(value):
    with suppress(FrameError):
        assert healthypi.decode_ecg(value).size * 4 == len(value)


@pytest.mark.parametrize("size", [0, 3, 5, 4 * (healthypi.MAX_SAMPLES + 1)])
def test_what_is_no_row_of_whole_samples_is_refused(size):
    with pytest.raises(FrameError, match="whole samples"):
        healthypi.decode_ecg(bytes(size))


def test_full_scale_is_that_of_the_front_end_at_a_gain_of_80():
    rails = np.array(healthypi.RAILS, np.int32)
    np.testing.assert_allclose(healthypi.SCALE.millivolts(rails), [-12.5, 12.5], atol=1e-4)


def test_only_the_ecg_characteristic_counts_and_a_bad_frame_does_not_stop_it():
    decoder = healthypi.wearable().decoder()
    assert list(decoder.feed(Received(healthypi.SKIN_CONDUCTANCE, bytes.fromhex(GOLDEN), 0.0))) == []
    with pytest.raises(FrameError):
        list(decoder.feed(Received(healthypi.ECG, b"\x00", 0.0)))
    (samples,) = decoder.feed(Received(healthypi.ECG, bytes.fromhex(GOLDEN), 0.0))
    assert (samples.counts.tolist(), samples.position, samples.contact) == (COUNTS, Unplaced(), None)


def test_the_stream_starts_with_the_subscription_and_is_never_stopped():
    wearable = healthypi.wearable()
    assert (list(wearable.start()), list(wearable.stop())) == ([Subscribe(healthypi.ECG)], [])


@pytest.mark.parametrize(
    ("name", "is_one"), [("healthypi move", True), ("HealthyPi Move 2", True), ("healthypi", False)]
)
def test_it_is_told_by_its_name(name, is_one):
    assert healthypi.recognise(Advertised(name)) is is_one


def test_what_is_unverified_is_said():
    assert any("gain is not sent" in limit for limit in healthypi.wearable().limits)
