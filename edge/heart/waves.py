"""The waves of each beat, where they begin, peak and end, and how high they are: the truth of a signal.

As in ECGSYN (McSharry et al. 2003) a beat is a sum of Gaussian waves P, Q, R, S and T whose places and
widths shrink as the heart quickens. ECGSYN scales with the root of the interval; here QT follows Fridericia
(the cube root, of the mean interval, since QT needs minutes to follow the rate) and PR and P the fourth
root, which is textbook knowledge.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from edge.heart.draws import Floats, Keys
from edge.heart.labs import Labs
from edge.heart.relations import modelled_change
from edge.heart.traits import Traits

ONSET_SIGMAS = 2.5
"""A wave begins, and P and S end, this many widths from the peak: at 4 % of its height."""
T_END_SIGMAS = 2.0
"""T ends where the tangent at its steepest fall meets the baseline: in a Gaussian, 2 widths after the peak."""
WAVE_AXES_DEG = {"p": 55.0, "q": 25.0, "r": 60.0, "s": 110.0, "t": 45.0}
"""Direction of each wave in the frontal plane: a lead sees its projection."""
R_PLACE = 0.45
"""R peaks after this share of the QRS duration."""
Q_WIDTH, R_WIDTH, S_WIDTH = 0.07, 0.10, 0.09
"""Gaussian widths of Q, R and S as shares of the QRS duration: they join, and leave R's peak in its place."""
T_SIGMA_LIMITS_S = (0.014, 0.050)
"""Narrowest and widest falling side of T that is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Morphology:
    """The beat of each window, one array of shape (n,) per parameter: mV as the lead sees them, and seconds.

    Parameters
    ----------
    p_mv, q_mv, r_mv, s_mv, t_mv
        Amplitudes.
    p_sigma_s, t_rising_sigma_s, t_falling_sigma_s
        Widths of P and of the two sides of T.
    pr_s, qrs_s, qt_s
        Intervals: onset of P to onset of QRS, onset to end of QRS, onset of QRS to end of T.
    """

    p_mv: Floats
    q_mv: Floats
    r_mv: Floats
    s_mv: Floats
    t_mv: Floats
    p_sigma_s: Floats
    t_rising_sigma_s: Floats
    t_falling_sigma_s: Floats
    pr_s: Floats
    qrs_s: Floats
    qt_s: Floats


def morphology(traits: Traits, labs: Labs) -> Morphology:
    """Work out the beat of each window from who it is and what the blood holds.

    Parameters
    ----------
    traits, labs
        Of n windows, row by row.
    """
    change = modelled_change(traits, labs)
    interval_s = 60.0 / traits.heart_rate_bpm
    cube, fourth = interval_s ** (1 / 3), interval_s**0.25
    angle = np.radians(traits.lead_angle_deg)

    def seen(wave: str, amplitude_mv: Floats) -> Floats:
        return np.asarray(traits.lead_gain * amplitude_mv * np.cos(angle - np.radians(WAVE_AXES_DEG[wave])))

    falling_ms = traits.t_sigma_ms * change.t_width_factor
    breadth = ONSET_SIGMAS * traits.t_asymmetry + T_END_SIGMAS
    broader_ms = falling_ms + change.t_broadening_ms / breadth
    # What T loses or gains in width above 5.5 mmol/L leaves its peak, not its end, where it was.
    qt_ms = traits.qtc_ms + change.st_ms + change.t_broadening_ms + T_END_SIGMAS * (falling_ms - traits.t_sigma_ms)
    falling_s = np.clip(broader_ms * 1e-3 * cube, *T_SIGMA_LIMITS_S)
    widening_ms = traits.qrs_ms * (change.qrs_factor - 1.0)
    return Morphology(
        p_mv=seen("p", (traits.p_mv + change.p_mv) * change.p_factor),
        q_mv=seen("q", traits.q_mv),
        r_mv=seen("r", traits.r_mv),
        s_mv=seen("s", traits.s_mv * change.qrs_factor),
        t_mv=seen("t", (traits.t_mv + change.t_mv) * change.t_factor),
        p_sigma_s=traits.p_sigma_ms * 1e-3 * fourth,
        t_rising_sigma_s=falling_s * traits.t_asymmetry,
        t_falling_sigma_s=falling_s,
        pr_s=(traits.pr_ms + change.pr_ms) * 1e-3 * fourth,
        qrs_s=(traits.qrs_ms + widening_ms) * 1e-3,
        qt_s=qt_ms * 1e-3 * cube + widening_ms * 1e-3,
    )


@dataclass(frozen=True, slots=True, eq=False)
class WaveTruth:
    """Every wave of n windows: times in s since the window's first sample, amplitudes in mV.

    All arrays are float64 of shape (n, k), row i holding the beats of window i whose R peak lies inside it,
    in order, and NaN after the last. P of the first and T of the last beat may lie outside the window.
    Amplitudes are those of each Gaussian wave; onsets and ends are defined by `ONSET_SIGMAS` and
    `T_END_SIGMAS`.
    """

    p_onset_s: Floats
    p_peak_s: Floats
    p_offset_s: Floats
    qrs_onset_s: Floats
    q_peak_s: Floats
    r_peak_s: Floats
    s_peak_s: Floats
    qrs_offset_s: Floats
    t_onset_s: Floats
    t_peak_s: Floats
    t_offset_s: Floats
    p_mv: Floats
    q_mv: Floats
    r_mv: Floats
    s_mv: Floats
    t_mv: Floats

    @property
    def n_beats(self) -> Keys:
        """``NDArray[int64]``, shape (n,): beats of each window."""
        return np.asarray(np.isfinite(self.r_peak_s).sum(axis=1), np.int64)

    @property
    def pr_s(self) -> Floats:
        """Onset of P to onset of QRS, shape (n, k)."""
        return self.qrs_onset_s - self.p_onset_s

    @property
    def qrs_s(self) -> Floats:
        """Onset to end of QRS, shape (n, k)."""
        return self.qrs_offset_s - self.qrs_onset_s

    @property
    def qt_s(self) -> Floats:
        """Onset of QRS to end of T, shape (n, k)."""
        return self.t_offset_s - self.qrs_onset_s

    def within(self, start_s: float, duration_s: float, n_columns: int) -> Self:
        """Pack the beats whose R peak lies in a stretch to the left of `n_columns` columns, NaN behind them.

        Times stay as they are.
        """
        inside = (self.r_peak_s >= start_s) & (self.r_peak_s < start_s + duration_s)
        order = np.argsort(~inside, axis=1, kind="stable")
        keep = np.take_along_axis(inside, order, axis=1)

        def packed(values: Floats) -> Floats:
            columns = np.full((len(values), n_columns), np.nan)
            chosen = np.where(keep, np.take_along_axis(values, order, axis=1), np.nan)[:, :n_columns]
            columns[:, : chosen.shape[1]] = chosen
            return columns

        return type(self)(*(packed(getattr(self, field.name)) for field in fields(self)))


def place_waves(beat: Morphology, r_peak_s: Floats, gain: Floats) -> WaveTruth:
    """Place the waves of every beat.

    Parameters
    ----------
    beat
        Of n windows.
    r_peak_s
        Shape (n, k): R peaks, NaN where there is none.
    gain
        Shape (n, k): factor of each beat's amplitudes (breathing).
    """

    def column(values: Floats) -> Floats:
        return values[:, None]

    qrs = column(beat.qrs_s)
    qrs_onset = r_peak_s - R_PLACE * qrs
    t_offset = qrs_onset + column(beat.qt_s)
    t_peak = t_offset - T_END_SIGMAS * column(beat.t_falling_sigma_s)
    p_onset = qrs_onset - column(beat.pr_s)
    p_half = ONSET_SIGMAS * column(beat.p_sigma_s)
    return WaveTruth(
        p_onset_s=p_onset,
        p_peak_s=p_onset + p_half,
        p_offset_s=p_onset + 2.0 * p_half,
        qrs_onset_s=qrs_onset,
        q_peak_s=r_peak_s - (R_PLACE - ONSET_SIGMAS * Q_WIDTH) * qrs,
        r_peak_s=r_peak_s,
        s_peak_s=r_peak_s + (1.0 - R_PLACE - ONSET_SIGMAS * S_WIDTH) * qrs,
        qrs_offset_s=qrs_onset + qrs,
        t_onset_s=t_peak - ONSET_SIGMAS * column(beat.t_rising_sigma_s),
        t_peak_s=t_peak,
        t_offset_s=t_offset,
        p_mv=gain * column(beat.p_mv),
        q_mv=gain * column(beat.q_mv),
        r_mv=gain * column(beat.r_mv),
        s_mv=gain * column(beat.s_mv),
        t_mv=gain * column(beat.t_mv),
    )
