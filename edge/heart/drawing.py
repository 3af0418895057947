"""Draw Gaussians and the waves of atria without P onto many windows at once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge.heart.draws import Floats, Samples
from edge.heart.plan import AtrialWaves

REACH_SIGMAS = 4.0
"""A Gaussian is drawn to this many widths from its peak."""
N_ATRIAL_NUMBERS = 8
"""Uniform numbers that the atrial waves of a window take."""
_REACH_STEP = 1.35
"""Gaussians are drawn together whose reaches differ by less than this factor."""


@dataclass(frozen=True, slots=True, eq=False)
class Gaussians:
    """Waves with a width on each side of their peaks, shape (m,) each.

    Parameters
    ----------
    row
        ``NDArray[int64]``: window that each is drawn on.
    peak_s, left_s, right_s
        Place of the peak and the widths before and after it, s.
    mv
        Height, mV.
    """

    row: NDArray[np.int64]
    peak_s: Floats
    left_s: Floats
    right_s: Floats
    mv: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        """Take some of them."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence["Gaussians"]) -> Self:
        """Put several lists of them one behind the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def draw_gaussians(waves: Gaussians, rate_hz: float, n_windows: int, n_samples: int) -> Samples:
    """Draw the sum of Gaussians.

    Parameters
    ----------
    waves
        In any order; what falls outside their windows is left out.
    rate_hz, n_windows, n_samples
        Of the windows.

    Returns
    -------
    Samples
        ``NDArray[float32]``, shape (n_windows, n_samples), mV.
    """
    reach = REACH_SIGMAS * np.maximum(waves.left_s, waves.right_s) * rate_hz
    step = np.ceil(np.log(np.maximum(reach, 2.0)) / np.log(_REACH_STEP)).astype(np.int64)
    # Fixed for a rate, so that a window's sums do not depend on the other windows.
    margin = int(REACH_SIGMAS * rate_hz) + 2
    place = waves.peak_s * rate_hz
    visible = (place > -reach) & (place < n_samples + reach) & (reach < 0.5 * margin)
    canvas = np.zeros((n_windows, n_samples + 2 * margin), np.float32)
    for size in np.unique(step):
        chosen = np.flatnonzero(visible & (step == size))
        offsets = np.arange(-int(_REACH_STEP**size), int(_REACH_STEP**size) + 2)
        _add(canvas, margin, waves, chosen, place, rate_hz, offsets)
    return canvas[:, margin : margin + n_samples]


def _add(
    canvas: Samples,
    margin: int,
    waves: Gaussians,
    chosen: NDArray[np.int64],
    place: Floats,
    rate_hz: float,
    offsets: NDArray[np.int64],
) -> None:
    """Add waves of like reach to a canvas."""
    place = place[chosen]
    whole = np.floor(place)
    steps = offsets.astype(np.float32) - (place - whole).astype(np.float32)[:, None]
    left, right = (
        (np.sqrt(0.5) / (side[chosen] * rate_hz)).astype(np.float32)[:, None] for side in (waves.left_s, waves.right_s)
    )
    middle = -int(offsets[0]) + 1
    steps[:, :middle] *= left
    steps[:, middle:] *= right
    np.square(steps, out=steps)
    np.negative(steps, out=steps)
    np.exp(steps, out=steps)
    steps *= waves.mv[chosen].astype(np.float32)[:, None]
    first = waves.row[chosen] * canvas.shape[1] + whole.astype(np.int64) + margin
    np.add.at(canvas.reshape(-1), (first[:, None] + offsets).reshape(-1), steps.reshape(-1))


def draw_atria(waves: Sequence[AtrialWaves], uniform: Floats, rate_hz: float, n_samples: int) -> Samples:
    """Draw fibrillation and flutter waves.

    Parameters
    ----------
    waves
        Of m windows.
    uniform
        Shape (m, `N_ATRIAL_NUMBERS`), 0 to 1.
    rate_hz, n_samples
        Of the windows.

    Returns
    -------
    Samples
        ``NDArray[float32]``, shape (m, n_samples), mV.
    """
    time_s = (np.arange(n_samples) / rate_hz).astype(np.float32)
    drawn = np.empty((len(waves), n_samples), np.float32)
    for row, wave, numbers in zip(drawn, waves, uniform, strict=True):
        row[:] = (_sawtooth if wave.sawtooth else _fibrillation)(wave, numbers, time_s)
    return drawn


def _sawtooth(wave: AtrialWaves, numbers: Floats, time_s: Samples) -> Samples:
    """Flutter: a slow fall and a quick rise, of either polarity, without rest between."""
    phase = np.float32(2.0 * np.pi) * np.mod(np.float32(wave.hz) * time_s + np.float32(wave.phase), 1.0)
    angles = np.float32(0.5 * numbers[0])
    saw = np.sin(phase)
    for harmonic, weight in ((2, 0.25 + 0.25 * numbers[1]), (3, 0.1 + 0.2 * numbers[2])):
        saw += np.float32(weight) * np.sin(harmonic * phase + angles)
    half_height = 0.5 * wave.millivolts * (1.0 if numbers[3] < 0.5 else -1.0)  # noqa: PLR2004
    return np.asarray(saw * np.float32(half_height), np.float32)


def _fibrillation(wave: AtrialWaves, numbers: Floats, time_s: Samples) -> Samples:
    """Fibrillation: two trains of waves whose rates and heights wander, so that they reinforce and cancel."""
    angles = (2.0 * np.pi * numbers).astype(np.float32)
    slow = np.float32(2.0 * np.pi) * time_s
    wander = np.sin(np.float32(0.31 + 0.3 * numbers[0]) * slow + angles[1])
    sway = np.sin(np.float32(0.9 + 0.8 * numbers[2]) * slow + angles[3])
    phase = np.float32(wave.hz) * slow + np.float32(1.8) * wander + np.float32(0.7) * sway
    height = 1.0 + np.float32(0.45) * np.sin(np.float32(0.2 + 0.4 * numbers[4]) * slow + angles[5])
    train = np.sin(phase + np.float32(0.35) * np.sin(phase))
    other = np.sin(np.float32(0.73 + 0.15 * numbers[6]) * phase + angles[7])
    return np.asarray(np.float32(0.4 * wave.millivolts) * height * (train + np.float32(0.5) * other), np.float32)
