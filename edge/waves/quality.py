"""What a window, and each second of it, can be used for: for waves, for the heart rate only, or for nothing, and why.

Two witnesses are heard. What a converter or an electrode does is plain from the signal: rails, a flat line, swings that
no heart makes. How much noise a beat can bear is what the network was taught on thousands of noises of known level, so
that no threshold in microvolt is tuned on any data set; what the noise is called, in the reason, comes from the signal.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.waves.figures import GOOD, Fault, Quality, SecondQuality
from edge.waves.gentle import MAINS_HZ
from edge.waves.marks import Floats, WaveMarks
from edge.waves.track import STEP_HZ, Grade, Track

_FLAT_MV: Final = 0.010
_LARGEST_MV: Final = 20.0
_SMALLEST_QRS_MV: Final = 0.05
_LOW_QRS_MV: Final = 0.15
_RAILED_SHARE: Final = 0.01
_MOTION: Final = 2.5
"""Times the usual swing of a second from which on a second is said to move."""
_MAINS_SHARE: Final = 0.35
"""Of the variance of a second, from which on it is said to hum."""
_MOST_BAD_SECONDS: Final = 0.2
_FEWEST_BEATS: Final = 2
_GRADES: Final = tuple(Grade)
_QUIET: Final = 0.8
_SURE_IN_QUIET, _SURE_IN_NOISE = 0.85, 0.982
"""Chosen on ten records of MIT-BIH DS1 with recorded electrode motion at 0 to 24 dB, read by networks that had not
learnt from them, so that the rate of 99 % of what is accepted is right at each level."""


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of a window beside its samples.

    Parameters
    ----------
    railed_fraction
        Part of the samples that were at the converter's rails.
    contact
        False where the device said for any of its samples that an electrode was off.
    """

    railed_fraction: float = 0.0
    contact: bool = True


def judge(millivolts: Floats, rate_hz: float, track: Track, marks: WaveMarks, contact: Contact = Contact()) -> Quality:
    """Judge a window.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n_samples,), mV, as it came.
    rate_hz
        Its sample rate.
    track, marks
        What the network says of it, and the beats in that.
    contact
        What else is known of it.
    """
    seconds = judge_seconds(millivolts, rate_hz, track)
    whole = _of_the_whole(millivolts, contact)
    if whole:
        return Quality(Grade.NOTHING, *whole, tuple(SecondQuality(Grade.NOTHING, whole[0]) for _ in seconds))
    n = len(seconds)
    n_waves = sum(second.grade is Grade.WAVES for second in seconds)
    doubt = _doubt(track, marks)
    if doubt:
        return Quality(Grade.NOTHING, _main_fault(seconds) or Fault.NOISY, doubt, seconds)
    if n - n_waves > _MOST_BAD_SECONDS * n:
        detail = f"waves can be measured in {n_waves} of {n} s"
        return Quality(Grade.RATE, _main_fault(seconds), detail, seconds)
    return Quality(Grade.WAVES, None, "", seconds)


def _doubt(track: Track, marks: WaveMarks) -> str:
    """Say why the beats of a window are not to be trusted; nothing where they are.

    The more noise the network hears, the surer of its beats it must be.
    """
    if len(marks) < _FEWEST_BEATS:
        return f"{len(marks)} beats found, {_FEWEST_BEATS} are needed"
    sure = float(marks.confidence.sum()) / len(marks)
    quiet = float(np.add.reduce(track.grades[:, Grade.WAVES])) / len(track.grades) >= _QUIET
    needed = _SURE_IN_QUIET if quiet else _SURE_IN_NOISE
    return (
        ""
        if sure >= needed
        else f"beats are {sure:.1%} sure, {needed:.1%} are needed {'' if quiet else 'in noise'}".strip()
    )


def judge_seconds(millivolts: Floats, rate_hz: float, track: Track) -> tuple[SecondQuality, ...]:
    """Judge each whole second of a stretch; the parameters are those of `judge`."""
    size, steps = round(rate_hz), round(STEP_HZ)
    n = min(millivolts.size // size, len(track.grades) // steps)
    if n == 0:
        return ()
    sums = np.add.reduceat(track.grades[: n * steps], np.arange(0, n * steps, steps), axis=0)
    said = sums.argmax(axis=1).tolist()
    parts = millivolts[: n * size].reshape(n, size)
    swings = (np.maximum.reduce(parts, axis=1) - np.minimum.reduce(parts, axis=1)).tolist()
    grades = [
        Grade.NOTHING if swing < _FLAT_MV or swing > _LARGEST_MV else _GRADES[grade]
        for grade, swing in zip(said, swings, strict=True)
    ]
    if all(grade is Grade.WAVES for grade in grades):
        return (GOOD,) * n
    usual, hum = median(swings), _hum_share(parts, rate_hz).tolist()
    return tuple(
        SecondQuality(grade, None if grade is Grade.WAVES else _named(swing, usual, share))
        for grade, swing, share in zip(grades, swings, hum, strict=True)
    )


def _of_the_whole(millivolts: Floats, contact: Contact) -> tuple[Fault, str] | None:
    """Find what makes a window useless whatever the network says."""
    swing = float(np.maximum.reduce(millivolts) - np.minimum.reduce(millivolts))
    if not contact.contact:
        return Fault.LEAD_OFF, "the device reports an electrode off the skin"
    if swing > _LARGEST_MV:
        return Fault.LEAD_OFF, f"{swing:.0f} mV from lowest to highest, no heart gives more than {_LARGEST_MV:g}"
    if contact.railed_fraction > _RAILED_SHARE:
        return Fault.SATURATED, f"{contact.railed_fraction:.0%} of the samples at the converter's rails"
    if swing < _FLAT_MV:
        return Fault.FLAT, f"{swing * 1e3:.1f} uV from lowest to highest"
    if swing < _SMALLEST_QRS_MV:
        return Fault.LOW_AMPLITUDE, f"{swing * 1e3:.0f} uV from lowest to highest"
    return None


def _named(swing: float, usual: float, hum_share: float) -> Fault:
    if swing < _FLAT_MV:
        return Fault.FLAT
    if swing > _LARGEST_MV:
        return Fault.LEAD_OFF
    if hum_share > _MAINS_SHARE:
        return Fault.MAINS
    if swing > _MOTION * usual:
        return Fault.MOTION
    return Fault.LOW_AMPLITUDE if usual < _LOW_QRS_MV else Fault.NOISY


def _hum_share(parts: NDArray[np.float64], rate_hz: float) -> Floats:
    """Share of each second's variance that is a hum of 50 or 60 Hz, the larger of the two."""
    moving = parts - parts.mean(axis=1, keepdims=True)
    variance = np.maximum((moving**2).mean(axis=1), 1e-12)
    shares = [2.0 * np.abs(moving @ wave) ** 2 / variance for wave in _hums(parts.shape[1], rate_hz)]
    return np.asarray(np.max(shares, axis=0))


@lru_cache(maxsize=4)
def _hums(n_samples: int, rate_hz: float) -> tuple[NDArray[np.complex128], ...]:
    """A turning pointer for each mains frequency, whose sum with a signal is its mean part of that frequency."""
    time_s = np.arange(n_samples) / rate_hz
    return tuple(np.exp(-2j * np.pi * mains * time_s) / n_samples for mains in MAINS_HZ)


def _main_fault(seconds: tuple[SecondQuality, ...]) -> Fault | None:
    """Name the fault of most of the seconds that are not good, the worst of them first."""
    faults = [s.fault for grade in (Grade.NOTHING, Grade.RATE) for s in seconds if s.grade is grade and s.fault]
    return max(faults, key=faults.count) if faults else None
