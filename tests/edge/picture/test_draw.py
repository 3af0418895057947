import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.picture.draw import draw
from edge.picture.findings import beats_of
from edge.picture.heading import _REASONS, clock
from edge.picture.paper import HEIGHT_MM, MARGIN_MM, PAPER_MM, TRACE_MM
from edge.picture.strip import View
from edge.picture.trace import thinned
from edge.waves.figures import GOOD, Fault, Figure, SecondQuality, Withheld
from edge.waves.marks import BEAT_CLASSES, Rhythm
from edge.waves.track import Grade
from tests.edge.picture.strips import (
    SVG,
    beating,
    drawn,
    ecg,
    letters,
    measurements,
    of_class,
    points,
    reading,
    said,
    sheets,
    strip,
    withheld,
)

HOSTILE = {
    "flat": np.zeros(2560),
    "one sample": np.ones(1),
    "nothing measured": np.full(700, np.nan),
    "one sample among none": np.where(np.arange(700) == 300, 1.0, np.nan),
    "every other sample": np.where(np.arange(700) % 2, 1.0, np.nan),
    "steps of 10 mV": 10.0 * (np.arange(5120) // 300 % 2),
    "rails": 1e4 * np.sign(np.sin(np.arange(2560))),
    "infinite": np.where(np.arange(2560) == 7, np.inf, 0.0),
}


@pytest.mark.parametrize("x", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("rate_hz", [100.0, 1000.0])
def test_the_trace_never_leaves_its_row(x, rate_hz):
    stays_in_its_rows(drawn(strip(x, rate_hz, read=lambda s: reading([1.0], s))))


@settings(max_examples=30)
@given(
    st.floats(100.0, 1000.0),
    st.floats(0.01, 30.0),
    st.sampled_from([0.0, 20.0]),
    st.lists(st.tuples(st.floats(0, 24), st.floats(0, 2)), max_size=4),
)
def test_the_trace_never_leaves_its_row_whatever_the_signal(rate_hz, seconds, millivolts, missing):
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.normal(0.0, 0.05, max(1, round(seconds * rate_hz)))) + millivolts * ecg(seconds + 1, rate_hz)[0]
    for begin_s, duration_s in missing:
        x[round(begin_s * rate_hz) : round((begin_s + duration_s) * rate_hz)] = np.nan
    stays_in_its_rows(drawn(strip(x, rate_hz)))


def stays_in_its_rows(picture):
    rows = points(picture)
    tops = np.array(sheets(picture))
    for row in rows:
        top = tops[tops <= row[:, 1].min()].max()
        assert row[:, 1].max() <= top + HEIGHT_MM
        assert row[:, 0].min() >= TRACE_MM - 0.01
        assert row[:, 0].max() <= MARGIN_MM + PAPER_MM


def test_a_second_is_25_mm_and_a_millivolt_10_mm():
    picture = drawn(beating(10.0))
    row = points(picture)[0]
    peaks = row[row[:, 1] < row[:, 1].min() + 1.0]
    assert np.ptp(peaks[:, 0]) == pytest.approx(9 * 25.0, abs=0.3)
    assert np.median(row[:, 1]) - row[:, 1].min() == pytest.approx(10.0, abs=0.6)


def test_the_picture_states_its_size_in_the_millimetres_it_is_drawn_in():
    picture = drawn(beating(30.0))
    width, height = picture.get("viewBox").split()[2:]
    assert (picture.get("width"), picture.get("height")) == (f"{width}mm", f"{height}mm")


@pytest.mark.parametrize(
    ("millivolts", "stated"),
    [
        (0.2, "25 mm/s, 20 mm/mV (doubled: a small signal), lead II"),
        (1.0, "25 mm/s, 10 mm/mV, lead II"),
        (5.0, "25 mm/s, 5 mm/mV (halved: a large signal), lead II"),
    ],
)
def test_the_gain_suits_the_signal_and_is_stated(millivolts, stated):
    picture = drawn(strip(ecg(12.0, millivolts=millivolts)))
    gain = float(re.search(r"(\d+) mm/mV", stated)[1])
    assert stated in said(picture)
    assert f"v-{gain:g}h5v{gain:g}" in of_class(picture, "pulse")[0].get("d")


def test_what_is_beyond_the_row_is_marked_at_its_edge_and_said():
    picture = drawn(strip(ecg(12.0, millivolts=20.0)))
    assert of_class(picture, "clipped")[0][0].get("d").count("M") == 10
    assert any("red edges" in line for line in said(picture))


def test_rows_hold_ten_seconds_each():
    assert [len(sheets(drawn(strip(ecg(seconds))))) for seconds in (0.5, 10.0, 10.02, 10.5, 30.0)] == [1, 1, 1, 2, 3]


@given(st.integers(501, 4000), st.integers(0, 2000), st.integers(0, 2**32 - 1))
def test_thinning_a_fast_signal_keeps_the_peaks(rate_hz, n, seed):
    x = np.random.default_rng(seed).normal(size=n)
    times_s, kept = thinned(np.arange(n) / rate_hz, x, float(rate_hz))
    assert np.isin(kept, x).all()
    assert (np.diff(times_s) > 0).all()
    if n:
        assert (kept.min(), kept.max()) == (x.min(), x.max())


def test_a_slow_signal_is_drawn_sample_by_sample():
    assert sum(map(len, points(drawn(strip(ecg(20.0, 500.0), 500.0))))) == 10_000


@given(st.lists(st.floats(0.0, 29.9), max_size=40, unique=True), st.data())
@settings(max_examples=30)
def test_there_are_as_many_letters_as_beats_and_each_is_its_class(times_s, data):
    times_s = sorted(times_s)
    n = len(times_s)
    classes = data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    shown = strip(ecg(30.0), read=lambda s: reading(times_s, s, classes))
    assert letters(drawn(shown)) == [str(BEAT_CLASSES[c]) for c in classes] == [str(b.class_) for b in beats_of(shown)]


def test_normal_beats_are_quiet_and_others_are_not():
    groups = of_class(drawn(beating(10.0, [0, 2] * 5)), "beats")
    assert [e.get("class") for e in groups[0]][:2] == ["beat normal", "beat ectopic V"]


def test_a_letter_stands_above_its_r():
    picture = drawn(beating(10.0))
    row = points(picture)[0]
    assert float(of_class(picture, "beats")[0][0].get("x")) == pytest.approx(row[np.argmin(row[:256, 1]), 0], abs=0.1)


def test_intervals_are_said_in_milliseconds_where_there_is_room():
    picture = drawn(strip(ecg(10.0), read=lambda s: reading([1.0, 1.8, 1.95], s)))
    assert [e.text for e in of_class(picture, "rr")] == ["800"]


def test_an_interval_that_begins_before_the_picture_is_said_where_its_middle_is_in_view():
    picture = drawn(beating(30.0, view=View(10.0, 12.0)))
    assert len(of_class(picture, "rr")) == 2


def test_the_middle_of_an_interval_may_lie_before_the_picture():
    picture = drawn(beating(30.0, view=View(10.25, 12.25)))
    assert [e.text for e in of_class(picture, "rr")] == ["1000"]


def test_waves_are_bars_as_long_as_they_last():
    picture = drawn(beating(10.0))
    qrs = next(g for g in of_class(picture, "QRS") if "wave" in g.get("class"))
    assert {float(bar.get("width")) for bar in qrs} == {2.5}


def test_a_wave_that_reaches_over_two_rows_is_drawn_in_both():
    picture = drawn(strip(ecg(20.0), read=lambda s: reading([10.0], s)))
    qrs = next(g for g in of_class(picture, "QRS") if "wave" in g.get("class"))
    assert len({bar.get("y") for bar in qrs}) == 2


def test_seconds_that_are_not_good_have_their_reason_beneath():
    seconds = [
        GOOD,
        SecondQuality(Grade.RATE, Fault.NOISY),
        SecondQuality(Grade.NOTHING, Fault.LEAD_OFF),
        SecondQuality(Grade.RATE, Fault.LOW_AMPLITUDE),
        SecondQuality(Grade.NOTHING, None),
        *[GOOD] * 5,
    ]
    picture = drawn(strip(ecg(10.0), read=lambda s: reading([], s, seconds=seconds)))
    assert [e.text for e in of_class(picture, "why")] == [
        "rate only: noisy",
        "nothing: lead off",
        "low amplitude",
        "nothing",
    ]
    assert [len(of_class(picture, f"q-{grade}")) for grade in ("good", "rate", "nothing")] == [3, 3, 3]


def test_gaps_are_hatched_and_named():
    x = ecg(20.0)
    x[256 * 3 : 256 * 5] = np.nan
    x[256 * 7 : 256 * 7 + 60] = np.nan
    x[256 * 8] = np.nan
    picture = drawn(strip(x))
    assert [e.text for e in of_class(picture, "named")] == ["not measured, 2.0 s", "not measured, 0.2 s"]
    assert len(of_class(picture, "gap")) == 3 + 1  # and in the key


def test_a_stretch_too_short_to_read_says_so():
    x = ecg(20.0)
    x[256 * 12 : 256 * 13] = np.nan
    picture = drawn(strip(x, read=lambda s: reading([], s)))
    assert [e.text for e in of_class(picture, "why")] == ["too short to read (under 10 s)"]


def test_the_head_says_what_was_recorded_when_and_what_was_found():
    start_s = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp()
    lines = said(drawn(beating(30.0, name="rec", start_s=start_s, length_s=3700.0)))
    assert lines[:3] == ["reclead II", "0:00 to 0:30 of 1:01:40", "recording begins 2026-03-04 05:06:07"]
    assert {"sinus rhythm", "61bpm", "162ms", "93ms", "404ms", "406ms", "3 of 3 windows of 10 s"} <= set(lines)


@pytest.mark.parametrize("start_s", [None, 1e300, float("nan")])
def test_a_start_that_is_no_date_is_not_known(start_s):
    assert "start of the recording not known" in said(drawn(beating(10.0, start_s=start_s)))


def test_a_withheld_figure_is_a_dash_with_its_reason():
    window = measurements(pr_ms=withheld(Withheld.AF), rhythm=Rhythm.AF, qt_ms=Figure(400.0, None, 9))
    lines = said(drawn(strip(ecg(10.0), read=lambda s: reading([], s, windows=[window]))))
    assert {"atrial fibrillation", "-", "has no meaning in AF"} <= set(lines)


def test_every_reason_to_withhold_a_figure_has_words():
    assert set(_REASONS) == set(Withheld)


def test_the_foot_names_the_pack_and_says_what_this_is_not():
    assert said(drawn(beating(10.0)))[-2:] == ["Read by waves 1.0.0.", "Not a medical device."]


def test_without_a_reading_there_is_only_the_trace_and_no_word_of_marks():
    picture = drawn(strip(ecg(10.0)))
    assert [of_class(picture, name) for name in ("beats", "wave", "quality", "value")] == [[], [], [], []]
    assert said(picture)[-1] == "Not a medical device."


def test_names_are_escaped_and_long_ones_shortened():
    picture = drawn(beating(10.0, name="<&\"'>" * 50, channel="]]>\x00"))
    assert picture.find(f"{SVG}title").text.startswith("<&\"'><")
    assert "…" in said(picture)[0]


def test_a_picture_needs_no_other_file_and_runs_nothing():
    svg = draw(beating(30.0))
    assert re.findall(r"<script|<image|@import|href=\"(?!#)|url\((?!#)|\son\w+=", svg) == []


def test_seconds_are_said_from_the_recordings_first_sample():
    picture = drawn(beating(40.0, view=View(18.5, 21.0)))
    assert [e.text for e in of_class(picture, "time")] == ["0:19", "0:20", "0:21"]


def test_a_clock_counts_hours_where_there_are_any():
    assert [clock(s) for s in (0.0, 59.9999999, 61.0, 3600.0)] == ["0:00", "1:00", "1:01", "1:00:00"]
