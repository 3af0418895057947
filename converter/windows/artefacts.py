"""Windows spoilt on purpose, to judge a converted model on what it was not calibrated for."""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.windows.window_set import WindowSet

_Array: TypeAlias = NDArray[np.float64]
_Spoiler: TypeAlias = Callable[[_Array, np.random.Generator], None]

_MOST_EVENTS: Final = 3
_TIMES_AMPLITUDE: Final = (3.0, 8.0)
"""Height of a pop or spike: of a heart of one millivolt, 3 to 8 mV."""
_POP_DECAY: Final = (0.01, 0.06)
_POP_RISE: Final = 0.0004
_MUSCLE_CYCLES: Final = (0.02, 0.12)
"""Band of muscle noise, cycles a sample at 5,000 samples: 10 to 60 Hz of ten seconds at 500 Hz."""
_MUSCLE_TIMES_SPREAD: Final = (0.5, 1.5)
_BURST: Final = (0.1, 0.5)
_DROPOUT: Final = (0.04, 0.30)
_SPIKE: Final = (0.0002, 0.001)


def with_artefacts(windows: WindowSet, *, seed: int) -> WindowSet:
    """Spoil each window with one kind of artefact, the kinds in turn.

    1. Electrode pops: up to three steep rises of 3 to 8 times the window's amplitude that decay within 0.1 to 0.6 s.
    2. Muscle noise: up to three bursts of 1 to 5 s, in 10 to 60 Hz, of 0.5 to 1.5 times the window's standard
       deviation at their height.
    3. A dropout: 200 to 1,500 samples that do not move, and up to three spikes as high as pops.

    Times are those of a window of 10 s at 500 Hz, others are spoilt in the same proportions. The amplitude is the
    largest distance from the window's median. A window's artefacts depend on the seed and its place alone, and they
    scale with it. The windows need not pass the quality gate any more.

    Parameters
    ----------
    windows
        Windows to spoil; they stay as they are.
    seed
        Not negative.
    """
    spoilt = windows.millivolts.astype(np.float64)
    for i, window in enumerate(spoilt):
        _KINDS[i % len(_KINDS)](window, np.random.default_rng([seed, i]))
    origin = f"{windows.origin}; with pops, muscle noise and dropouts with spikes in turn, seed {seed}"
    return WindowSet(spoilt.astype(np.float32), origin, windows.labels)


def _add_pops(window: _Array, draw: np.random.Generator) -> None:
    n, amplitude = window.size, _amplitude(window)
    for _ in range(draw.integers(1, _MOST_EVENTS, endpoint=True)):
        begin = int(draw.uniform(0.0, 0.9) * n)
        after = np.arange(n - begin, dtype=np.float64)
        shape = (1.0 - np.exp(-(after + 1.0) / (_POP_RISE * n))) * np.exp(-after / (draw.uniform(*_POP_DECAY) * n))
        window[begin:] += _signed(draw) * amplitude * shape


def _add_muscle(window: _Array, draw: np.random.Generator) -> None:
    n, spread = window.size, float(window.std())
    for _ in range(draw.integers(1, _MOST_EVENTS, endpoint=True)):
        length = int(draw.uniform(*_BURST) * n)
        begin = int(draw.uniform(0.0, 1.0) * (n - length))
        noise = _band_noise(n, draw)[:length]
        noise *= draw.uniform(*_MUSCLE_TIMES_SPREAD) * spread / noise.std()
        window[begin : begin + length] += noise * np.hanning(length)


def _drop_out(window: _Array, draw: np.random.Generator) -> None:
    n, amplitude = window.size, _amplitude(window)
    length = int(draw.uniform(*_DROPOUT) * n)
    begin = int(draw.uniform(0.0, 1.0) * (n - length))
    window[begin : begin + length] = window[begin]
    for _ in range(draw.integers(1, _MOST_EVENTS, endpoint=True)):
        width = max(1, round(draw.uniform(*_SPIKE) * n))
        at = int(draw.integers(0, n - width, endpoint=True))
        window[at : at + width] += _signed(draw) * amplitude


_KINDS: Final[tuple[_Spoiler, ...]] = (_add_pops, _add_muscle, _drop_out)


def _amplitude(window: _Array) -> float:
    return float(np.abs(window - np.median(window)).max())


def _signed(draw: np.random.Generator) -> float:
    return float(draw.uniform(*_TIMES_AMPLITUDE) * draw.choice([-1.0, 1.0]))


def _band_noise(n: int, draw: np.random.Generator) -> _Array:
    """Gaussian noise in the muscles' band, shape (n,)."""
    spectrum = np.fft.rfft(draw.standard_normal(n))
    cycles = np.fft.rfftfreq(n)
    low, high = _MUSCLE_CYCLES
    spectrum[(cycles < low) | (cycles > high)] = 0.0
    return np.fft.irfft(spectrum, n)
