"""One network on every runtime that runs here: compared on the same windows, timed in turn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.accuracy import Agreement, agreement
from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.micro import run_in_micro
from benchmarks.peers.peak import ROWS, peak_name, warm_product
from benchmarks.peers.result import Interval, Micro, NetworkPeers, Row
from benchmarks.peers.timing import Task, Timing, interleave, median_of, ratio
from benchmarks.peers.truths import Truth
from benchmarks.peers.variants import TORCH, Arithmetic, Runtime, Variant, versions
from converter.quantise import Mode

_ORDER_SEED: Final = 306
_WARMUP_ROUNDS: Final = 5
_BRING: Final = {
    Runtime.ONNXRUNTIME: "pip install 'anyecg-edge[peers]'",
    Runtime.TFLITE_RUNTIME: "python -m benchmarks.peers.older",
    Runtime.TORCH: "pip install 'anyecg-edge[peers]'",
}


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A network to measure.

    Parameters
    ----------
    label, sha256
        Of the pack.
    macs
        Multiply-accumulates of one window.
    variants
        Ours, whose time the others' are divided by, first.
    reference
        The one in float that the others are compared with.
    inputs, spoilt
        Preprocessed windows, shape (n, window_samples): clean ones, and with artefacts.
    truth
        None where nothing is known of them.
    for_micro
        The int8 model or pack that TFLite Micro is given, and how many windows.
    """

    label: str
    sha256: str
    macs: int
    variants: Sequence[Variant]
    reference: str
    inputs: NDArray[np.float32]
    spoilt: NDArray[np.float32]
    truth: Truth | None
    for_micro: tuple[Path, int]


def reference_of(variants: Sequence[Variant]) -> str:
    """Name the one that others are compared with: torch, or else another in float, or else ours."""
    names = [variant.name for variant in variants]
    in_float = [variant.name for variant in variants if variant.arithmetic is Arithmetic.FP32]
    return TORCH if TORCH in names else next(iter(in_float), names[0])


def measure_peers(subject: Subject, n_rounds: int) -> NetworkPeers:
    """Compare, then time, on one thread.

    Parameters
    ----------
    subject
        What.
    n_rounds
        Times each is timed.
    """
    installed = versions()
    missing = {str(runtime): f"not installed: {how}" for runtime, how in _BRING.items() if runtime not in installed}
    micro = _in_micro(subject, missing)
    agreed = _compared(subject, subject.inputs)
    spoilt = _compared(subject, subject.spoilt)
    truth = subject.truth
    scores = {one.name: truth.score(_outputs(one, truth.inputs)) for one in subject.variants} if truth else {}
    timings = _timed(subject, n_rounds)
    return NetworkPeers(
        label=subject.label,
        sha256=subject.sha256,
        macs=subject.macs,
        int8_gmacs=_peak_gmacs(timings, Mode.FULL),
        fp32_gmacs=_peak_gmacs(timings, Mode.FLOAT),
        versions={str(runtime): said for runtime, said in installed.items()},
        missing=missing,
        reference=subject.reference,
        n_windows=len(subject.inputs),
        n_rounds=n_rounds,
        truth=truth.measure if truth else "",
        rows=tuple(
            _row(one, subject, timings, (agreed[one.name], spoilt[one.name]), scores.get(one.name))
            for one in subject.variants
        ),
        micro=micro,
    )


def _in_micro(subject: Subject, missing: dict[str, str]) -> Micro | None:
    """Run it in TFLite Micro, or say among what is missing why not."""
    path, n_windows = subject.for_micro
    try:
        return run_in_micro(path, subject.inputs[:n_windows])
    except PeerUnavailable as error:
        missing["TFLite Micro"] = error.problem
        return None


def _compared(subject: Subject, inputs: NDArray[np.float32]) -> dict[str, Agreement]:
    """Compare each with the reference, in the columns of its outputs."""
    outputs = {variant.name: _outputs(variant, inputs) for variant in subject.variants}
    columns = {name: y.reshape(-1, y.shape[-1]) for name, y in outputs.items()}
    return {name: agreement(columns[subject.reference], y) for name, y in columns.items()}


def _outputs(variant: Variant, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    run = variant.open(1)
    return np.concatenate([run(window[None]) for window in inputs])


def _timed(subject: Subject, n_rounds: int) -> dict[str, Timing]:
    """Time each in turn with the products of the machine's peak."""
    inputs = subject.inputs

    def task(name: str, run: Callable[[NDArray[np.float32]], object]) -> Task:
        return Task(name, lambda i: run(inputs[i % len(inputs)][None]), 1.0)

    tasks = [task(variant.name, variant.open_timed(1)) for variant in subject.variants]
    tasks += [warm_product(mode, ROWS[0], 1) for mode in (Mode.FULL, Mode.FLOAT)]
    return interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)


def _peak_gmacs(timings: dict[str, Timing], mode: Mode) -> float:
    """Rate of the warm product with most rows, 10^9 multiply-accumulates a second."""
    return 1e3 / float(np.median(timings[peak_name(mode, ROWS[0])].wall_ms))


def _row(
    variant: Variant,
    subject: Subject,
    timings: dict[str, Timing],
    agreed: tuple[Agreement, Agreement],
    truth: float | None,
) -> Row:
    ms, (clean, spoilt) = timings[variant.name].wall_ms, agreed
    ours_ms = timings[subject.variants[0].name].wall_ms
    mode = Mode.FLOAT if variant.arithmetic is Arithmetic.FP32 else Mode.FULL
    return Row(
        name=variant.name,
        ms=Interval.of(median_of(ms)),
        p95_ms=float(np.percentile(ms, 95)),
        to_ours=Interval.of(ratio(ms, ours_ms)),
        share_of_peak=subject.macs / 1e6 / float(np.median(ms)) / _peak_gmacs(timings, mode),
        spearman=(clean.spearman_median, clean.spearman_min),
        spearman_spoilt=(spoilt.spearman_median, spoilt.spearman_min),
        max_abs_logit=clean.max_abs_logit,
        truth=truth,
        size_bytes=None if _reads_another(variant) else variant.path.stat().st_size,
    )


def _reads_another(variant: Variant) -> bool:
    """Whether it makes its network of a pack, as torch does."""
    return variant.runtime is Runtime.TORCH and variant.path.suffix == ".tflite"
