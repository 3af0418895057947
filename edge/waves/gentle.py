"""The signal heights and levels are measured on: hum taken out, and the line through the isoelectric points as zero.

A high-pass filter that takes out breathing also bends ST: the standard for recording asks for 0.05 Hz where phase is
not linear (AHA/ACC/HRS 2007, Kligfield, Circulation 115:1306). So there is no filter here. The level just before each
QRS complex, the PR segment, is taken to be isoelectric, and the straight lines between those levels are subtracted, as
Meyer and Keiser (Comput Biomed Res 10:459, 1977) do with cubics. What repeats with each beat is kept exactly, at no
phase: every beat's own PR level is its zero. Wander that is straight from beat to beat is taken out exactly; one of
frequency f keeps, between two beats RR apart, at most (pi f RR)^2 / 2 of its amplitude, less near the beats, and none
of its sign from beat to beat, so that a median over beats loses most of the rest. Measured on 150 synthetic hearts of
ten seconds each with 0.15 mV of ST: the median ST is off by 0.0 uV (rms) in silence, 1.4 uV under 0.08 mV (rms) of
wander and 5 uV under 0.3 mV; cubics do not halve that (1.0 and 4 uV), 0.05 and 0.5 Hz zero-phase Butterworth filters
are off by 4 uV in silence.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import Floats

LEVEL_S: Final = 0.02
"""How long before the onset of QRS the level is averaged: one turn of a 50 Hz hum."""
MAINS_HZ: Final = (50.0, 60.0)
_TURN_S: Final = 0.5
"""The hum's height and phase are fitted this often, with straight lines between: it may be 0.2 Hz off, and swell."""
_STEEPEST: Final = 3.0
"""Multiple of the mean curvature at which it is cut off, so that QRS hardly enters the fit."""


def gentle(millivolts: Floats, rate_hz: float, qrs_on: Floats) -> Floats:
    """Take hum and baseline out of a stretch.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n_samples,), mV.
    rate_hz
        Its sample rate.
    qrs_on
        Shape (n,): onsets of QRS whose level is to be zero, samples, increasing; before the first and after the last
        the level stays as it is there. Without any, the median of the stretch is zero.

    Returns
    -------
    Floats
        Shape (n_samples,), mV.
    """
    clean = millivolts - hum(millivolts, rate_hz)
    if qrs_on.size == 0:
        return clean - np.median(clean)
    n = max(1, round(LEVEL_S * rate_hz))
    before = np.floor(qrs_on) - 0.5 * (n - 1)
    return clean - np.interp(np.arange(clean.size), before, means_at(clean, before, n))


def means_at(millivolts: Floats, places: Floats, n: int) -> Floats:
    """Average `n` samples around each place; at the ends of the signal those that are there are repeated.

    Parameters
    ----------
    millivolts
        Shape (n_samples,).
    places
        Any shape, samples; NaN where there is none.
    n
        Samples.

    Returns
    -------
    Floats
        Shape as `places`; NaN where that is.
    """
    known = np.isfinite(places)
    first = np.floor(np.where(known, places, 0.0) - 0.5 * n + 1.0).astype(np.int64)
    wanted = np.clip(first[..., None] + np.arange(n), 0, millivolts.size - 1)
    return np.where(known, millivolts[wanted].sum(-1) / n, np.nan)


def hum(millivolts: Floats, rate_hz: float) -> Floats:
    """Fit the mains hum of a stretch: a sinusoid of 50 or 60 Hz, whichever is stronger, that may drift slowly.

    It is fitted to the second difference of the signal, in which P, T and wander are small.

    Parameters
    ----------
    millivolts
        Shape (n_samples,), mV.
    rate_hz
        Sample rate.

    Returns
    -------
    Floats
        Shape (n_samples,), mV; 0 where the stretch is too short, or sampled too slowly, to hold any.
    """
    n = millivolts.size
    if n < 2 * _TURN_S * rate_hz or rate_hz <= 2.0 * max(MAINS_HZ):
        return np.zeros(n)
    waves, edges, middles, gains = _turns(n, rate_hz)
    bend = millivolts[2:] - 2.0 * millivolts[1:-1] + millivolts[:-2]
    steepest = _STEEPEST * float(np.abs(bend).mean())
    turns = np.add.reduceat(waves[:, 1:-1] * np.clip(bend, -steepest, steepest), edges, axis=1) * gains
    power = (turns * turns).sum(1)
    stronger = 2 * int(power[0] + power[1] < power[2] + power[3])
    time = np.arange(n)
    cosine, sine = (np.interp(time, middles, turns[stronger + i]) for i in (0, 1))
    return cosine * waves[stronger] + sine * waves[stronger + 1]


@lru_cache(maxsize=4)
def _turns(n: int, rate_hz: float) -> tuple[Floats, NDArray[np.intp], Floats, Floats]:
    """Cosine and sine of each mains frequency, where each fit begins and has its middle, and from sums to heights."""
    angles = 2.0 * np.pi * np.outer(np.array(MAINS_HZ) / rate_hz, np.arange(n))
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(-1, n)
    bounds = np.linspace(0, n - 2, round(n / rate_hz / _TURN_S) + 1).astype(np.intp)
    # The second difference of a sinusoid is the sinusoid, this many times as high and upside down.
    bends = -2.0 * (1.0 - np.cos(2.0 * np.pi * np.array(MAINS_HZ) / rate_hz))
    gains = np.asarray(2.0 / np.diff(bounds) / np.repeat(bends, 2)[:, None], np.float64)
    middles = np.asarray(1.0 + 0.5 * (bounds[1:] + bounds[:-1]), np.float64)
    return np.asarray(waves, np.float64), bounds[:-1], middles, gains
