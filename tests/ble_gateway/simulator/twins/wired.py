"""A wearable and its twin joined by a wire: what one sends the other reads, and no time passes."""

import numpy as np

from ble_gateway.simulator.twin import Property, Taken
from ble_gateway.wearables.wearable import Ask, Read, Received, Samples, Subscribe, Write


def converse(twin, dialogue):
    """Carry out a dialogue; what the twin sent meanwhile."""
    offered = {
        characteristic.uuid: characteristic for service in twin.services for characteristic in service.characteristics
    }
    sent, answer = [], None
    while True:
        try:
            step = dialogue.send(answer)
        except StopIteration:
            return sent
        answer = None
        match step:
            case Read(uuid):
                answer = twin.read(uuid) or (offered[uuid].value if uuid in offered else None)
            case Subscribe(uuid, needed) if uuid in offered or needed:
                assert offered[uuid].properties & (Property.NOTIFY | Property.INDICATE)
                sent += twin.subscribed(uuid)
            case Write(uuid, data, response):
                assert offered[uuid].properties & (Property.WRITE if response else Property.WRITE_WITHOUT_RESPONSE)
                sent += twin.written(uuid, data)
            case Ask(Write(uuid, data), answers_on, is_answer):
                answers = list(twin.written(uuid, data))
                sent += answers
                answer = next(s.value for s in answers if s.characteristic == answers_on and is_answer(s.value))


def frames(twin, counts):
    """Samples as the twin takes them, the last frame perhaps shorter."""
    for first in range(0, counts.size, twin.frame_samples):
        frame = counts[first : first + twin.frame_samples]
        yield Taken(frame, first, round((first + frame.size - 1) / twin.rate_hz * 1e9))


def play(twin, counts):
    """All that the twin sends while it takes these samples."""
    return [sent for taken in frames(twin, counts) for sent in twin.taken(taken)]


def decode(decoder, sent):
    """Events that a decoder makes of what was sent."""
    return [event for s in sent for event in decoder.feed(Received(s.characteristic, s.value, 0.0))]


def through(twin, wearable, counts):
    """Samples that come through once the stream was started."""
    converse(twin, wearable.start())
    return [event for event in decode(wearable.decoder(), play(twin, counts)) if isinstance(event, Samples)]


def joined(samples):
    """Counts of samples in a row."""
    return np.concatenate([event.counts for event in samples])
