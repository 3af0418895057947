import pytest
from hypothesis import given
from hypothesis import strategies as st
from smp.packet import encode

from ble_gateway.simulator.smp.frames import FrameJoiner
from ble_gateway.simulator.smp.lines import LINE_LENGTH, LineReader, to_lines

BUFFER = 512
frames = st.binary(min_size=1, max_size=BUFFER - 4)
smp_frames = st.binary(max_size=400).map(lambda body: b"\x0a\x00" + len(body).to_bytes(2, "big") + b"\0\0\1\0" + body)


def cut(data, sizes):
    """Data in pieces of these sizes, the last ones as long as it takes."""
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def test_a_frame_is_written_as_the_documentation_of_the_library_shows():
    assert to_lines(b"Hello, world!") == [b"\x06\tAA9IZWxsbywgd29ybGQhet4=\n"]
    lines = to_lines(bytes(300))
    assert [line[:2] for line in lines] == [b"\x06\x09"] + [b"\x04\x14"] * (len(lines) - 1)
    assert max(map(len, lines)) <= LINE_LENGTH


@given(sent=st.lists(frames, max_size=4), sizes=st.lists(st.integers(0, 200), max_size=20), length=st.just(128))
def test_frames_come_out_as_they_went_in_however_the_bytes_are_cut(sent, sizes, length):
    wire = b"".join(line for frame in sent for line in encode(frame, line_length=length))
    reader = LineReader(BUFFER)
    assert [frame for piece in cut(wire, sizes) for frame in reader.feed(piece)] == sent


@given(garbage=st.binary(max_size=300).map(lambda noise: noise.replace(b"\x06\x09", b"").replace(b"\x04\x14", b"")))
def test_what_is_no_line_of_smp_is_passed_over(garbage):
    reader = LineReader(BUFFER)
    got = list(reader.feed(garbage + b"\n" + b"".join(to_lines(b"good"))))
    assert got == [b"good"]


@given(noise=st.lists(st.binary(max_size=140) | st.binary(max_size=100).map(b"\x06\x09".__add__), max_size=8))
def test_after_any_bytes_a_good_frame_is_read(noise):
    reader = LineReader(BUFFER)
    for piece in noise:
        list(reader.feed(piece))
    assert list(reader.feed(b"\n" + b"".join(to_lines(b"good"))))[-1:] == [b"good"]


@pytest.mark.parametrize("at", [3, 20, 150])
def test_a_frame_with_a_changed_byte_is_lost_and_the_next_one_is_read(at):
    wire = b"".join(to_lines(bytes(range(200))))
    changed = wire[:at] + (b"A" if wire[at : at + 1] != b"A" else b"B") + wire[at + 1 :]
    reader = LineReader(BUFFER)
    assert list(reader.feed(changed)) == []
    assert list(reader.feed(wire)) == [bytes(range(200))]


def test_a_frame_that_does_not_fit_the_buffer_is_lost():
    reader = LineReader(BUFFER)
    assert list(reader.feed(b"".join(to_lines(bytes(BUFFER - 3))))) == []
    assert list(reader.feed(b"".join(to_lines(bytes(BUFFER - 4))))) == [bytes(BUFFER - 4)]


def test_a_line_that_is_too_long_is_lost():
    reader = LineReader(BUFFER)
    assert list(reader.feed(b"".join(encode(bytes(200), line_length=160)))) == []


def test_a_small_wire_loses_what_comes_behind_two_lines_at_once():
    reader = LineReader(BUFFER, burst_lines=2)
    lines = to_lines(bytes(300))
    assert list(reader.feed(b"".join(lines))) == []
    assert [frame for line in lines for frame in reader.feed(line)] == [bytes(300)]


@given(sent=st.lists(smp_frames, max_size=4), sizes=st.lists(st.integers(0, 244), max_size=20))
def test_frames_over_the_radio_are_put_together_by_their_length(sent, sizes):
    joiner = FrameJoiner(BUFFER)
    assert [frame for piece in cut(b"".join(sent), sizes) for frame in joiner.feed(piece)] == sent


@given(noise=st.lists(st.binary(max_size=300), max_size=5), sent=smp_frames)
def test_after_any_bytes_and_a_new_connection_a_good_frame_is_read(noise, sent):
    joiner = FrameJoiner(BUFFER)
    for piece in noise:
        list(joiner.feed(piece))
    joiner.clear()
    assert list(joiner.feed(sent)) == [sent]


def test_a_frame_that_says_it_is_larger_than_the_buffer_is_passed_over():
    joiner = FrameJoiner(BUFFER)
    assert list(joiner.feed(b"\x0a\x00\xff\xff\0\0\1\0" + bytes(100))) == []
    assert list(joiner.feed(b"\x08\0\0\0\0\0\1\6")) == [b"\x08\0\0\0\0\0\1\6"]
