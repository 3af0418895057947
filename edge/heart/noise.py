"""What a patch adds to the heart: baseline wander, muscle, mains, electrode motion and lost contact.

Bands and levels are textbook knowledge (Friesen 1990; the MIT-BIH noise stress test database states its
levels in dB: 24 clean enough to measure waves, 6 and below QRS only).
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft
from scipy.special import ndtr

from edge.heart.draws import Floats, Samples

BASELINE_HZ = np.arange(1, 11) * 0.05
MUSCLE_HZ = (20.0, 120.0)
"""Half-power frequencies of muscle noise; at low sample rates its upper end is cut off."""
HARMONICS = {1: 1.0, 2: 0.1, 3: 0.3, 5: 0.1}
"""Amplitudes of the mains harmonics, relative to the first."""
MOTION_SLOTS = 4
"""Most motion artefacts of one stretch."""
SWELL_KNOTS = 8
"""Places at which the swelling of muscle noise is drawn; straight lines between."""
_SMALL = 8 + SWELL_KNOTS + 2 * BASELINE_HZ.size + len(HARMONICS) + 5 * MOTION_SLOTS + 3


@dataclass(frozen=True, slots=True)
class PatchNoise:
    """Levels of noise: the median over windows of each kind's RMS, mV, where not said otherwise.

    Parameters
    ----------
    baseline_mv
        0.05 to 0.5 Hz, falling with frequency.
    muscle_mv
        About 20 to 120 Hz, swelling and fading within seconds.
    mains_mv, mains_hz
        First harmonic, and its frequency, which wanders by 0.05 Hz from window to window.
    sensor_mv
        White.
    motion_mv, motion_per_min
        Median peak of an electrode-motion artefact (a rise of some 30 ms, a decay of 100 to 500 ms) and how
        often one comes.
    lost_per_min
        How often contact is lost, for 0.5 to 3 s: a constant far off and strong mains.
    spread_db
        Standard deviation over windows of each kind's level, each kind on its own.
    """

    baseline_mv: float = 0.08
    muscle_mv: float = 0.012
    mains_mv: float = 0.008
    mains_hz: float = 50.0
    sensor_mv: float = 0.003
    motion_mv: float = 0.4
    motion_per_min: float = 1.0
    lost_per_min: float = 0.0
    spread_db: float = 4.0


SILENT = PatchNoise(0.0, 0.0, 0.0, 50.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""No noise at all."""


def n_noise_normals(n_samples: int) -> int:
    """Count the normal numbers `patch_noise` takes for a window."""
    return _SMALL + n_samples + 2


def patch_noise(level: PatchNoise, numbers: Samples, rate_hz: float, n_samples: int) -> tuple[Samples, Floats]:
    """Draw the noise of n windows.

    Parameters
    ----------
    level
        How much of each kind.
    numbers
        ``NDArray[float32]``, shape (n, n_noise_normals(n_samples)): standard normal.
    rate_hz, n_samples
        Of the windows.

    Returns
    -------
    tuple
        Noise, ``NDArray[float32]``, shape (n, n_samples), mV, of every kind but lost contact; and where
        contact is lost, shape (n, 2): begin and end in s from the first sample, NaN where it is not (see
        `lose_contact`).
    """
    small = numbers[:, :_SMALL].astype(np.float64)
    scale = 10.0 ** (level.spread_db * small[:, :8] / 20.0)
    at = 8
    time_s = np.arange(n_samples) / rate_hz

    def next_numbers(count: int) -> Floats:
        nonlocal at
        at += count
        return small[:, at - count : at]

    noise = _muscle_and_sensor(level, scale, numbers[:, _SMALL:], rate_hz, n_samples)
    noise *= _swell(next_numbers(SWELL_KNOTS), n_samples)
    noise += _baseline(level.baseline_mv * scale[:, 2], next_numbers(2 * BASELINE_HZ.size), time_s)
    mains_hz = level.mains_hz + 0.05 * small[:, 7]
    noise += mains(level.mains_mv * scale[:, 3], mains_hz, next_numbers(len(HARMONICS)), time_s, rate_hz)
    _add_motion(noise, level, next_numbers(5 * MOTION_SLOTS).reshape(-1, MOTION_SLOTS, 5), rate_hz)
    return noise, lost_contact_s(level.lost_per_min, next_numbers(3), n_samples / rate_hz)


def mains(amplitude_mv: Floats, frequency_hz: Floats, numbers: Floats, time_s: Floats, rate_hz: float) -> Samples:
    """Draw mains hum with those of its harmonics that lie below half the sample rate.

    Parameters
    ----------
    amplitude_mv, frequency_hz
        Shape (n,): RMS and frequency of the first harmonic.
    numbers
        Shape (n, len(HARMONICS)): standard normal, for the phases.
    time_s
        Shape (n_samples,).
    rate_hz
        Of the samples.
    """
    turns = (frequency_hz[:, None] * time_s % 1.0).astype(np.float32)
    hum = np.zeros(turns.shape, np.float32)
    if not amplitude_mv.any():
        return hum
    for column, (harmonic, share) in enumerate(HARMONICS.items()):
        amplitude = np.where(harmonic * frequency_hz < rate_hz / 2, share, 0.0).astype(np.float32)[:, None]
        if amplitude.any():
            phase = (100.0 * numbers[:, column, None] % 1.0).astype(np.float32)
            hum += amplitude * np.sin(np.float32(2.0 * np.pi) * (harmonic * turns + phase))
    return np.asarray(hum * (np.sqrt(2.0) * amplitude_mv).astype(np.float32)[:, None], np.float32)


def _muscle_and_sensor(level: PatchNoise, scale: Floats, numbers: Samples, rate_hz: float, n_samples: int) -> Samples:
    frequencies_hz = np.arange(n_samples // 2 + 1) * rate_hz / n_samples
    low, high = MUSCLE_HZ
    rise, fall = (frequencies_hz / low) ** 4, (frequencies_hz / high) ** 4
    power = rise / (1.0 + rise) / (1.0 + fall)
    power[0] = 0.0
    # Both kinds are flat or shaped Gaussian noise, so one spectrum holds the sum; its swelling is common to
    # both.
    spectral = n_samples * np.sqrt(power / (2.0 * power.sum()) / 2.0)
    shape = np.outer(level.muscle_mv * scale[:, 0], spectral)
    white = level.sensor_mv * scale[:, 1, None] * np.sqrt(n_samples / 2.0)
    spectrum = numbers[:, : 2 * frequencies_hz.size].view(np.complex64) * np.sqrt(shape**2 + white**2).astype(
        np.float32
    )
    return np.asarray(irfft(spectrum, n_samples, axis=1, overwrite_x=True), np.float32)


def _swell(numbers: Floats, n_samples: int) -> Samples:
    place = np.linspace(0.0, SWELL_KNOTS - 1.0, n_samples)
    hats = np.clip(1.0 - np.abs(place - np.arange(SWELL_KNOTS)[:, None]), 0.0, None)
    swell = np.exp(0.6 * numbers).astype(np.float32) @ hats.astype(np.float32)
    swell /= np.sqrt(np.square(swell).mean(axis=1, keepdims=True))
    return np.asarray(swell, np.float32)


def _baseline(rms_mv: Floats, numbers: Floats, time_s: Floats) -> Samples:
    weight = 1.0 / BASELINE_HZ
    weight /= np.linalg.norm(weight)
    angle = 2.0 * np.pi * np.outer(BASELINE_HZ, time_s)
    basis = (np.concatenate([np.cos(angle), np.sin(angle)]) * np.tile(weight, 2)[:, None]).astype(np.float32)
    return (rms_mv[:, None] * numbers).astype(np.float32) @ basis


def _add_motion(noise: Samples, level: PatchNoise, numbers: Floats, rate_hz: float) -> None:
    duration_s = noise.shape[1] / rate_hz
    share = min(level.motion_per_min * duration_s / 60.0 / MOTION_SLOTS, 1.0)
    turns = ndtr(numbers)
    for row, slot in zip(*np.nonzero(turns[..., 0] < share), strict=True):
        begin = int(turns[row, slot, 1] * noise.shape[1])
        after_s = np.arange(min(noise.shape[1] - begin, int(2.5 * rate_hz))) / rate_hz
        decay_s = 0.1 + 0.4 * turns[row, slot, 2]
        peak_mv = level.motion_mv * np.exp(0.5 * numbers[row, slot, 3]) * np.sign(numbers[row, slot, 4])
        noise[row, begin : begin + after_s.size] += (
            peak_mv * (1.0 - np.exp(-after_s / 0.03)) * np.exp(-after_s / decay_s)
        )


def lost_contact_s(per_min: float, numbers: Floats, duration_s: float) -> Floats:
    """Draw at most one episode without contact for each stretch of `duration_s`.

    Parameters
    ----------
    per_min
        Episodes a minute.
    numbers
        Shape (n, 3): standard normal.
    duration_s
        Of the stretch an episode begins in; it may end after it.

    Returns
    -------
    Floats
        Shape (n, 2): begin and end, s; NaN for none.
    """
    turns = ndtr(numbers)
    begin_s = turns[:, 1] * duration_s
    span = np.stack([begin_s, begin_s + 0.5 + 2.5 * turns[:, 2]], axis=1)
    return np.where(turns[:, :1] < per_min * duration_s / 60.0, span, np.nan)


def lose_contact(millivolts: Samples, lost_s: Floats, rate_hz: float, far_mv: float = 24.0) -> None:
    """Overwrite, in place, what an amplifier gives without a patient: a constant far off, and strong mains.

    Parameters
    ----------
    millivolts
        Shape (n, n_samples), mV.
    lost_s
        Shape (n, 2): begin and end of the episode, s from the first sample; NaN for none.
    rate_hz
        Of the samples.
    far_mv
        The constant, mV: no heart gives it, and a stream clips it at its rails.
    """
    time_s = np.arange(millivolts.shape[1]) / rate_hz
    for row, (begin_s, end_s) in enumerate(lost_s):
        inside = (time_s >= begin_s) & (time_s < end_s)
        millivolts[row, inside] = far_mv + np.sin(2.0 * np.pi * 50.0 * time_s[inside])
