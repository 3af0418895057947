"""TFLite Micro, as its wheel has it: the arena a model takes, and how far its outputs are from ours.

Its kernels here are the plain reference in C++, made for no processor in particular: what they take on this machine
says nothing of a microcontroller, where CMSIS-NN takes their place (`make bench-patch` counts that).
"""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.result import Micro
from converter.inline import inlined
from edge.interpreter import open_interpreter

_ARENA_BYTES: Final = 64 << 20
"""More than any model here takes; what it takes of that is told."""
_TOLD: Final = re.compile(r"Arena allocation (total|head) (\d+) bytes")


def run_in_micro(path: Path, windows: NDArray[np.float32]) -> Micro:
    """Run an int8 model in TFLite Micro, and beside it on LiteRT.

    Parameters
    ----------
    path
        Of a model or a pack.
    windows
        Preprocessed, shape (n, window_samples).

    Raises
    ------
    PeerUnavailable
        If the wheel is not installed, or does not know the model's operators.
    """
    if find_spec("tflite_micro") is None:
        raise PeerUnavailable("TFLite Micro is not installed", advice="pip install 'anyecg-edge[dev]', on x86-64")
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415

    ours = open_interpreter(path.read_bytes(), runtime="litert")
    if ours.input.quantisation is None:
        raise PeerUnavailable(f"{path.name} takes float", advice="TFLite Micro is compared on int8 models")
    try:
        micro = runtime.Interpreter.from_bytes(bytes(inlined(path.read_bytes())), arena_size=_ARENA_BYTES)
        inputs = ours.input.quantisation.quantise(windows)
        outputs, ms = zip(*(_timed(micro, x[None]) for x in inputs), strict=True)
    except (RuntimeError, ValueError) as error:
        raise PeerUnavailable(f"TFLite Micro cannot run {path.name} ({error})", advice="go without it") from error
    steps = [np.abs(theirs.astype(int) - ours.invoke(x).astype(int)) for theirs, x in zip(outputs, inputs, strict=True)]
    told = dict(_TOLD.findall(_printed(micro.print_allocations)))
    return Micro(
        arena_bytes=int(told["total"]),
        activations_bytes=int(told["head"]),
        most_steps=int(np.max(steps)),
        share_of_equal=float(np.mean(np.array(steps) == 0)),
        n_windows=len(inputs),
        ms=float(np.median(ms)),
    )


def _timed(micro: Any, x: NDArray[np.int8]) -> tuple[NDArray[np.int8], float]:
    micro.set_input(x, 0)
    began_s = time.perf_counter()
    micro.invoke()
    return micro.get_output(0), (time.perf_counter() - began_s) * 1e3


def _printed(call: Callable[[], object]) -> str:
    """What C++ writes to the error stream during a call."""
    with tempfile.TemporaryFile() as file, _errors_to(file.fileno()):
        call()
        file.seek(0)
        return file.read().decode(errors="replace")


@contextmanager
def _errors_to(descriptor: int) -> Iterator[None]:
    kept = os.dup(2)
    try:
        os.dup2(descriptor, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
