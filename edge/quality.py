"""The first quality gate: may this window be read at all, and if not, why."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import ndimage

from edge.beats import Beats
from edge.outcome import Rejection
from edge.windowing import Window

_FLAT_RANGE_MV: Final = 0.010
_FLAT_S: Final = 1.0
_SMALLEST_ECG_MV: Final = 0.050
_LARGEST_ECG_MV: Final = 20.0
_RAILED_FRACTION: Final = 0.01
_FEWEST_BEATS: Final = 2
_CONTRAST_DB: Final = 13.0
"""Between MIT-BIH DS1 (99 % of the windows of 20 of 22 records lie above) and electrode motion at 0-6 dB (NSTDB)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a window cannot be read: the reason for machines, the measurement behind it for people."""

    reason: Rejection
    detail: str


def judge(window: Window, beats: Beats) -> Fault | None:
    """Judge one window.

    Parameters
    ----------
    window
        Ten seconds or so, at 100 Hz or more.
    beats
        What `edge.beats.find_beats` found in it.

    Returns
    -------
    Fault or None
        The first reason that applies, in the order contact, range, rails, flatness, noise; None if it can be read.
    """
    x = window.millivolts
    if not window.contact:
        return Fault(Rejection.LEAD_OFF, "the device reports an electrode off the skin")
    spread_mv = float(np.ptp(x))
    if spread_mv > _LARGEST_ECG_MV:
        return Fault(Rejection.LEAD_OFF, f"{spread_mv:.0f} mV from lowest to highest, no heart gives more than 20")
    if window.railed_fraction > _RAILED_FRACTION:
        return Fault(Rejection.SATURATED, f"{window.railed_fraction:.0%} of the samples at the converter's rails")
    if spread_mv < _SMALLEST_ECG_MV:
        return Fault(Rejection.FLAT, f"{spread_mv * 1e3:.0f} uV from lowest to highest")
    second = round(_FLAT_S * window.rate_hz)
    moved_mv = ndimage.maximum_filter1d(x, second) - ndimage.minimum_filter1d(x, second)
    if float(moved_mv[second // 2 : -(second // 2) or None].min()) < _FLAT_RANGE_MV:
        return Fault(Rejection.FLAT, f"moves less than {_FLAT_RANGE_MV * 1e3:.0f} uV for {_FLAT_S:g} s or more")
    if beats.indices.size < _FEWEST_BEATS:
        return Fault(Rejection.NOISY, f"{beats.indices.size} beats found, {_FEWEST_BEATS} are needed")
    if beats.contrast_db < _CONTRAST_DB:
        return Fault(
            Rejection.NOISY, f"beats stand {beats.contrast_db:.1f} dB out of the noise, {_CONTRAST_DB:g} are needed"
        )
    return None
