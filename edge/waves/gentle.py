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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import Floats

LEVEL_S: Final = 0.02
"""How long before the onset of QRS the level is averaged: one turn of a 50 Hz hum."""
MAINS_HZ: Final = (50.0, 60.0)
_TURN_S: Final = 0.5
"""The hum's height and phase are fitted this often, with straight lines between: it may be 0.2 Hz off, and swell."""
_At: TypeAlias = Callable[[NDArray[np.int64]], Floats]
"""The signal at samples of any shape."""
_STEEPEST: Final = 3.0
"""Multiple of the mean curvature at which it is cut off, so that QRS hardly enters the fit."""


def gentle(millivolts: Floats, rate_hz: float, qrs_on: Floats) -> Floats:
    """Take hum and baseline out of a stretch.

    Parameters
    ----------
    millivolts, rate_hz, qrs_on
        As `Gentle` takes them.

    Returns
    -------
    Floats
        Shape (n_samples,), mV.
    """
    return Gentle(millivolts, rate_hz, qrs_on).at(np.arange(millivolts.size))


class Gentle:
    """A stretch without hum and baseline, worked out where it is asked for: heights need a tenth of it.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n_samples,), mV.
    rate_hz
        Its sample rate.
    qrs_on
        Shape (n,): onsets of QRS whose level is to be zero, samples, increasing; before the first and after the last
        the level stays as it is there. Without any, the median of the stretch is zero.
    """

    def __init__(self, millivolts: Floats, rate_hz: float, qrs_on: Floats) -> None:
        self._millivolts = millivolts
        self._hum = _Hum.of(millivolts, rate_hz)
        n = max(1, round(LEVEL_S * rate_hz))
        if qrs_on.size:
            self._before = np.floor(qrs_on) - 0.5 * (n - 1)
            self._levels = _means(self._clean, millivolts.size, self._before, n)
        else:
            self._before = np.zeros(1)
            self._levels = np.median(self._clean(np.arange(millivolts.size)), keepdims=True)

    def at(self, samples: NDArray[np.int64]) -> Floats:
        """Give what is left at these samples, same shape, mV."""
        return self._clean(samples) - np.interp(samples, self._before, self._levels)

    def means_at(self, places: Sequence[float], n: int) -> list[float]:
        """Average `n` samples around each place, as `means_at` does, mV; there is one wherever it is asked for."""
        means: list[float] = _means(self.at, self._millivolts.size, np.array(places, np.float64), n).tolist()
        return means

    def _clean(self, samples: NDArray[np.int64]) -> Floats:
        return self._millivolts[samples] - self._hum.at(samples)


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
    means = np.full(places.shape, np.nan)
    means[known] = _means(millivolts.__getitem__, millivolts.size, places[known], n)
    return means


def _means(at: _At, n_samples: int, places: Floats, n: int) -> Floats:
    first = np.floor(places - 0.5 * n + 1.0).astype(np.int64)
    wanted = np.minimum(np.maximum(first[:, None] + np.arange(n), 0), n_samples - 1)
    return np.asarray(np.add.reduce(at(wanted), axis=1) / n)


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
    return _Hum.of(millivolts, rate_hz).at(np.arange(millivolts.size))


@dataclass(frozen=True, slots=True, eq=False)
class _Hum:
    """A cosine and a sine, shape (2, n_samples), and their heights, shape (2, n_turns), in the middle of each turn."""

    waves: Floats
    heights_mv: Floats
    middles: Floats

    @classmethod
    def of(cls, millivolts: Floats, rate_hz: float) -> Self:
        n = millivolts.size
        if n < 2 * _TURN_S * rate_hz or rate_hz <= 2.0 * max(MAINS_HZ):
            return cls(np.zeros((2, n)), np.zeros((2, 1)), np.zeros(1))
        waves, edges, middles, gains = _turns(n, rate_hz)
        bend = millivolts[2:] - 2.0 * millivolts[1:-1] + millivolts[:-2]
        steepest = _STEEPEST * (float(np.add.reduce(np.abs(bend))) / bend.size)
        cut = np.minimum(np.maximum(bend, -steepest), steepest)
        turns = np.add.reduceat(waves[:, 1:-1] * cut, edges, axis=1) * gains
        power = (turns * turns).sum(1).tolist()
        stronger = slice(2, 4) if power[0] + power[1] < power[2] + power[3] else slice(0, 2)
        return cls(waves[stronger], turns[stronger], middles)

    def at(self, samples: NDArray[np.int64]) -> Floats:
        cosine, sine = (np.interp(samples, self.middles, height) for height in self.heights_mv)
        return np.asarray(cosine * self.waves[0, samples] + sine * self.waves[1, samples])


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
