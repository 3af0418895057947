"""LOGISTIC of every int8 value, in gemmlowp's fixed point as TFLite Micro computes it.

Source: ``gemmlowp::logistic`` (fixedpoint/fixedpoint.h) and ``reference_integer_ops::Logistic``. Numbers are Python's
integers; a comment names the fixed point of each stage as Q(integer bits).(fraction bits).
"""

from math import floor, frexp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.quant import Quantisation

_HIGHEST: Final = (1 << 31) - 1
_LOWEST: Final = -(1 << 31)
_INPUT_INTEGER_BITS: Final = 4
_INPUT_FRACTION_BITS: Final = 31 - _INPUT_INTEGER_BITS
_EXP_OF_MINUS_ONE_EIGHTH: Final = 1895147668
_ONE_THIRD: Final = 715827883
_EXP_OF_MINUS_POWER: Final = (
    (-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308), (2, 39332535), (3, 720401),
)  # fmt: skip
"""exp(-2**k) in Q0.31, by k."""
_48_OVER_17: Final = 1515870810
_MINUS_32_OVER_17: Final = -1010580540


def logistic_table(x: Quantisation) -> NDArray[np.int8]:
    """Return the output of LOGISTIC (scale 1/256, zero point -128) for the inputs -128 to 127.

    Parameters
    ----------
    x
        Of the input.

    Returns
    -------
    NDArray[int8]
        Shape (256,).
    """
    fraction, shift = frexp(x.scale * (1 << _INPUT_FRACTION_BITS))
    multiplier = floor(fraction * (1 << 31) + 0.5)
    radius = floor(((1 << _INPUT_INTEGER_BITS) - 1) * 2.0 ** (_INPUT_FRACTION_BITS - shift))
    return np.array([_logistic_int8(q - x.zero_point, multiplier, shift, radius) for q in range(-128, 128)], np.int8)


def _logistic_int8(centred: int, multiplier: int, shift: int, radius: int) -> int:
    if centred <= -radius:
        return -128
    if centred >= radius:
        return 127
    left, right = max(shift, 0), max(-shift, 0)
    in_q4 = _halved(_product(_wrapped(centred << left), multiplier), right)
    return min(127, max(-128, _halved(_logistic(in_q4), 23) - 128))


def _logistic(a: int) -> int:
    """Q4.27 to Q0.31."""
    if a == 0:
        return 1 << 30
    result = _one_over_one_plus(_exp_on_negative(-abs(a)))
    return result if a > 0 else _HIGHEST - result


def _exp_on_negative(a: int) -> int:
    """Q4.27, at most 0, to Q0.31: in steps of 1/4 by a product of constants, and within the last by a polynomial."""
    if a == 0:
        return _HIGHEST
    quarter = 1 << (_INPUT_FRACTION_BITS - 2)
    within = (a & (quarter - 1)) - quarter
    result = _exp_within_a_quarter(_saturated(within << _INPUT_INTEGER_BITS))
    rest = _wrapped(within - a)
    for power, factor in _EXP_OF_MINUS_POWER:
        if rest & (1 << (_INPUT_FRACTION_BITS + power)):
            result = _product(result, factor)
    return result


def _exp_within_a_quarter(a: int) -> int:
    """Q0.31, from -1/4 to 0: the Taylor polynomial about -1/8."""
    x = _wrapped(a + (1 << 28))
    square = _product(x, x)
    cube, fourth = _product(square, x), _product(square, square)
    tail = _halved(_product(_wrapped(_halved(fourth, 2) + cube), _ONE_THIRD) + square, 1)
    return _wrapped(_EXP_OF_MINUS_ONE_EIGHTH + _product(_EXP_OF_MINUS_ONE_EIGHTH, _wrapped(x + tail)))


def _one_over_one_plus(a: int) -> int:
    """Q0.31, from 0 to 1, to Q0.31: three steps of Newton's method in Q2.29."""
    half = (a + _HIGHEST + 1) >> 1
    x = _wrapped(_48_OVER_17 + _product(half, _MINUS_32_OVER_17))
    for _ in range(3):
        wrong_by = _wrapped((1 << 29) - _product(half, x))
        x = _wrapped(x + _saturated(_product(x, wrong_by) << 2))
    return _saturated(x << 1)


def _product(a: int, b: int) -> int:
    """The doubled high half, to the nearest (gemmlowp's ``SaturatingRoundingDoublingHighMul``)."""
    return _HIGHEST if a == b == _LOWEST else (a * b + (1 << 30)) >> 31


def _halved(x: int, times: int) -> int:
    mask = (1 << times) - 1
    return (x >> times) + ((x & mask) > (mask >> 1) + (x < 0))


def _saturated(x: int) -> int:
    return max(_LOWEST, min(_HIGHEST, x))


def _wrapped(x: int) -> int:
    return ((x - _LOWEST) & 0xFFFFFFFF) + _LOWEST
