"""What must hold for every window of the synthetic heart."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.heart import SILENT, Heart, Labs, PatchNoise, Windows
from edge.heart.labs import usual_labs

N_SUBJECTS = 60
seeds = st.integers(0, 2**32)


def keys_of(n_subjects: int, draws: int = 1, indices: int = 1) -> np.ndarray:
    grid = np.meshgrid(np.arange(n_subjects), np.arange(draws), np.arange(indices), indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1)


def with_blood(**values: float) -> Labs:
    usual = usual_labs(N_SUBJECTS)
    chosen = {field.name: getattr(usual, field.name) for field in fields(Labs)}
    return Labs(**chosen | {name: np.full(N_SUBJECTS, value) for name, value in values.items()})


def windows_with(**values: float) -> Windows:
    return Heart(7).windows(keys_of(N_SUBJECTS), labs=with_blood(**values))


@pytest.fixture(scope="module")
def clean() -> Windows:
    return Heart(7).windows(keys_of(N_SUBJECTS), labs=usual_labs(N_SUBJECTS))


def first(values: np.ndarray) -> np.ndarray:
    return values[:, 1]


def test_every_r_peak_of_the_truth_is_the_highest_sample_around(clean: Windows) -> None:
    for signal, peaks_s in zip(clean.clean_millivolts, clean.truth.r_peak_s, strict=True):
        for place in peaks_s[np.isfinite(peaks_s)] * clean.rate_hz:
            start = max(round(place) - 30, 0)
            if 30 <= place < signal.size - 30:
                assert abs(start + np.argmax(signal[start : start + 60]) - place) <= 1.0


@pytest.mark.parametrize("wave", ["p", "t"])
def test_every_p_and_t_of_the_truth_is_a_peak_of_the_signal(clean: Windows, wave: str) -> None:
    peaks_s, heights = getattr(clean.truth, f"{wave}_peak_s"), getattr(clean.truth, f"{wave}_mv")
    rested = first(np.diff(clean.truth.r_peak_s, axis=1)) > 0.7
    for signal, peak_s, height in zip(
        clean.clean_millivolts[rested], first(peaks_s)[rested], first(heights)[rested], strict=True
    ):
        place = round(peak_s * clean.rate_hz)
        around = signal[place - 12 : place + 13]
        assert abs(np.argmax(around) - 12) <= 2
        assert around.max() == pytest.approx(height, rel=0.05, abs=0.005)


def test_a_beat_stands_outside_the_baseline_only_between_its_onset_and_end(clean: Windows) -> None:
    truth, row = clean.truth, int(np.argmin(clean.traits.heart_rate_bpm))
    quiet = clean.clean_millivolts[row][
        int(truth.t_offset_s[row, 1] * 500) + 40 : int(truth.p_onset_s[row, 2] * 500) - 10
    ]
    assert quiet.size > 20
    assert np.abs(quiet).max() < 0.01


def test_intervals_of_the_truth_are_those_of_the_traits(clean: Windows) -> None:
    interval_s = 60.0 / clean.traits.heart_rate_bpm
    truth = clean.truth
    np.testing.assert_allclose(first(truth.qt_s), clean.traits.qtc_ms * 1e-3 * interval_s ** (1 / 3), atol=1e-9)
    np.testing.assert_allclose(first(truth.pr_s), clean.traits.pr_ms * 1e-3 * interval_s**0.25, atol=1e-9)
    np.testing.assert_allclose(first(truth.qrs_s), clean.traits.qrs_ms * 1e-3, atol=1e-9)


def test_waves_of_a_beat_come_in_order(clean: Windows) -> None:
    truth = clean.truth
    names = (
        "p_onset",
        "p_peak",
        "p_offset",
        "qrs_onset",
        "q_peak",
        "r_peak",
        "s_peak",
        "qrs_offset",
        "t_peak",
        "t_offset",
    )
    times = np.stack([first(getattr(truth, f"{name}_s")) for name in names])
    assert (np.diff(times, axis=0) > 0).all()


def test_beats_come_at_the_subjects_rate_and_with_its_variability() -> None:
    long = Heart(7).windows(keys_of(12), duration_s=240.0, rate_hz=50.0)
    intervals_s = np.diff(long.truth.r_peak_s, axis=1)
    mean_s, sdnn_s = np.nanmean(intervals_s, axis=1), np.nanstd(intervals_s, axis=1)
    np.testing.assert_allclose(60.0 / mean_s, long.traits.heart_rate_bpm, rtol=0.02)
    np.testing.assert_allclose(sdnn_s, long.traits.sdnn_ms * 1e-3, rtol=0.25)


def test_heart_rate_variability_lies_at_a_tenth_of_a_hertz_and_at_the_breathing() -> None:
    long = Heart(7).windows(keys_of(8), duration_s=400.0, rate_hz=50.0)
    for peaks_s, breaths_hz in zip(long.truth.r_peak_s, long.traits.respiratory_hz, strict=True):
        beats_s = peaks_s[np.isfinite(peaks_s)]
        even_s = np.arange(beats_s[1], beats_s[-1], 0.25)
        tachogram = np.interp(even_s, beats_s[1:], np.diff(beats_s))
        power = np.abs(np.fft.rfft((tachogram - tachogram.mean()) * np.hanning(even_s.size))) ** 2
        hz = np.fft.rfftfreq(even_s.size, 0.25)
        bands = (np.abs(hz - 0.1) < 0.04) | (np.abs(hz - breaths_hz) < 0.04)
        assert power[bands].sum() > 0.9 * power.sum()


@settings(max_examples=12, deadline=None)
@given(seed=seeds, subject=st.integers(0, 10**6), draw=st.integers(0, 99), index=st.integers(0, 999))
def test_a_window_does_not_depend_on_its_neighbours(seed: int, subject: int, draw: int, index: int) -> None:
    key = np.array([[subject, draw, index]])
    crowd = np.concatenate([keys_of(3), key, keys_of(2, 2)])
    alone, among = (Heart(seed).windows(k, noise=PatchNoise(lost_per_min=2.0), duration_s=4.0) for k in (key, crowd))
    np.testing.assert_allclose(among.millivolts[3], alone.millivolts[0], atol=1e-5)
    np.testing.assert_array_equal(among.truth.t_offset_s[3], alone.truth.t_offset_s[0])
    assert among.labs.potassium_mmol_per_l[3] == alone.labs.potassium_mmol_per_l[0]


def test_one_seed_gives_the_same_samples_and_another_gives_others() -> None:
    keys = keys_of(4)
    one, again, other = (Heart(seed).windows(keys, noise=PatchNoise()).millivolts for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (np.abs(one - other).max(axis=1) > 0.1).all()


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_signals_are_millivolts_of_a_plausible_heart(seed: int) -> None:
    windows = Heart(seed).windows(keys_of(10, 2))
    swing = np.ptp(windows.clean_millivolts, axis=1)
    assert np.isfinite(windows.millivolts).all()
    assert (swing > 0.15).all()
    assert (swing < 8.0).all()
    assert ((windows.truth.n_beats >= 5) & (windows.truth.n_beats <= 25)).all()


def test_noise_changes_no_wave(clean: Windows) -> None:
    noisy = Heart(7).windows(clean.keys, labs=clean.labs, noise=PatchNoise())
    np.testing.assert_array_equal(noisy.clean_millivolts, clean.clean_millivolts)
    np.testing.assert_array_equal(clean.millivolts, clean.clean_millivolts)


@pytest.mark.parametrize("snr_db", [24.0, 12.0, 0.0, -6.0])
def test_noise_has_the_ratio_asked_for(snr_db: float) -> None:
    windows = Heart(7).windows(keys_of(20), noise=PatchNoise(), snr_db=snr_db)
    np.testing.assert_allclose(windows.snr_db, snr_db, atol=0.01)


def test_without_noise_the_ratio_is_infinite(clean: Windows) -> None:
    assert np.isposinf(clean.snr_db).all()


def test_batches_give_the_windows_of_one_call() -> None:
    keys = keys_of(5, 2)
    whole = Heart(3).windows(keys, noise=PatchNoise()).millivolts
    parts = [batch.millivolts for batch in Heart(3).batches(keys, noise=PatchNoise(), size=3)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_low_potassium_lowers_t_and_lengthens_qt_and_pr_in_most_subjects(clean: Windows) -> None:
    low = windows_with(potassium_mmol_per_l=2.6)
    assert (first(low.truth.t_mv) < first(clean.truth.t_mv)).mean() > 0.7
    assert (first(low.truth.qt_s) > first(clean.truth.qt_s)).mean() > 0.7
    assert (first(low.truth.pr_s) > first(clean.truth.pr_s)).mean() > 0.7
    assert (first(low.truth.p_mv) > first(clean.truth.p_mv)).mean() > 0.7


def test_the_mean_slope_below_four_is_the_population_slope() -> None:
    traits = Heart(7).traits(np.arange(4000))
    assert traits.potassium_t_slope.mean() == pytest.approx(1.0, abs=0.06)
    assert traits.potassium_t_slope.std() == pytest.approx(1.0, abs=0.06)
    assert traits.hyperkalaemia_gain.mean() == pytest.approx(1.0, abs=0.06)
    assert traits.hyperkalaemia_gain.std() >= 0.85


def test_high_potassium_heightens_and_narrows_t_flattens_p_and_widens_qrs(clean: Windows) -> None:
    high = windows_with(potassium_mmol_per_l=7.2)
    assert (first(high.truth.t_mv) > first(clean.truth.t_mv)).mean() > 0.95
    assert (first(high.truth.p_mv) < first(clean.truth.p_mv)).all()
    assert (first(high.truth.qrs_s) > first(clean.truth.qrs_s)).all()
    narrow = high.truth.t_offset_s - high.truth.t_peak_s
    assert (first(narrow) < first(clean.truth.t_offset_s - clean.truth.t_peak_s)).mean() > 0.95


def test_calcium_moves_the_st_segment_and_keeps_the_shape_of_t(clean: Windows) -> None:
    low, high = windows_with(calcium_mg_per_dl=6.5), windows_with(calcium_mg_per_dl=13.0)
    for windows, sign in ((low, 1.0), (high, -1.0)):
        assert (sign * first(windows.truth.qt_s - clean.truth.qt_s) > 0).mean() > 0.9
        np.testing.assert_allclose(
            first(windows.truth.t_offset_s - windows.truth.t_onset_s),
            first(clean.truth.t_offset_s - clean.truth.t_onset_s),
            atol=1e-12,
        )
        np.testing.assert_array_equal(windows.truth.t_mv, clean.truth.t_mv)


@pytest.mark.parametrize("control", ["platelets_per_nl", "tsh_miu_per_l"])
def test_negative_controls_move_nothing(clean: Windows, control: str) -> None:
    np.testing.assert_array_equal(windows_with(**{control: 8.0}).millivolts, clean.millivolts)


def test_labs_of_a_draw_are_independent_and_their_extremes_not_rare() -> None:
    labs = Heart(7).labs(keys_of(300, 10)[:, :2])
    values = np.stack([getattr(labs, field.name) for field in fields(Labs)])
    assert np.abs(np.corrcoef(values) - np.eye(4)).max() < 0.06
    beyond = (values[0] < 3.5, values[0] > 5.0, values[1] < 8.5, values[1] > 10.5, values[2] < 150, values[3] > 4.5)
    assert all(0.08 < share.mean() < 0.3 for share in beyond)


def test_lost_contact_is_stated_and_far_off() -> None:
    windows = Heart(7).windows(keys_of(40), noise=PatchNoise(lost_per_min=3.0))
    lost = np.isfinite(windows.lost_s[:, 0])
    assert 0.2 < lost.mean() < 0.8
    np.testing.assert_array_equal(np.abs(windows.millivolts).max(axis=1) > 16.0, lost)


def test_no_noise_is_exactly_none() -> None:
    windows = Heart(7).windows(keys_of(3), noise=SILENT)
    np.testing.assert_array_equal(windows.millivolts, windows.clean_millivolts)
