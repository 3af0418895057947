"""Each runtime behind one call: preprocessed float windows in, float outputs out, conversions to int8 included.

What a runtime needs is imported where it is opened: a process that measures one loads no other.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Runner: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Windows, shape (batch, window_samples), to the network's outputs, shape (batch, n_outputs)."""


def open_runner(runtime: str, path: Path, n_threads: int) -> Runner:
    """Load a variant's file.

    Parameters
    ----------
    runtime, path
        As `benchmarks.peers.variants.Variant` has them: ``litert``, ``tflite-runtime``, ``onnxruntime`` or ``torch``,
        which takes a state dict of Net1D, or an int8 ``.tflite`` for what its weights stand for.
    n_threads
        Threads of a kernel. torch keeps one number for the process: do not mix runners of different ones.
    """
    match runtime:
        case "litert" | "tflite-runtime":
            return _tflite(runtime, path, n_threads)
        case "onnxruntime":
            return _onnxruntime(path, n_threads)
        case "torch":
            return _torch(path, n_threads)
        case other:
            raise ValueError(f"{other} is no runtime")


def _tflite(runtime: str, path: Path, n_threads: int) -> Runner:
    from edge.interpreter import open_interpreter  # noqa: PLC0415

    interpreter = open_interpreter(path.read_bytes(), runtime=runtime, n_threads=n_threads)
    into, out_of = interpreter.input.quantisation, interpreter.output.quantisation

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        y = interpreter.invoke_batch(into.quantise(windows) if into else windows)
        return out_of.dequantise(y.astype(np.int8)) if out_of else y.astype(np.float32)

    return run


def _onnxruntime(path: Path, n_threads: int) -> Runner:
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = n_threads, 1
    # Threads that spin between calls would take the cores of the variant that runs next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        (logits,) = session.run(None, {"x": windows})
        return np.asarray(logits, np.float32)

    return run


def _torch(path: Path, n_threads: int) -> Runner:
    import torch  # noqa: PLC0415

    from benchmarks.peers.torch_network import TorchNetwork  # noqa: PLC0415
    from converter.ecgfounder.net1d import Net1DConfig  # noqa: PLC0415
    from converter.patch.reading import read_network  # noqa: PLC0415
    from converter.training.network import Net1D  # noqa: PLC0415

    torch.set_num_threads(n_threads)
    if path.suffix == ".tflite":
        return TorchNetwork(read_network(path.read_bytes()))
    state = torch.load(path, weights_only=True)
    network = Net1D(Net1DConfig.of_weights({name: values.numpy() for name, values in state.items()})).eval()
    network.load_state_dict(state)

    def run(windows: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(windows)).numpy(), np.float32)

    return run
