import numpy as np
import pytest
from rich.console import Console

from ble_gateway.cli.scene import Scene
from ble_gateway.link import Link
from ble_gateway.radio import ADAPTER, Wanted
from ble_gateway.stream import SCALE, H10Stream
from edge.outcome import Estimated, HeartRate, LabEstimate, Limit, OverBudget, Rejected, Rejection, Span
from edge.signal import Gap, GapReason, SampleBlock

SPAN = Span(0, 1300, 0.0, 10.0, 0.001)
ESTIMATED = Estimated(
    SPAN,
    21.0,
    HeartRate(72.3, 12),
    (LabEstimate("k", "potassium high", 0.75, True),),
    "a pack DEMONSTRATION",
    "xnnpack",
)


def _scene(**options):
    link = Link(ADAPTER, Wanted())
    return Scene("a title", "a notice", pack="a pack DEMONSTRATION", link=link, stream=H10Stream(), **options)


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
    assert "quality 21 dB" in drawn
    assert "potassium high" in drawn
    assert "75%" in drawn
    assert "4711 sent" in drawn


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Rejected(SPAN, Rejection.FLAT, "does not move"), "window rejected: flat"),
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
