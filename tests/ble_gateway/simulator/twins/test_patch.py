import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError
from ble_gateway.simulator.twin import Property, Taken
from ble_gateway.simulator.twins.patch import FRAME_SAMPLES, MOST_REQUESTS, PACE, PatchTwin
from ble_gateway.wearables import patch
from ble_gateway.wearables.heart_rate import BATTERY_LEVEL
from ble_gateway.wearables.patch_control import (
    CONTROL,
    INFORMATION,
    PATCH_SERVICE,
    Answer,
    Backfill,
    Farewell,
    Reason,
    Start,
    Status,
    Stop,
    decode_information,
    decode_packet,
    encode_command,
)
from ble_gateway.wearables.patch_stream import STREAM, decode_frame
from ble_gateway.wearables.wearable import Ask, Ended, Missing, Read, Received, Samples, Subscribe, Write

RATE_HZ, FRAME = 250, FRAME_SAMPLES[250]


class Gateway:
    """A gateway in a few lines: it holds the dialogues, keeps what it hears, and can be made deaf."""

    def __init__(self, twin):
        self.twin, self.wearable = twin, patch.wearable(twin.rate_hz)
        self.n_taken, self.deaf = 0, False
        self.sent, self.events = [], []

    def connect(self):
        self.decoder = self.wearable.decoder()
        self.hold(self.wearable.start())

    def hold(self, dialogue):
        reply = None
        try:
            while True:
                reply = self.take(dialogue.send(reply))
        except StopIteration:
            pass

    def take(self, step):  # noqa: RET503 - most steps have no answer
        match step:
            case Read(characteristic):
                return self.twin.read(characteristic)
            case Subscribe(characteristic):
                self.hear(self.twin.subscribed(characteristic))
            case Write(characteristic, data):
                self.hear(self.twin.written(characteristic, data))
            case Ask(write, answers_on, is_answer):
                answers = list(self.twin.written(write.characteristic, write.data))
                self.hear(answers)
                return next(
                    sent.value for sent in answers if sent.characteristic == answers_on and is_answer(sent.value)
                )

    def hear(self, sent):
        for one in sent:
            assert 1 <= len(one.value) <= 244
            self.sent.append(one)
            if not self.deaf:
                self.events += self.decoder.feed(Received(one.characteristic, one.value, 0.0))

    def wear(self, n_frames, wave=None):
        """Let the patch take samples: a ramp, where no other wave is given."""
        for _ in range(n_frames):
            index = np.arange(self.n_taken, self.n_taken + self.twin.frame_samples)
            self.n_taken += index.size
            counts = ramp(index) if wave is None else wave(index)
            last_ns = round(index[-1] / self.twin.rate_hz * 1e9)
            self.hear(self.twin.taken(Taken(counts.astype(np.int32), int(index[0]), last_ns)))

    def deafly(self, n_frames):
        self.deaf = True
        self.wear(n_frames)
        self.deaf = False

    def ask(self, first, n_samples):
        self.take(self.wearable.backfill(first, n_samples))

    def heard(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def ramp(index):
    return index % 20_000 - 10_000


def connected(twin=None):
    gateway = Gateway(twin or PatchTwin())
    gateway.connect()
    return gateway


def pieces(events):
    """Samples by their count: each heard how often, and all as they were taken."""
    counted = [index for s in events for index in range(s.position.first, s.position.first + s.counts.size)]
    np.testing.assert_array_equal(np.concatenate([s.counts for s in events]), ramp(np.array(counted)))
    return counted


@pytest.mark.parametrize("rate_hz", FRAME_SAMPLES)
def test_a_ramp_comes_through_unchanged_with_its_count_and_its_time(rate_hz):
    gateway = connected(PatchTwin(rate_hz))
    gateway.wear(10)
    samples = gateway.heard(Samples)
    assert pieces(samples) == list(range(10 * FRAME_SAMPLES[rate_hz]))
    last = np.array([s.position.first + s.counts.size - 1 for s in samples])
    np.testing.assert_allclose([s.position.last_ns / 1e9 for s in samples], last / rate_hz, atol=1 / 32_768)
    assert {(s.scale.millivolts_per_count, s.position.epoch, s.contact) for s in samples} == {(0.0005, 1, True)}


def test_it_offers_what_the_protocol_says():
    twin = PatchTwin()
    offered = {c.uuid: c.properties for service in twin.services for c in service.characteristics}
    assert offered == {
        STREAM: Property.NOTIFY,
        CONTROL: Property.WRITE | Property.INDICATE,
        INFORMATION: Property.READ,
        BATTERY_LEVEL: Property.READ | Property.NOTIFY,
    }
    assert twin.advertisement.services == (PATCH_SERVICE,)
    information = decode_information(twin.read(INFORMATION))
    assert (information.rates_hz, information.ring_samples) == ((RATE_HZ,), 60 * RATE_HZ)
    assert twin.read(STREAM) is None


def test_another_rate_than_its_own_is_refused():
    with pytest.raises(GatewayError, match="offers 250 Hz, not 500 Hz"):
        Gateway(PatchTwin()).hold(patch.wearable(500).start())


def test_nothing_is_sent_before_start_nor_after_stop():
    gateway = Gateway(PatchTwin())
    gateway.wear(3)
    assert gateway.sent == []
    gateway.connect()
    assert gateway.twin.streaming
    gateway.hold(gateway.wearable.stop())
    before = len(gateway.sent)
    gateway.wear(3)
    assert len(gateway.sent) == before
    assert not gateway.twin.streaming


def test_lost_frames_asked_for_again_come_back_equal():
    gateway = connected()
    gateway.deafly(4)
    gateway.wear(1)
    gateway.ask(0, 4 * FRAME)
    gateway.wear(2)
    lost, came = gateway.sent[1:5], [sent for sent in gateway.sent if decode_is_backfilled(sent)]
    assert [sent.value[2:] for sent in came] == [sent.value[2:] for sent in lost]  # all but the flags
    assert sorted(pieces(gateway.heard(Samples))) == list(range(gateway.n_taken))


def decode_is_backfilled(sent):
    return sent.characteristic == STREAM and decode_frame(sent.value).backfilled


def test_samples_taken_while_the_link_was_down_are_sent_again():
    gateway = connected()
    gateway.wear(2)
    gateway.twin.disconnected()
    gateway.deafly(50)
    gateway.connect()
    gateway.wear(1)
    gateway.ask(2 * FRAME, 50 * FRAME)
    gateway.wear(-(-50 // PACE))
    assert sorted(pieces(gateway.heard(Samples))) == list(range(gateway.n_taken))


def test_live_frames_go_first_and_a_few_of_those_asked_for_behind_each():
    gateway = connected()
    gateway.deafly(10)
    gateway.ask(0, 10 * FRAME)
    assert [decode_is_backfilled(sent) for sent in gateway.sent[-PACE:]] == [True] * PACE
    for n_again in (PACE, 10 - 2 * PACE, 0):
        before = len(gateway.sent)
        gateway.wear(1)
        flags = [decode_frame(sent.value).backfilled for sent in gateway.sent[before:]]
        assert flags == [False] + [True] * n_again


def test_a_minute_is_sent_again_within_a_quarter_of_one():
    gateway = connected()
    gateway.deafly(300)
    gateway.ask(FRAME, 299 * FRAME)  # the next frame pushes the oldest one out
    gateway.wear(75)
    assert sorted(pieces(gateway.heard(Samples))) == list(range(FRAME, gateway.n_taken))


def test_what_the_ring_has_lost_is_said_to_be_missing_at_once():
    gateway = connected(PatchTwin(ring_s=2))
    gateway.deafly(15)
    gateway.ask(0, 15 * FRAME)
    assert gateway.heard(Missing) == [Missing(0, 5 * FRAME)]


def test_what_the_ring_loses_while_it_was_waited_for_is_said_to_be_missing_too():
    gateway = connected(PatchTwin(ring_s=2))
    gateway.deafly(10)
    for _ in range(3):
        gateway.ask(0, 10 * FRAME)  # more than can be sent before it is overrun
    gateway.wear(10)
    missing = gateway.heard(Missing)
    assert missing
    again = [s for s, sent in zip(gateway.heard(Samples), streamed(gateway), strict=True) if decode_is_backfilled(sent)]
    assert len(pieces(again)) + sum(gone.n_samples for gone in missing) == 3 * 10 * FRAME


def streamed(gateway):
    """What was sent on the stream and heard: the first frames went to a deaf gateway."""
    return [sent for sent in gateway.sent if sent.characteristic == STREAM][-len(gateway.heard(Samples)) :]


def test_samples_not_yet_taken_are_missing():
    gateway = connected()
    gateway.wear(2)
    gateway.ask(FRAME, 3 * FRAME)
    gateway.ask((1 << 32) - 1, (1 << 32) - 1)
    assert gateway.heard(Missing) == [Missing(2 * FRAME, 2 * FRAME), Missing((1 << 32) - 1, 1)]


def test_requests_beyond_those_that_can_wait_are_missing():
    gateway = connected()
    gateway.deafly(100)
    for first in range(MOST_REQUESTS + 2):
        gateway.ask(first, 99 * FRAME)
    assert gateway.heard(Missing) == [Missing(first, 99 * FRAME) for first in (MOST_REQUESTS, MOST_REQUESTS + 1)]


@given(
    requests=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 900), st.integers(0, 900)), max_size=20),
)
def test_every_sample_asked_for_comes_back_exactly_once_or_is_missing_once(requests):
    gateway = connected(PatchTwin(ring_s=2))
    asked = []
    for at, first, n_samples in sorted(requests):
        gateway.wear(max(0, at - gateway.n_taken // FRAME))
        gateway.ask(first, n_samples)
        asked += range(first, first + n_samples)
    gateway.wear(100)
    again = [decode_frame(sent.value) for sent in gateway.sent if decode_is_backfilled(sent)]
    answered = [index for frame in again for index in range(frame.first, frame.first + frame.counts.size)]
    answered += [i for gone in gateway.heard(Missing) for i in range(gone.first, gone.first + gone.n_samples)]
    assert sorted(answered) == sorted(asked)
    assert all((frame.counts == ramp(np.arange(frame.first, frame.first + frame.counts.size))).all() for frame in again)
    live = [
        frame.first
        for sent in gateway.sent
        if sent.characteristic == STREAM and not (frame := decode_frame(sent.value)).backfilled
    ]
    assert live == list(range(0, gateway.n_taken, FRAME))


def test_the_ticks_of_a_part_of_a_frame_are_those_of_its_own_last_sample():
    gateway = connected()
    gateway.wear(3)
    gateway.ask(60, 20)
    gateway.wear(1)
    (again,) = [decode_frame(sent.value) for sent in gateway.sent if decode_is_backfilled(sent)]
    assert (again.first, again.counts.size) == (60, 20)
    assert again.ticks / 32_768 == pytest.approx(79 / RATE_HZ, abs=2e-3)


def test_time_goes_on_beyond_the_wrap_of_the_ticks_and_across_a_connection():
    gateway = connected()
    gateway.n_taken = RATE_HZ * ((1 << 32) // 32_768) - 2 * FRAME
    gateway.wear(1)
    gateway.twin.disconnected()
    gateway.deafly(2)
    gateway.connect()
    gateway.wear(1)
    before, after = (s.position.last_ns for s in gateway.heard(Samples))
    assert (after - before) * 1e-9 == pytest.approx(3 * FRAME / RATE_HZ, abs=1e-4)


@pytest.mark.parametrize(
    ("peak", "wide", "contact"), [(15_000, False, True), (25_000, False, False), (40_000, True, False)]
)
def test_large_samples_take_three_bytes_and_what_no_heart_gives_is_an_electrode_off(peak, wide, contact):
    gateway = connected()
    gateway.wear(2, wave=lambda index: np.where(index % 7, -peak, peak))
    gateway.ask(0, FRAME)
    gateway.wear(1)
    (again,) = [decode_frame(sent.value) for sent in gateway.sent if decode_is_backfilled(sent)]
    assert (again.wide, again.lead_off) == (wide, not contact)
    assert [s.contact for s in gateway.heard(Samples)] == [contact, contact, contact, True]
    assert np.abs(gateway.heard(Samples)[0].counts).tolist() == [peak] * FRAME


def test_a_reset_begins_a_new_epoch_with_an_empty_ring():
    gateway = connected()
    gateway.wear(3)
    gateway.twin.reset()
    assert not gateway.twin.streaming
    gateway.n_taken = 0
    gateway.connect()
    gateway.ask(0, FRAME)
    gateway.wear(1)
    assert gateway.heard(Missing) == [Missing(0, FRAME)]
    assert [(s.position.epoch, s.position.first) for s in gateway.heard(Samples)][-2:] == [(1, 2 * FRAME), (2, 0)]


def test_requests_do_not_outlive_the_connection():
    gateway = connected()
    gateway.wear(10)
    gateway.ask(0, 10 * FRAME)
    gateway.twin.disconnected()
    gateway.connect()
    gateway.wear(3)
    assert sum(map(decode_is_backfilled, gateway.sent)) == PACE


def answers(twin, data):
    return [decode_packet(sent.value) for sent in twin.written(CONTROL, data)]


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (encode_command(Start(500)), Answer(1, Status.NO_SUCH_RATE)),
        (encode_command(Stop()), Answer(2, Status.OK)),
        (encode_command(Backfill(0, 1)), Answer(3, Status.NOT_STREAMING)),
        (b"", Answer(0, Status.BAD_LENGTH)),
        (b"\x01", Answer(1, Status.BAD_LENGTH)),
        (b"\x63\x00", Answer(0x63, Status.UNKNOWN_COMMAND)),
    ],
)
def test_what_cannot_be_done_is_answered_with_its_status(data, answer):
    assert answers(PatchTwin(), data) == [answer]


def test_a_second_start_is_answered_as_the_first_and_rate_0_is_the_rate_it_has():
    twin = PatchTwin()
    first, again = answers(twin, encode_command(Start(250))), answers(twin, encode_command(Start(0)))
    assert first == again
    assert first[0].setup.rate_hz == RATE_HZ


@given(st.lists(st.binary(max_size=12), max_size=5))
def test_any_bytes_written_to_the_control_are_answered(written):
    twin = PatchTwin()
    for data in written:
        answer, *gone = answers(twin, data)
        assert answer.opcode == (data[0] if data else 0)
        assert not gone or data[:1] == b"\x03"
    assert list(twin.written(STREAM, b"")) == []


def test_the_charge_is_told_on_subscription_and_when_it_falls():
    gateway = connected(PatchTwin(battery_percent=87, battery_s=1000))
    gateway.take(Subscribe(BATTERY_LEVEL))
    gateway.wear(2 * 10 * RATE_HZ // FRAME)
    assert [sent.value[0] for sent in gateway.sent if sent.characteristic == BATTERY_LEVEL] == [87, 86, 85]
    assert gateway.twin.read(BATTERY_LEVEL) == bytes([85])


def test_a_patch_with_an_empty_battery_says_farewell_and_starts_no_more():
    gateway = connected(PatchTwin(battery_percent=6, battery_s=1000))
    gateway.wear(10 * RATE_HZ // FRAME)
    assert gateway.heard(Ended) == [Ended()]
    assert decode_packet(gateway.sent[-1].value) == Farewell(Reason.BATTERY_EMPTY)
    with pytest.raises(GatewayError, match="battery low"):
        gateway.connect()


def test_the_end_of_the_play_is_a_farewell_where_a_stream_is_on():
    gateway = Gateway(PatchTwin())
    assert list(gateway.twin.ended()) == []
    gateway.connect()
    gateway.hear(gateway.twin.ended())
    assert gateway.heard(Ended) == [Ended()]
    assert not gateway.twin.streaming


def test_what_was_asked_for_is_sent_before_the_farewell():
    gateway = connected()
    gateway.deafly(20)
    gateway.ask(0, 20 * FRAME)
    gateway.hear(gateway.twin.ended())
    assert pieces(gateway.heard(Samples)) == list(range(gateway.n_taken))
    assert isinstance(gateway.events[-1], Ended)
