import json
from contextlib import suppress
from dataclasses import asdict
from enum import Enum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import patch, patch_control, patch_stream
from ble_gateway.wearables.patch_control import (
    CONTROL,
    INFORMATION,
    PATCH_SERVICE,
    RATES_HZ,
    Answer,
    Backfill,
    Farewell,
    Gone,
    Information,
    Opcode,
    Reason,
    Setup,
    Start,
    Status,
    Stop,
)
from ble_gateway.wearables.patch_outcome import OUTCOME
from ble_gateway.wearables.patch_stream import STREAM, TICK_HZ, Frame
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Counted,
    Ended,
    Missing,
    Read,
    Received,
    Samples,
    Subscribe,
    Write,
)
from tests.ble_gateway.places import GOLDEN

GOLDEN_VECTORS = json.loads((GOLDEN / "patch_frames.json").read_text())
SETUP = Setup(rate_hz=250, picovolts_per_count=500_000, rails=(-(1 << 19), (1 << 19) - 1), epoch=1, frame_samples=50)

u8, u16, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
int32 = st.integers(-(1 << 31), (1 << 31) - 1)


@st.composite
def frames(draw):
    wide = draw(st.booleans())
    bits, most = (24, patch_stream.MAX_WIDE_SAMPLES) if wide else (16, patch_stream.MAX_SAMPLES)
    half = 1 << (bits - 1)
    counts = np.array(draw(st.lists(st.integers(-half, half - 1), min_size=1, max_size=most)), np.int32)
    first = draw(st.integers(0, (1 << 32) - counts.size))
    return Frame(draw(u16), first, draw(u32), counts, wide, draw(st.booleans()), draw(st.booleans()))


setups = st.builds(
    Setup,
    rate_hz=st.integers(1, 0xFFFF),
    picovolts_per_count=st.integers(1, (1 << 32) - 1),
    rails=st.tuples(int32, int32).filter(lambda rails: rails[0] < rails[1]),
    epoch=u16,
    frame_samples=st.integers(1, 255),
)
informations = st.builds(
    Information,
    rates_hz=st.sets(st.sampled_from(RATES_HZ)).map(sorted).map(tuple),
    ring_samples=u32,
    firmware=st.tuples(u8, u8, u16),
    setup=setups,
)
commands = st.one_of(st.builds(Start, u16), st.just(Stop()), st.builds(Backfill, u32, u32))
packets = st.one_of(
    st.builds(lambda setup: Answer(Opcode.START, Status.OK, setup), setups),
    st.builds(Answer, u8, st.sampled_from(Status)).filter(lambda answer: (answer.opcode, answer.status) != (1, 0)),
    st.tuples(u32, u32).filter(lambda gone: 1 <= gone[1] <= (1 << 32) - gone[0]).map(lambda gone: Gone(*gone)),
    st.builds(Farewell, st.sampled_from(Reason)),
)
hostile_bytes = st.one_of(
    st.binary(max_size=300),
    # Likely to pass the first checks: a true header with anything behind it.
    st.tuples(
        st.sampled_from(
            [b"\x01\x00", b"\x01\x01", b"\x01\x06", b"\x80\x01\x00", b"\x81", b"\x82", b"\x01\x07", b"\x03"]
        ),
        st.binary(max_size=300),
    ).map(b"".join),
    st.tuples(st.sampled_from([b"\x80\x01\x00", b"\x81", b"\x01\x07"]), st.binary(min_size=6, max_size=25)).map(
        b"".join
    ),
)


def spelt(value):
    """A value as the golden file has it."""
    match value:
        case Enum():
            return value.name
        case np.ndarray() | tuple():
            return [spelt(item) for item in list(value)]
        case dict():
            return {name: spelt(field) for name, field in value.items()}
        case np.integer():
            return int(value)
    return value


def named(value):
    return {type(value).__name__.lower(): spelt(asdict(value))}


def by_name(section):
    return pytest.mark.parametrize("vector", GOLDEN_VECTORS[section], ids=lambda vector: vector["name"])


def refused(section):
    return pytest.mark.parametrize("vector", GOLDEN_VECTORS[section].values(), ids=GOLDEN_VECTORS[section])


@by_name("frames")
def test_frames_are_the_golden_bytes_both_ways(vector):
    frame = patch_stream.decode_frame(bytes.fromhex(vector["hex"]))
    assert spelt(asdict(frame)) == vector["fields"]
    assert patch_stream.encode_frame(frame).hex(" ") == vector["hex"]


@by_name("commands")
def test_commands_are_the_golden_bytes_both_ways(vector):
    command = patch_control.decode_command(bytes.fromhex(vector["hex"]))
    assert named(command) == vector["fields"]
    assert patch_control.encode_command(command).hex(" ") == vector["hex"]


@by_name("packets")
def test_packets_are_the_golden_bytes_both_ways(vector):
    packet = patch_control.decode_packet(bytes.fromhex(vector["hex"]))
    assert named(packet) == vector["fields"]
    assert patch_control.encode_packet(packet).hex(" ") == vector["hex"]


@by_name("information")
def test_information_is_the_golden_bytes_both_ways(vector):
    information = patch_control.decode_information(bytes.fromhex(vector["hex"]))
    assert spelt(asdict(information)) == vector["fields"]
    assert patch_control.encode_information(information).hex(" ") == vector["hex"]


@refused("refused_frames")
def test_golden_bytes_that_are_no_frame_are_refused(vector):
    with pytest.raises(FrameError):
        patch_stream.decode_frame(bytes.fromhex(vector))


@refused("refused_packets")
def test_golden_bytes_that_are_no_packet_are_refused(vector):
    with pytest.raises(FrameError):
        patch_control.decode_packet(bytes.fromhex(vector))


@refused("refused_information")
def test_golden_bytes_that_are_no_information_are_refused(vector):
    with pytest.raises(FrameError):
        patch_control.decode_information(bytes.fromhex(vector))


@refused("refused_commands")
def test_golden_bytes_that_are_no_command_are_answered_with_their_status(vector):
    assert patch_control.decode_command(bytes.fromhex(vector["hex"])) is Status[vector["status"]]


@by_name("unwrapped_ticks")
def test_golden_ticks_are_unwrapped_by_the_count(vector):
    unwrapped = patch_stream.unwrapped_ticks(vector["ticks"], vector["last"], vector["rate_hz"])
    assert unwrapped == vector["since_epoch"]


@given(frames())
def test_a_frame_is_read_as_it_was_written(frame):
    read = patch_stream.decode_frame(patch_stream.encode_frame(frame))
    assert spelt(asdict(read)) == spelt(asdict(frame))
    assert read.counts.dtype == np.int32


@given(commands)
def test_a_command_is_read_as_it_was_written(command):
    assert patch_control.decode_command(patch_control.encode_command(command)) == command


@given(packets)
def test_a_packet_is_read_as_it_was_written(packet):
    assert patch_control.decode_packet(patch_control.encode_packet(packet)) == packet


@given(informations)
def test_information_is_read_as_it_was_written(information):
    assert patch_control.decode_information(patch_control.encode_information(information)) == information


@pytest.mark.parametrize(
    ("decode", "encode"),
    [
        (patch_stream.decode_frame, patch_stream.encode_frame),
        (patch_control.decode_packet, patch_control.encode_packet),
        (patch_control.decode_information, patch_control.encode_information),
    ],
    ids=["frame", "packet", "information"],
)
@given(value=hostile_bytes)
def test_any_bytes_are_refused_or_are_what_would_be_written(decode, encode, value):
    with suppress(FrameError):
        assert encode(decode(value)) == value


@given(hostile_bytes)
def test_any_bytes_are_a_command_or_have_a_status(value):
    match patch_control.decode_command(value):
        case Status() as status:
            assert status in {Status.BAD_LENGTH, Status.UNKNOWN_COMMAND}
        case command:
            assert patch_control.encode_command(command) == value


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epoch": 1 << 16}, "must fit"),
        ({"ticks": -1}, "must fit"),
        ({"first": (1 << 32) - 1}, "the count must fit"),
        ({"counts": np.zeros(0, np.int32)}, "holds 1 to 116"),
        ({"counts": np.zeros(78, np.int32), "wide": True}, "holds 1 to 77"),
        ({"counts": np.array([1 << 15], np.int32)}, "16 signed bits"),
        ({"counts": np.array([-(1 << 23) - 1], np.int32), "wide": True}, "24 signed bits"),
    ],
)
def test_a_frame_that_cannot_be_written_does_not_exist(changed, says):
    fields = {"epoch": 0, "first": 0, "ticks": 0, "counts": np.zeros(2, np.int32)} | changed
    with pytest.raises(ValueError, match=says):
        Frame(**fields)


@given(
    seconds=st.floats(0, 30 * 86_400),
    rate_hz=st.sampled_from(RATES_HZ),
    error=st.floats(-0.025, 0.025),
)
def test_ticks_are_unwrapped_for_30_days_of_a_rate_within_2_5_per_cent(seconds, rate_hz, error):
    true_ticks = int(seconds * TICK_HZ)
    last = int(seconds * rate_hz * (1 + error))
    assert patch_stream.unwrapped_ticks(true_ticks % (1 << 32), last, rate_hz) == true_ticks


def fed(decoder, characteristic, data):
    return list(decoder.feed(Received(characteristic, data, arrival_s=0.0)))


def started(setup=SETUP):
    decoder = patch.PatchDecoder()
    assert fed(decoder, CONTROL, patch_control.encode_packet(Answer(Opcode.START, Status.OK, setup))) == []
    return decoder


def test_a_frame_becomes_samples_with_their_count_their_time_their_epoch_and_the_contact():
    counts = np.array([-3, 2000], np.int32)
    frame = Frame(epoch=7, first=998, ticks=4 * TICK_HZ, counts=counts, lead_off=True)
    (samples,) = fed(started(), STREAM, patch_stream.encode_frame(frame))
    assert isinstance(samples, Samples)
    assert samples.position == Counted(998, 1 << 32, last_ns=4_000_000_000, epoch=7)
    assert samples.contact is False
    assert samples.scale.millivolts(samples.counts) == pytest.approx([-0.0015, 1.0])
    assert samples.scale.rails == SETUP.rails


def test_time_goes_on_where_the_ticks_wrap_and_back_where_a_frame_is_sent_again():
    decoder, wrap = started(), (1 << 32) // TICK_HZ
    times_s = []
    for second in (wrap - 1, wrap, wrap + 1, wrap - 1):
        ticks = second * TICK_HZ % (1 << 32)
        frame = Frame(1, second * SETUP.rate_hz, ticks, np.zeros(1, np.int32))
        (samples,) = fed(decoder, STREAM, patch_stream.encode_frame(frame))
        times_s.append(samples.position.last_ns / 1e9 - wrap)
    assert times_s == [-1, 0, 1, -1]


def test_a_frame_before_the_answer_that_says_its_scale_is_refused_and_those_after_it_are_read():
    decoder, frame = patch.PatchDecoder(), patch_stream.encode_frame(Frame(1, 0, 0, np.zeros(1, np.int32)))
    with pytest.raises(FrameError, match="before the answer"):
        fed(decoder, STREAM, frame)
    fed(decoder, CONTROL, patch_control.encode_packet(Answer(Opcode.START, Status.OK, SETUP)))
    assert len(fed(decoder, STREAM, frame)) == 1


@pytest.mark.parametrize(
    ("packet", "event"),
    [
        (Gone(1000, 50), Missing(1000, 50)),
        (Farewell(Reason.SWITCHED_OFF), Ended()),
    ],
)
def test_what_is_not_a_frame_becomes_the_event_it_tells_of(packet, event):
    assert fed(started(), CONTROL, patch_control.encode_packet(packet)) == [event]


@pytest.mark.parametrize("characteristic", [INFORMATION, "00002a19-0000-1000-8000-00805f9b34fb"])
@given(data=hostile_bytes)
def test_other_characteristics_say_nothing(characteristic, data):
    assert fed(started(), characteristic, data) == []


@given(st.lists(st.tuples(st.sampled_from([STREAM, CONTROL]), hostile_bytes), max_size=20))
def test_a_decoder_that_refused_anything_reads_on(hostile):
    decoder = patch.PatchDecoder()
    for characteristic, data in hostile:
        with suppress(FrameError):
            fed(decoder, characteristic, data)
    fed(decoder, CONTROL, patch_control.encode_packet(Answer(Opcode.START, Status.OK, SETUP)))
    (samples,) = fed(decoder, STREAM, patch_stream.encode_frame(Frame(1, 5, 0, np.ones(1, np.int32))))
    assert (samples.counts.tolist(), samples.position.first) == ([1], 5)


INFORMATION_VALUE = patch_control.encode_information(Information(RATES_HZ, 15_000, (1, 0, 0), SETUP))


def talk(wearable, information, answer):
    """Start as a patch answers that says so; what was said to it."""
    dialogue, said, reply = wearable.start(), [], None
    with suppress(StopIteration):
        while True:
            said.append(step := dialogue.send(reply))
            reply = {Read: information, Ask: answer}.get(type(step))
    return said


def test_it_is_started_at_its_rate_after_all_subscriptions():
    said = talk(patch.wearable(), INFORMATION_VALUE, patch_control.encode_packet(Answer(1, Status.OK, SETUP)))
    assert said[:-1] == [
        Read(INFORMATION),
        Subscribe(STREAM),
        Subscribe(CONTROL),
        Subscribe(OUTCOME, needed=False),
    ]
    ask = said[-1]
    assert (ask.write, ask.answers_on) == (Write(CONTROL, bytes.fromhex("01 fa 00")), CONTROL)
    assert ask.is_answer(bytes.fromhex("80 01 03"))
    assert not ask.is_answer(bytes.fromhex("80 02 00"))


@pytest.mark.parametrize(
    ("information", "answer", "says"),
    [
        (None, None, "does not speak version 1"),
        (b"", None, "does not speak version 1"),
        (b"\x02" + bytes(40), None, "does not speak version 1"),
        (bytes.fromhex(GOLDEN_VECTORS["information"][1]["hex"]), None, "offers 125 Hz, not 250 Hz"),
        (b"\x01\x00" + INFORMATION_VALUE[2:], None, "offers no rate"),
        (INFORMATION_VALUE, Answer(1, Status.BATTERY_LOW), r"battery low(.|\n)*charge it"),
        (INFORMATION_VALUE, Answer(1, Status.OK, Setup(500, 1, (0, 1), 1, 75)), "at 500 Hz, not at 250 Hz"),
    ],
)
def test_a_patch_that_cannot_stream_is_refused_with_the_reason(information, answer, says):
    packet = patch_control.encode_packet(answer) if answer else None
    with pytest.raises(GatewayError, match=says) as refusal:
        talk(patch.wearable(), information, packet)
    assert refusal.value.fault is GatewayFault.REFUSED


@given(information=st.none() | hostile_bytes | st.just(INFORMATION_VALUE), answer=st.none() | hostile_bytes)
def test_nothing_but_a_gateway_error_comes_of_hostile_answers(information, answer):
    with suppress(GatewayError):
        talk(patch.wearable(), information, answer)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_every_rate_of_the_protocol_can_be_asked_for(rate_hz):
    wearable = patch.wearable(rate_hz)
    answer = Answer(1, Status.OK, Setup(rate_hz, 500_000, (-1, 1), 1, 25))
    ask = talk(wearable, INFORMATION_VALUE, patch_control.encode_packet(answer))[-1]
    assert patch_control.decode_command(ask.write.data) == Start(rate_hz)
    assert wearable.rate_hz == rate_hz in wearable.rates_hz


def test_a_rate_that_the_protocol_does_not_have_is_a_bad_request():
    with pytest.raises(GatewayError, match="no rate of 130 Hz") as refusal:
        patch.wearable(130)
    assert refusal.value.fault is GatewayFault.BAD_REQUEST


def test_it_is_stopped_and_asked_again_with_commands_on_the_control():
    wearable = patch.wearable()
    assert list(wearable.stop()) == [Write(CONTROL, b"\x02")]
    assert wearable.backfill(1000, 50) == Write(CONTROL, bytes.fromhex("03 e8 03 00 00 32 00 00 00"))


def test_it_is_recognised_by_its_service():
    recognised_by = patch.wearable().recognised_by
    assert recognised_by(Advertised(services=frozenset({PATCH_SERVICE})))
    assert not recognised_by(Advertised(name="ECG-5EED", services=frozenset({STREAM})))
