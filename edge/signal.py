"""The stream as it came: blocks of integer counts, or of beat intervals, with their place, time and the gap before."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edge.errors import StreamError


class GapReason(StrEnum):
    """Why samples are missing from a stream."""

    FRAME_LOST = "frame_lost"
    """The device sent them; they never arrived."""
    DISCONNECTED = "disconnected"
    """The link was down while the device took them."""
    QUEUE_OVERFLOW = "queue_overflow"
    """They arrived faster than the gateway took them."""
    DEVICE_RESET = "device_reset"
    """The device began to count again; their number is an estimate."""
    INFERRED = "inferred"
    """Later samples arrive too late for all to have come; their number is an estimate."""
    INVALID_SAMPLES = "invalid_samples"
    """The source marks them as not measured (NaN in a recording, the invalid code of a device)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How counts become millivolts: ``(count - zero_count) * millivolts_per_count``.

    Parameters
    ----------
    millivolts_per_count
        Size of one count, mV. Not zero; negative for an inverted lead.
    zero_count
        The count that means 0 mV (WFDB: baseline).
    rails
        Lowest and highest count the converter can give, where known: samples there are saturated.
    """

    millivolts_per_count: float
    zero_count: float = 0.0
    rails: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.millivolts_per_count) or self.millivolts_per_count == 0:
            raise ValueError(f"millivolts_per_count is {self.millivolts_per_count}: must be finite and not 0")

    def millivolts(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        """Counts as millivolts, same shape."""
        millivolts = counts.astype(np.float64)
        millivolts -= self.zero_count
        millivolts *= self.millivolts_per_count
        return millivolts


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples the device took (or should have taken) that are not in the stream.

    Parameters
    ----------
    first_index
        Index of the first missing sample.
    n_samples
        How many are missing, at least 1.
    reason
        Why.
    """

    first_index: int
    n_samples: int
    reason: GapReason

    def __post_init__(self) -> None:
        if self.n_samples < 1:
            raise ValueError(f"a gap of {self.n_samples} samples")

    @property
    def end_index(self) -> int:
        """Index of the sample after the last missing one."""
        return self.first_index + self.n_samples


@dataclass(frozen=True, slots=True, eq=False)
class SampleBlock:
    """Samples in a row, as counts, with no gap inside.

    Sample indices count every sample the device took, lost ones included: ``first_index`` of a block equals
    ``end_index`` of the block before plus ``gap_before.n_samples``.

    Parameters
    ----------
    counts
        ``NDArray[int32]``, shape (n_samples,), at least one sample. Made read-only.
    scale
        Counts to millivolts.
    rate_hz
        Nominal sample rate.
    first_index
        Index of ``counts[0]`` in the stream.
    start_s
        Estimated time of ``counts[0]``, s since the Unix epoch.
    period_s
        Estimated true sample period, s: about ``1 / rate_hz``, off by the drift of the device's clock.
    time_uncertainty_s
        One standard deviation of ``start_s``.
    gap_before
        What is missing between the block before and this one.
    contact
        False where the device says that an electrode is off; None where it does not say.
    """

    counts: NDArray[np.int32]
    scale: Scale
    rate_hz: float
    first_index: int
    start_s: float
    period_s: float
    time_uncertainty_s: float = 0.0
    gap_before: Gap | None = None
    contact: bool | None = None

    def __post_init__(self) -> None:
        if self.counts.dtype != np.int32 or self.counts.ndim != 1 or self.counts.size == 0:
            raise ValueError(f"counts must be int32, shape (n >= 1,): {self.counts.dtype}{self.counts.shape}")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise ValueError(f"rate_hz is {self.rate_hz}")
        if self.gap_before and self.gap_before.end_index != self.first_index:
            raise ValueError("gap_before must end where the block begins")
        self.counts.setflags(write=False)

    @property
    def n_samples(self) -> int:
        """Number of samples in the block."""
        return int(self.counts.size)

    @property
    def end_index(self) -> int:
        """Index of the sample after the last one."""
        return self.first_index + self.n_samples

    def follows(self, end_index: int) -> None:
        """Check that the block continues a stream whose next sample would be `end_index`.

        Raises
        ------
        StreamError
            If samples overlap, or are missing without a gap that says so.
        """
        _check_place("sample", self.first_index, end_index, self.gap_before)


@dataclass(frozen=True, slots=True, eq=False)
class BeatBlock:
    """Intervals between beats in a row, with no gap inside: what a wearable sends that gives rhythm without waves.

    Intervals are counted as `SampleBlock` counts samples, those missing in a gap included: their number is then an
    estimate from the length of the gap.

    Parameters
    ----------
    rr_s
        ``NDArray[float64]``, shape (n_intervals,), each above 0 s, at least one. Made read-only.
    first_index
        Index of ``rr_s[0]`` in the stream.
    start_s
        Estimated time of the beat that begins the first interval, s since the Unix epoch.
    time_uncertainty_s
        One standard deviation of ``start_s``.
    gap_before
        The intervals that are missing between the block before and this one.
    gap_before_s
        How long they lasted together, s; 0 without a gap.
    contact
        False where the device says that an electrode is off; None where it does not say.
    """

    rr_s: NDArray[np.float64]
    first_index: int
    start_s: float
    time_uncertainty_s: float = 0.0
    gap_before: Gap | None = None
    gap_before_s: float = 0.0
    contact: bool | None = None

    def __post_init__(self) -> None:
        if self.rr_s.dtype != np.float64 or self.rr_s.ndim != 1 or self.rr_s.size == 0:
            raise ValueError(f"rr_s must be float64, shape (n >= 1,): {self.rr_s.dtype}{self.rr_s.shape}")
        if not (np.isfinite(self.rr_s).all() and self.rr_s.min() > 0):
            raise ValueError("an interval between beats must be finite and above 0 s")
        if self.gap_before and self.gap_before.end_index != self.first_index:
            raise ValueError("gap_before must end where the block begins")
        if (self.gap_before is not None) != (self.gap_before_s > 0):
            raise ValueError(f"a gap of {self.gap_before_s} s must have its intervals, and they their time")
        self.rr_s.setflags(write=False)

    @property
    def n_intervals(self) -> int:
        """Number of intervals in the block."""
        return int(self.rr_s.size)

    @property
    def duration_s(self) -> float:
        """From the first beat to the last one, s."""
        return float(self.rr_s.sum())

    @property
    def end_index(self) -> int:
        """Index of the interval after the last one."""
        return self.first_index + self.n_intervals

    def follows(self, end_index: int) -> None:
        """Check that the block continues a stream whose next interval would be `end_index`.

        Raises
        ------
        StreamError
            If intervals overlap, or are missing without a gap that says so.
        """
        _check_place("interval", self.first_index, end_index, self.gap_before)


def _check_place(what: str, first_index: int, end_index: int, gap: Gap | None) -> None:
    expected = end_index + (gap.n_samples if gap else 0)
    if first_index != expected:
        raise StreamError(
            f"a block begins at {what} {first_index} where {expected} was expected",
            advice=f"the source must state every missing {what} as a gap",
        )
