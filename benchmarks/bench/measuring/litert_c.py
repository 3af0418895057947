"""LiteRT's own profiler, through the C interface of the library that comes with the Python package.

The package's Python interfaces have no profiler; ``libLiteRt.so`` has (LiteRT, litert/c/litert_profiler.h), and runs
the same XNNPACK. Types are those of litert/c/litert_profiler_event.h in release 2.3.
"""

import ctypes
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.interpreter import hushed

_LIBRARY: Final = "libLiteRt.so"
_CPU: Final = 1
_WRITE: Final = 1
_OPERATOR_EVENTS: Final = frozenset({1 << 1, 1 << 2, 1 << 3})
_PARTITION: Final = b"Delegate"
"""In the name of the event of a partition as a whole, whose operators have events of their own."""
_OPTIONS: Final = {b"runtime_options_string": b"enable_profiling = true\n", b"xnnpack": b"num_threads = 1\n"}
_TYPE_BYTES: Final = 512
"""Room for a LiteRtRankedTensorType, which has less than 100."""


class ProfilerUnavailable(Exception):
    """The library is not there, or does not do as it should."""


class _Event(ctypes.Structure):
    """ProfiledEventData: what happened, when, how long, memory before and after, two words, and who says it."""

    _fields_ = (
        ("tag", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("memory_before", ctypes.c_size_t * 3),
        ("memory_after", ctypes.c_size_t * 3),
        ("metadata", ctypes.c_uint64 * 2),
        ("source", ctypes.c_int),
    )


_KEEP: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: None)
"""What the library frees a payload with that Python owns."""


class ProfiledModel:
    """A model that tells what each of its operators takes; a context, one thread.

    Parameters
    ----------
    model
        A TFLite flatbuffer with one input and one output.
    window
        What its input is given, as the model takes it.

    Raises
    ------
    ProfilerUnavailable
        If the library is not there, or refuses.
    """

    def __init__(self, model: bytes, window: NDArray[Any]) -> None:
        self._library = ctypes.CDLL(str(_library()))
        self._kept = [ctypes.create_string_buffer(model, len(model))]
        with hushed():
            self._open(len(model))
        self._input, self._output = self._buffer("Input"), self._buffer("Output")
        self._give(np.ascontiguousarray(window).tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, handle in (
            ("TensorBuffer", self._input),
            ("TensorBuffer", self._output),
            ("CompiledModel", self._compiled),
            ("Options", self._options),
            ("Model", self._model),
            ("Environment", self._environment),
        ):
            destroy = self._library[f"LiteRtDestroy{name}"]
            destroy.restype = None
            destroy(handle)

    def run(self) -> Iterator[tuple[str, int]]:
        """Run one window: each operator's name and its time, whole microseconds, in the order they ran."""
        one = ctypes.c_size_t(1)
        self._call("ResetProfiler", self._profiler)
        self._call("StartProfiler", self._profiler)
        signature = ctypes.c_size_t(0)
        ends = one, ctypes.byref(self._input), one, ctypes.byref(self._output)
        self._call("RunCompiledModel", self._compiled, signature, *ends)
        self._call("StopProfiler", self._profiler)
        n = ctypes.c_int()
        self._call("GetNumProfilerEvents", self._profiler, ctypes.byref(n))
        if not n.value:
            raise ProfilerUnavailable("its profiler has seen nothing")
        events = (_Event * n.value)()
        self._call("GetProfilerEvents", self._profiler, n, events)
        for event in events:
            if event.kind in _OPERATOR_EVENTS and _PARTITION not in event.tag:
                yield event.tag.decode(errors="replace"), event.elapsed_us

    def _open(self, size: int) -> None:
        self._environment = self._made("CreateEnvironment", 0, None)
        self._model = self._made("CreateModelFromBuffer", self._environment, self._kept[0], ctypes.c_size_t(size))
        self._options = self._made("CreateOptions")
        self._call("SetOptionsHardwareAccelerators", self._options, _CPU)
        for name, text in _OPTIONS.items():
            payload = ctypes.create_string_buffer(text)
            self._kept.append(payload)
            option = self._made("CreateOpaqueOptions", name, payload, _KEEP)
            self._call("AddOpaqueOptions", self._options, option)
        self._compiled = self._made("CreateCompiledModel", self._environment, self._model, self._options)
        self._profiler = self._made("CompiledModelGetProfiler", self._compiled)
        self._graph = self._made("GetModelSubgraph", self._model, ctypes.c_size_t(0))

    def _buffer(self, end: str) -> ctypes.c_void_p:
        first = ctypes.c_size_t(0)
        tensor = self._made(f"GetSubgraph{end}", self._graph, first)
        kind = ctypes.create_string_buffer(_TYPE_BYTES)
        self._call("GetRankedTensorType", tensor, kind)
        needs = self._made(f"GetCompiledModel{end}BufferRequirements", self._compiled, first, first)
        return self._made("CreateManagedTensorBufferFromRequirements", self._environment, kind, needs)

    def _give(self, window: bytes) -> None:
        size = ctypes.c_size_t()
        self._call("GetTensorBufferPackedSize", self._input, ctypes.byref(size))
        if size.value != len(window):
            raise ProfilerUnavailable(f"its input has {size.value} bytes, not {len(window)}")
        place = ctypes.c_void_p()
        self._call("LockTensorBuffer", self._input, ctypes.byref(place), _WRITE)
        ctypes.memmove(place, window, len(window))
        self._call("UnlockTensorBuffer", self._input)

    def _made(self, name: str, *arguments: Any) -> ctypes.c_void_p:
        """Call what gives a handle by its last argument."""
        handle = ctypes.c_void_p()
        self._call(name, *arguments, ctypes.byref(handle))
        return handle

    def _call(self, name: str, *arguments: Any) -> None:
        try:
            function = self._library[f"LiteRt{name}"]
        except AttributeError as error:
            raise ProfilerUnavailable(f"it has no LiteRt{name}") from error
        function.restype = ctypes.c_int
        status = function(*arguments)
        if status:
            raise ProfilerUnavailable(f"LiteRt{name} gives status {status}")


def _library() -> Path:
    try:
        found = [Path(str(file.locate())) for file in files("ai-edge-litert") or () if file.name == _LIBRARY]
    except PackageNotFoundError:
        found = []
    if not found or not found[0].is_file():
        raise ProfilerUnavailable(f"there is no {_LIBRARY}")
    return found[0]
