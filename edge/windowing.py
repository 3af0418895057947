"""Cuts a stream of blocks into windows of the pack's length and rate, none of which spans a gap.

Two networks read a window: the pack's, at its rate, and the one that marks waves, at `edge.waves.track.RATE_HZ`. Each
sample of the source is resampled once for either as it comes, however many windows it is in: windows that overlap share
the samples.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import StreamError
from edge.outcome import Rejected, Rejection, Span
from edge.resample import PolyphaseResampler
from edge.signal import SampleBlock
from edge.waves.track import RATE_HZ

_END: Final = attrgetter("end_index")
_SCALE: Final = attrgetter("scale")


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Ten seconds (or what the pack asks for) without a gap.

    Parameters
    ----------
    millivolts
        ``NDArray[float64]``, shape (n,), mV, at `rate_hz`. Read-only where it is cut out of a stream.
    rate_hz
        Sample rate of `millivolts`.
    span
        The source samples it covers, with their estimated time.
    railed_fraction
        Part of the source samples that were at the converter's rails.
    contact
        False where the device said for any of its samples that an electrode was off.
    waves
        What waves are marked and measured on: ``NDArray[float64]``, shape (m,), mV, at `edge.waves.track.RATE_HZ`,
        resampled from the source's own rate and begun at the sample nearest to the window's first. Read-only. None
        where the window is not cut out of a stream; it is then resampled when it is read.
    """

    millivolts: NDArray[np.float64]
    rate_hz: float
    span: Span
    railed_fraction: float
    contact: bool
    waves: NDArray[np.float64] | None = None


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

        A window is complete when no later sample can change what it is resampled to, some samples behind its last.

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
            self._segment = _Segment(block, self._rate_hz, self._window, self._hop)
        yield from self._segment.push(block)

    def finish(self) -> Iterator[Cut]:
        """End the stream and give what is left of it."""
        yield from self._end_segment(Rejection.ENDED)

    def _end_segment(self, reason: Rejection) -> Iterator[Cut]:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        yield from segment.finish()
        rest = segment.rest()
        if rest:
            full_s = self._window / self._rate_hz
            yield Rejected(rest, reason, f"{rest.duration_s:.1f} s of the {full_s:g} s a window needs")


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Parts end to end; where only one has samples, it is not copied."""
    filled = [part for part in parts if part.size]
    return filled[0] if len(filled) == 1 else np.concatenate(filled or [np.empty(0)])


def _start_index(block: SampleBlock) -> int:
    return block.first_index - (block.gap_before.n_samples if block.gap_before else 0)


class _Segment:
    """A stretch of the stream without a gap, at both rates, with what its windows need to know of each block.

    Blocks wait as they came until they complete a window, so that a block costs next to nothing.
    """

    def __init__(self, first: SampleBlock, rate_hz: float, window: int, hop: int) -> None:
        self._rate_in_hz, self._rate_hz = first.rate_hz, rate_hz
        self._window, self._hop = window, hop
        self._first_index = first.first_index
        self._blocks = _Blocks()
        self._waiting: list[SampleBlock] = []
        self._model = _Line(first.rate_hz, rate_hz)
        self._waves = self._model if rate_hz == RATE_HZ else _Line(first.rate_hz, RATE_HZ)
        self._lines = (self._model,) if self._waves is self._model else (self._model, self._waves)
        self._start = 0
        self._covered = 0
        self._due = self._due_index()

    def push(self, block: SampleBlock) -> Iterator[Window]:
        self._blocks.add(block)
        self._waiting.append(block)
        if block.end_index >= self._due:
            millivolts = self._taken()
            for line in self._lines:
                line.push(millivolts)
            while block.end_index >= self._due:
                yield self._next()

    def finish(self) -> Iterator[Window]:
        millivolts = self._taken()
        for line in self._lines:
            line.push(millivolts)
            line.finish()
        while self._model.end >= self._start + self._window:
            yield self._next()

    def rest(self) -> Span | None:
        """Source samples that no window has, and none will."""
        begin = max(self._covered, self._start)
        return self._span(self._start, self._model.end) if self._blocks.end_index > self._source_index(begin) else None

    def _taken(self) -> NDArray[np.float64]:
        """Millivolts of the blocks that wait; those of one scale are converted together."""
        waiting, self._waiting = self._waiting, []
        alike = [(scale, [block.counts for block in blocks]) for scale, blocks in groupby(waiting, key=_SCALE)]
        return _joined([scale.millivolts(_joined(counts)) for scale, counts in alike])

    def _next(self) -> Window:
        begin, end = self._start, self._start + self._window
        waves_begin = self._waves_place(begin)
        waves = self._waves.part(waves_begin, waves_begin + self._waves_place(self._window))
        span = self._span(begin, end)
        window = Window(
            millivolts=self._model.part(begin, end),
            rate_hz=self._rate_hz,
            span=span,
            railed_fraction=self._blocks.railed(span) / span.n_samples,
            contact=self._blocks.contact(span),
            waves=waves,
        )
        self._covered, self._start = end, begin + self._hop
        self._due = self._due_index()
        self._forget()
        return window

    def _due_index(self) -> int:
        """Source index up to which samples must have come for the next window."""
        waves_end = self._waves_place(self._start) + self._waves_place(self._window)
        needed = self._model.inputs_for(self._start + self._window), self._waves.inputs_for(waves_end)
        return self._first_index + max(needed)

    def _forget(self) -> None:
        self._model.forget(self._start)
        self._waves.forget(self._waves_place(self._start))
        self._blocks.forget(self._source_index(self._start))

    def _waves_place(self, out: int) -> int:
        return round(out * RATE_HZ / self._rate_hz)

    def _source_index(self, out: int) -> int:
        return self._first_index + round(out * self._rate_in_hz / self._rate_hz)

    def _span(self, begin: int, end: int) -> Span:
        return self._blocks.span(self._source_index(begin), self._source_index(end))


class _Line:
    """A segment at one rate, from the first sample that a window may still want."""

    def __init__(self, rate_in_hz: float, rate_hz: float) -> None:
        self._resampler = PolyphaseResampler(rate_in_hz, rate_hz)
        self._samples = np.empty(0)
        self._begin = 0

    @property
    def end(self) -> int:
        """Samples there have been."""
        return self._begin + self._samples.size

    def inputs_for(self, end: int) -> int:
        return self._resampler.inputs_for(end)

    def push(self, millivolts: NDArray[np.float64]) -> None:
        self._append(self._resampler.push(millivolts))

    def finish(self) -> None:
        self._append(self._resampler.finish())

    def _append(self, samples: NDArray[np.float64]) -> None:
        self._samples = _joined([self._samples, samples])
        self._samples.setflags(write=False)

    def part(self, begin: int, end: int) -> NDArray[np.float64]:
        return self._samples[begin - self._begin : end - self._begin]

    def forget(self, before: int) -> None:
        drop = min(max(0, before - self._begin), self._samples.size)
        self._samples, self._begin = self._samples[drop:], self._begin + drop


class _Blocks:
    """Blocks in a row, and what was wrong in them; each is looked at once, as it comes."""

    def __init__(self) -> None:
        self._blocks: list[SampleBlock] = []
        self._off: list[SampleBlock] = []
        self._railed: list[int] = []

    @property
    def end_index(self) -> int:
        return self._blocks[-1].end_index

    def add(self, block: SampleBlock) -> None:
        self._blocks.append(block)
        if block.contact is False:
            self._off.append(block)
        if block.scale.rails is not None:
            low, high = block.scale.rails
            at_rails = np.flatnonzero((block.counts <= low) | (block.counts >= high))
            self._railed.extend((block.first_index + at_rails).tolist())

    def span(self, first: int, end: int) -> Span:
        end = min(end, self.end_index)
        block = self._blocks[bisect_right(self._blocks, first, key=_END)]
        last = self._blocks[bisect_left(self._blocks, end, key=_END)]
        start_s = block.start_s + (first - block.first_index) * block.period_s
        end_s = last.start_s + (end - last.first_index) * last.period_s
        return Span(first, end - first, start_s, end_s - start_s, block.time_uncertainty_s)

    def railed(self, span: Span) -> int:
        """Samples at the converter's rails."""
        return bisect_left(self._railed, span.end_index) - bisect_left(self._railed, span.first_index)

    def contact(self, span: Span) -> bool:
        """Whether no block in it was taken with an electrode off."""
        return not any(off.end_index > span.first_index and off.first_index < span.end_index for off in self._off)

    def forget(self, before: int) -> None:
        """Drop what lies before an index; the newest block stays."""
        del self._blocks[: min(bisect_right(self._blocks, before, key=_END), len(self._blocks) - 1)]
        del self._off[: bisect_right(self._off, before, key=_END)]
        del self._railed[: bisect_left(self._railed, before)]
