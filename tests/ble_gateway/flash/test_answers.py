"""Answers, byte by byte: whatever comes is an answer, a refusal, or nonsense that is asked for again."""

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from smp.header import Header
from smpclient.requests.file_management import FileStatus, FileUpload
from smpclient.requests.image_management import ImageStatesRead

from ble_gateway.flash.conversation import _NONSENSE, _read
from ble_gateway.flash.errors import DeviceRefused
from ble_gateway.flash.messages import Confirm, ReadStatus, Try

REQUESTS = (
    ReadStatus(),
    Try(path="/packs/0", sha256=bytes(32)),
    Confirm(sha256=bytes(32)),
    FileStatus(name="/packs/0"),
    FileUpload(name="/packs/0", off=0, data=b"", len=1),
    ImageStatesRead(),
)
scalars = st.none() | st.booleans() | st.integers(-5, 300) | st.text(max_size=5) | st.binary(max_size=5) | st.floats()
names = st.sampled_from(
    ["err", "rc", "group", "len", "off", "slots", "images", "protocol", "windows", "match"]
) | st.text(max_size=3)
bodies = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4))


def answer_to(request, body):
    header = request.header
    first = int(header.version) << 3 | int(header.op) + 1
    return bytes([first, 0]) + len(body).to_bytes(2, "big") + header.BYTES[4:] + body


@given(st.sampled_from(REQUESTS), bodies.map(cbor2.dumps) | st.binary(max_size=60))
@example(REQUESTS[0], cbor2.dumps({"err": {}}))
@example(REQUESTS[0], cbor2.dumps({"err": {"group": "x", "rc": None}}))
@example(REQUESTS[0], cbor2.dumps({"rc": -1}))
@example(REQUESTS[0], b"\x81" * 2000)
def test_any_answer_is_read_or_refused_or_nonsense(asked, body):
    try:
        _read(asked, answer_to(asked, body), "do it")
    except (DeviceRefused, *_NONSENSE):
        pass


@given(st.binary(min_size=8, max_size=40))
def test_any_frame_is_read_or_nonsense(frame):
    try:
        _read(FileStatus(name="/packs/0"), frame, "do it")
    except (DeviceRefused, *_NONSENSE):
        pass


@pytest.mark.parametrize(("body", "group", "code"), [
    ({"rc": 8}, None, 8),
    ({"rc": 8, "rsn": "no such group"}, None, 8),
    ({"err": {"group": 8, "rc": 11}, "len": 77}, 8, 11),
    ({"err": {"group": 165, "rc": 6}}, 165, 6),
    ({"err": {"group": 999, "rc": 42}}, 999, 42),
])  # fmt: skip
def test_an_error_is_read_whatever_stands_beside_it(body, group, code):
    request = FileStatus(name="/packs/0")
    with pytest.raises(DeviceRefused) as refused:
        _read(request, answer_to(request, cbor2.dumps(body)), "do it")
    assert (refused.value.group, refused.value.code) == (group, code)


def test_what_a_later_version_adds_is_passed_over_and_an_old_servers_rc_0_is_no_error():
    request = FileStatus(name="/packs/0")
    answer = _read(request, answer_to(request, cbor2.dumps({"len": 7, "rc": 0, "mode": "ro"})), "do it")
    assert answer.len == 7
    assert isinstance(answer.header, Header)
