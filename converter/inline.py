"""A model's constants back inside its flatbuffer, where a microcontroller's runtime looks for them."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def inlined(model: bytes) -> bytes:
    """Move constants that lie behind the flatbuffer into it.

    ai-edge-quantizer puts them behind it where they come to more than 256 KiB (its ``model_modifier``), which LiteRT
    follows and TensorFlow Lite Micro does not.

    Parameters
    ----------
    model
        A TFLite flatbuffer, with or without constants behind it.

    Returns
    -------
    bytes
        The model as it was where all constants are in it.
    """
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model))
    outside = [buffer for buffer in parsed.buffers if buffer.offset > 1]
    if not outside:
        return model
    for buffer in outside:
        buffer.data = np.frombuffer(model, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    builder = flatbuffers.Builder(len(model) + (1 << 16))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())
