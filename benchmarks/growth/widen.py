"""The demonstration pack with another number of outputs: the same network, its last layer repeated or cut."""

import hashlib
from typing import Any, Final

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edge.pack import ModelPack, SelfTest

_DTYPES: Final[dict[int, np.dtype[Any]]] = {
    schema.TensorType.INT8: np.dtype("i1"),
    schema.TensorType.INT32: np.dtype("<i4"),
}


def with_outputs(pack: ModelPack, n: int) -> ModelPack:
    """Give a pack `n` outputs: those it has, again and again. They mean nothing; what they cost is true.

    Parameters
    ----------
    pack
        Static int8; its last operator is a dense layer.
    n
        At least 1.

    Returns
    -------
    ModelPack
        With its self-test: the widened columns give what their originals gave.
    """
    manifest = pack.manifest
    model = _widened(pack.model, n)
    rows = np.arange(n) % len(manifest.outputs)
    outputs = tuple(manifest.outputs[row].model_copy(update={"id": f"output_{i}"}) for i, row in enumerate(rows))
    test = pack.self_test
    return ModelPack(
        manifest.model_copy(
            update={
                "name": f"{manifest.name}-{n}-outputs",
                "outputs": outputs,
                "model_sha256": hashlib.sha256(model).hexdigest(),
                "model_size_bytes": len(model),
            }
        ),
        model,
        SelfTest(test.windows_uv, test.inputs, {k: y[:, rows] for k, y in test.outputs.items()}, test.tolerance),
        {},
    )


def _widened(model: bytes, n: int) -> bytes:
    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    graph = parsed.subgraphs[0]
    dense = graph.operators[-1]
    if parsed.operatorCodes[dense.opcodeIndex].builtinCode != schema.BuiltinOperator.FULLY_CONNECTED:
        raise ValueError("the network does not end in a dense layer")
    for index in dense.inputs[1:]:
        _repeat_rows(graph.tensors[index], parsed.buffers, n)
    graph.tensors[dense.outputs[0]].shape = [1, n]
    builder = flatbuffers.Builder(len(model) + (1 << 20))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _repeat_rows(tensor: Any, buffers: list[Any], n: int) -> None:
    """Give a constant whose first axis is the outputs `n` of them, with what its quantisation says of each."""
    shape = tuple(tensor.shape)
    values: NDArray[Any] = np.frombuffer(bytes(buffers[tensor.buffer].data), _DTYPES[tensor.type]).reshape(shape)
    buffers[tensor.buffer].data = np.frombuffer(_rows(values, n).tobytes(), np.uint8)
    tensor.shape = [n, *shape[1:]]
    said = tensor.quantization
    if said is not None and said.scale is not None and len(said.scale) == shape[0]:
        said.scale, said.zeroPoint = _rows(np.asarray(said.scale), n), _rows(np.asarray(said.zeroPoint), n)


def _rows(values: NDArray[Any], n: int) -> NDArray[Any]:
    return values[np.arange(n) % len(values)]
