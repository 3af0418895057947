"""A float graph for one window made one for several, which the interpreter's own resizing cannot do.

The graph's first reshape and the shapes that the delegate plans with are constants of the file.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def in_batches(float_model: bytes, batch: int) -> bytes:
    """Return the float graph of `converter.ecgfounder.emit` for several windows at once.

    Parameters
    ----------
    float_model
        Input ``x``, shape (1, window_samples); output (1, n_outputs).
    batch
        Windows of one call.

    Returns
    -------
    bytes
        The same graph with input (1, batch * window_samples), the windows end to end, and output (batch, n_outputs).
        An input of one row is what `converter.quantise.quantise` calibrates with.
    """
    model = schema.ModelT.InitFromPackedBuf(float_model, 0)
    (graph,) = model.subgraphs
    signal, shape = graph.operators[0].inputs
    for index, tensor in enumerate(graph.tensors):
        if model.buffers[tensor.buffer].data is None:
            tensor.shape = [1, batch * tensor.shape[1]] if index == signal else [batch, *tensor.shape[1:]]
    four_dimensional = np.array(graph.tensors[graph.operators[0].outputs[0]].shape, np.int32)
    graph.operators[0].builtinOptions.newShape = four_dimensional.tolist()
    model.buffers[graph.tensors[shape].buffer].data = np.frombuffer(four_dimensional.tobytes(), np.uint8)
    builder = flatbuffers.Builder(len(float_model))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
