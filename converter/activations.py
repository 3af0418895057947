"""What flows through a float graph: every tensor of a window, and its range over many windows."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert import interpreter as litert
from numpy.typing import NDArray

from converter.memory import give_back_memory
from converter.operators import OperatorGraph
from edge.interpreter import hushed

_THREADS = 2


class ActivationReader:
    """Runs a float graph and gives every tensor that changes from window to window.

    Parameters
    ----------
    model
        A TFLite flatbuffer.
    graph
        The same, as `converter.operators.read_operators` gives it.
    """

    def __init__(self, model: bytes, graph: OperatorGraph) -> None:
        self._run = with_all_tensors(model)
        self._graph = graph

    def run(self, x: NDArray[np.float32]) -> None:
        """Run one network input, shape (window_samples,)."""
        self._run.set_tensor(self._graph.input, x.reshape(self._graph.shapes[self._graph.input]))
        self._run.invoke()

    def value(self, tensor: int) -> NDArray[np.float32]:
        """A tensor of the last input."""
        value: NDArray[np.float32] = self._run.get_tensor(tensor)
        return value

    def read(self, x: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
        """Tensors of one network input, shape (window_samples,), by number."""
        self.run(x)
        return {tensor: self.value(tensor) for tensor in self._graph.activations}


def with_all_tensors(model: bytes) -> Any:
    """Open a model in LiteRT so that every tensor can be read after a run."""
    with hushed(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors.*", category=UserWarning)
        run = litert.Interpreter(model_content=model, num_threads=_THREADS, experimental_preserve_all_tensors=True)
        run.allocate_tensors()
    return run


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """What calibration found.

    Parameters
    ----------
    lowest, highest
        Smallest and largest value of each tensor, by number.
    channel_peaks
        Largest magnitude of each channel (last axis) of each tensor.
    logits
        Of each window, shape (n, n_outputs).
    """

    lowest: dict[int, float]
    highest: dict[int, float]
    channel_peaks: dict[int, NDArray[np.float32]]
    logits: NDArray[np.float32]

    def as_quantizer_values(self, graph: OperatorGraph) -> dict[str, dict[str, Any]]:
        """Return the ranges by tensor name, as ai-edge-quantizer takes them."""

        def array(value: float, tensor: int) -> NDArray[np.float32]:
            return np.full((1,) * len(graph.shapes[tensor]), value, np.float32)

        return {
            graph.names[t]: {"min": array(self.lowest[t], t), "max": array(self.highest[t], t), "num_samples": 1}
            for t in graph.activations
        }


def survey(model: bytes, graph: OperatorGraph, inputs: NDArray[np.float32]) -> Ranges:
    """Run calibration windows through a float graph.

    Parameters
    ----------
    model, graph
        As `ActivationReader` takes them.
    inputs
        Preprocessed windows, shape (n, window_samples).

    Returns
    -------
    Ranges
        True extremes over all windows: a moving average of them, as the quantizer's own calibration keeps, clips.
    """
    reader = ActivationReader(model, graph)
    lowest = dict.fromkeys(graph.activations, np.inf)
    highest = dict.fromkeys(graph.activations, -np.inf)
    peaks = {tensor: np.zeros(graph.shapes[tensor][-1], np.float32) for tensor in graph.activations}
    logits = []
    for x in inputs:
        reader.run(x)
        for tensor in graph.activations:
            low, high = _extremes(reader.value(tensor))
            np.maximum(peaks[tensor], np.maximum(-low, high), out=peaks[tensor])
            lowest[tensor] = min(lowest[tensor], float(low.min()))
            highest[tensor] = max(highest[tensor], float(high.max()))
        logits.append(reader.value(graph.output)[0])
    del reader
    give_back_memory()
    return Ranges(lowest, highest, peaks, np.stack(logits))


def _extremes(value: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Smallest and largest value of each channel."""
    by_channel = value.reshape(-1, value.shape[-1])
    return by_channel.min(axis=0), by_channel.max(axis=0)
