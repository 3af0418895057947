"""The resampling from a device's rate to the contract's, as a table of int16 taps."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, log2
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.contract_errors import ContractError, ContractFault
from edge.preprocess import Preprocessing
from edge.resample import PolyphaseResampler

_MAX_DENOMINATOR: Final = 10_000
_ZERO_CROSSINGS: Final = 10
"""Half-length of `edge.resample`'s filter in periods of the slower rate."""
_TAP_BITS: Final = 15
_MOST_TAPS: Final = 5121
"""Half a filter of 10 kB: for the ratio 125 : 512."""
_FURTHEST: Final = 16
"""The most that one rate may be of the other, so that the ring of past samples stays small."""


@dataclass(frozen=True, slots=True)
class Lowpass:
    """The filter of `edge.resample.PolyphaseResampler` for rates in the ratio ``up : down``.

    Parameters
    ----------
    up, down
        The contract's rate is ``up / down`` of the device's.
    taps
        Its right half, the middle one first, times ``2**shift``; it is symmetric.
    shift
        Fraction bits of `taps`.
    reach
        Samples of the input on either side of an output sample that go into it.
    """

    up: int
    down: int
    taps: tuple[int, ...]
    shift: int
    reach: int

    @property
    def ring_samples(self) -> int:
        """Past samples the patch keeps while it resamples in place, a power of 2."""
        return 1 << (2 * self.reach).bit_length()


def device_samples(contract: Preprocessing, device_rate_hz: float) -> int:
    """Samples at the device's rate that last as long as one window of the contract, rounded up."""
    ratio = _ratio(contract, device_rate_hz)
    return ceil(contract.window_samples / ratio)


def lowpass_of(contract: Preprocessing, device_rate_hz: float) -> Lowpass | None:
    """Return the filter between the rates, None where they are one.

    Raises
    ------
    ContractError
        If the rates are too far apart, or their common multiple is so large that the table would be.
    """
    ratio = _ratio(contract, device_rate_hz)
    if ratio == 1:
        return None
    up, down = ratio.numerator, ratio.denominator
    slower = max(up, down)
    last = _ZERO_CROSSINGS * slower
    if last >= _MOST_TAPS:
        raise ContractError(
            ContractFault.RATES_TOO_ODD,
            f"{device_rate_hz:g} Hz to {contract.rate_hz:g} Hz is {up} : {down}, a table of {2 * (last + 1)} bytes",
            advice=f"sample at {contract.rate_hz:g} Hz or at a small multiple of it",
        )
    taps = _response(device_rate_hz, contract.rate_hz, ratio)
    shift = floor(log2((2**_TAP_BITS - 1) / np.abs(taps).max()))
    fixed = np.trim_zeros(_rounded(taps * 2.0**shift, up), "b")
    return Lowpass(up, down, tuple(int(tap) for tap in fixed), shift, ceil((len(fixed) - 1) / up))


def _response(rate_in_hz: float, rate_out_hz: float, ratio: Fraction) -> NDArray[np.float64]:
    """Right half of the filter, the middle tap first, read off what the gateway's resampler makes of impulses.

    Output sample m of an impulse at j is the tap ``m * down - j * up``. As many impulses as `down`, each one further
    past a multiple of it, show every tap.
    """
    up, down = ratio.numerator, ratio.denominator
    reach = ceil(2 * _ZERO_CROSSINGS * max(up, down) / up)
    spacing = down * ceil(2 * reach / down) + 1
    impulses = np.zeros(down * spacing + reach)
    impulses[reach + spacing * np.arange(down)] = 1.0
    resampler = PolyphaseResampler(rate_in_hz, rate_out_hz)
    seen = np.concatenate([resampler.push(impulses), resampler.finish()])
    m = np.arange(seen.size)
    nearest = np.clip(np.round((m * down / up - reach) / spacing), 0, down - 1).astype(np.int64)
    tap = np.abs(m * down - (reach + nearest * spacing) * up)
    half = np.zeros(_ZERO_CROSSINGS * max(up, down) + 1)
    inside = tap < half.size
    half[tap[inside]] = seen[inside]
    return half


def _rounded(taps: NDArray[np.float64], up: int) -> NDArray[np.int64]:
    """Round so that what each phase makes of a constant is off by about half a unit, however many taps it has.

    A phase is every `up`-th tap of the whole filter, of which `taps` is one half; its mirror image has the same taps.
    """
    fixed = np.round(taps).astype(np.int64)
    for phase in range(up // 2 + 1):
        both_sides = np.concatenate([np.arange(phase, taps.size, up), np.arange(up - phase, taps.size, up)])
        members, counts = np.unique(both_sides, return_counts=True)
        left = taps[members] - fixed[members]
        missing = round(float(counts @ left))
        sign = -1 if missing < 0 else 1
        for k in np.argsort(-sign * left):
            if counts[k] <= abs(missing):
                fixed[members[k]] += sign
                missing -= sign * int(counts[k])
    return fixed


def _ratio(contract: Preprocessing, device_rate_hz: float) -> Fraction:
    ratio = (Fraction(contract.rate_hz) / Fraction(device_rate_hz)).limit_denominator(_MAX_DENOMINATOR)
    if not 1 / _FURTHEST <= ratio <= _FURTHEST:
        raise ContractError(
            ContractFault.RATES_TOO_ODD,
            f"{device_rate_hz:g} Hz is too far from the contract's {contract.rate_hz:g} Hz",
            advice=f"sample at {contract.rate_hz:g} Hz or at a small multiple of it",
        )
    return ratio
