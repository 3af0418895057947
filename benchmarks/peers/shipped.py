"""A shipped pack's network on every runtime: the same weights everywhere, and in int8 the same scales."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.accuracy import Agreement, agreement
from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.micro import run_in_micro
from benchmarks.peers.peak import ROWS, peak_name, warm_product
from benchmarks.peers.result import Interval, Micro, NetworkPeers, Row
from benchmarks.peers.timing import Task, Timing, interleave, ratio
from benchmarks.peers.truths import Truth, truth_of
from benchmarks.peers.variants import TORCH, Arithmetic, Runtime, Variant, versions
from converter.calibration import network_inputs, synthetic_windows
from converter.patch.needs import macs_by_class
from converter.patch.network import Network
from converter.patch.reading import read_network
from converter.quantise import Mode
from edge.pack import read_any_pack

OURS: Final = "anyecg (LiteRT int8)"
_TEST_SEED, _ORDER_SEED = 305, 306
_WARMUP_ROUNDS: Final = 10
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
    inputs = network_inputs(synthetic_windows(contract, n_windows, seed=_TEST_SEED), contract)
    variants = _variants(pack_path, network, folder)
    macs = sum(count for kind, count in macs_by_class(network).items() if kind != "elementwise")
    micro, missing = tried_in_micro(pack_path, inputs[:_MICRO_WINDOWS])
    agreed = compared(variants, inputs)
    truth = truth_of(pack, n_windows)
    scores = scored(variants, truth) if truth else {}
    timings = timed(variants, inputs, n_rounds)
    return NetworkPeers(
        label=pack.manifest.label,
        sha256=hashlib.sha256(pack_path.read_bytes()).hexdigest(),
        synthetic=True,
        macs=macs,
        int8_gmacs=peak_gmacs(timings, Mode.FULL),
        fp32_gmacs=peak_gmacs(timings, Mode.FLOAT),
        versions={str(runtime): said for runtime, said in versions().items()},
        missing=missing,
        reference=variants[-1].name,
        n_windows=n_windows,
        n_rounds=n_rounds,
        truth=truth.measure if truth else "",
        rows=tuple(row(variant, OURS, timings, macs, agreed[variant.name], scores) for variant in variants),
        micro=micro,
    )


def _variants(pack: Path, network: Network, folder: Path) -> list[Variant]:
    """Ours first; the reference, in float, last."""
    installed = versions()
    found = [Variant(OURS, Runtime.LITERT, pack)]
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


def tried_in_micro(path: Path, inputs: NDArray[np.float32]) -> tuple[Micro | None, dict[str, str]]:
    """Run it in TFLite Micro, or say why not."""
    try:
        return run_in_micro(path, inputs), {}
    except PeerUnavailable as error:
        return None, {"TFLite Micro": error.problem}


def compared(variants: list[Variant], inputs: NDArray[np.float32]) -> dict[str, Agreement]:
    """Compare each with the last, in the columns of its outputs."""
    outputs = {variant.name: _outputs(variant, inputs) for variant in variants}
    columns = {name: y.reshape(-1, y.shape[-1]) for name, y in outputs.items()}
    reference = columns[variants[-1].name]
    return {name: agreement(reference, y) for name, y in columns.items()}


def scored(variants: list[Variant], truth: Truth) -> dict[str, float]:
    """Hold each against the truth."""
    return {variant.name: truth.score(_outputs(variant, truth.inputs)) for variant in variants}


def _outputs(variant: Variant, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    run = variant.open(1)
    return np.concatenate([run(window[None]) for window in inputs])


def timed(variants: list[Variant], inputs: NDArray[np.float32], n_rounds: int) -> dict[str, Timing]:
    """Time each in turn with the products of the machine's peak, on one thread."""

    def task(name: str, run: Callable[[NDArray[np.float32]], object]) -> Task:
        return Task(name, lambda i: run(inputs[i % len(inputs)][None]), 1.0)

    tasks = [task(variant.name, variant.open_timed(1)) for variant in variants]
    tasks += [warm_product(mode, ROWS[0], 1) for mode in (Mode.FULL, Mode.FLOAT)]
    return interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)


def peak_gmacs(timings: dict[str, Timing], mode: Mode) -> float:
    """Rate of the warm product with most rows, 10^9 multiply-accumulates a second."""
    return 1e3 / float(np.median(timings[peak_name(mode, ROWS[0])].wall_ms))


def row(
    variant: Variant, ours: str, timings: dict[str, Timing], macs: int, agreed: Agreement, scores: dict[str, float]
) -> Row:
    """Put together what was found of one."""
    ms = timings[variant.name].wall_ms
    to_ours = ratio(ms, timings[ours].wall_ms)
    mode = Mode.FLOAT if variant.arithmetic is Arithmetic.FP32 else Mode.FULL
    median = float(np.median(ms))
    return Row(
        name=variant.name,
        ms=median,
        p95_ms=float(np.percentile(ms, 95)),
        to_ours=Interval(value=to_ours.value, low=to_ours.low, high=to_ours.high),
        share_of_peak=macs / 1e6 / median / peak_gmacs(timings, mode),
        spearman_median=agreed.spearman_median,
        spearman_worst=agreed.spearman_min,
        max_abs_logit=agreed.max_abs_logit,
        truth=scores.get(variant.name),
        size_bytes=variant.path.stat().st_size,
    )
