"""What every recording is, whatever its format: counts by index, with the invalid ones marked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import RecordingError, RecordingFault
from edge.signal import Gap, GapReason, SampleBlock, Scale

INVALID_COUNT: Final = np.int32(np.iinfo(np.int32).min)
"""Stands for a sample that was not measured."""

TENTH_MICROVOLT: Final = Scale(1e-4)
"""The counts made of a source that gives millivolts as decimals."""

_PREFERRED: Final = ("MLII", "II", "I", "ECG")

_READ_S: Final = 60.0
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 20.0, 100_000.0

ReadCounts: TypeAlias = Callable[[int, int], NDArray[np.int32]]


@dataclass(frozen=True, slots=True)
class Recording:
    """One channel of a recording.

    Parameters
    ----------
    name, channel
        What was opened.
    rate_hz
        Sample rate.
    n_samples
        Its length, unmeasured samples included.
    scale
        Counts to millivolts.
    start_s
        Time of the first sample, s since the Unix epoch; 0 where the recording does not say.
    read_counts
        Counts from one index up to another, `INVALID_COUNT` where not measured.
    """

    name: str
    channel: str
    rate_hz: float
    n_samples: int
    scale: Scale
    start_s: float
    read_counts: ReadCounts

    def __post_init__(self) -> None:
        if not (isfinite(self.rate_hz) and _LOWEST_RATE_HZ <= self.rate_hz <= _HIGHEST_RATE_HZ):
            raise RecordingError(
                RecordingFault.BAD_RATE,
                f"{self.name} has a sample rate of {self.rate_hz:g} Hz, where ECG is played from "
                f"{_LOWEST_RATE_HZ:g} to {_HIGHEST_RATE_HZ:g} Hz",
                advice="correct its header (or give --rate for a text table)",
            )
        if self.n_samples < 1:
            raise RecordingError(
                RecordingFault.EMPTY, f"{self.name} has no samples in {self.channel}", advice="record it again"
            )

    def length(self, limit_s: float | None = None) -> int:
        """Samples in the recording, or in its first `limit_s` seconds where that is less."""
        return self.n_samples if limit_s is None else min(self.n_samples, round(limit_s * self.rate_hz))

    def blocks(self, n_samples: int | None = None, limit_s: float | None = None) -> Iterator[SampleBlock]:
        """Play the recording.

        Parameters
        ----------
        n_samples
            Samples a block, at most; about a second by default.
        limit_s
            Stop after this much of it, s.

        Yields
        ------
        SampleBlock
            In order. Unmeasured samples become gaps.

        Raises
        ------
        RecordingError
            If the recording turns out to be unreadable, or no sample of it was measured.
        """
        step = n_samples or max(1, round(self.rate_hz))
        missing_from: int | None = None
        any_block = False
        for begin, counts in self._chunks(step, self.length(limit_s)):
            for valid, first, last in _runs(counts != INVALID_COUNT):
                if not valid:
                    missing_from = begin + first if missing_from is None else missing_from
                    continue
                yield self._block(counts[first:last], begin + first, missing_from)
                missing_from, any_block = None, True
        if not any_block:
            raise RecordingError(
                RecordingFault.NO_VALID_SAMPLES,
                f"no sample of {self.channel} in {self.name} was measured",
                advice="choose another --channel",
            )

    def _chunks(self, step: int, end: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
        """Counts of `step` samples each with their first index; the file is read a minute at a time."""
        read = step * max(1, round(_READ_S * self.rate_hz / step))
        for begin in range(0, end, read):
            counts = self.read_counts(begin, min(begin + read, end))
            for offset in range(0, counts.size, step):
                yield begin + offset, counts[offset : offset + step]

    def _block(self, counts: NDArray[np.int32], first_index: int, missing_from: int | None) -> SampleBlock:
        gap = None
        if missing_from is not None:
            gap = Gap(missing_from, first_index - missing_from, GapReason.INVALID_SAMPLES)
        return SampleBlock(
            counts=counts.copy(),
            scale=self.scale,
            rate_hz=self.rate_hz,
            first_index=first_index,
            start_s=self.start_s + first_index / self.rate_hz,
            period_s=1.0 / self.rate_hz,
            gap_before=gap,
        )


def _runs(flags: NDArray[np.bool_]) -> Iterator[tuple[bool, int, int]]:
    """Stretches of equal flags: the flag, first and end index."""
    edges = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    bounds = [0, *edges.tolist(), flags.size]
    for first, end in pairwise(bounds):
        yield bool(flags[first]), first, end


def counts_of_millivolts(millivolts: NDArray[np.float64]) -> NDArray[np.int32]:
    """Decimal millivolts as counts of `TENTH_MICROVOLT`; NaN and what does not fit become `INVALID_COUNT`."""
    scaled = np.rint(millivolts / TENTH_MICROVOLT.millivolts_per_count)
    fits = np.isfinite(scaled) & (np.abs(scaled) < -float(INVALID_COUNT))
    return np.where(fits, scaled, float(INVALID_COUNT)).astype(np.int32)


def millivolts_per_unit(unit: str) -> float | None:
    """Millivolts in one `unit`, or None where the unit is not a voltage."""
    return {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "nv": 1e-6, "v": 1e3}.get(unit.strip().lower())


def choose_channel(name: str, channels: list[str], voltage: list[bool], wanted: str | None) -> int:
    """Index of the `wanted` channel, or of the one an ECG reader would take first.

    Raises
    ------
    RecordingError
        If there is no such channel, or it is not a voltage.
    """
    listed = ", ".join(channels) or "none"
    if wanted is None:
        usable = [c for c, is_voltage in zip(channels, voltage, strict=True) if is_voltage]
        by_name = {c.upper(): c for c in reversed(usable)}
        wanted = next((by_name[p] for p in _PREFERRED if p in by_name), usable[0] if usable else None)
    match = next((i for i, c in enumerate(channels) if wanted is not None and c.upper() == wanted.upper()), None)
    if match is None or not voltage[match]:
        why = "no channel in volts" if wanted is None else f"no channel {wanted} in volts"
        raise RecordingError(RecordingFault.NO_SUCH_CHANNEL, f"{name} has {why}", advice=f"its channels are: {listed}")
    return match
