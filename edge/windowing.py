"""Cuts a stream of blocks into windows of the pack's length and rate, none of which spans a gap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import StreamError
from edge.outcome import Rejected, Rejection, Span
from edge.resample import PolyphaseResampler
from edge.signal import SampleBlock


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Ten seconds (or what the pack asks for) without a gap.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n,), mV, at `rate_hz`.
    rate_hz
        Sample rate of `millivolts`.
    span
        The source samples it covers, with their estimated time.
    railed_fraction
        Part of the source samples that were at the converter's rails.
    contact
        False where the device said for any of its samples that an electrode was off.
    """

    millivolts: NDArray[np.float64]
    rate_hz: float
    span: Span
    railed_fraction: float
    contact: bool


Cut: TypeAlias = Window | Rejected


class Windower:
    """Blocks in; windows, and rejections of what never filled one, out.

    Windows begin every `hop_s` from the first sample of each gap-free segment. What lies between the last full
    window and the end of a segment comes out as `Rejected` with ``GAP`` or ``ENDED``. The windows do not depend on
    how the stream was cut into blocks.

    Parameters
    ----------
    rate_hz, window_samples
        What the pack asks for.
    hop_s
        From one window's start to the next one's, s.
    """

    def __init__(self, rate_hz: float, window_samples: int, hop_s: float) -> None:
        self._rate_hz = rate_hz
        self._window = window_samples
        self._hop = round(hop_s * rate_hz)
        if self._hop < 1:
            raise ValueError(f"hop_s is {hop_s}")
        self._segment: _Segment | None = None
        self._end_index: int | None = None
        self._rate_in_hz: float | None = None

    def push(self, block: SampleBlock) -> Iterator[Cut]:
        """Take the next block and give the windows it completes.

        Raises
        ------
        StreamError
            If the block does not continue the stream, or has another rate than the blocks before it.
        """
        block.follows(self._end_index if self._end_index is not None else _start_index(block))
        if self._rate_in_hz not in (None, block.rate_hz):
            raise StreamError(
                f"a block of {block.rate_hz:g} Hz in a stream of {self._rate_in_hz:g} Hz",
                advice="start a new stream where the rate changes",
            )
        self._end_index, self._rate_in_hz = block.end_index, block.rate_hz
        if block.gap_before:
            yield from self._end_segment(Rejection.GAP)
        if self._segment is None:
            self._segment = _Segment(block, self._rate_hz)
        self._segment.push(block)
        yield from self._windows(self._segment)

    def finish(self) -> Iterator[Cut]:
        """End the stream and give what is left of it."""
        yield from self._end_segment(Rejection.ENDED)

    def _windows(self, segment: "_Segment") -> Iterator[Window]:
        while segment.n_out >= segment.next_start + self._window:
            yield segment.window(segment.next_start, self._window)
            segment.covered = segment.next_start + self._window
            segment.next_start += self._hop
            segment.forget(segment.next_start)

    def _end_segment(self, reason: Rejection) -> Iterator[Cut]:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.finish()
        yield from self._windows(segment)
        if segment.leaves_samples:
            span = segment.span(segment.next_start, segment.n_out - segment.next_start)
            full_s = self._window / self._rate_hz
            yield Rejected(span, reason, f"{span.duration_s:.1f} s of the {full_s:g} s a window needs")


def _start_index(block: SampleBlock) -> int:
    return block.first_index - (block.gap_before.n_samples if block.gap_before else 0)


class _Segment:
    """A stretch of the stream without a gap, resampled, with what its windows need to know of each block."""

    def __init__(self, first: SampleBlock, rate_out_hz: float) -> None:
        self._resampler = PolyphaseResampler(first.rate_hz, rate_out_hz)
        self._rate_in_hz, self._rate_out_hz = first.rate_hz, rate_out_hz
        self._first_index = first.first_index
        self._blocks: list[SampleBlock] = []
        self._millivolts = np.empty(0)
        self._from_out = 0
        self.next_start = 0
        self.covered = 0

    @property
    def n_out(self) -> int:
        return self._from_out + self._millivolts.size

    @property
    def leaves_samples(self) -> bool:
        """Whether source samples remain that no window has, and none will."""
        begin = self._source_index(max(self.covered, self.next_start))
        return self._blocks[-1].end_index > begin

    def push(self, block: SampleBlock) -> None:
        self._blocks.append(block)
        self._append(self._resampler.push(block.scale.millivolts(block.counts)))

    def finish(self) -> None:
        self._append(self._resampler.finish())

    def _append(self, millivolts: NDArray[np.float64]) -> None:
        self._millivolts = np.concatenate([self._millivolts, millivolts])

    def _source_index(self, out: int) -> int:
        return self._first_index + round(out * self._rate_in_hz / self._rate_out_hz)

    def span(self, start_out: int, n_out: int) -> Span:
        first, end = self._source_index(start_out), self._source_index(start_out + n_out)
        end = min(end, self._blocks[-1].end_index)
        block = next(b for b in self._blocks if b.end_index > first)
        last = next(b for b in self._blocks if b.end_index >= end)
        start_s = block.start_s + (first - block.first_index) * block.period_s
        end_s = last.start_s + (end - last.first_index) * last.period_s
        return Span(first, end - first, start_s, end_s - start_s, block.time_uncertainty_s)

    def window(self, start_out: int, n_out: int) -> Window:
        span = self.span(start_out, n_out)
        begin = start_out - self._from_out
        inside = [b for b in self._blocks if b.end_index > span.first_index and b.first_index < span.end_index]
        railed = sum(_railed_samples(b, span) for b in inside)
        return Window(
            millivolts=self._millivolts[begin : begin + n_out].copy(),
            rate_hz=self._rate_out_hz,
            span=span,
            railed_fraction=railed / span.n_samples,
            contact=all(b.contact is not False for b in inside),
        )

    def forget(self, before_out: int) -> None:
        drop = min(max(0, before_out - self._from_out), self._millivolts.size)
        self._millivolts, self._from_out = self._millivolts[drop:], self._from_out + drop
        first = self._source_index(before_out)
        self._blocks = [b for b in self._blocks if b.end_index > first] or self._blocks[-1:]


def _railed_samples(block: SampleBlock, span: Span) -> int:
    if block.scale.rails is None:
        return 0
    low, high = block.scale.rails
    begin = max(0, span.first_index - block.first_index)
    counts = block.counts[begin : span.end_index - block.first_index]
    return int(np.count_nonzero((counts <= low) | (counts >= high)))
