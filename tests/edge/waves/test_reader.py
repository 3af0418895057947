"""Windows and recordings through the shipped waves pack: laws on what can be read, and a list of what cannot."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from edge.heart import Heart, VariedHeart
from edge.loop import InferenceLoop
from edge.model import open_model
from edge.outcome import Estimated, Rejected, Rejection
from edge.recording.source import INVALID_COUNT, TENTH_MICROVOLT, Recording, counts_of_millivolts
from edge.waves.figures import Fault
from edge.waves.reader import resampled
from edge.waves.track import RATE_HZ, Grade
from edge.windowing import Window, Windower
from tests.edge.signals import heartbeat, stream
from tests.edge.waves.shipped import read, reader

BEAT_S, RATE_BPM, INTERVAL_MS = 0.020, 1.0, 12.0
"""What may change: a beat moves by less than QRS is wide at its top; the mean of ten seconds by less than a beat missed
at its end would move it; an interval by three samples of the network's 256 a second."""
MOST = 0.9
"""Share of windows for which a law on intervals must hold: a wave that is only just seen may be lost, as int8 rounds.

With the pack of November 2026 rescaling and offsets change nothing at all, resampling moves intervals by 0.7 ms in the
middle of windows and 3 ms at most, and inversion by 2 ms in the middle, more than 12 ms in 3 % of windows."""
ONE_BEAT_MISSED = 0.15
"""Of a rate of 54 a minute, of which a window has nine beats."""
EDGE_S = 0.3
"""Beats nearer to an end of a window may be cut off there."""
INTERVALS = ("pr_ms", "qrs_ms", "qt_ms")
T = np.arange(5000) / 500.0
CLEAN = heartbeat(10.0)
SWING = float(np.ptp(CLEAN))


@cache
def hearts(rate_hz=1000.0):
    """Windows without noise of usual hearts and of all kinds, whose waves can be read; mV, float64."""
    keys = np.column_stack([np.arange(20), np.zeros(20, int), np.zeros(20, int)])
    usual = Heart(3).windows(keys, rate_hz=rate_hz, duration_s=10.0).millivolts
    varied = VariedHeart(3).windows(np.arange(40), rate_hz=rate_hz).millivolts
    return [
        x for x in np.concatenate([usual, varied]).astype(np.float64) if read(x, rate_hz).quality.grade is Grade.WAVES
    ]


@cache
def as_they_are():
    return [read(x[::2]) for x in hearts()]


def beats_s(marks):
    return marks.r / RATE_HZ


def share_the_same(others, held):
    """Share of the windows for which something holds between the reading and that of the window changed."""
    pairs = [(one, other) for one, other in zip(as_they_are(), others, strict=True) if other.measurements]
    assert len(pairs) >= 0.9 * len(others)
    return np.mean([held(one, other) for one, other in pairs])


def same_beats(one, other):
    """Whether the beats of the inner part of each window are among those of the other."""
    a, b = beats_s(one.marks), beats_s(other.marks)
    return all(
        np.abs(at - theirs).min(initial=np.inf) <= BEAT_S
        for ours, theirs in ((a, b), (b, a)) for at in ours if EDGE_S < at < 10 - EDGE_S
    )  # fmt: skip


def same_rate(one, other):
    a, b = one.measurements.heart_rate_bpm.value, other.measurements.heart_rate_bpm.value
    return abs(a - b) <= RATE_BPM


def same_intervals(one, other):
    """Whether the intervals that both have agree, and few are withheld from one alone."""
    pairs = [(getattr(one.measurements, k).value, getattr(other.measurements, k).value) for k in INTERVALS]
    return all((a is None) == (b is None) and (a is None or abs(a - b) <= INTERVAL_MS) for a, b in pairs)


def slower(x, up, down):
    """1000 Hz at another rate."""
    return signal.resample_poly(x - x[0], up, down, padtype="edge") + x[0]


CHANGES = {
    "a fifth as high": lambda x: read(0.2 * x[::2]),
    "twice as high": lambda x: read(2.0 * x[::2]),
    "off by 7 mV": lambda x: read(x[::2] + 7.3),
    "upside down": lambda x: read(-x[::2]),
    "at 250 Hz": lambda x: read(slower(x, 1, 4), 250.0),
    "at 360 Hz": lambda x: read(slower(x, 9, 25), 360.0),
    "at 1000 Hz": lambda x: read(x, 1000.0),
}


@cache
def changed(how):
    return [CHANGES[how](x) for x in hearts()]


def test_most_synthetic_windows_without_noise_can_be_read():
    assert len(hearts()) >= 0.85 * 60


@pytest.mark.parametrize("how", CHANGES)
def test_the_same_heart_has_the_same_beats(how):
    assert share_the_same(changed(how), same_beats) >= 0.95


@pytest.mark.parametrize("how", CHANGES)
def test_the_same_heart_has_the_same_rate(how):
    assert share_the_same(changed(how), same_rate) >= 0.95


@pytest.mark.parametrize("how", CHANGES)
def test_the_same_heart_has_the_same_intervals(how):
    assert share_the_same(changed(how), same_intervals) >= MOST


@given(st.integers(0, 39), st.floats(0.2, 5.0), st.floats(-50.0, 50.0))
@settings(max_examples=40)
def test_neither_gain_nor_offset_changes_anything_unless_it_is_refused(which, gain, offset_mv):
    """All is in float64 until the signal has its usual height, so that int8 rounds a handful of samples otherwise."""
    x = hearts()[which % len(hearts())][::2]
    one, other = read(x), read(gain * x + offset_mv)
    if gain * np.ptp(x) > 20.0:
        assert other.quality.fault is Fault.LEAD_OFF
    elif gain * np.ptp(x) > 0.05:
        assert same_beats(one, other)
        assert same_rate(one, other)


def long_heart(seconds, rate_hz=500.0, subject=1):
    return heartbeat(seconds, rate_hz=rate_hz, subject=subject)


@given(st.integers(0, 4 * 500), st.integers(0, 4 * 500))
@settings(max_examples=15)
def test_where_a_stream_is_cut_changes_no_beat_in_its_middle(less_before, less_after):
    x = long_heart(30.0)
    whole = beats_s(reader().read_recording(x, 500.0).marks)
    part = x[less_before : x.size - less_after]
    found = beats_s(reader().read_recording(part, 500.0).marks) + less_before / 500.0
    inner = [r[(r > 5.0) & (r < 25.0)] for r in (whole, found)]
    np.testing.assert_allclose(*inner, atol=BEAT_S)


@given(st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=15)
def test_what_stands_before_and_behind_a_stretch_changes_no_beat_in_it(before, after):
    x = long_heart(20.0)
    padded = np.pad(x, (before, after), mode="edge")
    found = beats_s(reader().read_recording(padded, 500.0).marks) - before / 500.0
    inner = [r[(r > 2.0) & (r < 18.0)] for r in (beats_s(reader().read_recording(x, 500.0).marks), found)]
    np.testing.assert_allclose(*inner, atol=BEAT_S)


@pytest.mark.parametrize("subject", range(6))
def test_the_beats_of_a_recording_are_those_of_the_heart(subject):
    made = Heart(1).windows(np.array([[subject, 0, 0]]), duration_s=47.3)
    r_s = made.truth.r_peak_s[0]
    found = beats_s(reader().read_recording(made.millivolts[0], 500.0).marks)
    inner = r_s[np.isfinite(r_s) & (r_s > EDGE_S) & (r_s < 47.0)]
    assert max(np.abs(found - at).min() for at in inner) <= 2 * BEAT_S
    assert len(found) <= np.isfinite(r_s).sum()


def test_a_recording_of_ten_seconds_is_read_as_a_window_is():
    alone, whole = read(CLEAN), reader().read_recording(CLEAN, 500.0)
    np.testing.assert_array_equal(whole.marks.r, alone.marks.r)
    assert whole.windows[0].quality == alone.quality


def test_a_recordings_windows_follow_one_another_and_leave_the_rest_out():
    spans = [w.span for w in reader().read_recording(long_heart(36.0), 500.0).windows]
    assert [(s.first_index, s.n_samples, s.start_s) for s in spans] == [(5000 * i, 5000, 10.0 * i) for i in range(3)]


def test_a_recordings_track_and_seconds_are_as_long_as_it_is():
    reading = reader().read_recording(long_heart(36.7), 500.0)
    assert (reading.track.n_samples, len(reading.track.beats), len(reading.seconds)) == (9396, 2349, 36)


@pytest.mark.parametrize("part", ["segments", "beats", "rhythms", "grades"])
def test_what_overlapping_windows_say_stays_a_probability(part):
    track = reader().read_recording(long_heart(33.1), 500.0).track
    np.testing.assert_allclose(getattr(track, part).sum(axis=1), 1.0, atol=1e-5)


def test_a_reader_names_its_pack():
    assert reader().label == reader().model.pack.manifest.label


@given(st.floats(-1e3, 1e3), st.sampled_from([100.0, 125.0, 130.0, 200.0, 360.0, 500.0, 512.0, 1000.0]))
@settings(max_examples=30)
def test_a_constant_stays_a_constant_at_every_rate(millivolts, rate_hz):
    x = resampled(np.full(round(3 * rate_hz), millivolts), rate_hz)
    np.testing.assert_allclose(x, millivolts, atol=1e-9 + 1e-12 * abs(millivolts))


def test_what_is_at_the_networks_rate_is_not_touched():
    x = heartbeat(10.0, rate_hz=RATE_HZ)
    assert resampled(x, RATE_HZ) is x


# What cannot be read, or only just: an answer or a stated refusal, never an exception, never a figure of nothing.


def answered(x, rate_hz=500.0, **facts):
    """The reading of a window, checked: a grade, and figures only where there is one."""
    reading = read(np.asarray(x, np.float64), rate_hz, **facts)
    if reading.quality.grade is Grade.NOTHING:
        assert reading.measurements is None
        assert reading.quality.fault is not None
        assert reading.quality.detail
    else:
        assert 15.0 < reading.measurements.heart_rate_bpm.value < 330.0
    return reading


def answered_as_a_recording(x, rate_hz=500.0):
    reading = reader().read_recording(np.asarray(x, np.float64), rate_hz)
    for window in reading.windows:
        assert (window.measurements is None) == (window.quality.grade is Grade.NOTHING)
    assert np.all((reading.marks.r >= 0) & (reading.marks.r <= reading.marks.n_samples - 1))
    return reading


def gaussians(bpm, *, width_s=0.010, height_mv=1.0, seconds=10.0, first_s=0.1):
    """QRS complexes and nothing else."""
    t = np.arange(round(seconds * 500)) / 500.0
    beats = np.arange(first_s, seconds, 60.0 / bpm)
    return height_mv * np.exp(-0.5 * ((t[:, None] - beats) / width_s) ** 2).sum(axis=1)


@given(st.floats(100.0, 1000.0))
@settings(max_examples=25)
def test_any_sample_rate_of_wearables_is_read(rate_hz):
    n = round(10 * rate_hz)
    x = np.interp(np.arange(n) / rate_hz, np.arange(20_000) / 2000.0, heartbeat(10.0, rate_hz=2000.0))
    expected = answered(CLEAN).measurements.heart_rate_bpm.value
    assert answered(x, rate_hz).measurements.heart_rate_bpm.value == pytest.approx(expected, abs=RATE_BPM)


@given(st.floats(-1e4, 1e4), st.floats(1.0, 25.0))
@settings(max_examples=25)
def test_a_constant_is_flat_whatever_it_is_and_however_long(millivolts, seconds):
    x = np.full(round(500 * seconds), millivolts)
    assert answered(x).quality.fault is Fault.FLAT
    assert len(answered_as_a_recording(x).marks) == 0


@given(st.integers(500, 4500), st.sampled_from([-10.0, 10.0]))
@settings(max_examples=25)
def test_a_step_of_10_mv_in_a_heartbeat_leaves_its_rate_or_is_refused(at, step_mv):
    x = CLEAN.copy()
    x[at:] += step_mv
    reading = answered(x)
    if reading.measurements:
        expected = answered(CLEAN).measurements.heart_rate_bpm.value
        assert reading.measurements.heart_rate_bpm.value == pytest.approx(expected, rel=ONE_BEAT_MISSED)


@given(st.integers(250, 4750), st.sampled_from([-10.0, 10.0]))
@settings(max_examples=25)
def test_a_step_of_10_mv_without_a_heart_is_no_heart(at, step_mv):
    assert answered(np.where(np.arange(5000) < at, 0.0, step_mv)).measurements is None


@pytest.mark.parametrize("x", [gaussians(5.0), gaussians(5.0, first_s=5.0), heartbeat(0.8), heartbeat(1.0)])
def test_a_window_of_one_beat_has_no_rate(x):
    reading = answered(x)
    assert reading.measurements is None
    assert len(reading.marks) <= 1


def is_wrong(bpm, width_s, first_s):
    measured = answered(gaussians(bpm, width_s=width_s, first_s=first_s)).measurements
    return measured is not None and abs(measured.heart_rate_bpm.value - bpm) > 10.0


@given(st.floats(0.0, 0.19), st.floats(0.007, 0.015))
@settings(max_examples=15)
def test_250_beats_a_minute_are_counted(first_s, width_s):
    x = gaussians(250.0, width_s=width_s, first_s=first_s)
    assert answered(x).measurements.heart_rate_bpm.value == pytest.approx(250.0, abs=3.0)


@given(st.floats(0.0, 0.19), st.floats(0.007, 0.015))
@settings(max_examples=15)
def test_280_beats_a_minute_are_counted_or_refused(first_s, width_s):
    assert not is_wrong(280.0, width_s, first_s)


def test_300_beats_a_minute_are_seldom_miscounted():
    """No network was taught so fast a rhythm: most refuse it, and in one window of fourteen some hear half of it."""
    asked = [(width_s, first_s) for width_s in (0.008, 0.009, 0.010, 0.012) for first_s in np.arange(0.0, 0.2, 0.02)]
    assert np.mean([is_wrong(300.0, *how) for how in asked]) <= 0.15


@given(st.integers(0, 1000), st.floats(0.001, 0.02), st.floats(0.0, 0.1))
@settings(max_examples=25)
def test_asystole_under_a_little_noise_and_wander_has_no_rate(seed, noise_mv, wander_mv):
    noise = np.random.default_rng(seed).normal(0, noise_mv, 5000)
    assert answered(noise + wander_mv * np.sin(2 * np.pi * 0.25 * T + seed)).measurements is None


def test_a_window_in_which_the_heart_stops_is_never_measured():
    x = CLEAN.copy()
    x[2500:] = x[2500] + np.random.default_rng(0).normal(0, 0.002, 2500)
    assert answered(x).quality.grade is not Grade.WAVES


@given(st.floats(0.011, 0.045))
@settings(max_examples=10)
def test_a_heart_of_tens_of_microvolts_is_refused_as_too_low(swing_mv):
    assert answered(CLEAN / SWING * swing_mv).quality.fault is Fault.LOW_AMPLITUDE


@given(st.floats(21.0, 1e4))
@settings(max_examples=10)
def test_a_heart_of_more_than_20_mv_is_refused_as_an_electrode(swing_mv):
    assert answered(CLEAN / SWING * swing_mv).quality.fault is Fault.LEAD_OFF


@given(st.integers(2, 25 * 500))
@settings(max_examples=25)
def test_a_window_of_any_length_is_answered(n):
    x = long_heart(25.0)[:n]
    answered(x)
    answered_as_a_recording(x)


@pytest.mark.parametrize("seconds", [4.0, 7.3, 9.99, 10.01, 12.5, 24.9])
def test_a_readable_window_shorter_or_longer_than_the_networks_has_its_rate(seconds):
    x = long_heart(25.0)
    expected = answered(x[:5000]).measurements.heart_rate_bpm.value
    got = answered(x[: round(500 * seconds)]).measurements.heart_rate_bpm.value
    assert got == pytest.approx(expected, rel=0.1)


def test_an_inverted_lead_has_its_rate():
    expected = answered(CLEAN).measurements.heart_rate_bpm.value
    assert answered(-CLEAN).measurements.heart_rate_bpm.value == pytest.approx(expected, abs=RATE_BPM)


def test_a_lead_of_negative_qrs_has_its_intervals():
    one, other = answered(CLEAN), answered(-CLEAN)
    assert same_intervals(one, other)


@given(st.integers(0, 10_000), st.sampled_from(["white", "walk", "spikes", "square"]), st.floats(-2.0, 2.0))
@settings(max_examples=60)
def test_anything_at_all_is_answered(seed, kind, log_mv):
    random, mv = np.random.default_rng(seed), 10.0**log_mv
    x = {
        "white": lambda: random.normal(0, mv, 5000),
        "walk": lambda: np.cumsum(random.normal(0, mv / 20, 5000)),
        "spikes": lambda: np.where(random.random(5000) < 0.002, mv, 0.0),
        "square": lambda: mv * np.sign(np.sin(2 * np.pi * random.uniform(0.1, 20) * T)),
    }[kind]()
    answered(x)
    answered_as_a_recording(x)


@given(st.integers(0, 10_000), st.floats(0.05, 5.0))
@settings(max_examples=30)
def test_white_noise_has_no_figures(seed, millivolts):
    assert answered(np.random.default_rng(seed).normal(0, millivolts, 5000)).measurements is None


@given(st.booleans(), st.floats(0.011, 1.0))
@settings(max_examples=10)
def test_a_device_that_says_it_is_railed_or_off_is_believed(off, railed):
    facts = {"contact": False} if off else {"railed_fraction": railed}
    assert answered(CLEAN, **facts).quality.fault is (Fault.LEAD_OFF if off else Fault.SATURATED)


holes = st.lists(st.tuples(st.integers(0, 29_000), st.integers(1, 4000)), max_size=4)


@pytest.fixture(scope="module")
def model(small_pack):
    return open_model(small_pack)


def played(model, millivolts):
    """Outcomes of a recording with NaN where nothing was measured, and the gaps its blocks told of."""
    counts = counts_of_millivolts(millivolts)
    recording = Recording("a", "ECG", 500.0, counts.size, TENTH_MICROVOLT, 0.0, lambda begin, end: counts[begin:end])
    loop = InferenceLoop(model, reader(), hop_s=10.0)
    blocks = list(recording.blocks())
    return [o for b in blocks for o in loop.push(b)] + list(loop.finish()), counts


@given(holes)
@settings(max_examples=15)
def test_runs_of_nan_become_gaps_and_no_window_spans_one(model, runs):
    x = long_heart(60.0)
    for begin, n in runs:
        x[begin : begin + n] = np.nan
    outcomes, counts = played(model, x)
    for outcome in outcomes:
        inside = counts[outcome.span.first_index : outcome.span.first_index + outcome.span.n_samples]
        assert isinstance(outcome, Rejected) or not np.any(inside == INVALID_COUNT)
    assert all(o.reason in Rejection for o in outcomes if isinstance(o, Rejected))


def test_what_is_whole_beside_a_run_of_nan_is_read(model):
    x = long_heart(60.0)
    x[10_500:12_000] = np.nan
    kinds = [type(o) for o in played(model, x)[0]]
    assert kinds.count(Estimated) == 5
    assert kinds[2] is Rejected


def test_a_window_of_a_stream_is_read_off_what_the_stream_was_resampled_to():
    counts = np.rint(1e3 * heartbeat(21.0, rate_hz=360.0)).astype(np.int32)
    windower = Windower(500.0, 5000, 10.0)
    _, cut = (window for one in stream(counts, range(360, 7200, 360), rate_hz=360.0) for window in windower.push(one))
    alone = reader().read_window(Window(cut.waves, RATE_HZ, cut.span, 0.0, contact=True))
    streamed = reader().read_window(cut)
    assert (streamed.measurements, streamed.quality) == (alone.measurements, alone.quality)
    np.testing.assert_array_equal(streamed.track.segments, alone.track.segments)
