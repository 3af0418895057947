"""The TFLite runtimes a pack can run on, behind one small protocol."""

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError, PackFault, RuntimeUnavailable
from edge.quant import Quantisation

Tensor: TypeAlias = NDArray[np.int8] | NDArray[np.float32]

_PARTITION: Final = "DELEGATE"
"""The runtime's name of a node that stands for a partition."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a model's input or output is: shape, dtype, and its quantisation where it is int8."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantisation: Quantisation | None


@dataclass(frozen=True, slots=True)
class Execution:
    """What a runtime makes of a model.

    Parameters
    ----------
    operators
        How many of each kind the model has, by the schema's names (``CONV_2D``).
    undelegated
        Those among them that run one by one on the runtime's own kernels; empty where the delegate took all.
    partitions
        Stretches of the graph that the delegate took, each of which runs as one.
    """

    operators: Mapping[str, int]
    undelegated: Mapping[str, int]
    partitions: int

    @property
    def delegated(self) -> int:
        """Operators that the delegate took."""
        return sum(self.operators.values()) - sum(self.undelegated.values())


class Interpreter(Protocol):
    """A loaded model with one input and one output."""

    @property
    def input(self) -> TensorSpec:
        """The model's only input."""
        ...

    @property
    def output(self) -> TensorSpec:
        """The model's only output."""
        ...

    @property
    def kernel_family(self) -> str:
        """Runtime and kernels; within a family int8 results are equal bit for bit."""
        ...

    @property
    def execution(self) -> Execution:
        """The model's operators, and which of them the delegate took."""
        ...

    def invoke(self, x: Tensor) -> Tensor:
        """Run the model on one input of the stated shape and dtype; the output is the caller's to keep."""
        ...

    def invoke_batch(self, x: Tensor) -> Tensor:
        """Run the model on several inputs at once, shape (n, ...); the outputs, shape (n, ...), are the caller's.

        Raises
        ------
        PackError
            If the model states how many it takes; it can be run one by one all the same.
        """
        ...


class _TfliteInterpreter:
    """The API that LiteRT and tflite-runtime share."""

    def __init__(self, raw: Any, kernel_family: str) -> None:
        raw.allocate_tensors()
        self._raw = raw
        self._kernel_family = kernel_family
        self._in, self._out = _only(raw.get_input_details(), "input"), _only(raw.get_output_details(), "output")
        self.input, self.output = _spec(self._in), _spec(self._out)
        self._shape = self.input.shape

    @property
    def kernel_family(self) -> str:
        return self._kernel_family

    @property
    def execution(self) -> Execution:
        return _execution(self._raw._get_ops_details())  # noqa: SLF001 - no public call lists operators

    def invoke(self, x: Tensor) -> Tensor:
        return self._run(x.reshape(self.input.shape))

    def invoke_batch(self, x: Tensor) -> Tensor:
        return self._run(x.reshape(-1, *self.input.shape[1:]))

    def _run(self, x: Tensor) -> Tensor:
        if x.shape != self._shape:
            self._resize(x.shape)
        self._raw.set_tensor(self._in["index"], x)
        self._raw.invoke()
        y: Tensor = self._raw.get_tensor(self._out["index"])
        return y

    def _resize(self, shape: tuple[int, ...]) -> None:
        """Take inputs of another shape from now on; a runtime that cannot is put back as it was."""
        try:
            self._allocate(shape)
        except (ValueError, RuntimeError) as error:
            self._allocate(self._shape)
            raise PackError(
                PackFault.MODEL_MISMATCH,
                f"the model takes {self._shape}, and cannot be made to take {shape}",
                advice="run its windows one by one, or make the pack again with anyecg convert",
            ) from error
        self._shape = shape

    def _allocate(self, shape: tuple[int, ...]) -> None:
        with hushed():
            self._raw.resize_tensor_input(self._in["index"], shape)
            self._raw.allocate_tensors()


def _execution(nodes: list[dict[str, Any]]) -> Execution:
    """Read the operators off the runtime's list of nodes.

    The model's operators come first and stay, delegated or not; behind them comes a node for each partition, which
    names only what goes into it and what comes out. All that it takes to make the one from the other is inside.
    """
    operators = [node for node in nodes if node["op_name"] != _PARTITION]
    partitions = [node for node in nodes if node["op_name"] == _PARTITION]
    made_by = {int(tensor): operator for operator in operators for tensor in operator["outputs"]}
    taken: set[int] = set()
    for partition in partitions:
        given = {int(tensor) for tensor in partition["inputs"]}
        needed = [int(tensor) for tensor in partition["outputs"]]
        while needed:
            tensor = needed.pop()
            operator = made_by.get(tensor)
            if operator is None or tensor in given or operator["index"] in taken:
                continue
            taken.add(operator["index"])
            needed.extend(int(tensor) for tensor in operator["inputs"])
    left = Counter(operator["op_name"] for operator in operators if operator["index"] not in taken)
    return Execution(Counter(operator["op_name"] for operator in operators), left, len(partitions))


def _only(details: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if len(details) != 1:
        raise PackError(
            PackFault.MODEL_MISMATCH,
            f"the model has {len(details)} {what}s where one is expected",
            advice="convert it with anyecg",
        )
    return details[0]


def _spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    quantisation = Quantisation(float(scale), int(zero_point)) if detail["dtype"] is np.int8 else None
    return TensorSpec(tuple(int(n) for n in detail["shape"]), np.dtype(detail["dtype"]), quantisation)


def _installed(package: str) -> tuple[int, int] | None:
    try:
        major, minor, *_ = version(package).split(".")
    except PackageNotFoundError:
        return None
    return int(major), int(minor)


@contextmanager
def hushed() -> Iterator[None]:
    """Keep the runtime's greeting ("Created TensorFlow Lite XNNPACK delegate") off the user's screen."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _litert(model: bytes, n_threads: int) -> Interpreter:
    from ai_edge_litert import interpreter  # noqa: PLC0415 - import edge stays light

    raw = interpreter.Interpreter(model_content=model, num_threads=n_threads)
    return _TfliteInterpreter(raw, "litert/xnnpack")


def _litert_reference(model: bytes, n_threads: int) -> Interpreter:
    from ai_edge_litert import interpreter  # noqa: PLC0415

    resolver = interpreter.OpResolverType.BUILTIN_REF
    raw = interpreter.Interpreter(model_content=model, num_threads=n_threads, experimental_op_resolver_type=resolver)
    return _TfliteInterpreter(raw, "tflite/reference")


def _tflite_runtime(model: bytes, n_threads: int) -> Interpreter:
    if (_installed("numpy") or (0, 0)) >= (2, 0):
        raise RuntimeUnavailable("tflite-runtime 2.14 cannot load beside numpy 2", advice="pip install 'numpy<2'")
    from tflite_runtime import interpreter  # noqa: PLC0415

    raw = interpreter.Interpreter(model_content=model, num_threads=n_threads)
    _refuse_dynamic_range(raw)
    # Its kernels for ARM round otherwise than those for x86-64: two families.
    return _TfliteInterpreter(raw, f"tflite-runtime/builtin-{platform.machine()}")


_UNTRUSTED: Final = {
    "FULLY_CONNECTED": "fully connected layers, which tflite-runtime computes wrongly",
    "CONV_2D": "convolutions, which nobody has checked on tflite-runtime on ARM",
}
"""What is refused of float layers with int8 weights. tflite-runtime 2.14 knows one scale for the weights of a fully
connected layer, so that with one for each output its numbers are wrong, silently. Convolutions with one for each
channel agree with LiteRT on x86-64, grouped or not."""


def _refuse_dynamic_range(raw: Any) -> None:
    dtypes = {t["index"]: t["dtype"] for t in raw.get_tensor_details()}
    for operator in raw._get_ops_details():  # noqa: SLF001 - no public call tells operators from tensors
        if operator["op_name"] not in _UNTRUSTED:
            continue
        activation, weights = (dtypes[int(i)] for i in operator["inputs"][:2])
        if activation is np.float32 and weights is np.int8:
            raise RuntimeUnavailable(
                f"this pack has dynamic-range {_UNTRUSTED[operator['op_name']]}",
                advice="convert it with --mode full, or run it on a 64-bit system with ai-edge-litert",
            )


_RUNTIMES: Final[dict[str, tuple[str, Callable[[bytes, int], Interpreter]]]] = {
    "litert": ("ai-edge-litert", _litert),
    "tflite-runtime": ("tflite-runtime", _tflite_runtime),
    "reference": ("ai-edge-litert", _litert_reference),
}
"""By name: the package it comes from, and how it is opened. The first installed one is the default."""


def installed_runtimes() -> dict[str, str]:
    """Names of the runtimes that can be opened here, with the version of the package behind each."""
    return {name: version(package) for name, (package, _) in _RUNTIMES.items() if _installed(package)}


def open_interpreter(model: bytes, *, runtime: str | None = None, n_threads: int = 1) -> Interpreter:
    """Load a model.

    Parameters
    ----------
    model
        A TFLite flatbuffer with one input and one output, each int8 or float32.
    runtime
        ``litert``, ``tflite-runtime`` or ``reference`` (LiteRT's plain kernels: slow, for comparison); the first one
        installed by default.
    n_threads
        Threads a kernel may use.

    Raises
    ------
    RuntimeUnavailable
        If no runtime is installed, or the one there would compute this model wrongly.
    PackError
        If the runtime refuses the model.
    """
    installed = installed_runtimes()
    name = runtime or next(iter(installed), None)
    if name is None or name not in installed:
        raise RuntimeUnavailable(
            f"{'no TFLite runtime' if name is None else name} is installed (Python {platform.python_version()}, "
            f"{platform.machine()})",
            advice="pip install ai-edge-litert, or tflite-runtime on 32-bit ARM with Python 3.11",
        )
    try:
        with hushed():
            return _RUNTIMES[name][1](model, n_threads)
    except (ValueError, RuntimeError) as error:
        raise PackError(
            PackFault.CORRUPT,
            f"{name} refuses the model ({str(error).splitlines()[0]})",
            advice="make or copy the pack again",
        ) from error
