"""What TFLite Micro needs for a model: its arena, worked out by the rules it plans by.

The arena has a head, in which activations are placed (``GreedyMemoryPlanner``: the largest first, each at the first
gap; RESHAPE in place), and a tail of what it keeps of each tensor, operator and channel. The head is exact: equal to
what its own recording allocator says of the models in the tests. The tail is an estimate from the structures' sizes on
a machine of 32 bits; a study of one network measured 14.3 kB on Cortex-M4, and 14.6 kB with CMSIS-NN, where this gives
15.3 kB.
"""

from dataclasses import dataclass
from typing import Final

from converter.patch.network import Network, Operator, Reshape, reads

_ALIGNMENT: Final = 16
_EVAL_TENSOR_BYTES: Final = 12
_NODE_BYTES: Final = 32
_OPERATOR_BYTES: Final = 68
"""Of its options, its prepared parameters, and the planner's record, at most."""
_CHANNEL_BYTES: Final = 8
"""A multiplier and a shift."""
_FIXED_BYTES: Final = 800
"""Interpreter, allocator, and the tensors of input and output."""


@dataclass(frozen=True, slots=True)
class Arena:
    """The arena of TFLite Micro, bytes.

    Parameters
    ----------
    head_bytes
        Activations, input and output.
    tail_bytes
        All that is kept from window to window, on a machine of 32 bits.
    """

    head_bytes: int
    tail_bytes: int

    @property
    def total_bytes(self) -> int:
        """What it must be given."""
        return self.head_bytes + self.tail_bytes


def interpreter_arena(network: Network, n_tensors: int) -> Arena:
    """Work out TFLite Micro's arena.

    Parameters
    ----------
    network
        What it runs.
    n_tensors
        Of the whole model, constants included.
    """
    channels = sum(len(operator.weights.bias) for operator in network.operators if hasattr(operator, "weights"))
    operators = len(network.operators)
    tail = _EVAL_TENSOR_BYTES * n_tensors + _CHANNEL_BYTES * channels + _FIXED_BYTES
    tail += operators * (_NODE_BYTES + _OPERATOR_BYTES)
    return Arena(_head_bytes(network), _aligned(tail))


def _head_bytes(network: Network) -> int:
    placed: list[tuple[int, int, int, int]] = []
    for size, first, last in _lives(network):
        at = 0
        for begin, end, other_first, other_last in sorted(placed):
            if other_first <= last and first <= other_last:
                if begin - at >= size:
                    break
                at = max(at, end)
        placed.append((at, at + size, first, last))
    return max(end for _, end, _, _ in placed)


def _lives(network: Network) -> list[tuple[int, int, int]]:
    """Size, first and last operator of each buffer, in the order of placing: of equal sizes the later tensor first."""
    buffer = {network.input: network.input}
    first, last = {network.input: -1}, {network.input: 0}
    for number, operator in enumerate(network.operators):
        for tensor in reads(operator):
            last[buffer[tensor]] = number
        buffer[operator.y] = _written(operator, buffer)
        first.setdefault(buffer[operator.y], number)
        last[buffer[operator.y]] = number
    last[buffer[network.output]] = len(network.operators)
    order = sorted(first, key=lambda tensor: (-network.tensors[tensor].size_bytes, -tensor))
    return [(_aligned(network.tensors[tensor].size_bytes), first[tensor], last[tensor]) for tensor in order]


def _written(operator: Operator, buffer: dict[int, int]) -> int:
    return buffer[operator.x] if isinstance(operator, Reshape) else operator.y


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
