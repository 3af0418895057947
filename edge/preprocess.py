"""The model path's preprocessing: exactly what the network was trained with, stated step by step.

A pack's manifest carries the contract; nothing about it is assumed. Each window is processed alone (no state is
carried from one to the next), so that a window gives the same numbers wherever it was cut.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Notch:
    """`scipy.signal.iirnotch`, run forwards and backwards."""

    frequency_hz: float
    quality: float
    kind: Literal["notch_filtfilt"] = "notch_filtfilt"


@dataclass(frozen=True, slots=True)
class Bandpass:
    """Butterworth band-pass (`scipy.signal.butter`), run forwards and backwards."""

    low_hz: float
    high_hz: float
    order: int
    kind: Literal["butterworth_bandpass_filtfilt"] = "butterworth_bandpass_filtfilt"


@dataclass(frozen=True, slots=True)
class MedianBaseline:
    """Subtracts a running median of ``int(seconds * rate) + 1`` samples (made odd), zeros beyond the edges."""

    seconds: float
    kind: Literal["subtract_running_median"] = "subtract_running_median"


@dataclass(frozen=True, slots=True)
class ZScore:
    """``(x - mean) / (standard deviation + epsilon)`` over the window."""

    epsilon: float
    kind: Literal["z_score"] = "z_score"


@dataclass(frozen=True, slots=True)
class SwingScale:
    """Divides by the swing (highest less lowest sample) of a stretch of `seconds`, the median over the window's.

    A stretch of two seconds holds a beat, so the typical swing is that of QRS; neither one artefact nor a large ectopic
    beat changes it. `floor` keeps a signal that does not move from being blown up, in the unit of the input.
    """

    seconds: float
    floor: float
    kind: Literal["divide_by_median_swing"] = "divide_by_median_swing"


@dataclass(frozen=True, slots=True)
class Compress:
    """``asinh(x / knee)``: linear below the knee, logarithmic above, so that int8 keeps P waves beside tall QRS."""

    knee: float
    kind: Literal["asinh"] = "asinh"


Step: TypeAlias = Notch | Bandpass | MedianBaseline | ZScore | SwingScale | Compress


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What a network expects of its input.

    Parameters
    ----------
    rate_hz
        Sample rate of the window.
    window_samples
        Its length.
    steps
        Applied in this order.
    """

    rate_hz: float
    window_samples: int
    steps: tuple[Step, ...]

    @property
    def window_s(self) -> float:
        """Length of the window, s."""
        return self.window_samples / self.rate_hz


ECGFOUNDER = Preprocessing(
    rate_hz=500.0,
    window_samples=5000,
    steps=(Notch(50.0, 30.0), Bandpass(0.67, 40.0, 4), MedianBaseline(0.4), ZScore(1e-8)),
)
"""ECGFounder's contract: `util.py`, then the z-score of its data sets (PKUDigitalHealth/ECGFounder)."""

WAVES = Preprocessing(
    rate_hz=256.0,
    window_samples=2560,
    steps=(Bandpass(0.5, 40.0, 3), SwingScale(2.0, 1e-4), Compress(0.125)),
)
"""What the network that marks waves reads: ten seconds, no baseline, QRS of about one height whatever the gain."""


@dataclass(frozen=True, slots=True, eq=False)
class _Filter:
    """Coefficients of a filter, and its state once it has settled on a constant 1."""

    b: Array
    a: Array
    settled: Array

    def both_ways(self, x: Array) -> Array:
        """Give what `scipy.signal.filtfilt` gives, bit for bit; it would solve for `settled` anew in each call."""
        reach = 3 * max(self.a.size, self.b.size)
        if x.shape[-1] <= reach:
            raise ValueError(f"a filter that settles in {reach} samples cannot run on {x.shape[-1]}")
        first, last = x[..., :1], x[..., -1:]
        around = [2 * first - x[..., reach:0:-1], x, 2 * last - x[..., -2 : -reach - 2 : -1]]
        forth = self._run(np.concatenate(around, axis=-1))
        return self._run(forth[..., ::-1])[..., ::-1][..., reach:-reach]

    def _run(self, x: Array) -> Array:
        y: Array = signal.lfilter(self.b, self.a, x, axis=-1, zi=self.settled * x[..., :1])[0]
        return y


def _coefficients(step: Notch | Bandpass, rate_hz: float) -> tuple[Array, Array]:
    if isinstance(step, Notch):
        b, a = signal.iirnotch(step.frequency_hz, step.quality, fs=rate_hz)
    else:
        b, a = signal.butter(step.order, [step.low_hz, step.high_hz], btype="bandpass", fs=rate_hz)
    return b, a


@lru_cache(maxsize=16)
def _designed(step: Notch | Bandpass, rate_hz: float) -> _Filter:
    b, a = _coefficients(step, rate_hz)
    return _Filter(b, a, signal.lfilter_zi(b, a))


def rings_out(step: Notch | Bandpass, rate_hz: float) -> bool:
    """Whether the filter's answer to an impulse dies away, with its coefficients rounded as they are.

    A band-pass of high order with a low edge near 0 Hz has poles so close to 1 that double precision moves some of them
    out of the unit circle.
    """
    return bool(np.abs(np.roots(_coefficients(step, rate_hz)[1])).max() < 1.0)


def _apply(step: Step, x: Array, rate_hz: float) -> Array:
    match step:
        case Notch() | Bandpass():
            return _designed(step, rate_hz).both_ways(x)
        case MedianBaseline(seconds=seconds):
            size = int(seconds * rate_hz) + 1 | 1
            # The numbers of scipy.signal.medfilt in half the time; over several axes it would take forty times as long.
            level = np.empty(x.shape)
            for row, its_level in zip(x.reshape(-1, x.shape[-1]), level.reshape(-1, x.shape[-1]), strict=True):
                ndimage.median_filter(row, size, output=its_level, mode="constant", cval=0.0)
            return np.subtract(x, level, out=level)
        case ZScore(epsilon=epsilon):
            centred: Array = x - _mean(x)
            centred /= np.sqrt(_mean(np.square(centred))) + epsilon
            return centred
        case SwingScale():
            return x / np.maximum(_median_swing(x, round(step.seconds * rate_hz)), step.floor)
        case Compress(knee=knee):
            compressed: Array = np.arcsinh(x / knee)
            return compressed
        case _:
            assert_never(step)


def _mean(x: Array) -> Array:
    """Mean over the last axis, shape (..., 1); the bits of `numpy.mean` without its choices."""
    mean: Array = np.add.reduce(x, axis=-1, keepdims=True)
    mean /= x.shape[-1]
    return mean


def _median_swing(x: Array, size: int) -> Array:
    """Median swing of stretches of `size` samples, shape (..., 1); what is left of the last one counts with it."""
    begins = np.arange(0, max(x.shape[-1] - size + 1, 1), size)
    swings = np.sort(np.maximum.reduceat(x, begins, axis=-1) - np.minimum.reduceat(x, begins, axis=-1), axis=-1)
    middle = swings[..., (begins.size - 1) // 2 : begins.size // 2 + 1]  # one, or the two of an even number
    median: Array = middle.mean(axis=-1, keepdims=True)
    return median


def preprocess(millivolts: NDArray[np.floating[Any]], contract: Preprocessing) -> NDArray[np.float32]:
    """Turn windows of millivolts into the network's input.

    Parameters
    ----------
    millivolts
        Shape (..., ``contract.window_samples``), mV, at ``contract.rate_hz``, free of NaN.
    contract
        The steps, from the pack's manifest.

    Returns
    -------
    NDArray[float32]
        Same shape; unit as the last step leaves it (z-scores for ECGFounder).

    Raises
    ------
    ValueError
        If the last axis is not one window long.
    """
    if millivolts.shape[-1:] != (contract.window_samples,):
        raise ValueError(f"windows of {contract.window_samples} samples expected, shape is {millivolts.shape}")
    x = np.asarray(millivolts, dtype=np.float64)
    for step in contract.steps:
        x = _apply(step, x, contract.rate_hz)
    return x.astype(np.float32)
