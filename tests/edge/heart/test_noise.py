"""Each kind of noise has the level and the band it is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from edge.heart.noise import SILENT, PatchNoise, n_noise_normals, patch_noise

RATE_HZ, N_SAMPLES, N_WINDOWS = 500.0, 5000, 400


def noise_of(level: PatchNoise) -> np.ndarray:
    numbers = np.random.default_rng(5).standard_normal((N_WINDOWS, n_noise_normals(N_SAMPLES)), dtype=np.float32)
    return patch_noise(level, numbers, RATE_HZ, N_SAMPLES)[0]


def share_of_power(noise: np.ndarray, low_hz: float, high_hz: float) -> float:
    power = (np.abs(np.fft.rfft(noise, axis=1)) ** 2).sum(axis=0)
    hz = np.fft.rfftfreq(noise.shape[1], 1.0 / RATE_HZ)
    return float(power[(hz >= low_hz) & (hz <= high_hz)].sum() / power.sum())


@pytest.mark.parametrize(
    ("kind", "low_hz", "high_hz"),
    [("baseline_mv", 0.0, 0.75), ("muscle_mv", 12.0, 200.0), ("mains_mv", 49.0, 250.0), ("sensor_mv", 1.0, 250.0)],
)
def test_each_kind_has_its_level_and_stays_in_its_band(kind: str, low_hz: float, high_hz: float) -> None:
    noise = noise_of(replace(SILENT, **{kind: 0.05}))
    rms = np.sqrt(np.square(noise, dtype=np.float64).mean())
    harmonics = np.sqrt(1.0 + 0.1**2 + 0.3**2 + 0.1**2) if kind == "mains_mv" else 1.0
    assert rms == pytest.approx(0.05 * harmonics, rel=0.1)
    assert share_of_power(noise, low_hz, high_hz) > 0.95


def test_levels_spread_over_windows_as_asked() -> None:
    level = replace(SILENT, muscle_mv=0.05, spread_db=6.0)
    rms_db = 20.0 * np.log10(noise_of(level).std(axis=1))
    assert rms_db.std() == pytest.approx(6.0, rel=0.15)
    assert np.median(rms_db) == pytest.approx(20.0 * np.log10(0.05), abs=1.0)


def test_motion_comes_as_often_as_asked() -> None:
    noise = noise_of(replace(SILENT, motion_mv=1.0, motion_per_min=1.0))
    moved = (np.abs(noise).max(axis=1) > 0.05).mean()
    assert moved == pytest.approx(1.0 - np.exp(-10.0 / 60.0), abs=0.06)


def test_mains_above_half_the_rate_is_left_out() -> None:
    numbers = np.random.default_rng(5).standard_normal((4, n_noise_normals(1000)), dtype=np.float32)
    level = replace(SILENT, mains_mv=1.0, mains_hz=60.0)
    assert np.abs(patch_noise(level, numbers, 100.0, 1000)[0]).max() == 0.0
