import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.raw import RawHeader, RawRecording, RawWriter
from ble_gateway.wearables.catalogue import KINDS, Setup
from ble_gateway.wearables.wearable import Received
from edge.signal import GapReason

HEADER = RawHeader("polar-h10", Setup(), "Polar H10 5EED0001", simulated=True)
FIRST = '{"anyecg_raw": 1, "kind": "uart", "setup": {"rate_hz": null, "layout": null}, "peer": "x", "simulated": true}'
VALUE = '{"at": 1790000000.25, "from": "6e400003-b5a3-f393-e0a9-e50e24dcca9e", "hex": "0102"}'

values = st.lists(
    st.builds(
        Received,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        st.binary(max_size=512),
        st.floats(-1e10, 1e10),
        st.none() | st.sampled_from(GapReason),
    ),
    max_size=12,
)
headers = st.builds(
    RawHeader,
    st.sampled_from(KINDS),
    st.builds(Setup, st.none() | st.floats(1, 1e4), st.none() | st.text(max_size=20)),
    st.text(max_size=40).filter(str.isprintable),
    st.booleans(),
)


def _recorded(path, received, header=HEADER):
    with RawWriter(path, header) as writer:
        for value in received:
            writer.write(value)
    return RawRecording(path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Paths where nothing is yet."""
    folder, numbers = tmp_path_factory.mktemp("raw"), iter(range(10_000))
    return lambda: folder / f"{next(numbers)}.raw"


@given(values, headers)
def test_what_was_written_is_read_again_to_the_last_bit(fresh, received, header):
    recording = _recorded(fresh(), received, header)
    assert recording.header == header
    assert [repr(value) for value in recording.values()] == [repr(value) for value in received]


@given(values.filter(bool), st.data())
def test_wherever_the_writing_was_cut_short_the_lines_before_are_read(fresh, received, data):
    whole = _recorded(fresh(), received).path.read_bytes()
    first = whole.index(b"\n") + 1
    torn = fresh()
    torn.write_bytes(whole[: data.draw(st.integers(first, len(whole)))])
    n_whole_lines = torn.read_bytes().count(b"\n") - 1
    assert list(RawRecording(torn).values()) == received[:n_whole_lines]


def test_each_second_of_values_is_in_the_file_whatever_ends_the_writing(tmp_path):
    path = tmp_path / "night.raw"
    with RawWriter(path, HEADER) as writer:
        for at_s in (0.0, 0.5, 1.1, 1.2):
            writer.write(Received("x", b"", at_s))
        assert [value.arrival_s for value in RawRecording(path).values()] == [0.0, 0.5, 1.1]
    assert [value.arrival_s for value in RawRecording(path).values()] == [0.0, 0.5, 1.1, 1.2]


def test_a_file_that_is_there_already_is_left_as_it_is(tmp_path):
    path = tmp_path / "night.raw"
    path.write_bytes(b"precious")
    with pytest.raises(GatewayError, match=r"night\.raw is there already - choose another file") as refused:
        RawWriter(path, HEADER)
    assert refused.value.fault is GatewayFault.BAD_REQUEST
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("path", ["/proc/nothing/night.raw", "/dev/null/night.raw"])
def test_a_place_where_nothing_can_be_written_is_told_of_at_once(path):
    with pytest.raises(GatewayError, match="cannot be written") as refused:
        RawWriter(Path(path), HEADER)
    assert refused.value.fault is GatewayFault.BAD_REQUEST


def fill_the_disk(writer):
    """From now on nothing more can be written."""
    writer._file.flush()
    with Path("/dev/full").open("w") as full:
        os.dup2(full.fileno(), writer._file.fileno())


def test_a_disk_that_fills_ends_the_recording_and_what_was_written_before_can_be_read(tmp_path):
    path = tmp_path / "night.raw"
    with RawWriter(path, HEADER) as writer:
        writer.write(Received("x", b"1", 0.0))
        fill_the_disk(writer)
        with pytest.raises(GatewayError, match=r"cannot be written \(No space left on device\)"):
            writer.write(Received("x", b"2", 5.0))
        assert writer.closed
    assert [value.data for value in RawRecording(path).values()] == [b"1"]


def test_a_disk_that_fills_with_the_last_values_is_told_of_when_the_file_is_closed(tmp_path):
    writer = RawWriter(tmp_path / "night.raw", HEADER)
    writer.write(Received("x", b"1", 0.0))
    fill_the_disk(writer)
    writer.write(Received("x", b"2", 0.5))
    with pytest.raises(GatewayError, match="make room"):
        writer.close()
    assert writer.closed


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"", "is no record of a radio"),
        (b"\n", "is no record of a radio"),
        (b"time,lead\n0,1\n", "is no record of a radio"),
        (b"[1]", "is no record of a radio"),
        (b'{"anyecg": 1}', "is no record of a radio"),
        (b'{"anyecg_raw": Infinity}', "is no record of a radio"),
        (b'{"anyecg_raw": 1e999}', "is no record of a radio"),
        (b'{"anyecg_raw": "one"}', "is no record of a radio"),
        (b"9" * 5000, "is no record of a radio"),
        (b"[" * 4000, "is no record of a radio"),
        (b'{"anyecg_raw": 1, "peer": "' + b"x" * 5000 + b'"}\n', "is no record of a radio"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "cannot be read"),
        (bytes(range(256)) * 20, "cannot be read"),
        (b'{"anyecg_raw": 2}', "newer release (version 2) - update anyecg-edge"),
        (b'{"anyecg_raw": 1}', "does not say which wearable"),
        (b'{"anyecg_raw": 1, "setup": 7}', "does not say which wearable"),
        (FIRST.replace('"x"', "7").encode(), "does not say which wearable"),
        (FIRST.replace('"uart"', "[]").encode(), "does not say which wearable"),
        (FIRST.replace('"x"', '"\\u001b[2J"').encode(), "does not say which wearable"),
        (FIRST.replace('"rate_hz": null', '"rate_hz": "fast"').encode(), "does not say which wearable"),
        (FIRST.replace('"rate_hz": null', '"rate_hz": [1]').encode(), "does not say which wearable"),
        (FIRST.replace('"rate_hz": null', '"rate_hz": true').encode(), "does not say which wearable"),
        (FIRST.replace('"layout": null', '"layout": 5').encode(), "does not say which wearable"),
        (FIRST.replace("true", '"yes"').encode(), "does not say which wearable"),
        (FIRST.replace('"peer"', '"fear"').encode(), "does not say which wearable"),
    ],
)
def test_what_is_no_record_is_refused_in_one_line_that_names_the_file(tmp_path, content, says):
    path = tmp_path / "night.raw"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GatewayError) as refused:
        RawRecording(path)
    assert refused.value.fault is GatewayFault.BAD_RECORD
    assert str(refused.value).startswith(f"{path} ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "sundial"}, "there is no wearable of kind 'sundial'"),
        ({"kind": "movesense", "setup": {"rate_hz": 7.5}}, "has no rate of 7.5 Hz"),
        ({"kind": "movesense", "setup": {"rate_hz": float("nan")}}, "has no rate of nan Hz"),
        ({"setup": {"layout": "sixteen"}}, "is no format of a stream"),
    ],
)
def test_a_record_of_what_this_release_does_not_know_says_so(tmp_path, change, says):
    path = tmp_path / "night.raw"
    path.write_text(json.dumps(json.loads(FIRST) | change) + "\n")
    with pytest.raises(GatewayError) as refused:
        RawRecording(path).header.wearable()
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "a line that is no value, line 3"),
        ("7", "a line that is no value, line 3"),
        ("null", "a line that is no value, line 3"),
        ("", "a line that is no value, line 3"),
        ('{"at": 0, "from": "x"}', "a line that is no value, line 3"),
        (VALUE.replace("0102", "0x02"), "a line that is no value, line 3"),
        (VALUE.replace('"0102"', "[1]"), "a line that is no value, line 3"),
        (VALUE.replace("1790000000.25", "1" * 400), "a line that is no value, line 3"),
        (VALUE.replace("1790000000.25", '"soon"'), "a line that is no value, line 3"),
        (VALUE.replace("}", ', "after": "lunch"}'), "a line that is no value, line 3"),
        (VALUE.replace("1790000000.25", "NaN"), "a value that cannot be, line 3"),
        (VALUE.replace("1790000000.25", "1e300"), "a value that cannot be, line 3"),
        (VALUE.replace("0102", "00" * 513), "a value that cannot be, line 3"),
        ("[" * 4000, "a line that is no value, line 3"),
        (VALUE.replace("0102", "00" * 3000), "a line that is too long, line 3"),
        ("x" * 1_000_000, "a line that is too long, line 3"),
    ],
)
def test_a_line_that_is_no_value_is_told_of_by_its_number(tmp_path, line, says):
    path = tmp_path / "night.raw"
    path.write_text(f"{FIRST}\n{VALUE}\n{line}\n{VALUE}\n")
    values = RawRecording(path).values()
    assert next(values).arrival_s == 1790000000.25
    with pytest.raises(GatewayError) as refused:
        next(values)
    assert refused.value.fault is GatewayFault.BAD_RECORD
    assert says in str(refused.value)


def test_bytes_that_are_no_text_in_the_middle_are_told_of(tmp_path):
    path = tmp_path / "night.raw"
    path.write_bytes(FIRST.encode() + f"\n{VALUE}".encode() * 1000 + b"\xff")
    with pytest.raises(GatewayError, match="cannot be read to its end"):
        list(RawRecording(path).values())


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_file_is_a_record_or_is_refused(fresh, content):
    path = fresh()
    path.write_bytes(content)
    with pytest.raises(GatewayError):
        RawRecording(path)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_lines_are_values_or_are_refused(fresh, content):
    path = fresh()
    path.write_bytes(f"{FIRST}\n".encode() + content + b"\n")
    try:
        read = list(RawRecording(path).values())
    except GatewayError as error:
        assert error.fault is GatewayFault.BAD_RECORD  # noqa: PT017 - either way is right
    else:
        assert len(read) == content.count(b"\n") + 1
