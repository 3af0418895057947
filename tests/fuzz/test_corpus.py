"""The corpus and any bytes, through every decoder, stream and dialogue: what needs no fuzzer."""

from contextlib import suppress
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.errors import FrameError
from ble_gateway.wearables.catalogue import KINDS
from ble_gateway.wearables.wearable import Beats, Charge, Counted, Read, Samples, Timed, Unplaced, no_dialogue
from edge.signal import Scale
from tests.fuzz.targets import CORPUS, TARGETS, Target, check, compose, converse, held_bytes, parse, play, pour, run

FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file())
MOST_HELD_BYTES = 64 * 1024
each_target = pytest.mark.parametrize("name", TARGETS)


def twin_seed(name):
    return (CORPUS / name / "twin").read_bytes()


@st.composite
def rows(draw, target):
    """Inputs with whole values, as a radio brings them."""
    characteristics = st.sampled_from(target.characteristics)
    values = st.none() | st.tuples(characteristics, st.binary(max_size=254))
    return compose(draw(st.lists(values, max_size=20)), target)


@st.composite
def spoiled(draw, seed):
    """A true conversation in which bytes are changed, lost, or there twice."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        size = draw(st.integers(0, 20))
        data[at : at + draw(st.integers(0, 20))] = draw(st.binary(max_size=4)) or data[at : at + size]
    return bytes(data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_was_found_is_found_no_more(path):
    run(path.read_bytes(), TARGETS[path.parent.name])


def test_every_kind_is_a_target():
    assert set(KINDS) <= set(TARGETS)


@each_target
def test_a_seed_is_what_the_wearable_streams(name):
    assert any(isinstance(event, Samples | Beats) for event in play(twin_seed(name), TARGETS[name]))


@each_target
def test_a_seed_is_what_a_stream_makes_blocks_of(name):
    assert pour(twin_seed(name), TARGETS[name]).samples_received > 0


@each_target
@given(data=st.data())
def test_any_values_are_read_or_refused(name, data):
    target = TARGETS[name]
    run(data.draw(st.binary(max_size=600) | rows(target)), target)


@each_target
@given(data=st.data())
def test_a_spoiled_conversation_is_read_or_refused(name, data):
    run(data.draw(spoiled(twin_seed(name))), TARGETS[name])


def held_after(target, values, n_bytes):
    decoder, brought, fed = target.wearable.decoder(), cycle(values), 0
    while fed < n_bytes:
        received = next(brought)
        fed += len(received.data) + 1
        with suppress(FrameError):
            list(decoder.feed(received))
    return held_bytes(decoder)


@each_target
@given(data=st.data())
@settings(max_examples=5)
def test_a_decoder_never_holds_much(name, data):
    target = TARGETS[name]
    written = data.draw(st.binary(min_size=1, max_size=600) | rows(target) | spoiled(twin_seed(name)))
    values = [received for received in parse(written, target) if received is not None]
    if values:
        assert held_after(target, values, n_bytes=2 * MOST_HELD_BYTES) < MOST_HELD_BYTES


@each_target
@given(data=st.data())
def test_an_input_brings_the_values_it_was_written_with(name, data):
    target = TARGETS[name]
    values = data.draw(
        st.lists(st.none() | st.tuples(st.sampled_from(target.characteristics), st.binary(max_size=254)), max_size=9)
    )
    brought = [r and (r.characteristic, r.data) for r in parse(compose(values, target), target)]
    assert brought == values


class Broken:
    """A wearable that is wrong in one way."""

    def __init__(self, *events, error=None, hoards=False, reads=0):
        self.events, self.error, self.hoards, self.reads, self.held = events, error, hoards, reads, []

    def decoder(self):
        return self

    def feed(self, received):
        if self.error:
            raise self.error
        if self.hoards:
            self.held.append(bytearray(received.data))
        yield from self.events

    def start(self):
        for _ in range(self.reads):
            yield Read("a")

    stop = staticmethod(no_dialogue)


ONE_VALUE = bytes([0, 2, 7, 7])
MILLIVOLT = Scale(1.0)


def ones(n_samples, dtype=np.int32):
    return np.ones(n_samples, dtype)


@pytest.mark.parametrize(
    "event",
    [
        Samples(ones(0), MILLIVOLT, Unplaced()),
        Samples(ones(3), MILLIVOLT, Unplaced()),
        Samples(ones(1, np.int64), MILLIVOLT, Unplaced()),
        Samples(ones(1), Scale(1.0, zero_count=float("nan")), Unplaced()),
        Samples(ones(1), MILLIVOLT, Counted(256, 256)),
        Samples(ones(1), MILLIVOLT, Timed(0, 0)),
        Beats(60, (float("inf"),)),
        Charge(101),
        None,
    ],
    ids=str,
)
def test_an_event_that_no_wearable_can_mean_is_found(event):
    with pytest.raises(AssertionError):
        play(ONE_VALUE, Target(Broken(event), ("a",)))


def test_any_other_error_is_found_and_a_refusal_is_none():
    with pytest.raises(ValueError, match="escaped"):
        play(ONE_VALUE, Target(Broken(error=ValueError("escaped")), ("a",)))
    assert play(ONE_VALUE, Target(Broken(error=FrameError("refused", b"")), ("a",))) == []


def test_a_dialogue_without_end_is_found():
    with pytest.raises(AssertionError, match="without end"):
        converse(ONE_VALUE, Target(Broken(reads=100), ("a",)))
    converse(ONE_VALUE, Target(Broken(reads=20), ("a",)))


def test_a_decoder_that_hoards_is_found():
    target = Target(Broken(hoards=True), ("a",))
    values = [received for received in parse(bytes([0, 200]) + bytes(200), target) if received]
    assert held_after(target, values, n_bytes=2 * MOST_HELD_BYTES) > MOST_HELD_BYTES


def test_sound_events_pass():
    check(Samples(ones(1), MILLIVOLT, Counted(255, 256, last_ns=1, epoch=2), contact=False))
    check(Beats(0, (0.8,)))
