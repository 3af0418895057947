"""What is known to go wrong, or slowly, where others' kernels run a network: found by its shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from converter.patch.network import Conv, Dense, Depthwise, Mean, Network, Operator, reads

_LARGEST_BIAS: Final = 1 << 29
"""Beyond it a bias is near the end of int32: its scale came from a range of nothing."""
_SMALLEST_SCALE: Final = 1e-8
_MVE_ALIGNED: Final = 4


class Severity(StrEnum):
    """What a finding means."""

    WRONG = "wrong results"
    REFUSED = "may be refused"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something known about a kernel that a network meets.

    Parameters
    ----------
    severity
        What it means.
    where
        The operator, and the tensor it writes.
    what, advice
        In sentences.
    """

    severity: Severity
    where: str
    what: str
    advice: str


def lint(network: Network) -> tuple[Finding, ...]:
    """Look for known defects of other runtimes' kernels. The C made of the network has none of them."""
    return tuple(found for operator in network.operators for found in _of(operator, network))


def _of(operator: Operator, network: Network) -> Iterator[Finding]:
    where = f"{type(operator).__name__} {network.tensors[operator.y].name!r}"
    if isinstance(operator, Conv) and _is_mve_defect(operator, network):
        yield Finding(
            Severity.WRONG,
            where,
            "CMSIS-NN's arm_convolve_1_x_n_s8 for MVE (Cortex-M55, M85) gets the last position wrong with SAME "
            "padding, a stride of 2 or more and an odd total padding of 3 or more (seen at 4ab83cc and 99f736a).",
            "Run the C of this folder there, or train with a kernel one tap shorter.",
        )
    if isinstance(operator, Conv | Depthwise | Dense) and _is_degenerate(operator, network):
        yield Finding(
            Severity.REFUSED,
            where,
            "It has a scale or a bias at the end of its range, as of a layer that never fired while calibrating; "
            "XNNPACK has refused whole models for it.",
            "Calibrate with windows that make it fire, or leave the layer out.",
        )
    if isinstance(operator, Mean):
        yield Finding(
            Severity.SLOW,
            where,
            "MEAN is not in CMSIS-NN: TFLite Micro's own kernel took 130 instructions an element on Cortex-M4.",
            "The C of this folder takes about 3.",
        )


def _is_mve_defect(operator: Conv, network: Network) -> bool:
    """Whether CMSIS-NN takes its 1 x n kernel, and pads that on the right by fewer rows than are missing.

    Its conditions are those of ``arm_convolve_wrapper_s8.c``; its rows on the right, ``right_pad_num``, are how many
    outputs reach beyond the end, where it would need how many inputs are missing there.
    """
    rows, channels = operator.rows, network.tensors[operator.x].channels
    taken = channels == operator.weights.values.shape[2] and (rows.stride * channels) % _MVE_ALIGNED == 0
    left, right = -(-rows.before // rows.stride), -(-rows.after // rows.stride)
    if not taken or left + right > network.tensors[operator.y].width:
        return False
    return (rows.before + rows.after) % 2 == 1 and right != rows.after


def _is_degenerate(operator: Conv | Depthwise | Dense, network: Network) -> bool:
    scales = [network.tensors[tensor].quantisation.scale for tensor in (*reads(operator), operator.y)]
    biases = np.abs(operator.weights.bias.astype(np.int64))
    return min(scales) < _SMALLEST_SCALE or int(biases.max(initial=0)) >= _LARGEST_BIAS
