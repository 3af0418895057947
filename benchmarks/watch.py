"""Watches every block of a night: where it truly lies, when it truly was, and what memory is held meanwhile."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.witness import TimeErrors, Witness
from ble_gateway.simulator.twins.heart_rate import HeartRateTwin
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Block
from ble_gateway.wearables.heart_rate import INTERVAL_HZ
from edge.budget import resident_mb
from edge.outcome import Outcome
from edge.signal import SampleBlock

_LOOKS: Final = 100
"""How often a night the memory is looked at."""
_ROUND: Final = 211
"""A prime: the intervals of a strap come round after so many."""


@dataclass(slots=True)
class Watch:
    """Looks at every block: where it truly lies, when it truly was, what memory is held."""

    hours: float
    reset_at_s: float | None
    virtual: VirtualWearable
    witness: Witness
    errors: TimeErrors = field(default_factory=TimeErrors)
    breaks: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Where the count of samples is wrong: stated index, true end before, true index, by how many."""
    strange: int = 0
    gaps: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    true_end: int = 0
    _shift: int = 0

    def observe(self, block: Block | None, _: tuple[Outcome, ...]) -> None:
        """Compare a block with the truth."""
        if block is None or self.virtual.truth is None:
            return
        self.gaps += block.gap_before is not None
        values, times_s = _told(block)
        found = self.witness.find(block.first_index, values)
        self.strange += values.size - sum(piece.n for piece in found)
        for piece in found:
            shift = piece.true_index - block.first_index - piece.skip
            if shift != self._shift:
                stated = block.first_index + piece.skip
                self.breaks.append((stated, self.true_end, piece.true_index, shift - self._shift))
                self._shift = shift
            self.true_end = piece.true_index + piece.n
            true_s = self._true_times_s(piece.true_index, piece.n)
            self.errors.add(times_s[piece.skip : piece.skip + piece.n] - true_s)
        self._look((times_s[0] - self.virtual.truth.start_s) / 3600)

    def _true_times_s(self, first: int, n: int) -> NDArray[np.float64]:
        truth = self.virtual.truth
        if truth is None:
            raise RuntimeError("nothing was played")
        if not isinstance(self.virtual.twin, HeartRateTwin):
            return truth.times_s(first, n)
        began = _ticks_before(first) + np.cumsum([0, *(strap_ticks(first + k) for k in range(n - 1))])
        return truth.start_s + began / INTERVAL_HZ * truth.period_s * self.virtual.twin.rate_hz

    def _look(self, hours: float) -> None:
        if hours >= len(self.memory) * self.hours / _LOOKS:
            self.memory.append((hours, resident_mb()))

    def memory_at(self, *shares: float) -> tuple[float, ...]:
        """Resident memory at shares of the night, MB."""
        last = len(self.memory) - 1
        return tuple(round(self.memory[round(share * last)][1], 1) for share in shares)

    def memory_slope(self) -> float:
        """Growth over the last nine tenths of the night, MB an hour."""
        hours, mb = np.array(self.memory[len(self.memory) // 10 :]).T
        return round(float(np.polyfit(hours, mb, 1)[0]), 3)

    def resets(self) -> list[int]:
        """By how many samples each gap is off in which the wearable began anew."""
        return [off for _, end, begin, off in self.breaks if self._is_reset(end, begin)]

    def wrong(self) -> list[int]:
        """By how many samples each other place is off."""
        return [off for _, end, begin, off in self.breaks if not self._is_reset(end, begin)]

    def _is_reset(self, true_end: int, true_begin: int) -> bool:
        """Whether the wearable began anew between two samples; it does so between two frames."""
        reset_s, truth = self.reset_at_s, self.virtual.truth
        if reset_s is None or truth is None:
            return False
        index, frame = reset_s / truth.period_s, self.virtual.twin.frame_samples
        return true_end - frame <= index <= true_begin + frame


def strap_ticks(interval: int) -> int:
    """Length of an interval that a virtual strap plays, in its ticks: no other is as long within 105 of it."""
    return 800 + 37 * interval % _ROUND


def _ticks_before(interval: int) -> int:
    rounds, rest = divmod(interval, _ROUND)
    return rounds * sum(map(strap_ticks, range(_ROUND))) + sum(map(strap_ticks, range(rest)))


def _told(block: Block) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Values of a block, and their estimated times, s."""
    if isinstance(block, SampleBlock):
        return block.counts, block.start_s + np.arange(block.n_samples, dtype=np.float64) * block.period_s
    times_s = block.start_s - block.rr_s + np.cumsum(block.rr_s, dtype=np.float64)
    return np.rint(block.rr_s * INTERVAL_HZ).astype(np.int32), times_s
