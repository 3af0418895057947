import numpy as np
import pytest

from ble_gateway.simulator.twins.polar_h10 import FRAME_SAMPLES, NEVER_SET_NS, H10Twin
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables import polar_pmd as pmd
from ble_gateway.wearables.polar_pmd import Response, Status
from ble_gateway.wearables.wearable import Advertised, Timed
from edge.heart.stream import HeartStream
from tests.ble_gateway.simulator.twins.wired import converse, frames, joined, play, through

RAMP = np.arange(-3900, 3900, dtype=np.int32)


def _started():
    twin = H10Twin()
    converse(twin, polar_h10.wearable().start())
    return twin


def _heart_rates(sent):
    return [
        heart_rate.decode_heart_rate(each.value)
        for each in sent
        if each.characteristic == heart_rate.HEART_RATE_MEASUREMENT
    ]


def test_a_ramp_comes_through_unchanged_with_the_time_of_each_frames_last_sample():
    samples = through(H10Twin(), polar_h10.wearable(), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP)
    assert [event.counts.size for event in samples] == [FRAME_SAMPLES] * 106 + [62]
    ends = np.cumsum([event.counts.size for event in samples])
    assert [event.position for event in samples] == [Timed(NEVER_SET_NS + round((n - 1) / 130 * 1e9)) for n in ends]


def test_counts_and_rails_of_the_twin_are_those_of_the_wearable():
    twin, scale = H10Twin(), polar_h10.SCALE
    assert (twin.millivolts_per_count, twin.rails) == (scale.millivolts_per_count, scale.rails)


def test_its_advertisement_is_recognised():
    advertisement = H10Twin().advertisement
    assert polar_h10.recognise(Advertised(advertisement.name, frozenset(advertisement.services)))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (pmd.ask_settings(), Response(1, 0, Status.OK, parameters=bytes.fromhex("000182000101 0e00"))),
        (pmd.stop_ecg(), Response(3, 0, Status.OK)),
        (bytes([2, 2, 0, 1, 25, 0]), Response(2, 2, Status.NOT_SUPPORTED)),
        (bytes([0x63, 0]), Response(0x63, 0, Status.INVALID_OPCODE)),
        (bytes([2]), Response(2, 0, Status.INVALID_LENGTH)),
        (b"", Response(0, 0, Status.INVALID_LENGTH)),
        (bytes.fromhex("02 00 00 01 f4 01 01 01 0e 00"), Response(2, 0, Status.INVALID_PARAMETER)),
        (bytes.fromhex("02 00 00 ff f4 01"), Response(2, 0, Status.INVALID_PARAMETER)),
    ],
    ids=[
        "settings",
        "stop",
        "another measurement",
        "no opcode",
        "cut short",
        "nothing",
        "another rate",
        "settings that are none",
    ],
)
def test_commands_are_answered_as_the_strap_answers_them(command, answer):
    (sent,) = H10Twin().written(pmd.PMD_CONTROL_POINT, command)
    assert sent.characteristic == pmd.PMD_CONTROL_POINT
    assert pmd.decode_control(sent.value) == answer


def test_a_second_start_is_already_in_state():
    assert _started().answer(pmd.start_ecg()).status is Status.ALREADY_IN_STATE


def test_what_is_written_elsewhere_is_not_answered():
    assert list(H10Twin().written(pmd.PMD_DATA, pmd.start_ecg())) == []


@pytest.mark.parametrize(
    "end", [lambda twin: twin.answer(pmd.stop_ecg()), H10Twin.disconnected, lambda t: [*t.ended()]]
)
def test_it_streams_from_the_start_command_until_it_is_stopped_or_left_or_the_play_is_over(end):
    twin = H10Twin()
    assert (twin.streaming, play(twin, RAMP)) == (False, [])
    converse(twin, polar_h10.wearable().start())
    assert twin.streaming
    end(twin)
    assert (twin.streaming, play(twin, RAMP)) == (False, [])


def test_at_the_end_it_says_that_the_measurement_has_stopped():
    (word,) = _started().ended()
    assert pmd.decode_control(word.value) == pmd.Stopped((pmd.Measurement.ECG,))


def test_it_says_the_heart_rate_of_what_it_plays():
    twin = _started()
    blocks = HeartStream(0, rate_hz=130.0)
    millivolts = np.concatenate(
        [block.scale.millivolts(block.counts) for block, _ in zip(blocks, range(40), strict=False)]
    )
    said = _heart_rates(play(twin, np.rint(millivolts[: 15 * 130] * 1000).astype(np.int32)))
    assert len(said) == 27 - 7  # from the fourth second on, with each frame
    assert {measurement.contact for measurement in said} == {True}
    assert 40 < np.median([measurement.bpm for measurement in said]) < 120


def test_a_signal_that_no_heart_gives_is_an_electrode_off_the_skin():
    twin = _started()
    said = _heart_rates(play(twin, np.arange(0, 14_000, dtype=np.int32)))
    assert [measurement.contact for measurement in said] == [True] * (136 - 7) + [False] * (len(said) - 129)


def test_after_a_reset_it_listens_anew_before_it_says_a_heart_rate():
    twin = _started()
    first, second = (list(frames(twin, RAMP[:730])) for _ in range(2))
    before = [len(_heart_rates(twin.taken(taken))) for taken in first]
    twin.reset()
    assert [len(_heart_rates(twin.taken(taken))) for taken in second] == before
    assert (before[0], before[-1]) == (0, 1)
