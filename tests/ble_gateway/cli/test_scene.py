import numpy as np
import pytest
from bleak.backends.device import BLEDevice
from rich.console import Console

from ble_gateway.cli.scene import Scene
from ble_gateway.link import Link
from ble_gateway.radio import Sighting, adapter
from ble_gateway.stream import Stream
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables.polar_h10 import SCALE
from ble_gateway.wearables.wearable import Received
from edge.outcome import (
    Estimated,
    HeartRate,
    LabEstimate,
    Limit,
    OverBudget,
    Rejected,
    Rejection,
    RhythmMeasured,
    Span,
)
from edge.signal import BeatBlock, Gap, GapReason, SampleBlock
from tests.edge.measured import MEASURED

SPAN = Span(0, 1300, 0.0, 10.0, 0.001)
ESTIMATED = Estimated(
    SPAN,
    HeartRate(72.3, 12),
    MEASURED,
    (LabEstimate("k", "potassium high", 0.75, True),),
    "a pack DEMONSTRATION",
    "xnnpack",
)


def _scene(wearable=None, stream=None, **options):
    wearable = wearable or polar_h10.wearable()
    device = BLEDevice("F0:5E:ED:00:00:01", "Polar H10 5EED0001", None)
    link = Link(adapter(), Sighting(device, device.name, -60, wearable), wearable, clock=lambda: 0.0)
    stream = stream or Stream(wearable)
    return Scene("a title", "a notice", pack="a pack DEMONSTRATION", link=link, stream=stream, **options)


def _drawn(scene, width=100):
    console = Console(width=width, record=True, force_terminal=False, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(scene)
        return console.export_text()


def _block(first_index, gap=None, n_samples=73):
    counts = (1000 * np.sin(np.arange(n_samples) / 9)).astype(np.int32)
    return SampleBlock(counts, SCALE, 130.0, first_index, 1e9 + first_index / 130, 1 / 130, 0.001, gap)


def test_before_anything_arrives_the_screen_says_what_it_waits_for():
    drawn = _drawn(_scene())
    assert "waiting for the first window" in drawn
    assert "searching" in drawn
    assert "a notice" in drawn
    assert "a pack DEMONSTRATION" in drawn


def test_an_estimate_is_shown_with_its_pack_and_the_heart_rate():
    scene = _scene(samples_sent=lambda: 4711)
    scene.observe(_block(0), (ESTIMATED,))
    drawn = _drawn(scene)
    assert "72 bpm" in drawn
    assert "sinus, PR 160" in drawn
    assert "potassium high" in drawn
    assert "75%" in drawn
    assert "4711 sent" in drawn


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Rejected(SPAN, Rejection.FLAT, "does not move"), "window rejected: flat"),
        (Rejected(SPAN, Rejection.MOTION, "waves in 5 of 10 s", MEASURED), "72 bpm   window rejected: motion"),
        (OverBudget(SPAN, Limit.LATENCY_P99, 90.0, 50.0, 20.0), "over budget: latency_p99_ms"),
    ],
)
def test_a_window_without_estimate_says_why_and_marks_the_older_estimates_as_such(outcome, says):
    scene = _scene()
    scene.observe(_block(0), (ESTIMATED, outcome))
    drawn = _drawn(scene)
    assert says in drawn
    assert "of an earlier window" in drawn


def test_a_gap_is_a_blank_in_the_strip():
    scene = _scene(speed=1e9)
    scene.observe(_block(0, n_samples=390), ())
    whole = _drawn(scene)
    scene.observe(_block(650, Gap(390, 260, GapReason.DISCONNECTED), n_samples=130), ())
    assert _drawn(scene).count("\u2800") > whole.count("\u2800") * 0.8
    assert "a title" in whole


def test_a_narrow_terminal_is_no_error():
    scene = _scene()
    scene.observe(_block(0), (ESTIMATED,))
    assert _drawn(scene, width=30)


def test_the_screen_says_what_the_wearable_says_and_where_its_link_stands():
    scene = _scene(stream=(stream := Stream(polar_h10.wearable())))
    measured = heart_rate.encode_heart_rate(heart_rate.HeartRateMeasurement(61))
    stream.feed(Received(heart_rate.HEART_RATE_MEASUREMENT, measured, 0.0))
    stream.feed(Received(heart_rate.BATTERY_LEVEL, b"\x57", 0.0))
    drawn = _drawn(scene)
    assert "the wearable says 61 bpm" in drawn
    assert "battery 87 %" in drawn
    assert "link searching   Polar H10 5EED0001" in drawn


def test_rhythm_without_waves_is_drawn_as_steps_and_gives_no_estimates():
    scene = _scene(heart_rate.wearable())
    assert _is_empty(_drawn(scene))
    block = BeatBlock(np.tile([0.8, 1.0], 30), 5, 1e9 + 5, 0.1, Gap(0, 5, GapReason.INFERRED), 4.0)
    measured = RhythmMeasured(SPAN, HeartRate(66.7, 61), 900.0, 101.0, 200.0, 100.0, 60, 0)
    scene.observe(block, (measured,))
    drawn = _drawn(scene)
    assert not _is_empty(drawn)
    for part in ("67 bpm", "RMSSD 200 ms", "SDNN 101 ms", "rhythm only", "last 60 beats, 0.90 s in the middle"):
        assert part in drawn


def _is_empty(drawn):
    """Whether no dot of any strip is set."""
    return not any(0x2800 < ord(character) <= 0x28FF for character in drawn)
