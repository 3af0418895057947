import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smp.header import Header
from smp.os_management import (
    OSApplicationInfoReadRequest,
    OSApplicationInfoReadResponse,
    OSManagementErrorV2,
    ResetWriteRequest,
    ResetWriteResponse,
)

from ble_gateway.simulator.smp.device import PatchDevice, Then
from tests.ble_gateway.places import GOLDEN
from tests.ble_gateway.simulator.smp.asking import TableRunner, patch

VECTORS = json.loads((GOLDEN / "smp_frames.json").read_text())

values = st.recursive(
    st.integers(-(1 << 64), 1 << 64) | st.binary(max_size=20) | st.text(max_size=20) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = st.sampled_from(
    ["off", "data", "name", "len", "sha", "hash", "confirm", "slot", "path", "sha256", "d", "image"]
)
likely = st.dictionaries(fields, values | st.sampled_from(["/packs/0", "/packs/1", 0, 1, b"x"]), max_size=6)
requests = st.builds(
    lambda op, group, command, sequence, body: (
        bytes([op, 0]) + len(body).to_bytes(2, "big") + group.to_bytes(2, "big") + bytes([sequence, command]) + body
    ),
    st.sampled_from([0x08, 0x0A, 0x00, 0x02]),
    st.sampled_from([0, 1, 8, 165, 99]),
    st.integers(0, 9),
    st.integers(0, 255),
    (likely | values).map(cbor2.dumps) | st.binary(max_size=40),
)


@pytest.mark.parametrize("vector", VECTORS["exchanges"], ids=lambda vector: vector["name"])
def test_requests_are_answered_as_the_golden_frames_have_it(vector):
    answer = patch().device.receive(bytes.fromhex(vector["asked"]), 0.0).answer
    assert answer.hex(" ") == vector["answered"]


@pytest.mark.parametrize("frame", VECTORS["not_answered"].values(), ids=VECTORS["not_answered"])
def test_what_is_no_request_is_not_answered(frame):
    assert patch().device.receive(bytes.fromhex(frame), 0.0).answer is None


def test_a_frame_larger_than_the_buffer_is_lost():
    body = cbor2.dumps({"d": "x" * 300})
    frame = bytes([0x0A, 0]) + len(body).to_bytes(2, "big") + bytes([0, 0, 1, 0]) + body
    assert patch(buffer_bytes=len(frame)).device.receive(frame, 0.0).answer
    assert patch(buffer_bytes=len(frame) - 1).device.receive(frame, 0.0).answer is None


def test_fields_that_are_not_known_are_passed_over():
    body = cbor2.dumps({"d": "hi", "later": 1})
    frame = bytes([0x0A, 0]) + len(body).to_bytes(2, "big") + bytes([0, 0, 1, 0]) + body
    assert cbor2.loads(patch().device.receive(frame, 0.0).answer[8:]) == {"r": "hi"}


@given(frames=st.lists(requests | st.binary(max_size=60), max_size=8))
def test_any_frames_are_answered_by_their_sequence_or_not_at_all(frames):
    device = PatchDevice({}, TableRunner())
    for frame in frames:
        reaction = device.receive(frame, 0.0)
        if reaction.answer is not None:
            asked, answered = frame[:8], reaction.answer[:8]
            assert (answered[0], answered[4:]) == (asked[0] + 1, asked[4:])
            assert int.from_bytes(answered[2:4], "big") == len(reaction.answer) - Header.SIZE
            assert isinstance(cbor2.loads(reaction.answer[8:]), dict)


def test_a_reset_is_answered_before_it_happens():
    asked = patch()
    reaction = asked.react(ResetWriteRequest())
    assert ResetWriteResponse.loads(reaction.answer)
    assert reaction.then is Then.RESET
    assert asked.react(ResetWriteRequest(force=1)).then is Then.RESET


def test_it_says_that_it_is_a_simulation():
    asked = patch()
    told = asked.ask(OSApplicationInfoReadRequest(format="a"), OSApplicationInfoReadResponse).output
    assert told == "Zephyr anyecg-patch SIMULATION Zephyr"
    assert asked.ask(OSApplicationInfoReadRequest(), OSApplicationInfoReadResponse).output == "Zephyr"
    assert asked.refused(OSApplicationInfoReadRequest(format="?"), OSManagementErrorV2) == 2
