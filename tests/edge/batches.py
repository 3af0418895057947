"""Packs that must be run window by window, for the tests of batches."""

import hashlib
from dataclasses import replace

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge.pack import ModelPack


def stating_its_batch(pack: ModelPack) -> ModelPack:
    """The same pack with a batch of 1 in every RESHAPE, as packs had it before the batch was left open."""
    model = schema.ModelT.InitFromPackedBuf(pack.model, 0)
    (graph,) = model.subgraphs
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.RESHAPE:
            continue
        shape = graph.tensors[operator.outputs[0]].shape
        operator.builtinOptions.newShape = shape
        buffer = model.buffers[graph.tensors[operator.inputs[1]].buffer]
        buffer.data = np.frombuffer(np.array(shape, np.int32).tobytes(), np.uint8)
    builder = flatbuffers.Builder(len(pack.model))
    builder.Finish(model.Pack(builder), b"TFL3")
    stated = bytes(builder.Output())
    changes = {"model_sha256": hashlib.sha256(stated).hexdigest(), "model_size_bytes": len(stated)}
    return replace(pack, model=stated, manifest=pack.manifest.model_copy(update=changes))
