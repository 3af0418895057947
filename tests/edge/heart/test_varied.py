"""What must hold for every window of the heart with arrhythmias."""

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.heart import VariedHeart, VariedWindows
from edge.heart.draws import Numbers
from edge.heart.rhythms import SHARES, plan_window
from edge.waves.marks import BEAT_CLASSES, RHYTHMS, BeatClass, Rhythm
from edge.waves.track import Segment

N_WINDOWS = 2000
seeds = st.integers(0, 2**32)
WAVES = ("p_on_s", "p_peak_s", "p_off_s", "qrs_on_s", "r_s", "qrs_off_s", "t_on_s", "t_peak_s", "t_off_s")


@pytest.fixture(scope="module")
def many() -> VariedWindows:
    return VariedHeart(11).windows(np.arange(N_WINDOWS))


def of_class(windows: VariedWindows, beat_class: BeatClass) -> np.ndarray:
    return windows.classes == BEAT_CLASSES.index(beat_class)


def in_rhythm(windows: VariedWindows, rhythm: Rhythm) -> np.ndarray:
    return windows.rhythms == RHYTHMS.index(rhythm)


def assert_same(one: VariedWindows, other: VariedWindows) -> None:
    for field in fields(VariedWindows):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def row_of(windows: VariedWindows, row: int) -> VariedWindows:
    values = {f.name: getattr(windows, f.name) for f in fields(VariedWindows)}
    return VariedWindows(**{n: v if n == "rate_hz" else v[row : row + 1] for n, v in values.items()})


@settings(deadline=None, max_examples=15)
@given(seed=seeds, indices=st.lists(st.integers(0, 10**6), min_size=2, max_size=9))
def test_a_window_depends_on_its_own_index_only(seed: int, indices: list[int]) -> None:
    together = VariedHeart(seed).windows(np.array(indices))
    assert_same(row_of(together, 1), VariedHeart(seed).windows(np.array(indices[1:2])))


def test_a_seed_gives_the_same_samples_again_and_another_seed_others(many: VariedWindows) -> None:
    rows = np.arange(150)
    again, other = VariedHeart(11).windows(rows), VariedHeart(12).windows(rows)
    np.testing.assert_array_equal(again.millivolts, many.millivolts[:150])
    assert not np.any(np.all(other.millivolts == again.millivolts, axis=1))


def test_no_windows_can_be_asked_for() -> None:
    none = VariedHeart().windows(np.arange(0))
    assert len(none) == 0
    assert none.millivolts.shape == (0, 2560)


@settings(deadline=None, max_examples=15)
@given(seed=seeds, rate_hz=st.sampled_from([125.0, 250.0, 360.0, 512.0]))
def test_the_rate_changes_sampling_and_not_truth(seed: int, rate_hz: float) -> None:
    one, other = (VariedHeart(seed).windows(np.arange(8), rate_hz=rate) for rate in (256.0, rate_hz))
    for name in (*WAVES, "classes", "rhythms"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert other.millivolts.shape == other.segments.shape == (8, round(10.0 * rate_hz))


def test_twice_the_rate_has_every_sample_of_the_once() -> None:
    once, twice = (VariedHeart(3).windows(np.arange(30), rate_hz=rate) for rate in (250.0, 500.0))
    # Gaussians end at 4 widths, where they are 0.03 % of their height; up to a sample earlier or later.
    np.testing.assert_allclose(twice.millivolts[:, ::2], once.millivolts, atol=3e-3)
    np.testing.assert_array_equal(twice.segments[:, ::2], once.segments)


@settings(deadline=None, max_examples=10)
@given(seed=seeds, duration_s=st.sampled_from([1.0, 4.0, 30.0]))
def test_any_duration_can_be_asked_for(seed: int, duration_s: float) -> None:
    windows = VariedHeart(seed).windows(np.arange(40), duration_s=duration_s)
    assert windows.millivolts.shape == (40, round(256.0 * duration_s))
    assert np.isfinite(windows.millivolts).all()
    assert np.nanmax(windows.r_s) < duration_s


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_waves_of_a_beat_are_in_order_and_come_whole(seed: int) -> None:
    windows = VariedHeart(seed).windows(np.arange(100))
    for name in ("p", "qrs", "t"):
        middle = windows.r_s if name == "qrs" else getattr(windows, f"{name}_peak_s")
        times = [getattr(windows, f"{name}_on_s"), middle, getattr(windows, f"{name}_off_s")]
        there = np.isfinite(middle)
        assert all(np.array_equal(np.isfinite(time), there) for time in times)
        assert all(np.all(a[there] < b[there]) for a, b in pairwise(times))
    along = np.stack([getattr(windows, name) for name in WAVES], axis=2).reshape(100, -1)
    for row in along:
        steps = np.diff(row[np.isfinite(row)])
        assert steps.min() > -1e-9


def test_beats_stand_left_in_their_rows_and_have_a_class(many: VariedWindows) -> None:
    there = np.isfinite(many.r_s)
    assert np.array_equal(there, many.classes >= 0)
    assert np.all(np.diff(there.astype(int), axis=1) <= 0)
    assert np.nanmin(many.r_s) >= 0.0
    assert np.nanmax(many.r_s) < 10.0


def test_segments_agree_with_the_marks(many: VariedWindows) -> None:
    for name, segment in (("p", Segment.P), ("qrs", Segment.QRS), ("t", Segment.T)):
        on, off = getattr(many, f"{name}_on_s"), getattr(many, f"{name}_off_s")
        row, column = np.nonzero((on > 0.0) & (off < 9.9))
        for place, edge in ((on[row, column] + 0.006, "onset"), (off[row, column] - 0.006, "end")):
            said = many.segments[row, np.round(place * many.rate_hz).astype(int)]
            assert np.mean(said == segment) > 0.995, (name, edge)


def test_without_blocked_beats_each_p_segment_belongs_to_a_beat(many: VariedWindows) -> None:
    sinus = in_rhythm(many, Rhythm.SINUS)
    inner = many.segments[sinus][:, 256:-256] == Segment.P
    segments = (np.diff(inner.astype(int), axis=1) == 1).sum()
    marked = ((many.p_on_s[sinus] > 1.0) & (many.p_on_s[sinus] < 9.0)).sum()
    assert segments == pytest.approx(marked, rel=0.01)


def test_a_blocked_p_is_a_segment_without_a_beat() -> None:
    blocked = [i for i in range(3000) if len(plan_window(11, i, 10.0).blocked_p_s) > 2][:20]
    windows = VariedHeart(11).windows(np.array(blocked))
    segments = (np.diff((windows.segments == Segment.P).astype(int), axis=1) == 1).sum()
    assert segments > 1.2 * np.isfinite(windows.p_on_s).sum()
    assert set(windows.rhythms.tolist()) == {RHYTHMS.index(Rhythm.OTHER)}


def test_fibrillation_has_no_p_and_irregular_intervals(many: VariedWindows) -> None:
    af = in_rhythm(many, Rhythm.AF)
    assert np.isnan(many.p_peak_s[af]).all()
    assert not np.any(many.segments[af] == Segment.P)
    rr_s = np.diff(many.r_s[af], axis=1)
    assert np.median(np.nanstd(rr_s, axis=1) / np.nanmean(rr_s, axis=1)) == pytest.approx(0.23, abs=0.05)


def test_ventricular_beats_are_early_and_wide_and_have_no_p(many: VariedWindows) -> None:
    sinus = in_rhythm(many, Rhythm.SINUS)[:, None]
    v, n = of_class(many, BeatClass.VENTRICULAR) & sinus, of_class(many, BeatClass.NORMAL) & sinus
    width_s, rr_s = many.qrs_off_s - many.qrs_on_s, np.diff(many.r_s, axis=1)
    assert np.isnan(many.p_peak_s[v]).all()
    assert width_s[v].min() > 0.119
    assert width_s[v].max() < 0.201
    assert np.median(width_s[n]) < 0.1
    assert np.nanmedian(rr_s[v[:, 1:]]) < 0.75 * np.nanmedian(rr_s[n[:, 1:]])


def test_supraventricular_ectopic_beats_are_early(many: VariedWindows) -> None:
    s = of_class(many, BeatClass.SUPRAVENTRICULAR)[:, 1:-1]
    rr_s = np.diff(many.r_s, axis=1)
    early = rr_s[:, :-1][s] < 0.95 * rr_s[:, 1:][s]
    assert early[np.isfinite(rr_s[:, 1:][s])].mean() > 0.95


def test_fusion_beats_have_a_p_and_lie_between(many: VariedWindows) -> None:
    f = of_class(many, BeatClass.FUSION)
    width_s = many.qrs_off_s - many.qrs_on_s
    assert np.isfinite(many.p_peak_s[f]).mean() > 0.85
    assert np.median(width_s[f]) < np.median(width_s[of_class(many, BeatClass.VENTRICULAR)])


def test_paced_beats_begin_at_a_spike() -> None:
    paced = [i for i in range(400) if plan_window(11, i, 10.0).beats[5].form == 5]
    windows = VariedHeart(11).windows(np.array(paced), rate_hz=2000.0)
    q = of_class(windows, BeatClass.UNKNOWN)
    row, column = np.nonzero(q & (windows.qrs_on_s > 0.01) & (windows.qrs_off_s < 9.9))
    steps = np.abs(np.diff(windows.millivolts, axis=1))
    begin = np.round(windows.qrs_on_s[row, column] * 2000.0).astype(int)
    around = steps[row[:, None], begin[:, None] + np.arange(14)].max(axis=1)
    later = steps[row[:, None], begin[:, None] + np.arange(60, 200)].max(axis=1)
    assert np.median(around / later) > 2.0


def test_intervals_stay_within_the_range(many: VariedWindows) -> None:
    rr_s = np.diff(many.r_s, axis=1)
    assert np.nanmin(rr_s) > 0.22
    assert np.nanmax(rr_s) < 4.6
    typical_bpm = 60.0 / np.nanmedian(rr_s[in_rhythm(many, Rhythm.SINUS)], axis=1)
    assert np.median(typical_bpm) == pytest.approx(77.0, abs=8.0)
    assert np.quantile(typical_bpm, 0.005) > 33.0
    assert np.quantile(typical_bpm, 0.995) < 190.0


def test_every_class_and_rhythm_occurs_in_its_share(many: VariedWindows) -> None:
    assert set(np.unique(many.classes)) == {-1, 0, 1, 2, 3, 4}
    sinus, af, other = np.bincount(many.rhythms, minlength=len(RHYTHMS)) / N_WINDOWS
    assert sinus == pytest.approx(0.68, abs=0.04)
    assert af == pytest.approx(0.13, abs=0.03)
    assert other == pytest.approx(0.19, abs=0.04)
    assert sum(share for share, _ in SHARES) == pytest.approx(1.0)


def test_the_largest_deflection_is_at_r(many: VariedWindows) -> None:
    row, column = np.nonzero((many.r_s > 0.2) & (many.r_s < 9.8) & of_class(many, BeatClass.NORMAL))
    on, r, off = (
        np.round(times[row, column] * many.rate_hz).astype(int) for times in (many.qrs_on_s, many.r_s, many.qrs_off_s)
    )
    near = 0
    for window, first, main, last in zip(row, on, r, off, strict=True):
        line = many.millivolts[window, first]
        inside = np.abs(many.millivolts[window, first : last + 1] - line)
        near += np.abs(many.millivolts[window, max(main - 3, 0) : main + 4] - line).max() > 0.8 * inside.max()
    assert near / row.size > 0.97


def test_heights_are_those_of_an_electrocardiogram(many: VariedWindows) -> None:
    height = np.ptp(many.millivolts, axis=1)
    assert height.min() > 0.1
    assert height.max() < 10.0
    assert 0.7 < np.median(height) < 2.0


def test_shapes_cannot_take_more_numbers_than_there_are() -> None:
    numbers = Numbers(np.zeros((2, 3)))
    assert numbers.uniform(3).shape == (2, 3)
    with pytest.raises(ValueError, match="more numbers"):
        numbers.uniform()
