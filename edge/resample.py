"""Polyphase resampling of an endless stream, with the same output however the stream is cut."""

from fractions import Fraction
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import signal

_ZERO_CROSSINGS: Final = 10
"""Half-length of the filter in periods of the slower rate, as `scipy.signal.resample_poly` takes it."""
_KAISER_BETA: Final = 5.0
_MAX_DENOMINATOR: Final = 10_000


class PolyphaseResampler:
    """Resamples one gap-free segment of a stream.

    Output sample ``m`` stands at ``m / rate_out_hz`` after the segment's first input sample. The filter is the
    linear-phase Kaiser low-pass of `scipy.signal.resample_poly`; before the first and after the last sample of
    the segment it sees that sample held.

    Parameters
    ----------
    rate_in_hz, rate_out_hz
        Their ratio is taken as the nearest fraction with a denominator of at most 10,000.
    """

    def __init__(self, rate_in_hz: float, rate_out_hz: float) -> None:
        ratio = (Fraction(rate_out_hz) / Fraction(rate_in_hz)).limit_denominator(_MAX_DENOMINATOR)
        if ratio == 0:
            raise ValueError(f"{rate_in_hz} Hz to {rate_out_hz} Hz is too far apart to resample")
        self._up, self._down = ratio.numerator, ratio.denominator
        self._identity = ratio == 1
        slower = max(self._up, self._down, 2)
        self._half = _ZERO_CROSSINGS * slower
        taps = signal.firwin(2 * self._half + 1, 1.0 / slower, window=("kaiser", _KAISER_BETA)) * self._up
        # Each output sample is a sum over one phase: were the phases' gains apart, an electrode's offset became a tone.
        phases = np.arange(taps.size) % self._up
        taps /= np.bincount(phases, taps)[phases]
        # Padding in front makes the filter's delay a whole number of input samples.
        self._reach = ceil(self._half / self._up)
        self._taps = np.concatenate([np.zeros(self._reach * self._up - self._half), taps])
        self._held: NDArray[np.float64] | None = None
        self._held_from = 0
        self._n_in = 0
        self._n_out = 0

    def inputs_for(self, n_out: int) -> int:
        """How many input samples must have come, from the segment's first, before `push` has given `n_out`."""
        if self._identity or n_out == 0:
            return n_out
        return -(-(n_out - 1) * self._down // self._up) + self._reach + 1

    def push(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take input samples, shape (n,), and return the output samples that no later input can change.

        They are `x` itself where both rates are one.
        """
        if self._identity or x.size == 0:
            return x
        if self._held is None:
            self._held = np.full(2 * self._reach, x[0])
            self._held_from = -2 * self._reach
        self._held = np.concatenate([self._held, x])
        self._n_in += x.size
        return self._take(end_out=(self._n_in - 1 - self._reach) * self._up // self._down + 1)

    def finish(self) -> NDArray[np.float64]:
        """End the segment and return its last output samples: ``ceil(n_in * rate_out / rate_in)`` in all."""
        if self._held is None:
            return np.empty(0)
        self._held = np.concatenate([self._held, np.full(self._reach + 1, self._held[-1])])
        return self._take(end_out=-(-self._n_in * self._up // self._down))

    def _take(self, end_out: int) -> NDArray[np.float64]:
        """Output samples not given yet, up to but not including `end_out`."""
        if self._held is None or end_out <= self._n_out:
            return np.empty(0)
        # upfirdn's first output stands at the first input it is given: begin where both grids meet.
        first_in = self._n_out * self._down // self._up - self._reach
        begin_in = first_in - (first_in - self._reach) % self._down
        segment = self._held[max(0, begin_in - self._held_from) :]
        missing = max(0, self._held_from - begin_in)
        if missing:
            segment = np.concatenate([np.full(missing, segment[0]), segment])
        offset = (begin_in - self._reach) * self._up // self._down
        filtered = signal.upfirdn(self._taps, segment, self._up, self._down)
        out: NDArray[np.float64] = filtered[self._n_out - offset : end_out - offset]
        self._n_out = end_out
        keep_from = self._n_out * self._down // self._up - 2 * self._reach - self._down
        drop = max(0, keep_from - self._held_from)
        self._held, self._held_from = self._held[drop:], self._held_from + drop
        return out
