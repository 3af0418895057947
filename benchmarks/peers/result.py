"""What was found of a network on every runtime, and of the signal's side: kept as JSON, and made into tables."""

from typing import Self

from pydantic import Field

from benchmarks.bench.measurement import Part
from benchmarks.peers.timing import Ratio


class Interval(Part):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, ratio: Ratio) -> Self:
        """The same as a part of a result."""
        return cls(value=ratio.value, low=ratio.low, high=ratio.high)


class Row(Part):
    """One runtime with one form of the network.

    Parameters
    ----------
    name
        As the tables have it.
    ms, p95_ms
        Median and 95th percentile of the time of one window; the median's interval is over the rounds.
    to_ours
        Its median over ours.
    share_of_peak
        Of the machine's measured peak in its arithmetic, int8 or float, 0 to 1.
    spearman, spearman_spoilt
        Rank correlation with the reference, of the middle and of the worst output: on clean windows, and on the same
        with artefacts.
    max_abs_logit
        Largest difference from it.
    truth
        Against the truth; None where there is none.
    size_bytes
        Of its file; None where it reads another one's.
    """

    name: str
    ms: Interval
    p95_ms: float = Field(gt=0)
    to_ours: Interval
    share_of_peak: float = Field(gt=0)
    spearman: tuple[float, float]
    spearman_spoilt: tuple[float, float]
    max_abs_logit: float
    truth: float | None
    size_bytes: int | None


class Micro(Part):
    """A network in TFLite Micro's wheel.

    Parameters
    ----------
    arena_bytes, activations_bytes
        Of its arena, on this machine of 64 bits: all, and the part that holds activations.
    most_steps, share_of_equal
        Largest difference from LiteRT's outputs, int8 steps; share of outputs that are the same.
    n_windows, ms
        Windows, and their median time with reference kernels.
    """

    arena_bytes: int
    activations_bytes: int
    most_steps: int
    share_of_equal: float
    n_windows: int
    ms: float


class NetworkPeers(Part):
    """One network on every runtime.

    Parameters
    ----------
    label, sha256
        Of the pack.
    macs
        Multiply-accumulates of one window.
    int8_gmacs, fp32_gmacs
        The machine's measured peaks, 10^9 multiply-accumulates a second, one thread.
    versions
        By runtime.
    missing
        What was not measured, and why.
    reference, n_windows, n_rounds
        What the correlations are with; windows of theirs, rounds of the times.
    truth
        What `Row.truth` is, in words; empty where there is none.
    rows
        Ours first.
    micro
        None where it could not run it.
    """

    label: str
    sha256: str
    macs: int
    int8_gmacs: float
    fp32_gmacs: float
    versions: dict[str, str]
    missing: dict[str, str]
    reference: str
    n_windows: int
    n_rounds: int
    truth: str = ""
    rows: tuple[Row, ...]
    micro: Micro | None = None


class CleaningRow(Part):
    """One way to clean a window of ten seconds.

    Parameters
    ----------
    name
        Whose.
    ms, p95_ms, to_ours
        Of one window: median and 95th percentile; its median over ours.
    max_abs_difference
        From ours, in standard deviations of the window; None where another signal is meant.
    rate_error_bpm
        By level of noise, in words: mean error of the heart rate, with one detector for all.
    correlation
        By level of noise: median of its correlation with the heart's signal without noise.
    """

    name: str
    ms: Interval
    p95_ms: float = Field(gt=0)
    to_ours: Interval
    max_abs_difference: float | None
    rate_error_bpm: dict[str, float]
    correlation: dict[str, float]


class Cleaning(Part):
    """The signal's side.

    Parameters
    ----------
    n_windows, n_rounds
        Synthetic windows of 500 Hz; times each was timed.
    versions
        By library.
    missing
        What was not measured, and why.
    rows
        Ours first.
    """

    n_windows: int
    n_rounds: int
    versions: dict[str, str]
    missing: dict[str, str]
    rows: tuple[CleaningRow, ...]
