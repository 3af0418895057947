from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.simulator.twin import Taken
from ble_gateway.simulator.twins.viatom import BATTERY_PERCENT, ViatomTwin
from ble_gateway.wearables import viatom
from ble_gateway.wearables.wearable import Beats, Charge, Received, Samples, Subscribe

MODELS = pytest.mark.parametrize("model", ["er1", "er2"])


def converse(twin, dialogue):
    """Say to the twin what the gateway says, as a radio does."""
    with suppress(StopIteration):
        while True:
            match dialogue.send(None):
                case Subscribe(characteristic):
                    assert list(twin.subscribed(characteristic)) == []


def take(twin, first, n_samples):
    counts = np.arange(first, first + n_samples, dtype=np.int32)
    assert list(twin.taken(Taken(counts, first, round((first + n_samples - 1) * 8e6)))) == []


def poll(twin, wearable):
    return list(twin.written(wearable.poll.write.characteristic, wearable.poll.write.data))


def events_of(decoder, sent):
    return [event for one in sent for event in decoder.feed(Received(one.characteristic, one.value, 0.0))]


def counts_of(events):
    return np.concatenate([event.counts for event in events if isinstance(event, Samples)]).tolist()


@MODELS
@pytest.mark.parametrize("frame_samples", [25, 24, 13])
def test_a_ramp_comes_through_unchanged(model, frame_samples):
    twin, wearable = ViatomTwin(model), viatom.wearable(model)
    converse(twin, wearable.start())
    decoder, events = wearable.decoder(), []
    for first in range(0, 120 * frame_samples, 5 * frame_samples):
        for at in range(first, first + 5 * frame_samples, frame_samples):
            take(twin, at, frame_samples)
        events += events_of(decoder, poll(twin, wearable))
    assert counts_of(events) == list(range(120 * frame_samples))
    assert {event.contact for event in events if isinstance(event, Samples)} == {True}


def test_a_reply_is_split_into_notifications_that_fit():
    twin, wearable = ViatomTwin(), viatom.wearable()
    take(twin, 0, 375)
    assert [len(one.value) for one in poll(twin, wearable)] == [244, 244, 244, 48]


def test_what_is_older_than_three_seconds_is_lost():
    twin, wearable = ViatomTwin(), viatom.wearable()
    for first in range(0, 1000, 25):
        take(twin, first, 25)
    assert counts_of(events_of(wearable.decoder(), poll(twin, wearable))) == list(range(625, 1000))


def test_what_was_sent_is_not_sent_again():
    twin, wearable, decoder = ViatomTwin(), viatom.wearable(), viatom.ViatomDecoder()
    take(twin, 0, 25)
    assert len(events_of(decoder, poll(twin, wearable))) == 3
    assert events_of(decoder, poll(twin, wearable)) == [Beats(0, contact=True)]


@MODELS
def test_the_other_dialect_is_not_heard(model):
    twin = ViatomTwin(model)
    other = viatom.wearable("er2" if model == "er1" else "er1")
    assert (poll(twin, other), twin.streaming) == ([], False)


def test_what_no_heart_gives_is_an_electrode_off():
    twin, wearable = ViatomTwin(), viatom.wearable()
    twin.taken(Taken(np.full(25, twin.rails[1], np.int32), 0, 0))
    charge, beats, samples = events_of(wearable.decoder(), poll(twin, wearable))
    assert (charge, beats.contact, samples.contact) == (Charge(BATTERY_PERCENT), False, False)


def test_no_sample_within_its_rails_is_the_mark_of_an_invalid_one():
    low, high = ViatomTwin().rails
    assert (low, high) == (-(2**15), viatom.INVALID - 1)


def test_it_streams_from_the_first_request_to_the_end_of_the_connection():
    twin, wearable = ViatomTwin(), viatom.wearable()
    assert not twin.streaming
    poll(twin, wearable)
    assert twin.streaming
    take(twin, 0, 25)
    twin.disconnected()
    assert not twin.streaming
    assert counts_of(events_of(wearable.decoder(), poll(twin, wearable))) == list(range(25))


def test_a_reset_forgets_what_was_kept():
    twin, wearable = ViatomTwin(), viatom.wearable()
    take(twin, 0, 25)
    twin.reset()
    assert not twin.streaming
    assert not [event for event in events_of(wearable.decoder(), poll(twin, wearable)) if isinstance(event, Samples)]


@given(st.lists(st.binary(max_size=64)))
def test_no_request_breaks_the_device(requests):
    twin, wearable = ViatomTwin(), viatom.wearable()
    for request in requests:
        list(twin.written(viatom.REQUEST, request))
    take(twin, 0, 25)
    assert counts_of(events_of(wearable.decoder(), poll(twin, wearable))) == list(range(25))


def test_it_hears_only_its_request_characteristic_and_says_nothing_of_itself():
    twin, wearable = ViatomTwin(), viatom.wearable()
    assert list(twin.written(viatom.REPLY, wearable.poll.write.data)) == []
    assert (twin.read(viatom.REPLY), list(twin.ended()), twin.streaming) == (None, [], False)


@MODELS
def test_it_is_recognised_by_what_it_advertises(model):
    name = ViatomTwin(model).advertisement.name
    assert viatom.wearable(model).recognised_by(viatom.Advertised(name))
