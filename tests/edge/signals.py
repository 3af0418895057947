"""Signals and streams the tests of `edge` share."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from edge.heart import Heart, PatchNoise
from edge.outcome import Span
from edge.signal import Gap, GapReason, SampleBlock, Scale
from edge.windowing import Window

MICROVOLT = Scale(1e-3)


def block(counts, first_index=0, *, rate_hz=500.0, lost_before=0, scale=MICROVOLT, contact=None) -> SampleBlock:
    """A block of a stream that began at time 0."""
    gap = Gap(first_index - lost_before, lost_before, GapReason.FRAME_LOST) if lost_before else None
    return SampleBlock(
        counts=np.array(counts, np.int32),
        scale=scale,
        rate_hz=rate_hz,
        first_index=first_index,
        start_s=first_index / rate_hz,
        period_s=1 / rate_hz,
        gap_before=gap,
        contact=contact,
    )


def stream(counts, cuts=(), lost=(), *, rate_hz=500.0) -> list[SampleBlock]:
    """`counts` as blocks that end at each of `cuts`; the samples of the ranges `lost` never arrive."""
    arrives = np.ones(len(counts), bool)
    for first, end in lost:
        arrives[first:end] = False
    changes = np.flatnonzero(np.diff(arrives)) + 1
    bounds = sorted({0, *cuts, *changes.tolist(), len(counts)})
    blocks: list[SampleBlock] = []
    for begin, end in pairwise(bounds):
        if arrives[begin]:
            before = blocks[-1].end_index if blocks else begin
            blocks.append(block(counts[begin:end], begin, rate_hz=rate_hz, lost_before=begin - before))
    return blocks


def cuts_of(n: int, most: int = 12) -> st.SearchStrategy[list[int]]:
    """Where a stream of `n` samples is cut into blocks."""
    return st.lists(st.integers(1, n - 1), max_size=most, unique=True).map(sorted)


def heartbeat(duration_s: float, *, rate_hz: float = 500.0, subject: int = 0, noise: PatchNoise | None = None):
    """Millivolts of the synthetic heart, shape (n,)."""
    keys = np.array([[subject, 0, 0]])
    kwargs = {} if noise is None else {"noise": noise}
    return Heart(1).windows(keys, rate_hz=rate_hz, duration_s=duration_s, **kwargs).millivolts[0].astype(np.float64)


def window(millivolts, *, rate_hz=500.0, railed_fraction=0.0, contact=True) -> Window:
    """A window as the windower would cut it."""
    x = np.asarray(millivolts, np.float64)
    return Window(x, rate_hz, Span(0, x.size, 0.0, x.size / rate_hz, 0.0), railed_fraction, contact)
