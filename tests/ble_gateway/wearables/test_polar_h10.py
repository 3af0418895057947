from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.polar_pmd import Response, Settings, Status
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Ended,
    Read,
    Received,
    Samples,
    Subscribe,
    Timed,
    Write,
)
from tests.ble_gateway.strategies import ecg_frames, hostile_bytes

H10 = polar_h10.wearable()
FEATURES = pmd.encode_features(pmd.Feature.ECG | pmd.Feature.ACCELERATION)
ASKED = bytes.fromhex("01 00")
STARTED = bytes.fromhex("02 00 00 01 82 00 01 01 0e 00")
"""Start ECG: setting 0 (rate) has one value, 130 Hz; setting 1 (resolution) has one value, 14 bits."""


def _start(settings, started=None, features=FEATURES):
    """What the gateway asks for and writes, where the strap answers so."""
    dialogue = H10.start()
    steps, answer = [], None
    answers = iter([settings, started or Response(2, 0, Status.OK)])
    with suppress(StopIteration):
        while True:
            step = dialogue.send(answer)
            steps.append(step)
            match step:
                case Read():
                    answer = features
                case Ask(is_answer=is_answer):
                    answer = pmd.encode_control(next(answers))
                    assert is_answer(answer)
                case _:
                    answer = None
    return steps


def _offered(parameters, *, status=Status.OK, more=False):
    return Response(
        1, 0, status, more, parameters if isinstance(parameters, bytes) else pmd.encode_settings(parameters)
    )


def _written(steps):
    return [step.write.data for step in steps if isinstance(step, Ask)]


def _decode(characteristic, data):
    return list(H10.decoder().feed(Received(characteristic, data, 0.0)))


def test_the_dialogue_is_features_then_subscriptions_then_settings_then_start():
    features, control, data, settings, start = _start(_offered(pmd.ECG_SETTINGS))
    assert features == Read(pmd.PMD_CONTROL_POINT)
    assert (control, data) == (Subscribe(pmd.PMD_CONTROL_POINT), Subscribe(pmd.PMD_DATA))
    assert (settings.write, settings.answers_on) == (Write(pmd.PMD_CONTROL_POINT, ASKED), pmd.PMD_CONTROL_POINT)
    assert (start.write, start.answers_on) == (Write(pmd.PMD_CONTROL_POINT, STARTED), pmd.PMD_CONTROL_POINT)


def test_stop_is_one_write():
    assert list(H10.stop()) == [Write(pmd.PMD_CONTROL_POINT, bytes.fromhex("03 00"))]


@pytest.mark.parametrize(
    ("offered", "start"),
    [
        (pmd.ECG_SETTINGS, STARTED),
        (Settings((130, 500), (14, 16)), STARTED),
        (Settings((130,), (16, 12)), bytes.fromhex("02 00 00 01 82 00 01 01 10 00")),
        (Settings((130,), ()), STARTED),
        (Settings((), (14,)), STARTED),
        (Settings(), STARTED),
    ],
    ids=["the usual", "more than the usual", "other resolutions", "no resolution", "no rate", "nothing"],
)
def test_of_what_is_offered_130_hz_is_chosen_and_the_usual_resolution_or_the_best(offered, start):
    assert _written(_start(_offered(offered))) == [ASKED, start]


@pytest.mark.parametrize(
    "answer",
    [
        _offered(b"", status=Status.NOT_SUPPORTED),
        _offered(b"", status=Status.INVALID_STATE),
        _offered(Settings((500,), (14,)), more=True),
    ],
    ids=["not supported", "invalid state", "the first of several packets"],
)
def test_a_strap_that_does_not_say_its_settings_in_full_is_started_with_the_usual_ones(answer):
    assert _written(_start(answer)) == [ASKED, STARTED]


def test_a_strap_that_streams_already_is_no_error():
    steps = _start(_offered(pmd.ECG_SETTINGS), Response(2, 0, Status.ALREADY_IN_STATE))
    assert _written(steps) == [ASKED, STARTED]


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.OK, Status.ALREADY_IN_STATE}))
def test_a_start_that_is_refused_is_an_error_with_the_straps_reason(status):
    with pytest.raises(GatewayError, match=status.name.lower().replace("_", " ")) as refused:
        _start(_offered(pmd.ECG_SETTINGS), Response(2, 0, status))
    assert (refused.value.fault, bool(refused.value.advice)) == (GatewayFault.REFUSED, True)


def test_a_strap_of_other_rates_is_refused_before_it_is_started():
    with pytest.raises(GatewayError, match="offers ECG at 250 Hz, 500 Hz, not at 130 Hz") as refused:
        _start(_offered(Settings((250, 500), (14,))))
    assert refused.value.fault is GatewayFault.REFUSED


@pytest.mark.parametrize("features", [None, pmd.encode_features(pmd.Feature.ACCELERATION)], ids=["none", "no ECG"])
def test_a_device_without_ecg_is_refused(features):
    with pytest.raises(GatewayError, match="offers no ECG") as refused:
        _start(_offered(pmd.ECG_SETTINGS), features=features)
    assert refused.value.fault is GatewayFault.REFUSED


@pytest.mark.parametrize(
    "wrong", [{"features": b"\x0e\x01\x00"}, {"settings": _offered(b"\x00\xff\x82\x00")}], ids=["features", "settings"]
)
def test_answers_that_the_protocol_does_not_allow_are_refused_as_such(wrong):
    with pytest.raises(FrameError):
        _start(wrong.get("settings") or _offered(pmd.ECG_SETTINGS), features=wrong.get("features", FEATURES))


@given(st.just(FEATURES) | hostile_bytes, st.lists(hostile_bytes, min_size=2, max_size=2))
def test_whatever_the_strap_answers_the_dialogue_ends_or_says_why(features, answers):
    dialogue, answer = H10.start(), None
    replies = iter(answers)
    with suppress(StopIteration, GatewayError):
        while True:
            match dialogue.send(answer):
                case Read():
                    answer = features
                case Ask():
                    answer = next(replies)
                case _:
                    answer = None


@pytest.mark.parametrize("other", [b"\xf0\x03\x00\x00\x00", b"\x01\x00", b"\xf0", b"", FEATURES], ids=bytes.hex)
def test_only_the_answer_to_a_command_is_taken_for_it(other):
    start = _start(_offered(pmd.ECG_SETTINGS))[-1]
    assert not start.is_answer(other)
    assert start.is_answer(bytes.fromhex("f0 02 00 06"))


def test_a_frame_is_microvolts_with_the_time_of_its_last_sample():
    # Measurement 0; 599,616,000 s after the device's epoch; frame type 0; -1, 0, 1 and both rails.
    golden = bytes.fromhex("00 00 00 a4 39 93 43 52 08 00 ff ff ff 00 00 00 01 00 00 e0 b1 ff 20 4e 00")
    (samples,) = _decode(pmd.PMD_DATA, golden)
    assert samples.counts.tolist() == [-1, 0, 1, -20_000, 20_000]
    assert (samples.position, samples.contact) == (Timed(599_616_000_000_000_000), None)
    assert samples.scale.millivolts(samples.counts).tolist() == pytest.approx([-0.001, 0, 0.001, -20, 20])
    assert samples.scale.rails == (-20_000, 20_000)


@given(ecg_frames)
def test_every_frame_is_samples_in_their_place(frame):
    (samples,) = _decode(pmd.PMD_DATA, pmd.encode_ecg(frame))
    np.testing.assert_array_equal(samples.counts, frame.microvolts)
    assert isinstance(samples, Samples)
    assert samples.position == Timed(frame.timestamp_ns)


@pytest.mark.parametrize(
    ("packet", "events"),
    [("01 00", [Ended()]), ("01 02 00", [Ended()]), ("01 02", []), ("f0 03 00 00 00", []), (FEATURES.hex(), [])],
    ids=["ECG stopped", "ECG stopped too", "acceleration stopped", "an answer", "the features, as they were read"],
)
def test_of_the_control_point_only_the_word_that_the_ecg_has_stopped_is_news(packet, events):
    assert _decode(pmd.PMD_CONTROL_POINT, bytes.fromhex(packet)) == events


def test_other_characteristics_say_nothing():
    assert _decode(heart_rate.HEART_RATE_MEASUREMENT, b"\x00\x50") == []


@given(st.lists(st.tuples(st.sampled_from([pmd.PMD_DATA, pmd.PMD_CONTROL_POINT]), hostile_bytes), max_size=9))
def test_any_bytes_are_read_or_refused_and_the_decoder_can_be_fed_on(values):
    decoder = H10.decoder()
    for characteristic, data in values:
        with suppress(FrameError):
            list(decoder.feed(Received(characteristic, data, 0.0)))
    good = Received(pmd.PMD_DATA, bytes.fromhex("00 01 00 00 00 00 00 00 00 00 01 00 00"), 0.0)
    assert [event.counts.tolist() for event in decoder.feed(good)] == [[1]]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("Polar H10 A1B2C3D4", True), ("Polar H9 A1B2C3D4", False), ("", False), ("My Polar H10", False)],
)
def test_it_is_recognised_by_its_name(name, is_one):
    assert H10.recognised_by(Advertised(name, frozenset([heart_rate.HEART_RATE_SERVICE]))) is is_one
