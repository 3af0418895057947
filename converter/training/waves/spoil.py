"""Noise for training windows, of more kinds than one recording has, and what each moment can still be used for.

No recorded noise is used, so that recorded noise can test what was learned. Levels are stated as the MIT-BIH noise
stress test database does: an eighth of the squared swing of QRS over the power of the noise.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal
from scipy.fft import irfft, rfftfreq

from converter.training.waves.targets import UNKNOWN_GRADE, Codes
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Grade

Samples = NDArray[np.float32]

WAVES_DB: Final = 18.0
RATE_DB: Final = 5.0
"""Smital et al. 2020: from 18 dB on all waves can be read, from 5 dB on QRS."""
_SHARE_CLEAN: Final = 0.35
_SHARE_HUM, _SHARE_50_HZ, _SHARE_MOTION, _SHARE_LOST = 0.3, 0.5, 0.5, 0.06
_BAND: Final = signal.butter(2, [0.5, 40.0], btype="bandpass", fs=RATE_HZ, output="sos")


@dataclass(frozen=True, slots=True, eq=False)
class Spoilt:
    """Windows with noise.

    Parameters
    ----------
    millivolts
        ``NDArray[float32]``, shape (n, n_samples).
    grades
        Codes of what each step can be used for, shape (n, n_steps).
    """

    millivolts: Samples
    grades: Codes


def spoil(millivolts: Samples, clean: NDArray[np.bool_], random: np.random.Generator) -> Spoilt:
    """Add noise to windows.

    Parameters
    ----------
    millivolts
        Shape (n, n_samples), at `RATE_HZ`.
    clean
        Shape (n,): whether a window has little noise of its own; of others the grade is known only where the noise
        that is added leaves nothing of it.
    random
        Where the noise comes from.
    """
    n, n_samples = millivolts.shape
    noise = _coloured(n, n_samples, random) * _bursts(n, n_samples, random)
    noise += 0.7 * random.random((n, 1)) * _hum(n, n_samples, random)
    noise += _motion(n, n_samples, random)
    heard = signal.sosfiltfilt(_BAND, noise, axis=-1)
    swing = _swing(millivolts)
    noise_power = np.maximum((heard**2).mean(axis=-1), 1e-12)
    wanted_db = random.uniform(-4.0, 34.0, n)
    gain = np.sqrt(swing**2 / 8.0 / noise_power * 10.0 ** (-wanted_db / 10.0))
    gain[random.random(n) < _SHARE_CLEAN] = 0.0
    wander = _wander(n, n_samples, random) * (swing * random.exponential(0.3, n))[:, None]
    spoilt = millivolts + gain[:, None] * noise + wander
    local = ndimage.uniform_filter1d((gain[:, None] * heard) ** 2, round(RATE_HZ), axis=-1, mode="nearest")
    ratio_db = 10.0 * np.log10(swing[:, None] ** 2 / 8.0 / np.maximum(local, 1e-12))
    grades = _grades(ratio_db[:, ::STEP_SAMPLES], clean)
    _lose(spoilt, grades, swing, random)
    return Spoilt(spoilt.astype(np.float32), grades)


def _grades(ratio_db: NDArray[np.float64], clean: NDArray[np.bool_]) -> Codes:
    grades = np.full(ratio_db.shape, Grade.WAVES, np.uint8)
    grades[ratio_db < WAVES_DB] = Grade.RATE
    grades[~clean] = UNKNOWN_GRADE
    grades[ratio_db < RATE_DB] = Grade.NOTHING
    return grades


def _swing(millivolts: Samples) -> NDArray[np.float64]:
    """Typical height of QRS: the median swing of two seconds."""
    size = round(2 * RATE_HZ)
    parts = millivolts[:, : millivolts.shape[1] // size * size].reshape(len(millivolts), -1, size)
    return np.maximum(np.median(np.ptp(parts, axis=-1), axis=-1), 0.02)


def _coloured(n: int, n_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Noise whose power falls with a power of the frequency, above and below corners of its own."""
    frequency = np.maximum(rfftfreq(n_samples, 1 / RATE_HZ), 0.05)
    slope = random.uniform(0.0, 2.0, (n, 1))
    low, high = np.exp(random.uniform(np.log(0.3), np.log(15.0), (n, 1))), random.uniform(8.0, 120.0, (n, 1))
    shape = frequency**-slope / (1 + (low / frequency) ** 4) / (1 + (frequency / high) ** 4)
    spectrum = shape * (random.standard_normal((n, frequency.size, 2)) @ [1, 1j])
    noise = irfft(spectrum, n_samples, axis=-1)
    return np.asarray(noise / noise.std(axis=-1, keepdims=True))


def _bursts(n: int, n_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Swelling and fading: even, or with seconds of quiet and of loud."""
    knots = np.exp(random.uniform(0.0, 1.8, (n, 1)) * random.standard_normal((n, 12)))
    place = np.linspace(0, 11, n_samples)
    whole = np.minimum(place.astype(int), 10)
    part = place - whole
    return np.asarray(knots[:, whole] * (1 - part) + knots[:, whole + 1] * part)


def _hum(n: int, n_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    mains = np.where(random.random((n, 1)) < _SHARE_50_HZ, 50.0, 60.0) + random.normal(0, 0.1, (n, 1))
    time_s = np.arange(n_samples) / RATE_HZ
    loud = np.where(random.random((n, 1)) < _SHARE_HUM, random.exponential(2.0, (n, 1)), 0.0)
    return np.asarray(loud * np.sin(2 * np.pi * (mains * time_s + random.random((n, 1)))))


def _motion(n: int, n_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Knocks and steps, some of them as short as QRS: rises of 5 to 150 ms, decays of 30 ms to 2 s."""
    noise = np.zeros((n, n_samples))
    time_s = np.arange(n_samples) / RATE_HZ
    for row in np.flatnonzero(random.random(n) < _SHARE_MOTION):
        for _ in range(random.integers(1, 9)):
            begin = random.integers(0, n_samples - 8)
            after = time_s[: n_samples - begin]
            rise, decay = np.exp(random.uniform(np.log([0.005, 0.03]), np.log([0.15, 2.0])))
            knock = (1 - np.exp(-after / rise)) * np.exp(-after / decay)
            noise[row, begin:] += random.normal(0, 4.0) * knock / max(knock.max(), 1e-3)
    return noise


def _wander(n: int, n_samples: int, random: np.random.Generator) -> NDArray[np.float64]:
    frequency = random.uniform(0.05, 0.5, (n, 4))
    phase = random.random((n, 4))
    time_s = np.arange(n_samples) / RATE_HZ
    return np.asarray(np.sin(2 * np.pi * (frequency[:, :, None] * time_s + phase[:, :, None])).mean(axis=1))


def _lose(spoilt: NDArray[np.float64], grades: Codes, swing: NDArray[np.float64], random: np.random.Generator) -> None:
    """Cut out contact, in place: a constant, or hum, far off or not."""
    n, n_samples = spoilt.shape
    time_s = np.arange(n_samples) / RATE_HZ
    for row in np.flatnonzero(random.random(n) < _SHARE_LOST):
        begin = random.integers(0, n_samples - 128)
        end = min(n_samples, begin + int(random.uniform(0.5, 10.0) * RATE_HZ))
        far = random.choice([0.0, 1.0, 10.0, -10.0]) * swing[row]
        hum = random.choice([0.0, 0.3, 3.0]) * swing[row] * np.sin(2 * np.pi * 50 * time_s[begin:end])
        spoilt[row, begin:end] = far + hum + random.normal(0, 0.002, end - begin)
        grades[row, begin // STEP_SAMPLES : end // STEP_SAMPLES] = Grade.NOTHING
