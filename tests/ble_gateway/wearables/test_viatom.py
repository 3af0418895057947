from contextlib import suppress
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError
from ble_gateway.wearables import viatom
from ble_gateway.wearables.viatom import Frame, Live, ViatomDecoder
from ble_gateway.wearables.wearable import Advertised, Beats, Charge, Received, Samples, Subscribe, Unplaced

BYTES = st.integers(0, 255)
FRAMES = st.builds(Frame, BYTES, st.binary(max_size=viatom.MAX_PAYLOAD_SIZE), BYTES, BYTES)
LIVES = st.builds(
    Live,
    st.lists(st.integers(-(2**15), 2**15 - 1), max_size=300).map(lambda counts: np.array(counts, np.int32)),
    st.integers(0, 0xFFFF),
    BYTES,
    BYTES,
    BYTES,
    st.integers(0, 2**32 - 1),
)
HOSTILE = st.one_of(
    st.binary(max_size=600),
    # Likely to pass the first checks: a true header, and a claim with anything behind it.
    st.builds(
        lambda size, body: bytes([0xA5, 0x03, 0xFC, 1, 0]) + size.to_bytes(2, "little") + body,
        st.integers(0, 0xFFFF),
        st.binary(max_size=600),
    ),
    st.builds(lambda payload: viatom.encode_frame(Frame(viatom.LIVE, payload, 1)), st.binary(max_size=600)),
)


def reply(live, number=0):
    return viatom.encode_frame(Frame(viatom.LIVE, viatom.encode_live(live), 1, number))


def ramp(first, n_samples=125):
    return Live(np.arange(first, first + n_samples, dtype=np.int32), battery_percent=101, run_status=2)


def in_pieces(data, size=244):
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(decoder, values):
    """All events, and how many values were in part or whole not read."""
    events, errors = [], 0
    for value in values:
        try:
            for event in decoder.feed(Received(viatom.REPLY, value, 0.0)):
                events.append(event)  # noqa: PERF402 - what comes before an error counts
        except FrameError:
            errors += 1
    return events, errors


def counts_of(events):
    return [event.counts.tolist() for event in events if isinstance(event, Samples)]


def test_the_checksum_is_the_published_one():
    assert viatom.crc8(b"123456789") == 0xF4  # CRC-8/SMBUS in the catalogue of parametrised CRC algorithms


@pytest.mark.parametrize(
    ("model", "written"), [("er1", "a5 03 fc 00 00 01 00 7d 23"), ("er2", "a5 03 fc 00 00 00 00 65")]
)
def test_requests_are_the_golden_bytes_both_ways(model, written):
    assert viatom.encode_frame(viatom.ask_live(model)).hex(" ") == written
    assert viatom.cut(bytes.fromhex(written)) == ([viatom.ask_live(model)], b"", b"")
    assert viatom.wearable(model).poll.write.data.hex(" ") == written


GOLDEN_REPLY = (
    # mark | command, complement | from the device | number 5 | 26 bytes
    "a5 03 fc 01 05 1a 00 "
    # 72 bpm | a beat | 87 % | 60 s | recording | reserved
    "48 00 01 57 3c 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 "
    # two samples: 1, -2 | checksum
    "02 00 01 00 fe ff ac"
)


def test_a_reply_is_the_golden_bytes_both_ways():
    (frame,), strays, rest = viatom.cut(bytes.fromhex(GOLDEN_REPLY))
    live = viatom.decode_live(frame.payload)
    assert (strays, rest, frame.command, frame.kind, frame.number) == (b"", b"", viatom.LIVE, 1, 5)
    assert live.counts.tolist() == [1, -2]
    assert (live.bpm, live.battery_percent, live.run_status, live.flags, live.recorded_s) == (72, 87, 2, 1, 60)
    assert reply(live, number=5).hex(" ") == GOLDEN_REPLY


def test_a_count_is_about_two_and_a_half_microvolts():
    assert viatom.SCALE.millivolts_per_count == pytest.approx(0.00246722172)


@given(FRAMES)
def test_a_frame_is_read_as_it_was_written(frame):
    assert viatom.cut(viatom.encode_frame(frame)) == ([frame], b"", b"")


@given(LIVES)
def test_live_data_are_read_as_they_were_written(live):
    again = viatom.decode_live(viatom.encode_live(live))
    np.testing.assert_array_equal(again.counts, live.counts)
    fields = ("bpm", "battery_percent", "run_status", "flags", "recorded_s")
    assert [getattr(again, field) for field in fields] == [getattr(live, field) for field in fields]


@given(HOSTILE)
def test_any_bytes_are_read_or_refused(value):
    with suppress(FrameError):
        viatom.decode_live(value)
    frames, strays, rest = viatom.cut(value)
    assert sum(len(viatom.encode_frame(frame)) for frame in frames) + len(strays) + len(rest) == len(value)


@given(st.lists(HOSTILE, max_size=4))
def test_after_any_bytes_a_decoder_soon_reads_again(values):
    decoder = ViatomDecoder()
    read(decoder, values)
    # What claims to be the longest frame must be filled before it is known not to be one.
    events, _ = read(decoder, [reply(ramp(1000 * number)) for number in range(12)])
    assert counts_of(events)[-1] == ramp(11_000).counts.tolist()


@given(
    st.lists(st.binary(max_size=30) | LIVES.map(reply), max_size=5).map(b"".join),
    st.lists(st.integers(0, 3000), max_size=20),
)
def test_however_replies_are_cut_into_notifications_they_say_the_same(data, cuts):
    edges = sorted({0, len(data), *(at for at in cuts if at < len(data))})
    whole, _ = read(ViatomDecoder(), [data])
    pieces, _ = read(ViatomDecoder(), [data[a:b] for a, b in pairwise(edges)])
    assert [str(event) for event in pieces] == [str(event) for event in whole]


@pytest.mark.parametrize("lost", range(6))
def test_a_lost_notification_costs_its_reply_only(lost):
    values = list(chain(*(in_pieces(reply(ramp(1000 * number))) for number in range(4))))
    assert len(values) == 8
    del values[lost]
    events, errors = read(ViatomDecoder(), values)
    assert counts_of(events) == [ramp(1000 * number).counts.tolist() for number in range(4) if number != lost // 2]
    assert errors >= 1


def test_a_reply_after_one_whose_rest_was_lost_is_read_as_soon_as_it_is_whole():
    decoder = ViatomDecoder()
    torn, whole = in_pieces(reply(ramp(0))), in_pieces(reply(ramp(125)))
    assert read(decoder, torn[:1]) == ([], 0)
    assert read(decoder, whole[:1])[1] == 1
    assert counts_of(read(decoder, whole[1:])[0]) == [ramp(125).counts.tolist()]


def test_a_claim_longer_than_any_reply_is_not_waited_for():
    claims = bytes([0xA5, 0x03, 0xFC, 1, 0]) + (viatom.MAX_PAYLOAD_SIZE + 1).to_bytes(2, "little")
    events, errors = read(ViatomDecoder(), [claims, reply(ramp(0))])
    assert (counts_of(events), errors) == ([ramp(0).counts.tolist()], 1)


def test_a_reply_behind_a_broken_one_in_the_same_notification_is_read():
    broken = bytearray(reply(ramp(0)))
    broken[40] ^= 0x10
    events, errors = read(ViatomDecoder(), [bytes(broken) + reply(ramp(1000))])
    assert (counts_of(events), errors) == ([ramp(1000).counts.tolist()], 1)


@pytest.mark.parametrize("n_bytes", [0, 1, 20, 21, 23, 25])
def test_live_data_of_another_length_than_they_say_are_refused(n_bytes):
    payload = viatom.encode_live(Live(np.array([1], np.int32)))
    with pytest.raises(FrameError, match="samples has"):
        viatom.decode_live((payload + bytes(8))[:n_bytes])


def test_a_reply_with_invalid_samples_gives_all_but_a_wave():
    counts = np.array([1, 2, viatom.INVALID, 4], np.int32)
    decoder = ViatomDecoder()
    feed = decoder.feed(Received(viatom.REPLY, reply(Live(counts, 72, 87, 2)), 0.0))
    assert [next(feed), next(feed)] == [Charge(87), Beats(72, contact=True)]
    with pytest.raises(FrameError, match="1 of 4 samples are invalid"):
        next(feed)
    assert counts_of(read(decoder, [reply(ramp(0))])[0]) == [ramp(0).counts.tolist()]


def test_a_reply_in_which_nothing_was_measured_is_no_error():
    live = Live(np.full(125, viatom.INVALID, np.int32), 0, 87, 7)
    assert read(ViatomDecoder(), [reply(live)]) == ([Charge(87), Beats(0, contact=False)], 0)


@pytest.mark.parametrize(
    ("run_status", "contact"), [(0x00, None), (0x10, None), (0x01, True), (0x02, True), (0x07, False), (0x27, False)]
)
def test_the_run_status_says_whether_the_electrodes_touch(run_status, contact):
    live = Live(np.array([1], np.int32), battery_percent=101, run_status=run_status)
    (beats, samples), _ = read(ViatomDecoder(), [reply(live)])
    assert (beats.contact, samples.contact) == (contact, contact)
    assert samples.position == Unplaced()


def test_the_charge_is_told_when_it_changes():
    levels = [87, 87, 86, 86, 200, 86, 87]
    replies = [reply(Live(np.empty(0, np.int32), battery_percent=percent)) for percent in levels]
    events, _ = read(ViatomDecoder(), replies)
    assert [event for event in events if isinstance(event, Charge)] == [Charge(87), Charge(86), Charge(87)]


def test_what_is_no_live_data_says_nothing():
    assert read(ViatomDecoder(), [viatom.encode_frame(Frame(0xE1, bytes(60), 1))]) == ([], 0)
    assert list(ViatomDecoder().feed(Received(viatom.REQUEST, reply(ramp(0)), 0.0))) == []


@pytest.mark.parametrize("model", ["er1", "er2"])
def test_it_is_asked_for_live_data_every_second(model):
    wearable = viatom.wearable(model)
    assert (list(wearable.start()), list(wearable.stop())) == ([Subscribe(viatom.REPLY)], [])
    assert (wearable.kind, wearable.poll.every_s) == (f"viatom-{model}", 1.0)
    assert wearable.poll.write.characteristic == viatom.REQUEST


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("ER1 0123", ["er1"]),
        ("VBeat 0123", ["er1"]),
        ("VisualBeat", ["er1"]),
        ("DuoEK 0123", ["er1"]),
        ("ER2 0123", ["er2"]),
        ("LP ER2 0123", ["er2"]),
        ("O2Ring 0123", []),
        ("", ["er1"]),
    ],
)
def test_a_device_is_recognised_by_its_name_and_without_one_by_its_service(name, models):
    advertised = Advertised(name, frozenset({viatom.SERVICE}))
    assert [model for model in ("er1", "er2") if viatom.wearable(model).recognised_by(advertised)] == models


def test_what_has_neither_name_nor_service_is_not_recognised():
    assert not viatom.wearable("er1").recognised_by(Advertised())
