"""Real constants as a patch without floating point holds them."""

from dataclasses import dataclass
from math import ceil, floor, frexp, log2, sinh
from typing import Final

from edge.quant import Quantisation

_MANTISSA_BITS: Final = 32
_HIGHEST_THRESHOLD: Final = 2**_MANTISSA_BITS - 2
_FINEST: Final = 24
_FURTHEST: Final = 100.0
"""Of which nobody needs the sinh."""
_LEAST_RESOLUTION: Final = 256
"""Units of the fixed point in the lowest threshold: what is off by one of them is off by 0.4 % of half a step."""


@dataclass(frozen=True, slots=True)
class Number:
    """``mantissa * 2**exponent``, as C's ``anyecg_number_t``: the highest of 32 bits is set, but for 0."""

    mantissa: int
    exponent: int

    @classmethod
    def of(cls, value: float) -> "Number":
        """Return the nearest number to `value`, which is not negative."""
        if value == 0:
            return cls(0, 0)
        fraction, exponent = frexp(value)
        mantissa = round(fraction * 2**_MANTISSA_BITS)
        if mantissa >> _MANTISSA_BITS:
            return cls(mantissa >> 1, exponent - _MANTISSA_BITS + 1)
        return cls(mantissa, exponent - _MANTISSA_BITS)

    @property
    def value(self) -> float:
        """The number itself."""
        return self.mantissa * 2.0**self.exponent


@dataclass(frozen=True, slots=True)
class Curve:
    """asinh and the rounding to int8 behind it, as the places where one step ends and the next begins.

    Parameters
    ----------
    thresholds
        The least ``abs(x) * units`` that is ``k + 1`` steps from the zero point, rising.
    units
        Of the thresholds' fixed point in one unit of x.
    """

    thresholds: tuple[int, ...]
    units: float


def asinh_steps(quantisation: Quantisation, knee: float) -> Curve:
    """Return where ``quantise(asinh(x / knee))`` changes: no table of asinh is as exact, none is needed.

    32 bits tell the lowest steps from each other first of all; what they do not reach then, beyond ten thousands of
    knees, ends at the last step that they reach.
    """
    n_steps = max(127 - quantisation.zero_point, 128 + quantisation.zero_point)
    edges = [sinh(min((k + 0.5) * quantisation.scale, _FURTHEST)) for k in range(n_steps)]
    for_the_highest = floor(log2(_HIGHEST_THRESHOLD / edges[-1]))
    for_the_lowest = ceil(log2(_LEAST_RESOLUTION / edges[0]))
    fraction_bits = min(max(for_the_highest, for_the_lowest), _FINEST)
    thresholds = (ceil(edge * 2.0**fraction_bits) for edge in edges)
    return Curve(tuple(t for t in thresholds if t <= _HIGHEST_THRESHOLD), 2.0**fraction_bits / knee)
