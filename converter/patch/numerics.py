"""The integers of TFLite Micro: how it prepares multipliers and tables, and how it rounds.

Sources: ``QuantizeMultiplier`` (tensorflow/lite/kernels/internal/quantization_util.cc), its counterpart
``MultiplyByQuantizedMultiplier`` with two roundings (.../internal/common.cc), and the preparation of each operator in
tensorflow/lite/micro/kernels. Equal to it bit for bit, which the tests show on its own build.
"""

from dataclasses import dataclass
from math import floor, frexp
from typing import Any, Final, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from converter.patch.network import Activation, Weights
from edge.quant import Quantisation

Integers: TypeAlias = NDArray[np.int64]

LOWEST: Final = -128
HIGHEST: Final = 127
ADD_LEFT_SHIFT: Final = 20
"""By which ADD enlarges its inputs before it brings them to a common scale."""
_ONE: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class Rescale:
    """Multiplies by ``multiplier * 2 ** (shift - 31)``."""

    multiplier: int
    shift: int


NOTHING: Final = Rescale(1 << 30, -31)
"""What every number is rescaled to 0 by."""


@dataclass(frozen=True, slots=True)
class Range:
    """The zero point of an output, and the ends that its activation leaves."""

    zero: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Sum:
    """How ADD rescales: each input to a common scale, and their sum to that of the output."""

    a: Rescale
    b: Rescale
    total: Rescale


def rescale(real: float) -> Rescale:
    """Return the integers nearest to a positive factor, as ``QuantizeMultiplier`` does.

    A factor too small to leave anything is `NOTHING`, whose multiplier is of the size of all others.
    """
    fraction, shift = frexp(real)
    multiplier = floor(fraction * _ONE + 0.5)
    if multiplier == _ONE:
        multiplier, shift = multiplier // 2, shift + 1
    return Rescale(multiplier, shift) if shift >= NOTHING.shift else NOTHING


def output_range(quantisation: Quantisation, activation: Activation) -> Range:
    """Return the range of an output, as ``CalculateActivationRangeQuantized`` does."""
    zero = quantisation.zero_point
    match activation:
        case Activation.NONE:
            return Range(zero, LOWEST, HIGHEST)
        case Activation.RELU:
            return Range(zero, max(LOWEST, zero), HIGHEST)
        case Activation.RELU6:
            six = zero + floor(float(np.float32(6) / np.float32(quantisation.scale)) + 0.5)
            return Range(zero, max(LOWEST, zero), min(HIGHEST, six))
        case _:
            assert_never(activation)


def convolution_rescales(x: Quantisation, weights: Weights, y: Quantisation) -> tuple[Rescale, ...]:
    """Return one rescale a channel of a convolution, or of a fully connected layer with a scale a channel."""
    channels = len(weights.bias)
    scales = np.broadcast_to(weights.scales, (channels,)).astype(np.float64)
    return tuple(rescale(x.scale * float(scale) / y.scale) for scale in scales)


def dense_rescales(x: Quantisation, weights: Weights, y: Quantisation) -> tuple[Rescale, ...]:
    """Return one rescale a channel of a fully connected layer; with a single scale the product is taken in float32."""
    if len(weights.scales) > 1:
        return convolution_rescales(x, weights, y)
    product = float(np.float32(x.scale) * weights.scales[0])
    return (rescale(product / y.scale),) * len(weights.bias)


def product_rescale(a: Quantisation, b: Quantisation, y: Quantisation) -> Rescale:
    """Return the rescale of MUL."""
    return rescale(a.scale * b.scale / y.scale)


def sum_rescales(a: Quantisation, b: Quantisation, y: Quantisation) -> Sum:
    """Return the rescales of ADD; those of the inputs are at most a half, that of the sum must be less than 1."""
    common = 2.0 * max(a.scale, b.scale)
    total = rescale(common / ((1 << ADD_LEFT_SHIFT) * y.scale))
    return Sum(rescale(a.scale / common), rescale(b.scale / common), total)


def mean_rescale(x: Quantisation, y: Quantisation, width: int) -> Rescale:
    """Return the rescale of MEAN, the division by the number of rows within it (``QuantizedMeanOrSum``)."""
    whole = rescale(x.scale / y.scale)
    shift = min(width.bit_length() - 1, 32, 31 + whole.shift)
    return Rescale((whole.multiplier << shift) // width, whole.shift - shift)


def rescaled(x: Integers, multiplier: Any, shift: Any) -> Integers:
    """Multiply by a rescale with TFLite Micro's two roundings.

    Parameters
    ----------
    x
        Any shape, each within int32.
    multiplier, shift
        Of one `Rescale`, or arrays of many that broadcast against `x`.

    Returns
    -------
    NDArray[int64]
        Same shape, each within int32.
    """
    multiplier, shift = np.asarray(multiplier, np.int64), np.asarray(shift, np.int64)
    high = (_wrapped(x << np.maximum(shift, 0)) * multiplier + (1 << 30)) >> 31
    return divided_by_power(high, np.maximum(-shift, 0))


def divided_by_power(x: Integers, exponent: Any) -> Integers:
    """Divide by ``2 ** exponent`` to the nearest, halves away from zero (gemmlowp's ``RoundingDivideByPOT``)."""
    mask = (np.int64(1) << np.asarray(exponent, np.int64)) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def quantised(x: Integers, multiplier: Any, shift: Any, ends: Range) -> NDArray[np.int8]:
    """Rescale, add the output's zero point and clamp."""
    values = rescaled(x, multiplier, shift)
    values += ends.zero
    return np.clip(values, ends.lowest, ends.highest, out=values).astype(np.int8)


def _wrapped(x: Integers) -> Integers:
    return x.astype(np.int32).astype(np.int64)
