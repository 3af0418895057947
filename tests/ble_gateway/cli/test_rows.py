import io

import numpy as np
import pytest
from bleak.backends.device import BLEDevice
from rich.console import Console

from ble_gateway.cli.rows import Rows
from ble_gateway.link import Link, LinkState
from ble_gateway.radio import Sighting, adapter
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import set_up
from ble_gateway.wearables.heart_rate import (
    BATTERY_LEVEL,
    HEART_RATE_MEASUREMENT,
    HeartRateMeasurement,
    encode_heart_rate,
)
from ble_gateway.wearables.wearable import Received
from edge.outcome import Estimated, HeartRate, LabEstimate, Limit, OverBudget, Rejected, Rejection, Span
from edge.signal import SampleBlock, Scale
from tests.edge.measured import MEASURED

SPAN = Span(0, 1300, 0.0, 10.0, 0.001)
ESTIMATED = Estimated(
    SPAN, HeartRate(72.3, 12), MEASURED, (LabEstimate("k", "potassium high", 0.7, True),), "pack", "xnnpack"
)
BLOCK = SampleBlock(np.zeros(65, np.int32), Scale(0.001), 130.0, 0, 1e9, 1 / 130)


def _row(name, kind="polar-h10"):
    wearable = set_up(kind)
    device = BLEDevice("F0:5E:ED:00:00:01", name, None)
    link = Link(adapter(), Sighting(device, name, -60, wearable), wearable, clock=lambda: 0.0)
    return link, Stream(wearable), None


def _drawn(rows, width=120):
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(rows)
    return console.file.getvalue()


def _line(rows, name):
    return next(line for line in _drawn(rows).splitlines() if name in line)


def _two():
    streams = [_row("Polar H10 5EED0001"), _row("HRM 5EED0002", "heart-rate")]
    return Rows("anyecg run", "Not a medical device.", streams), streams


def test_each_wearable_has_a_row_under_title_and_notice():
    rows, _ = _two()
    drawn = _drawn(rows)
    for words in (
        "anyecg run",
        "Not a medical device.",
        "Polar H10 5EED0001",
        "HRM 5EED0002",
        "searching",
        "last window",
    ):
        assert words in drawn


@pytest.mark.parametrize("state", LinkState)
def test_a_row_says_where_its_link_stands(state):
    rows, streams = _two()
    streams[1][0].state = state
    assert str(state) in _line(rows, "HRM 5EED0002")


def test_a_row_shows_charge_the_wearables_own_heart_rate_and_what_came():
    rows, streams = _two()
    stream = streams[1][1]
    stream.feed(Received(BATTERY_LEVEL, bytes([87]), 0.0))
    stream.feed(Received(HEART_RATE_MEASUREMENT, encode_heart_rate(HeartRateMeasurement(61)), 0.0))
    line = _line(rows, "HRM 5EED0002")
    assert "87 %" in line
    assert "61 bpm" in line
    assert "bpm" not in _line(rows, "Polar H10 5EED0001")


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (ESTIMATED, "estimated, sinus"),
        (Rejected(SPAN, Rejection.GAP, "a gap"), "rejected: gap"),
        (Rejected(SPAN, Rejection.MOTION, "", MEASURED), "72 bpm"),
        (OverBudget(SPAN, Limit.RESIDENT_MEMORY, 300.0, 200.0, 10.0), "over budget: resident_mb"),
    ],
)
def test_the_last_window_is_told_in_its_own_row_and_counted(outcome, says):
    rows, _ = _two()
    rows.observers[0](BLOCK, (ESTIMATED, outcome))
    rows.observers[0](BLOCK, ())
    assert says in _line(rows, "Polar H10 5EED0001")
    assert " 2 " in _line(rows, "Polar H10 5EED0001")
    assert says not in _line(rows, "HRM 5EED0002")


def test_a_measured_heart_rate_takes_the_place_of_the_wearables_own():
    rows, streams = _two()
    streams[0][1].feed(Received(HEART_RATE_MEASUREMENT, encode_heart_rate(HeartRateMeasurement(61)), 0.0))
    rows.observers[0](BLOCK, (ESTIMATED,))
    assert "72 bpm" in _line(rows, "Polar H10 5EED0001")


def test_lost_samples_are_shown():
    rows, streams = _two()
    streams[0][1].lost["disconnected"] += 4711
    assert "4711" in _line(rows, "Polar H10 5EED0001")


def test_a_name_is_shown_as_it_is_and_never_as_markup():
    rows = Rows("title", "notice", [_row("Polar H10 [/] [red]x"), _row("B")])
    assert "Polar H10 [/] [red]x" in _drawn(rows)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_rows_are_drawn_at_any_width(width):
    rows, _ = _two()
    assert max(map(len, _drawn(rows, width).splitlines())) <= width
