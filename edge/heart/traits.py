"""Who is examined: what stays the same in one person from window to window."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from scipy.special import ndtr

from edge.heart.draws import Floats, Keys, Purpose, normals


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Subjects, as one array of shape (n,) for each trait. Wave times are those at 60 beats a minute.

    Means and spreads are those of healthy adults as textbooks give them. The slopes of the modelled relations
    are multiples of the population slope (see `edge.heart.relations`): mean 1, between-subject SD 1, because
    studies that follow patients find relations that vary as much between persons as their mean (Yoon 2018,
    Bukhari 2022; abstracts read).

    Parameters
    ----------
    heart_rate_bpm
        Mean heart rate at rest.
    sdnn_ms
        Standard deviation of the intervals between beats.
    lf_hf
        Power of the 0.1 Hz rhythm over the power of the respiratory one (ECGSYN: ``lfhfratio``).
    respiratory_hz, respiratory_modulation
        Breaths a second; relative depth to which breathing changes the amplitude of a beat.
    p_mv, q_mv, r_mv, s_mv, t_mv
        Amplitudes along each wave's own axis, mV.
    p_sigma_ms, t_sigma_ms, t_asymmetry
        Width of P; width of the falling side of T; rising width over falling width of T.
    pr_ms, qrs_ms, qtc_ms
        Onset of P to onset of QRS; onset to end of QRS; onset of QRS to end of T (Fridericia-corrected).
    lead_gain, lead_angle_deg
        Gain of this person's electrodes; direction of the lead in the frontal plane (lead II is 60 degrees).
    potassium_t_slope, potassium_qtc_slope, potassium_p_slope, potassium_pr_slope
        Below 4.1 mmol/L, multiples of the population slope; normal, so one person in six reacts the other
        way.
    hyperkalaemia_gain, hypocalcaemia_gain, hypercalcaemia_gain
        Of the textbook changes at extreme values; log-normal, so nobody reacts the other way.
    calcium_qtc_slope
        Between the extremes, multiple of the population slope; normal.
    """

    heart_rate_bpm: Floats
    sdnn_ms: Floats
    lf_hf: Floats
    respiratory_hz: Floats
    respiratory_modulation: Floats
    p_mv: Floats
    q_mv: Floats
    r_mv: Floats
    s_mv: Floats
    t_mv: Floats
    p_sigma_ms: Floats
    t_sigma_ms: Floats
    t_asymmetry: Floats
    pr_ms: Floats
    qrs_ms: Floats
    qtc_ms: Floats
    lead_gain: Floats
    lead_angle_deg: Floats
    potassium_t_slope: Floats
    potassium_qtc_slope: Floats
    potassium_p_slope: Floats
    potassium_pr_slope: Floats
    hyperkalaemia_gain: Floats
    hypocalcaemia_gain: Floats
    hypercalcaemia_gain: Floats
    calcium_qtc_slope: Floats

    def __len__(self) -> int:
        return len(self.heart_rate_bpm)

    def take(self, rows: Keys) -> Self:
        """Take the subjects of these rows, in this order; shape (len(rows),)."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))


def draw_traits(seed: int, subjects: Keys) -> Traits:
    """Draw the traits of subjects.

    Parameters
    ----------
    seed
        Of the heart.
    subjects
        ``NDArray[int64]``, shape (n,): numbers of subjects, not negative.

    Returns
    -------
    Traits
        Row i depends on the seed and ``subjects[i]`` alone.
    """
    columns = iter(normals(seed, Purpose.TRAITS, subjects[:, None], len(fields(Traits))).T.astype(np.float64))

    def around(mean: float, spread: float, low: float, high: float) -> Floats:
        return np.asarray(np.clip(mean + spread * next(columns), low, high), np.float64)

    def between(low: float, high: float) -> Floats:
        return low + (high - low) * np.asarray(ndtr(next(columns)), np.float64)

    def positive(median: float, log_spread: float, low: float, high: float) -> Floats:
        return np.asarray(np.clip(median * np.exp(log_spread * next(columns)), low, high), np.float64)

    def slope() -> Floats:
        return np.asarray(1.0 + next(columns), np.float64)

    def gain() -> Floats:
        # A log-normal whose mean and standard deviation are both 1.
        return np.asarray(np.exp(np.sqrt(np.log(2.0)) * next(columns)) / np.sqrt(2.0), np.float64)

    return Traits(
        heart_rate_bpm=around(72.0, 11.0, 45.0, 115.0),
        sdnn_ms=around(42.0, 16.0, 8.0, 90.0),
        lf_hf=positive(1.0, 0.6, 0.2, 5.0),
        respiratory_hz=between(0.17, 0.33),
        respiratory_modulation=between(0.0, 0.15),
        p_mv=around(0.13, 0.03, 0.05, 0.22),
        q_mv=around(-0.08, 0.04, -0.2, -0.01),
        r_mv=around(1.1, 0.25, 0.5, 1.9),
        s_mv=around(-0.22, 0.1, -0.5, -0.03),
        t_mv=around(0.32, 0.08, 0.12, 0.6),
        p_sigma_ms=around(20.0, 2.5, 14.0, 27.0),
        t_sigma_ms=around(36.0, 4.0, 26.0, 46.0),
        t_asymmetry=around(1.5, 0.15, 1.15, 1.9),
        pr_ms=around(158.0, 17.0, 118.0, 205.0),
        qrs_ms=around(92.0, 8.0, 72.0, 112.0),
        qtc_ms=around(408.0, 17.0, 370.0, 450.0),
        lead_gain=positive(1.0, 0.25, 0.5, 2.0),
        lead_angle_deg=around(60.0, 15.0, 20.0, 100.0),
        potassium_t_slope=slope(),
        potassium_qtc_slope=slope(),
        potassium_p_slope=slope(),
        potassium_pr_slope=slope(),
        hyperkalaemia_gain=gain(),
        hypocalcaemia_gain=gain(),
        hypercalcaemia_gain=gain(),
        calcium_qtc_slope=slope(),
    )
