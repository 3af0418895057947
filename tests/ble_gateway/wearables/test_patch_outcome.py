import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError
from ble_gateway.stream import Stream
from ble_gateway.wearables import patch
from ble_gateway.wearables.patch_outcome import MAX_OUTPUTS, OUTCOME, decode_outcome, encode_outcome
from ble_gateway.wearables.wearable import OwnOutcome, Received
from tests.ble_gateway.places import GOLDEN

VECTORS = json.loads((GOLDEN / "patch_frames.json").read_text())


@st.composite
def outcomes(draw):
    first = draw(st.integers(0, (1 << 32) - 1))
    return OwnOutcome(
        epoch=draw(st.integers(0, (1 << 16) - 1)),
        first=first,
        n_samples=draw(st.integers(1, (1 << 32) - first)),
        pack=draw(st.binary(min_size=8, max_size=8)),
        outputs=np.array(draw(st.lists(st.integers(-128, 127), min_size=1, max_size=MAX_OUTPUTS)), np.int8),
        scale=draw(st.floats(min_value=2.0**-100, width=32, allow_infinity=False)),
        zero_point=draw(st.integers(-128, 127)),
        contact=draw(st.booleans()),
        on_trial=draw(st.booleans()),
        simulated=draw(st.booleans()),
    )


def spelt(outcome):
    return {**asdict(outcome), "pack": outcome.pack.hex(), "outputs": outcome.outputs.tolist()}


@pytest.mark.parametrize("vector", VECTORS["outcomes"], ids=lambda vector: vector["name"])
def test_outcomes_are_read_and_written_as_the_golden_vectors_have_them(vector):
    read = decode_outcome(bytes.fromhex(vector["hex"]))
    assert spelt(read) == vector["fields"]
    assert encode_outcome(read) == bytes.fromhex(vector["hex"])


@pytest.mark.parametrize("frame", VECTORS["refused_outcomes"].values(), ids=VECTORS["refused_outcomes"])
def test_what_is_no_outcome_is_refused(frame):
    with pytest.raises(FrameError):
        decode_outcome(bytes.fromhex(frame))


@given(outcome=outcomes())
def test_every_outcome_is_read_back_as_it_was_written(outcome):
    assert spelt(decode_outcome(encode_outcome(outcome))) == spelt(outcome)


@given(frame=st.binary(max_size=300) | st.binary(min_size=24, max_size=250).map(b"\x01\x01".__add__))
def test_any_bytes_are_an_outcome_or_a_frame_error(frame):
    try:
        outcome = decode_outcome(frame)
    except FrameError:
        return
    assert decode_outcome(encode_outcome(outcome)).pack == outcome.pack


def test_the_gateway_counts_outcomes_and_keeps_the_latest():
    stream = Stream(patch.wearable())
    for vector in VECTORS["outcomes"]:
        stream.feed(Received(OUTCOME, bytes.fromhex(vector["hex"]), 1.0))
    stream.feed(Received(OUTCOME, b"\x01", 2.0))
    assert (stream.own_outcomes, stream.bad_frames) == (2, 1)
    assert stream.own_outcome.first == 4294967040
