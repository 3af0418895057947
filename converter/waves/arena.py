"""Places the tensors of a model in one arena, and writes the plan where TFLite Micro looks for it.

TFLite Micro's own planner takes the largest tensor first and leaves holes where several are of one size. A plan in the
model's metadata, ``OfflineMemoryAllocation``, saves it the guess (TFLite Micro's ``docs/offline_memory_plan``, read in
``micro_allocation_info.cc``). Other runtimes pass over it.
"""

from dataclasses import dataclass
from typing import Any, Final

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_METADATA: Final = b"OfflineMemoryAllocation"
_ALIGN: Final = 16
_ONLINE: Final = -1
_VALUE_BYTES: Final = {schema.TensorType.INT8: 1, schema.TensorType.INT32: 4, schema.TensorType.FLOAT32: 4}


@dataclass(frozen=True, slots=True)
class Arena:
    """Where each tensor lies.

    Parameters
    ----------
    offsets
        Byte at which each tensor of the graph begins, by number; -1 for constants.
    size_bytes
        Of the whole.
    """

    offsets: tuple[int, ...]
    size_bytes: int


def plan(model: bytes) -> Arena:
    """Place tensors largest first, those of one size in the order in which they are written."""
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    return _plan(graph)


def with_plan(model: bytes) -> bytes:
    """Write the plan into a model's metadata."""
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    arena = _plan(parsed)
    buffer = schema.BufferT()
    values = np.array([1, 0, len(arena.offsets), *arena.offsets], np.int32)
    buffer.data = values.view(np.uint8)
    parsed.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = _METADATA, len(parsed.buffers) - 1
    parsed.metadata = [*(parsed.metadata or []), entry]
    builder = flatbuffers.Builder(len(model) + (1 << 16))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _plan(model: Any) -> Arena:
    graph = model.subgraphs[0]
    sizes = {
        i: -(-int(np.prod(tensor.shape)) * _VALUE_BYTES[tensor.type] // _ALIGN) * _ALIGN
        for i, tensor in enumerate(graph.tensors)
        if model.buffers[tensor.buffer].data is None or len(model.buffers[tensor.buffer].data) == 0
    }
    born, dies = _lives(graph, sizes)
    offsets = [_ONLINE] * len(graph.tensors)
    for tensor in sorted(sizes, key=lambda t: (-sizes[t], born[t])):
        others = [t for t in sizes if offsets[t] >= 0 and born[t] <= dies[tensor] and born[tensor] <= dies[t]]
        at = 0
        for other in sorted(others, key=lambda t: offsets[t]):
            if at + sizes[tensor] <= offsets[other]:
                break
            at = max(at, offsets[other] + sizes[other])
        offsets[tensor] = at
    return Arena(tuple(offsets), max(offsets[t] + sizes[t] for t in sizes))


def _lives(graph: Any, sizes: dict[int, int]) -> tuple[dict[int, int], dict[int, int]]:
    """At which operator each tensor is written, and at which it is read for the last time, if at all."""
    end = len(graph.operators)
    born = {int(t): 0 for t in graph.inputs}
    dies = {int(t): end for t in graph.outputs}
    for step, operator in enumerate(graph.operators):
        born |= {int(t): step for t in operator.outputs if int(t) not in born}
        dies |= {int(t): step for t in operator.inputs if int(t) in sizes and dies.get(int(t)) != end}
    return born, born | dies
