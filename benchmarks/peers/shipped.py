"""A shipped pack's network on every runtime: the same weights everywhere, and in int8 the same scales."""

import hashlib
from pathlib import Path
from typing import Final

from benchmarks.peers.result import NetworkPeers
from benchmarks.peers.subject import Subject, measure_peers, reference_of
from benchmarks.peers.tflite_network import write_float
from benchmarks.peers.truths import truth_of
from benchmarks.peers.variants import TORCH, Arithmetic, Runtime, Variant, versions
from converter.calibration import network_inputs, synthetic_windows, with_artefacts
from converter.patch.needs import macs_by_class
from converter.patch.network import Network
from converter.patch.reading import read_network
from edge.pack import read_any_pack

OURS: Final = "anyecg (LiteRT int8)"
_TEST_SEED, _ARTEFACT_SEED = 305, 308
_MICRO_WINDOWS: Final = 8


def measure_shipped(pack_path: Path, folder: Path, *, n_windows: int, n_rounds: int) -> NetworkPeers:
    """Measure a full int8 pack on every runtime that can run here, on one thread.

    Parameters
    ----------
    pack_path
        The pack.
    folder
        Where the other runtimes' files go.
    n_windows
        Synthetic windows to compare on, and at most so many with their truth.
    n_rounds
        Times each is timed.
    """
    pack = read_any_pack(pack_path)
    network = read_network(pack.model)
    contract = pack.manifest.preprocessing.as_preprocessing()
    windows = synthetic_windows(contract, n_windows, seed=_TEST_SEED)
    variants = _variants(pack_path, network, folder)
    subject = Subject(
        label=pack.manifest.label,
        sha256=hashlib.sha256(pack_path.read_bytes()).hexdigest(),
        macs=sum(count for kind, count in macs_by_class(network).items() if kind != "elementwise"),
        variants=variants,
        reference=reference_of(variants),
        inputs=network_inputs(windows, contract),
        spoilt=network_inputs(with_artefacts(windows, seed=_ARTEFACT_SEED), contract),
        truth=truth_of(pack, n_windows),
        for_micro=(pack_path, _MICRO_WINDOWS),
    )
    return measure_peers(subject, n_rounds)


def _variants(pack: Path, network: Network, folder: Path) -> list[Variant]:
    installed = versions()
    exact = folder / f"{pack.stem}_float.tflite"
    exact.write_bytes(write_float(network))
    found = [
        Variant(OURS, Runtime.LITERT, pack),
        Variant("LiteRT fp32", Runtime.LITERT, exact, arithmetic=Arithmetic.FP32),
    ]
    if Runtime.TFLITE_RUNTIME in installed:
        found.append(Variant("tflite-runtime 2.14 int8", Runtime.TFLITE_RUNTIME, pack))
    if Runtime.ONNXRUNTIME in installed:
        from benchmarks.peers.onnx_network import Form, write_network  # noqa: PLC0415 - only where onnx is installed

        forms = {
            "onnxruntime int8, U8S8": (Form.UNSIGNED, Arithmetic.INT8),
            "onnxruntime int8, S8S8": (Form.SIGNED, Arithmetic.INT8),
            "onnxruntime fp32": (Form.FLOAT, Arithmetic.FP32),
        }
        for name, (form, arithmetic) in forms.items():
            path = folder / f"{pack.stem}_{form.name.lower()}.onnx"
            path.write_bytes(write_network(network, form))
            found.append(Variant(name, Runtime.ONNXRUNTIME, path, arithmetic=arithmetic))
    if Runtime.TORCH in installed:
        found.append(Variant(TORCH, Runtime.TORCH, pack, arithmetic=Arithmetic.FP32))
    return found
