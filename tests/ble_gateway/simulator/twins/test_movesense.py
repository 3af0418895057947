from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.twin import Taken
from ble_gateway.simulator.twins.movesense import MovesenseTwin
from ble_gateway.wearables import movesense
from ble_gateway.wearables.movesense import Form
from ble_gateway.wearables.wearable import Ask, Received, Subscribe, Write

SUBSCRIBE = b"\x01\x02/Meas/ECG/200"


def converse(twin, dialogue):
    """Say to the twin what the gateway says, as a radio does."""
    answer = None
    with suppress(StopIteration):
        while True:
            step, answer = dialogue.send(answer), None
            match step:
                case Subscribe(characteristic):
                    assert list(twin.subscribed(characteristic)) == []
                case Write(characteristic, data):
                    list(twin.written(characteristic, data))
                case Ask(write, answers_on, is_answer):
                    sent = twin.written(write.characteristic, write.data)
                    values = [one.value for one in sent if one.characteristic == answers_on]
                    answer = next(filter(is_answer, values), None)


def take(twin, n_samples, frame_samples):
    """Let the twin take a ramp, frame by frame; all that it sends, and when the last sample was taken."""
    sent = []
    for first in range(0, n_samples, frame_samples):
        counts = np.arange(first, min(first + frame_samples, n_samples), dtype=np.int32)
        last_ns = round((first + counts.size - 1) * 1e9 / twin.rate_hz)
        sent += twin.taken(Taken(counts, first, last_ns))
    return sent


def samples_of(wearable, sent):
    decoder = wearable.decoder()
    return [samples for one in sent for samples in decoder.feed(Received(one.characteristic, one.value, 0.0))]


@pytest.mark.parametrize(
    ("form", "notification_size"),
    [(form, 244) for form in Form] + [(Form.COUNTS, 20), (Form.MILLIVOLTS, 20), (Form.COUNTS, 69)],
)
@pytest.mark.parametrize("frame_samples", [16, 23])
def test_a_ramp_comes_through_unchanged(form, notification_size, frame_samples):
    twin = MovesenseTwin(form=form, notification_size=notification_size)
    wearable = movesense.wearable(millivolts=form is not Form.COUNTS)
    converse(twin, wearable.start())
    sent = take(twin, 3200, frame_samples)
    samples = samples_of(wearable, sent)
    np.testing.assert_array_equal(np.concatenate([one.counts for one in samples]), np.arange(3200))
    assert {one.scale for one in samples} == {form.scale}
    assert max(len(one.value) for one in sent) <= notification_size


@pytest.mark.parametrize("rate_hz", movesense.RATES_HZ)
def test_samples_are_stamped_with_the_time_they_were_taken(rate_hz):
    twin = MovesenseTwin(rate_hz)
    wearable = movesense.wearable(rate_hz)
    converse(twin, wearable.start())
    last_ns = [one.position.last_ns for one in samples_of(wearable, take(twin, 1600, 40))]
    true_ns = (np.arange(1, 101) * 16 - 1) * 1e9 / rate_hz
    assert np.abs(np.array(last_ns) - true_ns).max() <= 0.5e6 + 1


def test_the_time_stamp_begins_again_at_two_to_the_32():
    twin = MovesenseTwin()
    wearable = movesense.wearable()
    converse(twin, wearable.start())
    wrap_ns = (1 << 32) * 1_000_000
    (samples,) = samples_of(wearable, twin.taken(Taken(np.zeros(16, np.int32), 0, wrap_ns + 75_000_000)))
    assert samples.position.last_ns == 75_000_000


@pytest.mark.parametrize("end", ["stop", "disconnected", "reset"])
def test_a_stream_that_has_ended_sends_nothing(end):
    twin = MovesenseTwin()
    wearable = movesense.wearable()
    assert (twin.streaming, take(twin, 32, 16)) == (False, [])
    converse(twin, wearable.start())
    assert (twin.streaming, len(take(twin, 40, 16))) == (True, 2)
    if end == "stop":
        converse(twin, wearable.stop())
    else:
        getattr(twin, end)()
    assert (twin.streaming, take(twin, 32, 16)) == (False, [])
    converse(twin, wearable.start())
    assert samples_of(wearable, take(twin, 16, 16))[0].counts.tolist() == list(range(16))


@pytest.mark.parametrize(
    ("twin", "rate_hz", "millivolts"),
    [
        (MovesenseTwin(200), 250, False),
        (MovesenseTwin(200), 200, True),
        (MovesenseTwin(200, Form.MICROVOLTS), 200, False),
    ],
)
def test_a_stream_that_the_sensor_has_not_is_refused(twin, rate_hz, millivolts):
    with pytest.raises(GatewayError, match="status 404") as refusal:
        converse(twin, movesense.wearable(rate_hz, millivolts=millivolts).start())
    assert (refusal.value.fault, twin.streaming) == (GatewayFault.REFUSED, False)


@pytest.mark.parametrize(
    ("command", "answers"),
    [
        (b"\x00\x01", [b"\x01\x01\x01000000000001\0Movesense\0\0Simulated\x000.1\0"]),
        (SUBSCRIBE, [b"\x01\x02\xc8\x00"]),
        (SUBSCRIBE + b"\0", [b"\x01\x02\xc8\x00"]),
        (b"\x02\x02", [b"\x01\x02\x94\x01"]),
        (b"\x09\x05\x03", [b"\x01\x05\x90\x01"]),
        (b"\x01", []),
    ],
)
def test_commands_are_answered(command, answers):
    assert [one.value for one in MovesenseTwin().written(movesense.COMMAND, command)] == answers


@given(st.lists(st.binary(max_size=64)))
def test_no_command_breaks_the_sensor(commands):
    twin = MovesenseTwin()
    for command in commands:
        list(twin.written(movesense.COMMAND, command))
    assert [one.value for one in twin.written(movesense.COMMAND, SUBSCRIBE)] == [b"\x01\x02\xc8\x00"]


def test_it_hears_only_its_command_characteristic_and_says_nothing_of_itself():
    twin = MovesenseTwin()
    assert list(twin.written(movesense.DATA, SUBSCRIBE)) == []
    assert (twin.read(movesense.DATA), list(twin.ended()), twin.streaming) == (None, [], False)


def test_it_is_recognised_by_what_it_advertises():
    advertisement = MovesenseTwin().advertisement
    assert advertisement.name.startswith(movesense.NAME_PREFIX)
    # flags, a list of one 16-bit service, the name
    assert 3 + 4 + 2 + len(advertisement.name) <= 31
