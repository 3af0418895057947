"""What is compared: one network as the files that each runtime loads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import older
from benchmarks.peers.elsewhere import Elsewhere
from benchmarks.peers.pack import neutral_outputs
from benchmarks.peers.runners import Runner, open_runner
from converter.candidate import Candidate, Source
from converter.candidate import build as build_candidate
from converter.quantise import Mode
from converter.sensitivity.placement import SMALL_NOISE, cheapest_within
from converter.target import Target


class Runtime(StrEnum):
    """What runs a file; see `benchmarks.peers.runners`."""

    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    """In a process of its own: see `benchmarks.peers.older`."""
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


class Arithmetic(StrEnum):
    """What most of a variant's multiplications are of: which of the machine's peaks it is held against."""

    INT8 = "int8"
    FP32 = "fp32"


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The network in one form.

    Parameters
    ----------
    name
        As the tables have it.
    runtime, path
        What loads which file.
    batch
        Windows of one call.
    candidate
        What the converter made, where it did.
    arithmetic
        What it computes with.
    """

    name: str
    runtime: Runtime
    path: Path
    batch: int = 1
    candidate: Candidate | None = None
    arithmetic: Arithmetic = Arithmetic.INT8

    def open(self, n_threads: int) -> Runner:
        """Load it: preprocessed windows, shape (batch, window_samples), to logits, shape (batch, n_outputs)."""
        run: Runner
        match self.runtime:
            case Runtime.TFLITE_RUNTIME:
                run = self._elsewhere(n_threads)
            case _:
                run = open_runner(self.runtime, self.path, n_threads)
        if self.candidate is None:
            return run
        rows = [(row.logit_scale, row.logit_offset) for row in self.candidate.outputs]
        scale, offset = np.array(rows, np.float32).T

        def logits(windows: NDArray[np.float32]) -> NDArray[np.float32]:
            return scale * run(windows) + offset

        return logits

    def open_timed(self, n_threads: int) -> Callable[[NDArray[np.float32]], object]:
        """Load it for `benchmarks.peers.timing`: what runs elsewhere tells its time itself."""
        return self._elsewhere(n_threads).timed if self.runtime is Runtime.TFLITE_RUNTIME else self.open(n_threads)

    def _elsewhere(self, n_threads: int) -> Elsewhere:
        return Elsewhere(older.make(), self.runtime, self.path, n_threads)


FULL: Final = "anyecg full"
"""What every other variant's time is divided by."""
MIXED: Final = "anyecg mixed, little noise"
MIXED_FAST: Final = "anyecg mixed, as fast as full"
DYNAMIC: Final = "anyecg dynamic"
FLOAT: Final = "anyecg float"
TORCH: Final = "torch fp32 eager"
OLDER: Final = "tflite-runtime 2.14 int8, graph made for it"
OLDER_SAME: Final = "tflite-runtime 2.14 int8, LiteRT's graph"
OLDER_FLOAT: Final = "tflite-runtime 2.14 fp32"
BATCH: Final = 4
"""Windows of the variants that take several at once."""
NOISE_OF_FAST: Final = 0.03
"""Predicted noise that `MIXED_FAST` may have, in standard deviations of an output."""

OURS: Final[Mapping[str, tuple[Mode, float]]] = {
    FULL: (Mode.FULL, 0.0),
    MIXED: (Mode.MIXED, SMALL_NOISE),
    MIXED_FAST: (Mode.MIXED, NOISE_OF_FAST),
    DYNAMIC: (Mode.DYNAMIC, 0.0),
    FLOAT: (Mode.FLOAT, 0.0),
}
"""What the converter makes: the mode, and the predicted noise that a placement may have."""

_NEEDS: Final[Mapping[Runtime, tuple[str, ...]]] = {
    Runtime.LITERT: ("ai-edge-litert",),
    Runtime.ONNXRUNTIME: ("onnxruntime", "onnx"),
    Runtime.TORCH: ("torch",),
}


def in_batches(name: str) -> str:
    """Name of one of ours that takes `BATCH` windows at once."""
    return f"{name}, batch {BATCH}"


def versions() -> dict[Runtime, str]:
    """Name the packages of each runtime with their versions; a runtime that is not installed is left out."""
    found = {}
    for runtime, packages in _NEEDS.items():
        try:
            found[runtime] = ", ".join(f"{package} {version(package)}" for package in packages)
        except PackageNotFoundError:
            continue
    if older.python_of_it():
        found[Runtime.TFLITE_RUNTIME] = f"{older.REQUIREMENTS[0].replace('==', ' ')} (in an environment of its own)"
    return found


def build(source: Source, folder: Path, runtimes: frozenset[Runtime]) -> list[Variant]:
    """Write every variant that can run here.

    Parameters
    ----------
    source
        The network, with the windows that every static int8 variant is calibrated with.
    folder
        Where the files go.
    runtimes
        Those installed.

    Returns
    -------
    list[Variant]
        Ours in the order of `OURS`, the same in batches, then the peers.
    """
    ours = [converted(source, name, folder) for name in OURS]
    variants = [*ours, *(replace(one, name=in_batches(one.name), batch=BATCH) for one in ours)]
    if Runtime.ONNXRUNTIME in runtimes:
        variants += _onnxruntime(source, folder)
    if Runtime.TFLITE_RUNTIME in runtimes:
        variants += _on_tflite_runtime(source, {one.name: one for one in ours}, folder)
    if Runtime.TORCH in runtimes:
        variants.append(in_torch(source, folder))
    return variants


def converted(source: Source, name: str, folder: Path, stem: str | None = None) -> Variant:
    """Write one of `OURS` as `anyecg convert` makes it, to a file of that stem."""
    mode, noise = OURS[name]
    step = cheapest_within(source.frontier, noise) if mode is Mode.MIXED else None
    candidate = build_candidate(source, mode, neutral_outputs(source.checkpoint.config.n_outputs), step)
    path = folder / f"{stem or f'{list(OURS).index(name)}_{mode}'}.tflite"
    path.write_bytes(candidate.model)
    arithmetic = Arithmetic.FP32 if mode is Mode.FLOAT else Arithmetic.INT8
    return Variant(name, Runtime.LITERT, path, candidate=candidate, arithmetic=arithmetic)


def _on_tflite_runtime(source: Source, ours: Mapping[str, Variant], folder: Path) -> list[Variant]:
    """The older runtime with the graph that `anyecg convert --runtime tflite-runtime` makes, and with LiteRT's."""
    for_it = Source(source.checkpoint, Target.TFLITE_RUNTIME, source.inputs)
    split = converted(for_it, FULL, folder, "for_tflite_runtime")
    there = (OLDER, split), (OLDER_SAME, ours[FULL]), (OLDER_FLOAT, ours[FLOAT])
    return [replace(one, name=name, runtime=Runtime.TFLITE_RUNTIME) for name, one in there]


def in_torch(source: Source, folder: Path) -> Variant:
    """Write the state dict that torch loads."""
    import torch  # noqa: PLC0415

    path = folder / "state_dict.pth"
    torch.save({name: torch.from_numpy(np.array(values)) for name, values in source.checkpoint.weights.items()}, path)
    return Variant(TORCH, Runtime.TORCH, path, arithmetic=Arithmetic.FP32)


def _onnxruntime(source: Source, folder: Path) -> list[Variant]:
    from benchmarks.peers import onnx_model  # noqa: PLC0415 - only where onnx is installed

    exact = folder / "fp32.onnx"
    exact.write_bytes(onnx_model.write(source.checkpoint, source.inputs.shape[1]))
    variants = [Variant("onnxruntime fp32", Runtime.ONNXRUNTIME, exact, arithmetic=Arithmetic.FP32)]
    for name, settings in onnx_model.STATIC_SETTINGS.items():
        path = folder / f"int8_{len(variants)}.onnx"
        onnx_model.quantise_statically(exact, path, source.inputs, settings)
        variants.append(Variant(name, Runtime.ONNXRUNTIME, path))
    return variants
