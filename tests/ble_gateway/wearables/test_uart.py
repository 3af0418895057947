from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import uart
from ble_gateway.wearables.uart import Layout, UartFormat, parse_format
from ble_gateway.wearables.wearable import Advertised, Counted, Received, Subscribe, Unplaced
from edge.signal import GapReason

INT16 = parse_format("int16le@125Hz,2.5uV")
TEXT = parse_format("text@100Hz,1000uV,column2")

counts_16 = hnp.arrays(np.int32, st.integers(1, 60), elements=st.integers(-(2**15), 2**15 - 1))
orders = st.booleans()
packet_forms = st.builds(
    UartFormat,
    st.just(Layout.COUNTER_INT16),
    rate_hz=st.just(250.0),
    microvolts_per_count=st.just(1.0),
    big_endian=orders,
    counter_bytes=st.sampled_from([1, 2, 4]),
    packet_samples=st.integers(0, 3),
)
forms = st.one_of(packet_forms, st.sampled_from([INT16, TEXT, replace(INT16, big_endian=True), uart.USUAL]))


def received(data, after=None):
    return Received(uart.TX, data, 0.0, after)


def fed(form, pieces):
    """Counts that come of pieces of a stream, and how many of them were bad."""
    decoder, counts, bad = uart.wearable(form).decoder(), [], 0
    for piece in pieces:
        try:
            for event in decoder.feed(received(piece)):
                counts += event.counts.tolist()
        except FrameError:
            bad += 1
    return counts, bad


@st.composite
def cut(draw, data):
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("int16le@125Hz,1uV", UartFormat(Layout.INT16, 125.0, 1.0)),
        ("counter2+int16le@250Hz,2.5uV", UartFormat(Layout.COUNTER_INT16, 250.0, 2.5, counter_bytes=2)),
        (
            " packet1x10+int16be@500Hz,-0.5µV ",
            UartFormat(Layout.COUNTER_INT16, 500.0, -0.5, big_endian=True, packet_samples=10),
        ),
        ("text@100Hz,1000uV,column2", UartFormat(Layout.TEXT, 100.0, 1000.0, column=2)),
        ("text@250Hz,1uV", uart.USUAL),
    ],
)
def test_the_short_form_of_a_format_is_read(text, form):
    assert parse_format(text) == form


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no format"),
        ("int16@125Hz,1uV", "no format"),
        ("int16le@125Hz", "no format"),
        ("int16le@٣Hz,1uV", "no format"),
        ("counter3+int16le@250Hz,1uV", "no format"),
        ("counter2@250Hz,1uV", "no format"),
        ("counter2x5+int16le@250Hz,1uV", "packet1x10"),
        ("packet2+int16le@250Hz,1uV", "packet1x10"),
        ("textle@100Hz,1uV", "byte order"),
        ("int16le@100Hz,1uV,column2", "only text has columns"),
        ("int16le@0Hz,1uV", "rate of 0 Hz"),
        ("int16le@99999Hz,1uV", "rate of 99999 Hz"),
        ("int16le@125Hz,0uV", "cannot be 0 µV"),
        ("packet1x121+int16le@125Hz,1uV", "121 samples"),
        ("packet1x0+int16le@125Hz,1uV", "packet"),
        ("text@100Hz,1uV,column0", "no column 0"),
    ],
)
def test_what_is_no_format_is_refused_with_the_reason_and_an_example(text, says):
    with pytest.raises(GatewayError, match=says) as refusal:
        parse_format(text)
    assert refusal.value.fault is GatewayFault.BAD_REQUEST
    assert "counter2+int16le@250Hz" in refusal.value.advice


@given(st.text(max_size=40))
def test_any_text_is_a_format_or_refused(text):
    with suppress(GatewayError):
        parse_format(text)


def test_samples_are_the_golden_bytes_both_ways():
    value = bytes.fromhex("00 00  01 00  ff ff  ff 7f  00 80")
    counts = [0, 1, -1, 32_767, -32_768]
    assert fed(INT16, [value]) == (counts, 0)
    assert uart.encode_samples(np.array(counts, np.int32), INT16) == value


def test_packets_are_the_golden_bytes_both_ways():
    little, big = parse_format("counter2+int16le@250Hz,1uV"), parse_format("counter2+int16be@250Hz,1uV")
    for form, value in ((little, bytes.fromhex("01 02  ff ff  2c 01")), (big, bytes.fromhex("02 01  ff ff  01 2c"))):
        counter, counts = uart.decode_packet(value, form)
        assert (counter, counts.tolist()) == (0x0201, [-1, 300])
        assert uart.encode_packet(counter, counts, form) == value


def test_lines_are_the_golden_text_both_ways():
    value = b"0,0.001\r\n0,-1.500\r\n0,2147483.647\r\n"
    assert fed(TEXT, [value]) == ([1, -1500, 2_147_483_647], 0)
    assert uart.encode_lines(np.array([1, -1500, 2_147_483_647], np.int32), TEXT) == value


@given(counts_16, orders, st.data())
def test_samples_are_the_same_however_they_are_cut(counts, big_endian, data):
    form = replace(INT16, big_endian=big_endian)
    written = uart.encode_samples(counts, form)
    assert fed(form, data.draw(cut(written))) == (counts.tolist(), 0)


@given(
    hnp.arrays(np.int32, st.integers(1, 20), elements=st.integers(1 - 2**31, 2**31 - 1)), st.integers(1, 4), st.data()
)
def test_lines_are_the_same_however_they_are_cut(counts, column, data):
    form = replace(TEXT, column=column)
    written = uart.encode_lines(counts, form)
    assert fed(form, data.draw(cut(written))) == (counts.tolist(), 0)


@given(counts_16, packet_forms, st.integers(0, 255))
def test_a_packet_is_read_as_it_was_written(counts, form, counter):
    form = replace(form, packet_samples=counts.size if form.packet_samples else 0)
    read_counter, read = uart.decode_packet(uart.encode_packet(counter, counts, form), form)
    assert (read_counter, read.tolist()) == (counter, counts.tolist())


@given(forms, st.lists(st.binary(max_size=100) | st.sampled_from([b"12\n", b"1,2\r\n", b"\n"]), max_size=8))
def test_any_bytes_are_read_or_refused_and_it_can_be_fed_on(form, pieces):
    fed(form, pieces)


@given(
    st.lists(st.sampled_from([b"5,7", b"1,x", b"", b" " * 70, b"9" * 65, b"0,-1\r", b"\xff,1"]), max_size=8), st.data()
)
def test_good_lines_among_bad_ones_are_the_same_however_they_are_cut(lines, data):
    written = b"".join(line + b"\n" for line in lines)
    good = {b"5,7": 7000, b"0,-1\r": -1000, b"\xff,1": 1000}
    expected = [good[line] for line in lines if line in good]
    counts, bad = fed(TEXT, data.draw(cut(written)))
    assert counts == expected
    assert (bad > 0) == any(line in {b"1,x", b" " * 70, b"9" * 65} for line in lines)


@pytest.mark.parametrize(
    ("line", "count"),
    [
        (b"5", 5000),
        (b" -.25 ", -250),
        (b"+3.", 3000),
        (b"0.0004", 0),
        (b"2147483.647", 2_147_483_647),
        (b"7,nonsense", 7000),
    ],
)
def test_numbers_are_kept_to_a_thousandth(line, count):
    assert uart.decode_line(line, uart.USUAL) == count


@pytest.mark.parametrize(
    "line", [b"", b"nan", b"inf", b"1e3", b"0x10", b"1_0", b"--1", b"2147483.648", b"99999999", b"!"]
)
def test_a_line_that_is_no_number_is_refused(line):
    with pytest.raises(FrameError, match="column 1"):
        uart.decode_line(line, uart.USUAL)


def test_good_lines_of_a_notification_are_given_out_before_the_bad_one_is_complained_of():
    decoder = uart.wearable(uart.USUAL).decoder()
    events = decoder.feed(received(b"1\nx\n2\n"))
    assert next(events).counts.tolist() == [1000, 2000]
    with pytest.raises(FrameError):
        next(events)


def test_a_line_without_an_end_is_given_up_and_the_next_is_read():
    counts, bad = fed(uart.USUAL, [b"1\n", b"9" * 65, b"9" * 300, b"9\n2\n", b"3\n"])
    assert (counts, bad) == ([1000, 2000, 3000], 1)


def test_after_a_loss_the_rest_of_a_line_that_was_cut_is_left_out():
    decoder = uart.wearable(uart.USUAL).decoder()
    list(decoder.feed(received(b"1\n2")))
    (event,) = decoder.feed(received(b"34\n5\n", GapReason.FRAME_LOST))
    assert event.counts.tolist() == [5000]


def test_after_a_loss_half_a_sample_is_forgotten():
    decoder = uart.wearable(INT16).decoder()
    list(decoder.feed(received(b"\x01\x00\x02")))
    (event,) = decoder.feed(received(b"\x03\x00", GapReason.QUEUE_OVERFLOW))
    assert event.counts.tolist() == [3]


@pytest.mark.parametrize(
    ("form", "value", "position"),
    [
        ("int16le@125Hz,1uV", "07 00", Unplaced()),
        ("counter1+int16le@125Hz,1uV", "05  07 00", Counted(5, 256)),
        ("counter4+int16le@125Hz,1uV", "05 00 00 01  07 00", Counted(0x01000005, 2**32)),
        ("packet1x1+int16be@125Hz,1uV", "05  00 07", Counted(5, 256)),
        ("packet2x2+int16le@125Hz,1uV", "05 00  07 00  08 00", Counted(2 * 5, 2 * 65_536)),
    ],
)
def test_samples_are_placed_as_the_counter_counts(form, value, position):
    (event,) = uart.wearable(parse_format(form)).decoder().feed(received(bytes.fromhex(value)))
    assert (event.position, event.counts[0]) == (position, 7)


@pytest.mark.parametrize("value", ["", "01", "01 02", "01 02 03 04", "01 02 03 04 05 06 07"])
def test_a_packet_of_other_than_the_promised_samples_is_refused(value):
    form = parse_format("packet1x2+int16le@125Hz,1uV")
    with pytest.raises(FrameError, match="2 whole samples"):
        uart.decode_packet(bytes.fromhex(value), form)


def test_a_thousandth_of_text_is_a_thousandth_of_the_step():
    (event,) = uart.wearable(TEXT).decoder().feed(received(b"0,1.5\n"))
    assert event.scale.millivolts(event.counts) == pytest.approx(1.5)
    assert INT16.scale.millivolts_per_count == pytest.approx(0.0025)


def test_it_only_listens_to_the_stream():
    wearable = uart.wearable(INT16)
    assert (list(wearable.start()), list(wearable.stop())) == ([Subscribe(uart.TX)], [])
    for form in (INT16, TEXT, parse_format("counter1+int16le@125Hz,1uV")):
        assert list(uart.wearable(form).decoder().feed(Received(uart.RX, b"\x01\x00", 0.0))) == []


def test_it_is_told_by_its_service():
    assert uart.recognise(Advertised("anything", frozenset({uart.SERVICE})))
    assert not uart.recognise(Advertised("ESP32ECG"))


@pytest.mark.parametrize(("form", "says"), [(INT16, "torn"), (TEXT, "no number"), (INT16, "on trust")])
def test_what_the_format_cannot_do_is_said(form, says):
    assert any(says in limit for limit in uart.wearable(form).limits)
