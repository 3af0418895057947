from contextlib import suppress
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ble_gateway.errors import FrameError
from ble_gateway.wearables.health_observation import (
    MAX_OBSERVATION_SIZE,
    ElapsedTime,
    HeartRate,
    ObservationType,
    SampleArray,
    Segments,
    Unit,
    decode_float,
    decode_observation,
    encode_float,
    encode_observation,
    segments,
)

# Fields as ST's example has them; its count of samples is 32 bits in one array and 8 in another, here 32.
LEAD_I = """
    04  25 00  03 00              # sample array, 37 bytes follow, type and time stamp
    01 01 02 00                   # MDC_ECG_ELEC_POTL_I
    22  72 9d 2b 29 00 00  06 00  # UTC on the current timeline, whole seconds, from the cellular network
    b2 10                         # mV
    4c 06 00 fd  00 08 00 00      # scale 1.612, offset 2048
    0a 00 00 fd  01               # 0.010 s for 1 sample
    01  02 00 00 00  f9 07        # of 1 byte, 2 samples
"""
OXYGEN = """
    01  1b 00  63 00              # number, 27 bytes follow, type, time stamp, patient and supplement
    b8 4b 02 00                   # MDC_PULS_OXIM_SAT_O2
    22  72 9d 2b 29 00 00  06 00
    01  01 3c 4c 02 00            # patient 1, one supplement
    20 02  62 00 00 00            # 98 per cent
"""
HEART_RATE = """
    01  0c 00  01 00              # number, 12 bytes follow, type
    82 41 02 00                   # MDC_ECG_HEART_RATE
    a0 0a  47 02 00 ff            # 58.3 beats per minute
"""


def golden(text):
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


numbers = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.integers(-8_388_605, 8_388_605),
    st.integers(-128, 127),
)
times = st.none() | st.builds(
    ElapsedTime, st.integers(0, 2**48 - 1), st.integers(0, 255), st.integers(0, 255), st.integers(-128, 127)
)
arrays = st.sampled_from([1, 2, 4]).flatmap(
    lambda size: st.builds(
        SampleArray,
        lead=st.sampled_from([ObservationType.ECG_LEAD_I, ObservationType.ECG_LEAD_II]),
        time=times,
        unit=st.sampled_from([Unit.MILLIVOLT, Unit.MICROVOLT]),
        scale=numbers.filter(bool),
        offset=numbers,
        period_s=numbers.filter(lambda period: period > 0),
        samples=hnp.arrays(np.dtype(f"i{size}"), st.integers(1, 300)).map(lambda samples: samples.astype(np.int32)),
        samples_per_period=st.integers(1, 255),
        bytes_per_sample=st.just(size),
    )
)
heart_rates = st.builds(HeartRate, st.decimals(0, 300, places=1), times)


def fields(array):
    return {name: getattr(array, name) for name in SampleArray.__slots__ if name != "samples"}


def put_together(pieces):
    together, found, bad = Segments(), [], 0
    for piece in pieces:
        try:
            found += together.feed(piece)
        except FrameError:
            bad += 1
    return found, bad


def test_an_array_is_the_golden_bytes_both_ways():
    value = golden(LEAD_I)
    array = decode_observation(value)
    assert fields(array) == {
        "lead": ObservationType.ECG_LEAD_I,
        "time": ElapsedTime(0x292B9D72, 0x22, 6, 0),
        "unit": Unit.MILLIVOLT,
        "scale": Decimal("1.612"),
        "offset": Decimal(2048),
        "period_s": Decimal("0.010"),
        "samples_per_period": 1,
        "bytes_per_sample": 1,
    }
    assert (array.samples.tolist(), array.rate_hz) == ([-7, 7], 100.0)
    assert encode_observation(array) == value


def test_a_heart_rate_is_the_golden_bytes_both_ways():
    assert decode_observation(golden(HEART_RATE)) == HeartRate(Decimal("58.3"))
    assert encode_observation(HeartRate(Decimal("58.3"))) == golden(HEART_RATE)


def test_other_observations_are_of_no_concern():
    untyped = bytes.fromhex("01 08 00 00 00  a0 0a  47 02 00 ff")
    text = bytes.fromhex("03 07 00 00 00 03 00") + b"Man"
    lead_as_number = golden(LEAD_I.replace("04  25", "01  25"))
    assert [decode_observation(value) for value in (golden(OXYGEN), untyped, text, lead_as_number)] == [None] * 4


@pytest.mark.parametrize(
    ("flags", "attributes"),
    [
        (0x04, "01 00 00 00"),
        (0x08, "02 00"),
        (0x10, "40 e2 01 00"),
        (0x20, "01"),
        (0x40, "02 3c 4c 02 00 3c 4c 02 00"),
        (0x80, "01 40 e2 01 00"),
        (0x100, "00"),
        (0x1FC, "01 00 00 00  02 00  40 e2 01 00  01  00  01 00 00 00 00  00"),
    ],
    ids=["duration", "status", "identifier", "patient", "supplements", "derived from", "has member", "all"],
)
def test_attributes_before_the_value_are_passed_over(flags, attributes):
    body = (1 | flags).to_bytes(2, "little") + bytes.fromhex("82 41 02 00" + attributes + "a0 0a  3c 00 00 00")
    value = b"\x01" + len(body).to_bytes(2, "little") + body
    assert decode_observation(value) == HeartRate(Decimal(60))


@pytest.mark.parametrize(
    ("status", "value", "says"),
    [
        (0x01, "3c 00 00 00", None),
        (0x04, "ff ff 7f 00", None),
        (0x02, "3c 00 00 00", HeartRate(Decimal(60))),
        (0x20, "3c 00 00 00", HeartRate(Decimal(60))),
    ],
    ids=["invalid", "not available", "questionable", "test data"],
)
def test_what_the_sensor_does_not_stand_by_is_of_no_concern(status, value, says):
    frame = bytes.fromhex(f"01 0e 00  09 00  82 41 02 00  {status:02x} 00  a0 0a {value}")
    assert decode_observation(frame) == says


@given(arrays)
def test_an_array_is_read_as_it_was_written(array):
    read = decode_observation(encode_observation(array))
    assert fields(read) == fields(array)
    np.testing.assert_array_equal(read.samples, array.samples)


@given(heart_rates)
def test_a_heart_rate_is_read_as_it_was_written(heart_rate):
    assert decode_observation(encode_observation(heart_rate)) == heart_rate


@given(numbers)
def test_a_number_is_read_as_it_was_written(number):
    assert decode_float(encode_float(number)) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [("00 00 00 00", "0"), ("01 00 00 7f", "1e127"), ("ff ff ff 80", "-1e-128"), ("fd ff 7f 00", "8388605")],
)
def test_numbers_are_the_golden_bytes_both_ways(value, number):
    assert decode_float(bytes.fromhex(value)) == Decimal(number)
    assert encode_float(Decimal(number)) == bytes.fromhex(value)


@pytest.mark.parametrize(
    "value", ["ff ff 7f 00", "fe ff 7f 00", "00 00 80 00", "01 00 80 00", "02 00 80 00", "00 00 00"]
)
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(FrameError):
        decode_float(bytes.fromhex(value))


@pytest.mark.parametrize("number", ["8388606", "1e128", "1e-129", "NaN", "Infinity"])
def test_a_number_that_does_not_fit_cannot_be_written(number):
    with pytest.raises(ValueError, match=r"8 bits|24 bits"):
        encode_float(Decimal(number))


@given(arrays.map(encode_observation) | heart_rates.map(encode_observation), st.data())
def test_a_true_observation_with_a_byte_changed_or_cut_off_is_read_or_refused(value, data):
    at = data.draw(st.integers(0, len(value) - 1))
    changed = value[:at] + data.draw(st.binary(max_size=2)) + value[at + 1 :]
    fits = changed[:1] + max(len(changed) - 3, 0).to_bytes(2, "little") + changed[3:]
    for hostile in (changed, fits):
        with suppress(FrameError):
            decode_observation(hostile)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(value):
    with suppress(FrameError):
        decode_observation(value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("25 00  03", "26 00  03", "claims 38 bytes"),
        ("25 00  03 00", "25 00  03 02", "fields that we do not know"),
        ("b2 10", "b2 11", "not in mV or µV"),
        ("02 00 00 00", "03 00 00 00", "3 samples of 1 bytes claimed, 2 bytes there"),
        ("02 00 00 00", "02 00 00 ff", "claimed"),
        ("01  02 00", "03  02 00", "samples of 3 bytes"),
        ("4c 06 00 fd", "00 00 00 fd", "without a scale"),
        ("0a 00 00 fd  01", "0a 00 00 fd  00", "without a scale or a sample period"),
        ("0a 00 00 fd", "f6 ff ff fd", "without a scale or a sample period"),
        ("0a 00 00 fd", "ff ff 7f 00", "a number that is none"),
    ],
)
def test_what_is_no_ecg_is_refused_with_the_reason(old, new, says):
    assert old in LEAD_I
    with pytest.raises(FrameError, match=says):
        decode_observation(golden(LEAD_I.replace(old, new, 1)))


@pytest.mark.parametrize("number", ["ff ff ff 00", "01 00 00 05"])
def test_a_heart_rate_that_none_has_is_refused(number):
    with pytest.raises(FrameError, match="heart rate"):
        decode_observation(golden(HEART_RATE.replace("47 02 00 ff", number)))


@pytest.mark.parametrize(
    ("flags", "resolution_ns"), [(0x22, 10**9), (0x26, 10**8), (0x2A, 10**6), (0x2E, 10**5), (0xF3, 10**9)]
)
def test_the_resolution_of_a_time_stamp_is_in_its_flags(flags, resolution_ns):
    time = ElapsedTime(7, flags)
    assert (time.resolution_ns, time.ns) == (resolution_ns, 7 * resolution_ns)


def test_segments_are_the_golden_bytes():
    assert [part.hex(" ") for part in segments(b"abcdefg", 62, 4)] == ["f9 61 62 63", "fc 64 65 66", "02 67"]
    assert segments(b"abc", 5, 4) == [b"\x17abc"]


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=4), st.integers(2, 20), st.integers(0, 63), st.data())
def test_observations_are_put_together_as_they_were_cut(observations, size, counter, data):
    pieces = []
    for observation in observations:
        pieces += segments(observation, counter, size)
        counter = data.draw(st.integers(0, 63))
    assert put_together(pieces) == (observations, 0)


@given(st.integers(2, 9), st.data())
def test_an_observation_that_lost_a_segment_is_dropped_and_the_next_is_read(n_segments, data):
    broken = segments(b"x" * n_segments, 60, 2)
    del broken[data.draw(st.integers(0, n_segments - 1))]
    found, bad = put_together([*broken, *segments(b"whole", 0, 3)])
    assert found == [b"whole"]
    assert bad > 0


@given(st.permutations(segments(b"abcd", 3, 2)))
def test_segments_out_of_order_give_no_observation(pieces):
    in_order = list(pieces) == segments(b"abcd", 3, 2)
    assert put_together(pieces)[0] == ([b"abcd"] if in_order else [])


@given(st.lists(st.binary(max_size=4), max_size=20))
def test_any_segments_are_put_together_or_refused(pieces):
    put_together(pieces)


def test_an_observation_that_never_ends_is_dropped_at_16_kib():
    pieces = segments(b"x" * (MAX_OBSERVATION_SIZE + 1), 0, 244)
    assert put_together([*pieces[:-1], *segments(b"y", 9, 244)]) == ([b"y"], 1)
    found, bad = put_together(pieces)
    assert (found, bad) == ([], 1)
    assert put_together(segments(b"x" * MAX_OBSERVATION_SIZE, 0, 244))[1] == 0
