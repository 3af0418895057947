"""A full-size checkpoint's conversions beside every runtime that could run it instead, as one result."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.peers.pack import write_pack_of
from benchmarks.peers.result import NetworkPeers
from benchmarks.peers.subject import Subject, measure_peers, reference_of
from benchmarks.peers.truths import labelled_truth
from benchmarks.peers.variants import FULL, Runtime, Variant, build, versions
from benchmarks.peers.work import macs
from converter.calibration import network_inputs, synthetic_windows, with_artefacts
from converter.candidate import Source
from converter.ecgfounder.checkpoint import read_checkpoint
from converter.patch.reading import read_network
from converter.target import Target
from edge.preprocess import ECGFOUNDER

PACK: Final = "full_size.tflite"
"""The pack of `FULL`, in the folder where the files go."""
_CALIBRATION_SEED, _TEST_SEED, _ARTEFACT_SEED = 301, 302, 303
_NAME: Final = "full-size"
_LABELLED: Final = "test.npz"


def measure_full_size(
    checkpoint_path: Path, folder: Path, *, n_calibration: int, n_windows: int, n_rounds: int
) -> NetworkPeers:
    """Measure a fine-tuned Net1D with ECGFounder's contract on every runtime that can run here, on one thread.

    Parameters
    ----------
    checkpoint_path
        The network; labelled windows are looked for beside it, where `converter.training.full_size` leaves them.
    folder
        Where the models go, and the pack of `FULL`, `PACK`.
    n_calibration, n_windows
        Synthetic windows to calibrate with, and others to compare on; at most so many labelled ones.
    n_rounds
        Times each is timed.

    Raises
    ------
    ConversionError
        If the checkpoint cannot be read.
    """
    checkpoint = read_checkpoint(checkpoint_path)
    calibration = network_inputs(synthetic_windows(ECGFOUNDER, n_calibration, seed=_CALIBRATION_SEED), ECGFOUNDER)
    windows = synthetic_windows(ECGFOUNDER, n_windows, seed=_TEST_SEED)
    built = build(Source(checkpoint, Target.LITERT, calibration), folder, frozenset(versions()))
    variants = [variant for variant in built if variant.batch == 1]
    ours = next(variant for variant in variants if variant.name == FULL)
    if Runtime.ONNXRUNTIME in versions():
        variants.insert(-1, _with_our_scales(ours, folder))
    if ours.candidate:
        write_pack_of(ours.candidate, folder / PACK, preprocessing=ECGFOUNDER, windows=windows, name=_NAME)
    n_outputs = checkpoint.config.n_outputs
    subject = Subject(
        label=f"{_NAME}, {n_outputs} outputs",
        sha256=hashlib.sha256((folder / PACK).read_bytes()).hexdigest(),
        macs=macs(checkpoint.config, ECGFOUNDER.window_samples),
        variants=variants,
        reference=reference_of(variants),
        inputs=network_inputs(windows, ECGFOUNDER),
        spoilt=network_inputs(with_artefacts(windows, seed=_ARTEFACT_SEED), ECGFOUNDER),
        truth=labelled_truth(checkpoint_path.with_name(_LABELLED), ECGFOUNDER, n_outputs, n_windows),
        for_micro=(ours.path, 1),
    )
    return measure_peers(subject, n_rounds)


def _with_our_scales(ours: Variant, folder: Path) -> Variant:
    """Onnxruntime with the int8 weights and scales of our own conversion: kernels compared, not calibrations."""
    from benchmarks.peers.onnx_network import Form, write_network  # noqa: PLC0415 - only where onnx is installed

    path = folder / "int8_our_scales.onnx"
    path.write_bytes(write_network(read_network(ours.path.read_bytes()), Form.UNSIGNED))
    return replace(ours, name="onnxruntime int8 U8S8, our scales", runtime=Runtime.ONNXRUNTIME, path=path)
