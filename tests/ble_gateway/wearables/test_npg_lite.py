from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import npg_lite
from ble_gateway.wearables.npg_lite import Packet
from ble_gateway.wearables.wearable import Advertised, Counted, Received, Subscribe, Write

# counter, then three big-endian values: ten samples that count over the wrap
GOLDEN = " ".join(f"{(251 + n) % 256:02x} {n:04x} ff{n:02x} 7fff" for n in range(10))

packets = st.integers(1, npg_lite.PACKET_SAMPLES).flatmap(
    lambda n: st.builds(Packet, hnp.arrays(np.uint8, n), hnp.arrays(np.int16, (n, npg_lite.N_CHANNELS)))
)


def samples_of(value, channel=0):
    decoder = npg_lite.wearable(channel=channel).decoder()
    return list(decoder.feed(Received(npg_lite.DATA, value, 0.0)))


def test_a_packet_is_the_golden_bytes_both_ways():
    value = bytes.fromhex(GOLDEN)
    packet = npg_lite.decode_packet(value)
    assert packet.counters.tolist() == [251, 252, 253, 254, 255, 0, 1, 2, 3, 4]
    assert packet.channels.tolist() == [[n, n - 256, 32_767] for n in range(10)]
    assert (len(value), npg_lite.encode_packet(packet)) == (70, value)


@given(packets)
def test_a_packet_is_read_as_it_was_written(packet):
    read = npg_lite.decode_packet(npg_lite.encode_packet(packet))
    np.testing.assert_array_equal(read.counters, packet.counters)
    np.testing.assert_array_equal(read.channels, packet.channels)


@given(st.binary(max_size=80) | st.binary(min_size=70, max_size=70))
def test_any_bytes_are_read_or_refused(value):
    with suppress(FrameError):
        assert sum(event.counts.size for event in samples_of(value)) * 7 == len(value)


@given(packets, st.integers(0, 2))
def test_every_sample_keeps_its_own_count_however_the_counter_jumps(packet, channel):
    events = samples_of(npg_lite.encode_packet(packet), channel)
    counted = [(e.position.first + n) % 256 for e in events for n in range(e.counts.size)]
    assert counted == packet.counters.tolist()
    assert np.concatenate([e.counts for e in events]).tolist() == packet.channels[:, channel].tolist()


def test_a_packet_that_counts_over_the_wrap_is_one_stretch():
    (event,) = samples_of(bytes.fromhex(GOLDEN))
    assert (event.position, event.counts.tolist()) == (Counted(251, 256), list(range(10)))


def test_a_packet_is_split_where_the_counter_jumps():
    channels = np.arange(12, dtype=np.int16).reshape(4, 3)
    events = samples_of(npg_lite.encode_packet(Packet(np.array([7, 8, 20, 21], np.uint8), channels)))
    assert [(e.position, e.counts.tolist()) for e in events] == [(Counted(7, 256), [0, 3]), (Counted(20, 256), [6, 9])]


@pytest.mark.parametrize("size", [0, 6, 8, 69, 77])
def test_what_is_no_row_of_whole_samples_is_refused_and_the_next_is_read(size):
    decoder = npg_lite.wearable().decoder()
    with pytest.raises(FrameError, match="whole samples"):
        list(decoder.feed(Received(npg_lite.DATA, bytes(size), 0.0)))
    assert len(list(decoder.feed(Received(npg_lite.DATA, bytes.fromhex(GOLDEN), 0.0)))) == 1


def test_other_characteristics_say_nothing():
    assert list(npg_lite.wearable().decoder().feed(Received(npg_lite.CONTROL, b"?", 0.0))) == []


def test_it_is_started_by_a_word_and_never_stopped():
    wearable = npg_lite.wearable()
    assert list(wearable.start()) == [Subscribe(npg_lite.DATA), Write(npg_lite.CONTROL, b"START")]
    assert list(wearable.stop()) == []


@pytest.mark.parametrize(("rate_hz", "channel"), [(250.0, 0), (500.0, 3), (512.0, -1)])
def test_a_rate_or_channel_that_it_has_not_is_refused(rate_hz, channel):
    with pytest.raises(GatewayError) as refusal:
        npg_lite.wearable(rate_hz, channel)
    assert refusal.value.fault is GatewayFault.BAD_REQUEST


def test_it_is_told_by_its_name_since_its_service_is_a_stock_example():
    assert npg_lite.recognise(Advertised("NPG-30:30:f9"))
    assert not npg_lite.recognise(Advertised("MyESP32", frozenset({npg_lite.SERVICE})))


def test_that_amplitudes_are_not_calibrated_is_said_loudly():
    assert any("NOT CALIBRATED" in limit for limit in npg_lite.wearable().limits)
