from contextlib import suppress
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import movesense
from ble_gateway.wearables.movesense import Answer, Command, EcgPacket, Form, MovesenseDecoder, Part, Verb
from ble_gateway.wearables.wearable import Advertised, Ask, Received, Subscribe, Write
from edge.signal import GapReason

REFERENCES = st.integers(1, 255)
BODIES = st.binary(max_size=510)
COMMANDS = st.builds(Command, st.sampled_from(Verb), REFERENCES, BODIES)
MESSAGES = st.builds(Answer, REFERENCES, BODIES) | st.builds(Part, REFERENCES, BODIES, st.booleans())
LIMITS = {Form.COUNTS: 2**31 - 1, Form.MICROVOLTS: 2**15 - 1, Form.MILLIVOLTS: 2**22}


@st.composite
def packets(draw, forms=tuple(Form)):
    form = draw(st.sampled_from(forms))
    sample = st.integers(-LIMITS[form], LIMITS[form])
    counts = draw(st.lists(sample, min_size=16, max_size=16))
    return EcgPacket(draw(st.integers(0, 2**32 - 1)), np.array(counts, np.int32), form)


HOSTILE = st.one_of(
    st.binary(max_size=600),
    # Likely to pass the first checks: a true header with anything behind it.
    st.builds(
        lambda head, sizes, fill: head + (fill * 600)[:sizes],
        st.sampled_from([b"\x01\x02", b"\x02\x02", b"\x03\x02", b"\x02\x03"]),
        st.sampled_from([0, 1, 4, 18, 35, 36, 37, 67, 68, 69, 510, 511]),
        st.binary(min_size=1, max_size=8),
    ),
)


def received(data, characteristic=movesense.DATA, after=None):
    return Received(characteristic, data, 0.0, after)


def in_parts(packet, first_size):
    body = movesense.encode_packet(packet)
    parts = [Part(movesense.ECG_REFERENCE, body[:first_size])]
    if body[first_size:]:
        parts.append(Part(movesense.ECG_REFERENCE, body[first_size:], continues=True))
    return [movesense.encode_message(part) for part in parts]


def read(decoder, values):
    """Counts of all samples, and how many values could not be read."""
    counts, errors = [], 0
    for value in values:
        try:
            for event in decoder.feed(value if isinstance(value, Received) else received(value)):
                counts.append(event.counts.tolist())  # noqa: PERF401 - what comes before an error counts
        except FrameError:
            errors += 1
    return counts, errors


def counts_packet(first):
    return EcgPacket(first, np.arange(first, first + 16, dtype=np.int32), Form.COUNTS)


def test_commands_are_the_golden_bytes_both_ways():
    golden = {
        "00 01": Command(Verb.HELLO, 1),
        "01 02 2f 4d 65 61 73 2f 45 43 47 2f 32 30 30 00": Command(Verb.SUBSCRIBE, 2, b"/Meas/ECG/200\0"),
        "02 02": Command(Verb.UNSUBSCRIBE, 2),
    }
    for written, command in golden.items():
        assert movesense.encode_command(command).hex(" ") == written
        assert movesense.decode_command(bytes.fromhex(written)) == command


def test_messages_are_the_golden_bytes_both_ways():
    golden = {
        "01 02 c8 00": Answer(2, b"\xc8\x00"),
        "02 02 e8 03 00 00": Part(2, b"\xe8\x03\x00\x00"),
        "03 02 ff": Part(2, b"\xff", continues=True),
    }
    for written, message in golden.items():
        assert movesense.encode_message(message).hex(" ") == written
        assert movesense.decode_message(bytes.fromhex(written)) == message


@pytest.mark.parametrize(
    ("written", "form", "first", "millivolts"),
    [
        # time stamp 1000 ms | +1 | -1 | 14 x 0
        (
            "e8 03 00 00" + " 01 00 00 00" + " ff ff ff ff" + 14 * " 00 00 00 00",
            Form.COUNTS,
            [1, -1],
            0.000381469726563,
        ),
        ("e8 03 00 00" + " 01 00" + " ff ff" + 14 * " 00 00", Form.MICROVOLTS, [1, -1], 0.001),
        # 1.0 and -0.5 as IEEE 754
        (
            "e8 03 00 00" + " 00 00 80 3f" + " 00 00 00 bf" + 14 * " 00 00 00 00",
            Form.MILLIVOLTS,
            [1_000_000, -500_000],
            1.0,
        ),
    ],
    ids=["int32 counts", "int16 microvolts", "float millivolts"],
)
def test_packets_are_the_golden_bytes_both_ways(written, form, first, millivolts):
    packet = movesense.decode_packet(bytes.fromhex(written), millivolts=form is not Form.COUNTS)
    assert (packet.stamp_ms, packet.form, packet.counts.tolist()) == (1000, form, first + 14 * [0])
    assert form.scale.millivolts(packet.counts)[0] == pytest.approx(millivolts)
    assert movesense.encode_packet(packet).hex(" ") == written


@given(COMMANDS)
def test_a_command_is_read_as_it_was_written(command):
    assert movesense.decode_command(movesense.encode_command(command)) == command


@given(MESSAGES)
def test_a_message_is_read_as_it_was_written(message):
    assert movesense.decode_message(movesense.encode_message(message)) == message


@given(packets())
def test_a_packet_is_read_as_it_was_written(packet):
    again = movesense.decode_packet(movesense.encode_packet(packet), millivolts=packet.form is not Form.COUNTS)
    assert (again.stamp_ms, again.form) == (packet.stamp_ms, packet.form)
    np.testing.assert_array_equal(again.counts, packet.counts)
    assert again.counts.dtype == np.int32


@given(HOSTILE)
def test_any_bytes_are_read_or_refused(value):
    for decode in (movesense.decode_command, movesense.decode_message):
        with suppress(FrameError):
            decode(value)
    for millivolts in (False, True):
        with suppress(FrameError):
            movesense.decode_packet(value, millivolts=millivolts)


@given(st.lists(HOSTILE, max_size=6), st.booleans(), packets())
def test_after_any_bytes_a_decoder_reads_what_is_whole(values, millivolts, packet):
    assume((packet.form is not Form.COUNTS) == millivolts)
    decoder = MovesenseDecoder(200, millivolts=millivolts)
    read(decoder, values)
    counts, _ = read(decoder, in_parts(packet, 68))
    assert counts == [packet.counts.tolist()]


@given(packets((Form.COUNTS, Form.MILLIVOLTS)), st.lists(st.integers(1, 67), max_size=5, unique=True))
def test_a_packet_in_parts_is_the_same_packet(packet, cuts):
    body = movesense.encode_packet(packet)
    edges = [0, *sorted(cuts), len(body)]
    assume(packet.form is Form.COUNTS or edges[1] != Form.MICROVOLTS.packet_size)
    parts = [
        movesense.encode_message(Part(movesense.ECG_REFERENCE, body[a:b], continues=a > 0)) for a, b in pairwise(edges)
    ]
    decoder = MovesenseDecoder(200, millivolts=packet.form is Form.MILLIVOLTS)
    assert read(decoder, parts) == ([packet.counts.tolist()], 0)


@given(st.integers(1, 67), st.integers(0, 9))
def test_a_lost_part_costs_its_packet_only(first_size, lost):
    parts = [in_parts(counts_packet(16 * number), first_size) for number in range(6)]
    values = list(chain(*parts))
    del values[lost]
    counts, errors = read(MovesenseDecoder(200, millivolts=False), values)
    assert counts == [counts_packet(16 * number).counts.tolist() for number in range(6) if number != lost // 2]
    assert errors == 1


def test_parts_of_two_packets_are_not_joined_where_the_radio_says_that_something_was_lost():
    begun, _ = in_parts(counts_packet(0), 20)
    _, rest = in_parts(counts_packet(16), 20)
    values = [begun, received(rest, after=GapReason.QUEUE_OVERFLOW), *in_parts(counts_packet(32), 20)]
    assert read(MovesenseDecoder(200, millivolts=False), values) == ([list(range(32, 48))], 1)


def test_half_a_packet_of_floats_is_not_read_as_a_whole_one_of_integers():
    packet = EcgPacket(0, np.arange(16, dtype=np.int32), Form.MILLIVOLTS)
    body = movesense.encode_packet(packet)
    parts = [movesense.encode_message(Part(2, body[at : at + 18], continues=at > 0)) for at in range(0, 68, 18)]
    assert read(MovesenseDecoder(200, millivolts=True), parts) == ([packet.counts.tolist()], 0)


@pytest.mark.parametrize("millivolts", ["nan", "inf", "-inf", "2001"])
def test_a_float_that_is_no_voltage_is_refused(millivolts):
    packet = bytes(4) + np.full(16, float(millivolts), "<f4").tobytes()
    with pytest.raises(FrameError, match="not a number"):
        movesense.decode_packet(packet, millivolts=True)


def test_a_packet_longer_than_sixteen_samples_is_refused():
    with pytest.raises(FrameError, match="68 bytes"):
        list(MovesenseDecoder(200, millivolts=False).feed(received(b"\x02\x02" + bytes(72))))


@pytest.mark.parametrize(
    ("rate_hz", "last_ns"),
    [(125, 1_120_000_000), (128, 1_117_187_500), (200, 1_075_000_000), (500, 1_030_000_000), (512, 1_029_296_875)],
)
def test_the_time_stamp_of_the_first_sample_becomes_that_of_the_last(rate_hz, last_ns):
    decoder = MovesenseDecoder(rate_hz, millivolts=False)
    (samples,) = decoder.feed(received(*in_parts(EcgPacket(1000, np.zeros(16, np.int32), Form.COUNTS), 68)))
    assert (samples.position.last_ns, samples.position.resolution_ns) == (last_ns, 1_000_000)
    assert samples.contact is None


@pytest.mark.parametrize(
    "value",
    [
        received(b"\x02\x02" + bytes(68), characteristic=movesense.COMMAND),
        received(b"\x01\x02\xc8\x00"),
        received(b"\x02\x07" + bytes(68)),
    ],
    ids=["another characteristic", "an answer", "another subscription"],
)
def test_what_is_no_ecg_of_this_stream_says_nothing(value):
    assert list(MovesenseDecoder(200, millivolts=False).feed(value)) == []


@pytest.mark.parametrize("rate_hz", movesense.RATES_HZ)
@pytest.mark.parametrize(("millivolts", "suffix"), [(False, b""), (True, b"/mV")])
def test_the_dialogue_asks_for_the_stream_that_was_set_up(rate_hz, millivolts, suffix):
    wearable = movesense.wearable(rate_hz, millivolts=millivolts)
    start = wearable.start()
    assert next(start) == Subscribe(movesense.DATA)
    hello = start.send(None)
    assert (hello.write.data, hello.is_answer(b"\x01\x01Hello"), hello.is_answer(b"\x01\x02")) == (b"\0\1", True, False)
    subscribe = start.send(b"\x01\x01Hello")
    assert subscribe.write.data == b"\x01\x02/Meas/ECG/%d%s\0" % (rate_hz, suffix)
    with pytest.raises(StopIteration):
        start.send(b"\x01\x02\xc8\x00")
    assert list(wearable.stop()) == [Write(movesense.COMMAND, b"\x02\x02")]
    assert wearable.rate_hz == rate_hz


def until_subscribed():
    start = movesense.wearable().start()
    answers = iter([None, None, b"\x01\x01Hello"])
    while not (isinstance(step := start.send(next(answers)), Ask) and step.write.data[0] == Verb.SUBSCRIBE):
        pass
    return start, step


def test_a_stream_that_begins_without_an_answer_has_begun():
    start, subscribe = until_subscribed()
    packet = in_parts(counts_packet(0), 68)[0]
    assert subscribe.is_answer(packet)
    with pytest.raises(StopIteration):
        start.send(packet)


@pytest.mark.parametrize(
    ("answer", "says"), [(b"\x01\x02\x94\x01", "status 404"), (b"\x01\x02", "status None"), (None, "no answer")]
)
def test_a_sensor_that_does_not_stream_is_a_refusal(answer, says):
    start, _ = until_subscribed()
    with pytest.raises(GatewayError, match=f"/Meas/ECG/200 .{says}") as refusal:
        start.send(answer)
    assert refusal.value.fault is GatewayFault.REFUSED


def test_a_sensor_with_other_firmware_is_a_refusal_with_advice():
    start = movesense.wearable().start()
    next(start)
    start.send(None)
    with pytest.raises(GatewayError, match="firmware") as refusal:
        start.send(None)
    assert refusal.value.fault is GatewayFault.REFUSED


def test_a_rate_that_no_sensor_has_is_a_bad_request():
    with pytest.raises(GatewayError, match="125, 128, 200") as refusal:
        movesense.wearable(130)
    assert refusal.value.fault is GatewayFault.BAD_REQUEST


@pytest.mark.parametrize(
    ("advertised", "recognised"),
    [
        (Advertised("Movesense 174630000192"), True),
        (Advertised(services=frozenset({movesense.ADVERTISED_SERVICE})), True),
        (Advertised(services=frozenset({movesense.SERVICE})), True),
        (Advertised(makers=frozenset({0x009F})), True),
        (Advertised("Suunto Race", makers=frozenset({0x009F})), False),
        (Advertised("Polar H10 12345678", makers=frozenset({0x006B})), False),
        (Advertised(), False),
    ],
)
def test_a_sensor_is_recognised_by_what_it_advertises(advertised, recognised):
    assert movesense.wearable().recognised_by(advertised) is recognised
