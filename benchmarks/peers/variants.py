"""What is compared: one network as the files that each runtime loads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.batch import in_batches
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.quantise import Mode, quantise


class Runtime(StrEnum):
    """What runs a file; see `benchmarks.peers.runners`."""

    LITERT = "litert"
    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


@dataclass(frozen=True, slots=True)
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
    """

    name: str
    runtime: Runtime
    path: Path
    batch: int = 1


BASELINE: Final = "anyecg full"
"""What every other variant's time is divided by."""
TORCH: Final = "torch fp32 eager"
BATCH: Final = 4
"""Windows of the variants that take several at once."""

_NEEDS: Final[Mapping[Runtime, tuple[str, ...]]] = {
    Runtime.LITERT: ("ai-edge-litert",),
    Runtime.ONNXRUNTIME: ("onnxruntime", "onnx"),
    Runtime.TORCH: ("torch",),
}


def versions() -> dict[Runtime, str]:
    """Name the packages of each runtime with their versions; a runtime that is not installed is left out."""
    found = {}
    for runtime, packages in _NEEDS.items():
        try:
            found[runtime] = ", ".join(f"{package} {version(package)}" for package in packages)
        except PackageNotFoundError:
            continue
    return found


def build(
    checkpoint: Checkpoint, calibration: NDArray[np.float32], folder: Path, runtimes: frozenset[Runtime]
) -> list[Variant]:
    """Write every variant that can run here.

    Parameters
    ----------
    checkpoint
        The network.
    calibration
        Preprocessed windows, shape (n, window_samples), n divisible by `BATCH`: every static int8 variant is calibrated
        with their smallest and largest values.
    folder
        Where the files go.
    runtimes
        Those installed.

    Returns
    -------
    list[Variant]
        Ours in the order of `Mode`, each followed by its batched form; then the peers.
    """
    variants = _ours(checkpoint, calibration, folder)
    if Runtime.ONNXRUNTIME in runtimes:
        variants += _onnxruntime(checkpoint, calibration, folder)
    if Runtime.TORCH in runtimes:
        variants.append(_torch(checkpoint, folder))
    return variants


def _ours(checkpoint: Checkpoint, calibration: NDArray[np.float32], folder: Path) -> list[Variant]:
    single = emit(checkpoint, calibration.shape[1])
    variants = []
    for batch, model in ((1, single), (BATCH, in_batches(single, BATCH))):
        for mode in Mode:
            path = folder / f"{mode}_{batch}.tflite"
            path.write_bytes(quantise(model, mode, calibration.reshape(-1, batch * calibration.shape[1])))
            name = f"anyecg {mode}" if batch == 1 else f"anyecg {mode}, batch {batch}"
            variants.append(Variant(name, Runtime.LITERT, path, batch))
    return variants


def _onnxruntime(checkpoint: Checkpoint, calibration: NDArray[np.float32], folder: Path) -> list[Variant]:
    from benchmarks.peers import onnx_model  # noqa: PLC0415 - only where onnx is installed

    exact, static = folder / "fp32.onnx", folder / "int8_qdq.onnx"
    exact.write_bytes(onnx_model.write(checkpoint, calibration.shape[1]))
    onnx_model.quantise_statically(exact, static, calibration)
    return [
        Variant("onnxruntime fp32", Runtime.ONNXRUNTIME, exact),
        Variant("onnxruntime int8 static QDQ", Runtime.ONNXRUNTIME, static),
    ]


def _torch(checkpoint: Checkpoint, folder: Path) -> Variant:
    import torch  # noqa: PLC0415

    path = folder / "state_dict.pth"
    torch.save({name: torch.from_numpy(np.array(values)) for name, values in checkpoint.weights.items()}, path)
    return Variant(TORCH, Runtime.TORCH, path)
