"""Filters of a contract as cascades of second-order sections with int32 coefficients.

`edge.preprocess` filters with one recursion of the whole order in double precision. Its poles at the low edge lie so
close to 1 that no fixed point holds the coefficients; in sections of second order 30 bits behind the point do.
"""

from dataclasses import dataclass
from math import ceil, floor, log, log2
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from converter.patch.contract_errors import ContractError, ContractFault
from edge.preprocess import Bandpass, Notch

Array: TypeAlias = NDArray[np.float64]

_ONE: Final = 1 << 30
_INT32: Final = 1 << 31
_SAMPLE_BITS: Final = 30
"""What a sample inside a cascade may take, so that the sum of a section's five products fits 64 bits."""
_LARGEST_ERROR: Final = 1e-3
"""Of the gain, forwards and backwards, at any frequency."""
_TRIED_SAMPLES: Final = 2048
_BELOW_ONE: Final = 1 - 2.0**-20
"""Twice this gain is a coefficient that int32 holds."""
_SETTLED: Final = 1e-6
_LONGEST_RESPONSE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Section:
    """``y[i] = b0 x[i] + b1 x[i-1] + b2 x[i-2] + a1 y[i-1] + a2 y[i-2]``, coefficients times 2^30."""

    b0: int
    b1: int
    b2: int
    a1: int
    a2: int

    @property
    def as_sos(self) -> list[float]:
        """The section as a row of `scipy.signal.sosfilt`."""
        return [self.b0 / _ONE, self.b1 / _ONE, self.b2 / _ONE, 1.0, -self.a1 / _ONE, -self.a2 / _ONE]


@dataclass(frozen=True, slots=True)
class Cascade:
    """A filter as the patch runs it, forwards and backwards.

    Parameters
    ----------
    sections
        In the order in which they run.
    pad
        Samples of odd extension at both ends, as `scipy.signal.filtfilt` takes them.
    passes_constant
        Whether the gain at 0 Hz is 1 (or else 0).
    bits
        A window below ``2**bits`` makes no section overflow, whatever its shape.
    """

    sections: tuple[Section, ...]
    pad: int
    passes_constant: bool
    bits: int


def cascade_of(step: Notch | Bandpass, rate_hz: float) -> Cascade:
    """Return `step` in fixed point.

    Raises
    ------
    ContractError
        If 32 bits cannot hold its coefficients well enough.
    """
    sections = (_notch(step, rate_hz),) if isinstance(step, Notch) else _bandpass(step, rate_hz)
    order = 2 if isinstance(step, Notch) else 2 * step.order
    swing = _largest_swing(sections, step)
    _refuse_unlike(sections, step, rate_hz)
    # A window less its resting value reaches 4 times its largest sample, its odd extension 6 times.
    bits = floor(_SAMPLE_BITS - log2(6 * swing + 3))
    return Cascade(sections, 3 * (order + 1), isinstance(step, Notch), bits)


def _notch(step: Notch, rate_hz: float) -> Section:
    b, a = signal.iirnotch(step.frequency_hz, step.quality, fs=rate_hz)
    gain, middle = _fixed(b[0], step), _fixed(b[1], step)
    # With these, and not with each coefficient rounded on its own, the gain at 0 Hz is 1 to the last bit.
    return Section(gain, middle, gain, -middle, _ONE - 2 * gain if a[2] else 0)


def _bandpass(step: Bandpass, rate_hz: float) -> tuple[Section, ...]:
    _, poles, gain = signal.butter(step.order, [step.low_hz, step.high_hz], btype="bandpass", fs=rate_hz, output="zpk")
    pairs = _pairs(poles)
    half = step.order // 2
    # High-pass first: what the window wanders by is gone before it can take bits in the later sections.
    zeros = [(1, -2, 1)] * half + [(1, 0, -1)] * (step.order % 2) + [(1, 2, 1)] * half
    # The flattest of each kind first, so that the sharpest find the place of their peak lowered already.
    pairs[:half] = sorted(pairs[:half], key=_radius)
    pairs[len(pairs) - half :] = sorted(pairs[len(pairs) - half :], key=_radius)
    gains = _gains(zeros, pairs, gain)
    return tuple(
        _section(zero, _fixed(g, step), _fixed(a1, step), _fixed(a2, step), step)
        for zero, (a1, a2), g in zip(zeros, pairs, gains, strict=True)
    )


def _section(zeros: tuple[int, int, int], gain: int, a1: int, a2: int, step: Bandpass) -> Section:
    if not 0 < 2 * abs(gain) < _INT32:
        raise _too_sharp(step, f"a gain of {gain / _ONE:g}")
    b0, b1, b2 = (zero * gain for zero in zeros)
    return Section(b0, b1, b2, -a1, -a2)


def _radius(denominator: tuple[float, float]) -> float:
    return denominator[1]


def _pairs(poles: NDArray[Any]) -> list[tuple[float, float]]:
    """``(a1, a2)`` of conjugate or real poles, those nearest to 1 first."""
    real = sorted(poles[np.isreal(poles)].real)
    pairs = [(pole, pole.conjugate()) for pole in poles if pole.imag > 0]
    pairs += list(zip(real[: len(real) // 2], real[::-1], strict=False))
    denominators = [(float(-(p + q).real), float((p * q).real)) for p, q in pairs]
    return sorted(denominators, key=lambda a: 1 + a[0] + a[1])


def _gains(zeros: list[tuple[int, int, int]], pairs: list[tuple[float, float]], gain: float) -> list[float]:
    """Share the gain so that the signal up to each section passes no frequency with more than 1, where that can be."""
    frequencies = np.concatenate([np.geomspace(1e-5, 1e-2, 300), np.linspace(1e-2, np.pi, 3000)])
    response = np.ones(frequencies.size, dtype=np.complex128)
    gains = []
    for zero, (a1, a2) in zip(zeros[:-1], pairs[:-1], strict=True):
        response *= signal.freqz(zero, [1.0, a1, a2], worN=frequencies)[1]
        gains.append(_BELOW_ONE / float(np.abs(response).max()))
        response *= gains[-1]
    last = gain / float(np.prod(gains))
    for i in 2 * list(range(len(gains))):  # the second time round the first ones take what later ones could not
        taken = min(max(last / _BELOW_ONE, 1.0), _BELOW_ONE / gains[i])
        gains[i], last = gains[i] * taken, last / taken
    return [*gains, last]


def _fixed(coefficient: float, step: Notch | Bandpass) -> int:
    fixed = round(coefficient * _ONE)
    if abs(fixed) >= _INT32:
        raise _too_sharp(step, f"a coefficient of {coefficient:g}")
    return fixed


def _too_sharp(step: Notch | Bandpass, problem: str) -> ContractError:
    match step:
        case Notch():
            what = f"a notch at {step.frequency_hz:g} Hz of quality {step.quality:g}"
            advice = "lower its quality, or move it away from 0 Hz and from half the rate"
        case Bandpass():
            what = f"a band-pass of order {step.order} from {step.low_hz:g} to {step.high_hz:g} Hz"
            advice = "lower its order, raise its low edge, or lower the contract's rate"
    return ContractError(ContractFault.FILTER_TOO_SHARP, f"{what} in fixed point: {problem}", advice=advice)


def _largest_swing(sections: tuple[Section, ...], step: Notch | Bandpass) -> float:
    """The most any section's output can be of the largest input: the sum of magnitudes of the impulse response."""
    sos = np.array([section.as_sos for section in sections])
    radius = max(float(np.abs(np.roots(row[3:])).max()) for row in sos)
    if radius >= 1:
        raise _too_sharp(step, "a pole falls on the unit circle")
    length = ceil(log(_SETTLED) / log(radius)) + 64
    if length > _LONGEST_RESPONSE:
        raise _too_sharp(step, "it rings longer than any window")
    response = np.zeros(length)
    response[0] = 1.0
    swings = []
    for row in sos:
        response = signal.sosfilt(row[None], response)
        swings.append(float(np.abs(response).sum()))
    return max(swings) * 1.01


def _refuse_unlike(sections: tuple[Section, ...], step: Notch | Bandpass, rate_hz: float) -> None:
    """Compare with the exact filter: the sections by their gain, the recursion of `edge.preprocess` by what it does."""
    if isinstance(step, Notch):
        edges, (b, a) = [step.frequency_hz], signal.iirnotch(step.frequency_hz, step.quality, fs=rate_hz)
        exact = signal.tf2sos(b, a)
    else:
        edges = [step.low_hz, step.high_hz]
        b, a = signal.butter(step.order, edges, btype="bandpass", fs=rate_hz)
        exact = signal.butter(step.order, edges, btype="bandpass", fs=rate_hz, output="sos")
    around = np.concatenate([edge * np.geomspace(0.2, 5.0, 2001) for edge in edges])
    frequencies = np.concatenate([np.linspace(0, rate_hz / 2, 2001), around[around < rate_hz / 2]])
    fixed = np.array([section.as_sos for section in sections])
    got, wanted = (np.abs(signal.sosfreqz(sos, worN=frequencies, fs=rate_hz)[1]) ** 2 for sos in (fixed, exact))
    if (error := float(np.abs(got - wanted).max())) > _LARGEST_ERROR:
        raise _too_sharp(step, f"the gain is off by {error:.2g}")
    jump = np.repeat([0.0, 1.0], _TRIED_SAMPLES)
    error = float(np.abs(signal.filtfilt(b, a, jump) - signal.sosfiltfilt(exact, jump, padlen=3 * len(a))).max())
    if not error <= _LARGEST_ERROR:
        raise _too_sharp(step, f"even in double precision what it makes of a jump is off by {error:.2g} of it")
