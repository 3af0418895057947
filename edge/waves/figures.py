"""What is measured of a stretch of ECG: figures with their spread over its beats, or the reason why one is withheld."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from edge.waves.marks import Rhythm
from edge.waves.track import Grade


class Withheld(StrEnum):
    """Why a figure is not given."""

    UNREADABLE = "unreadable"
    """The signal is too noisy for it."""
    TOO_FEW_BEATS = "too_few_beats"
    """Fewer beats than it takes have what is measured."""
    AF = "af"
    """It has no meaning in atrial fibrillation (PR, P)."""
    NO_P = "no_p"
    """Most beats have no P wave."""
    NO_T_END = "no_t_end"
    """Most beats have no T wave whose end can be seen."""
    ECTOPIC = "ectopic"
    """Too few of the beats are normal ones."""
    SCATTERED = "scattered"
    """The beats do not agree on it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the median over the beats that have it.

    Parameters
    ----------
    value
        In the unit of the field it stands in; None where withheld.
    spread
        1.4826 times the median absolute deviation over those beats, in the same unit; None where withheld, and for
        SDNN and RMSSD, which are spreads themselves.
    n
        Beats (or intervals) it rests on.
    withheld
        Why there is no value; None where there is one.
    """

    value: float | None
    spread: float | None
    n: int
    withheld: Withheld | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.withheld is not None):
            raise ValueError("a figure has a value or the reason why not")


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a window says of the heart.

    Parameters
    ----------
    heart_rate_bpm
        60 over the mean interval between all its beats; `Figure.spread` is that of the rate from beat to beat.
    sdnn_ms, rmssd_ms
        Variability of the intervals between normal beats, as the Task Force (1996) defines it.
    pr_ms, qrs_ms, qt_ms
        Onset of P to onset of QRS; onset to end of QRS; onset of QRS to end of T, ms.
    qtc_bazett_ms, qtc_fridericia_ms, qtc_framingham_ms
        QT corrected for the rate, ms.
    p_mv, t_mv
        Amplitudes of P and T against the level at the onset of QRS, mV, signed.
    st_mv
        Level 60 ms after the end of QRS against that at its onset, mV, from the gently filtered signal.
    rhythm
        What rhythm it is; None where that cannot be told ("unclassified").
    rhythm_probability
        Of sinus, AF and another rhythm, in the order of `RHYTHMS`.
    beats
        How many beats of each class, by the letter of `BeatClass`; only classes that occur.
    """

    heart_rate_bpm: Figure
    sdnn_ms: Figure
    rmssd_ms: Figure
    pr_ms: Figure
    qrs_ms: Figure
    qt_ms: Figure
    qtc_bazett_ms: Figure
    qtc_fridericia_ms: Figure
    qtc_framingham_ms: Figure
    p_mv: Figure
    t_mv: Figure
    st_mv: Figure
    rhythm: Rhythm | None
    rhythm_probability: tuple[float, float, float]
    beats: dict[str, int]


class Fault(StrEnum):
    """What keeps a second, or a window, from being read in full."""

    LEAD_OFF = "lead_off"
    SATURATED = "saturated"
    FLAT = "flat"
    LOW_AMPLITUDE = "low_amplitude"
    MAINS = "mains"
    MOTION = "motion"
    NOISY = "noisy"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class SecondQuality:
    """What one second of signal can be used for.

    Parameters
    ----------
    grade
        For waves, for the rate only, or for nothing.
    fault
        Why not for waves; None where it is.
    """

    grade: Grade
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Quality:
    """What a window can be used for.

    Parameters
    ----------
    grade, fault
        As `SecondQuality` has them, for the window as a whole.
    detail
        The measurement behind the fault, for people; empty where there is none.
    seconds
        One for each second.
    """

    grade: Grade
    fault: Fault | None
    detail: str
    seconds: tuple[SecondQuality, ...]


Seconds: TypeAlias = tuple[SecondQuality, ...]

GOOD: Final = SecondQuality(Grade.WAVES, None)
"""A second with nothing wrong."""
