"""What a virtual wearable plays: any blocks, as its own counts at its own rate, in frames. Pure."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from edge.resample import PolyphaseResampler
from edge.signal import SampleBlock


def as_counts(
    blocks: Iterable[SampleBlock], rate_hz: float, millivolts_per_count: float, rails: tuple[int, int]
) -> Iterator[NDArray[np.int32]]:
    """Resample blocks to `rate_hz`, in counts within the rails.

    A gap is played as the last sample before it, held: a wearable never stops sending.
    """

    def counts(millivolts: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.clip(np.rint(millivolts / millivolts_per_count), *rails).astype(np.int32)

    resampler: PolyphaseResampler | None = None
    held = 0.0
    for block in blocks:
        resampler = resampler or PolyphaseResampler(block.rate_hz, rate_hz)
        if block.gap_before:
            yield counts(resampler.push(np.full(block.gap_before.n_samples, held)))
        millivolts = block.scale.millivolts(block.counts)
        held = float(millivolts[-1])
        yield counts(resampler.push(millivolts))
    if resampler:
        yield counts(resampler.finish())


def frames(
    samples: Iterable[NDArray[np.int32]], frame_samples: int, n_samples: int | None = None
) -> Iterator[tuple[NDArray[np.int32], bool]]:
    """Cut samples into frames, the last one shorter where they do not divide; each with whether it is the last.

    Parameters
    ----------
    n_samples
        End after so many samples; None: with the source.
    """
    cut = _cut(samples, frame_samples, n_samples)
    previous = next(cut, None)
    for frame in cut:
        if previous is not None:
            yield previous, False
        previous = frame
    if previous is not None:
        yield previous, True


def _cut(
    samples: Iterable[NDArray[np.int32]], frame_samples: int, n_samples: int | None
) -> Iterator[NDArray[np.int32]]:
    sizes = itertools.repeat(frame_samples) if n_samples is None else _sizes(frame_samples, n_samples)
    source = iter(samples)
    held = np.empty(0, np.int32)
    for size in sizes:
        while held.size < size and (more := next(source, None)) is not None:
            held = np.concatenate([held, more])
        if held.size == 0:
            return
        yield held[:size]
        held = held[size:]


def _sizes(frame_samples: int, n_samples: int) -> Iterator[int]:
    for first in range(0, n_samples, frame_samples):
        yield min(frame_samples, n_samples - first)
