"""What a window ends as: exactly one of `Estimated`, `RhythmMeasured`, `Rejected` and `OverBudget`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge.waves.figures import Measurements


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of a stream a window covers.

    Parameters
    ----------
    first_index, n_samples
        In samples of the stream, as the device counts them; where it gives only intervals between beats, in intervals.
    start_s
        Estimated time of the first sample (of the beat that begins the first interval), s since the Unix epoch.
    duration_s
        Estimated duration, s.
    time_uncertainty_s
        One standard deviation of ``start_s``.
    """

    first_index: int
    n_samples: int
    start_s: float
    duration_s: float
    time_uncertainty_s: float

    @property
    def end_index(self) -> int:
        """Index of the sample (or interval) after the last one."""
        return self.first_index + self.n_samples


class Rejection(StrEnum):
    """Why a window cannot be read."""

    LEAD_OFF = "lead_off"
    """The device says an electrode is off, or the signal leaves any physiological range."""
    FLAT = "flat"
    """A second or more does not move."""
    SATURATED = "saturated"
    """The converter was at its rails."""
    NOISY = "noisy"
    """Too noisy for what is asked of it."""
    MOTION = "motion"
    """The electrode moved."""
    MAINS = "mains"
    """Mains hum hides the waves."""
    LOW_AMPLITUDE = "low_amplitude"
    """The heart's signal hardly stands out of what an electrode gives by itself."""
    IRREGULAR = "irregular"
    """Too many intervals between beats are ectopic, missed or no heart's."""
    GAP = "gap"
    """Samples are missing before the window was full."""
    ENDED = "ended"
    """The stream ended before the window was full."""


@dataclass(frozen=True, slots=True)
class HeartRate:
    """Mean heart rate of a window.

    Parameters
    ----------
    bpm
        60 over the mean interval between beats; None where fewer than two beats were found.
    n_beats
        Beats found in the window.
    """

    bpm: float | None
    n_beats: int


@dataclass(frozen=True, slots=True)
class LabEstimate:
    """One output of a pack for one window. An estimate, not a laboratory result.

    Parameters
    ----------
    output_id, name
        As the pack's manifest gives them.
    probability
        Of the value lying beyond the pack's limit, 0 to 1, as the pack was calibrated.
    above_threshold
        Whether the probability reaches the manifest's decision threshold.
    """

    output_id: str
    name: str
    probability: float
    above_threshold: bool


@dataclass(frozen=True, slots=True)
class Estimated:
    """The window was good enough, and the pack has spoken.

    Parameters
    ----------
    span
        What it covers.
    heart_rate
        Of `measured`, with the number of beats.
    measured
        What the waves of the window say.
    estimates
        One for each output of the pack, in its order.
    pack
        Name and version of the pack, with DEMONSTRATION where it is one.
    kernel_family
        The kernels that computed it; within a family int8 results are equal bit for bit.
    """

    span: Span
    heart_rate: HeartRate
    measured: Measurements
    estimates: tuple[LabEstimate, ...]
    pack: str
    kernel_family: str


@dataclass(frozen=True, slots=True)
class RhythmMeasured:
    """The rhythm of a minute of intervals between beats, by the definitions of the Task Force (1996).

    Its source is Circulation 93:1043, table 1. All figures leave out intervals that are no normal sinus ones; see
    `edge.rhythm`.

    Parameters
    ----------
    span
        What it covers, counted in intervals.
    heart_rate
        From the mean interval; `HeartRate.n_beats` are those between which the span's intervals lie.
    rr_mean_ms
        Mean interval, ms.
    sdnn_ms
        Standard deviation of the intervals (of a sample: n - 1), ms.
    rmssd_ms
        Root of the mean squared difference of intervals that follow each other, ms.
    pnn50_percent
        Share of those differences above 50 ms, %; None where one of them would be more than 5 %.
    n_intervals, n_rejected
        Intervals in the span, and those of them that were left out.
    """

    span: Span
    heart_rate: HeartRate
    rr_mean_ms: float
    sdnn_ms: float
    rmssd_ms: float
    pnn50_percent: float | None
    n_intervals: int
    n_rejected: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The window is not good enough for an estimate; none is given.

    Parameters
    ----------
    span
        What it covers; shorter than a window after ``GAP`` and ``ENDED``.
    reason
        Why, for machines.
    detail
        The measurement behind the reason, for people.
    measured
        What can be measured all the same, the heart rate for one; None where nothing can.
    """

    span: Span
    reason: Rejection
    detail: str
    measured: Measurements | None = None

    @property
    def heart_rate_bpm(self) -> float | None:
        """The heart rate, where it can be measured all the same."""
        return self.measured.heart_rate_bpm.value if self.measured else None


class Limit(StrEnum):
    """What a budget limits."""

    LATENCY_P99 = "latency_p99_ms"
    RESIDENT_MEMORY = "resident_mb"


@dataclass(frozen=True, slots=True)
class OverBudget:
    """The window was passed over, so that the machine stays inside its budget. Its samples are kept.

    Parameters
    ----------
    span
        What it covers.
    limit
        The limit that is exceeded.
    measured, allowed
        In the limit's unit.
    hop_s
        The hop in force now: windows run this far apart until the machine is inside its budget again.
    """

    span: Span
    limit: Limit
    measured: float
    allowed: float
    hop_s: float


Outcome: TypeAlias = Estimated | RhythmMeasured | Rejected | OverBudget
