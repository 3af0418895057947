"""What there is to do: multiply-accumulates, weights and operators, off the runtime's lists, without a converter."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from benchmarks.bench.measuring.runtime import raw_interpreter

_MULTIPLIES: Final = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "TRANSPOSE_CONV"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator.

    Parameters
    ----------
    kind
        By the schema's name.
    macs
        Multiply-accumulates of one window; 0 for what only adds or moves.
    """

    kind: str
    macs: int


@dataclass(frozen=True, slots=True)
class Work:
    """What one window takes.

    Parameters
    ----------
    layers
        In the order they run.
    weight_bytes
        Of all constants that operators read, biases and shapes among them.
    """

    layers: tuple[Layer, ...]
    weight_bytes: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one window."""
        return sum(layer.macs for layer in self.layers)

    @property
    def operators(self) -> dict[str, int]:
        """How many of each kind, by name."""
        return dict(sorted(Counter(layer.kind for layer in self.layers).items()))


def work_of(model: bytes) -> Work:
    """Count what a TFLite model does for one window."""
    raw = raw_interpreter(model, delegate=False)
    tensors = {int(tensor["index"]): tensor for tensor in raw.get_tensor_details()}
    nodes = raw._get_ops_details()  # noqa: SLF001 - no public call lists operators
    inputs = {int(detail["index"]) for detail in raw.get_input_details()}
    constants = _read(nodes) - {int(i) for node in nodes for i in node["outputs"]} - inputs
    layers = tuple(Layer(node["op_name"], _macs(node, tensors)) for node in nodes)
    return Work(layers, sum(_size_bytes(tensors[i]) for i in constants if i in tensors))


def _read(nodes: Sequence[Mapping[str, Any]]) -> set[int]:
    def each() -> Iterator[int]:
        for node in nodes:
            yield from (int(i) for i in node["inputs"] if i >= 0)  # an input that is left out is -1

    return set(each())


def _size_bytes(tensor: Mapping[str, Any]) -> int:
    return prod(int(n) for n in tensor["shape"]) * tensor["dtype"]().itemsize


def _macs(node: Mapping[str, Any], tensors: Mapping[int, Mapping[str, Any]]) -> int:
    """Multiply-accumulates of an operator.

    A convolution's weights are (out, height, width, in of its group), a depthwise one's (1, height, width, out), a
    linear layer's (out, in): schema.fbs of TensorFlow Lite.
    """
    if node["op_name"] not in _MULTIPLIES:
        return 0
    out = prod(int(n) for n in tensors[int(node["outputs"][0])]["shape"])
    match node["op_name"]:
        case "CONV_2D":
            return out * prod(_shape(node, 1, tensors)[1:])
        case "DEPTHWISE_CONV_2D":
            return out * prod(_shape(node, 1, tensors)[1:3])
        case "TRANSPOSE_CONV":
            return prod(_shape(node, 2, tensors)) * prod(_shape(node, 1, tensors)[:3])
        case _:
            return out * _shape(node, 0, tensors)[-1]


def _shape(node: Mapping[str, Any], i: int, tensors: Mapping[int, Mapping[str, Any]]) -> tuple[int, ...]:
    return tuple(int(n) for n in tensors[int(node["inputs"][i])]["shape"])
