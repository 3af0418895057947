"""Findings that nobody measured, with every case that the tables know."""

from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.result import Accuracy, Budget, Machine, Mood, PackResult, Peak, Result
from benchmarks.peers.result import Cleaning, CleaningRow, Interval, Micro, NetworkPeers, Row
from benchmarks.readme.findings import Findings, Limit, OnBoard, Range
from edge.budget import Stage

OURS = Interval(value=1.0, low=1.0, high=1.0)
MACHINE = Machine(
    processor="Example 3000", architecture="x86_64", n_cores=2, memory_mb=25276.5, system="Linux 6.1", python="3.11.7",
    runtime="litert 2.3.0", anyecg="0.1.0", load_average=0.1,
)  # fmt: skip
QUIET = Mood(load_average=(0.1, 0.2), stolen=0.0, others=0.01, yardstick_spread=0.02)
NOISY = QUIET.model_copy(update={"noisy": ("other processes took 91% of it",), "yardstick_spread": 0.3})


def near(ms):
    """A time and an interval of 1 % either way."""
    return Interval(value=ms, low=0.99 * ms, high=1.01 * ms)


def _measured(quantity, *medians, **conditions):
    runs = tuple(Run(values=(median * 0.9, median, median * 1.5)) for median in medians)
    return Measurement(quantity=quantity, conditions=Conditions(**conditions), runs=runs)


def _stages(*medians):
    for stage, median in zip(Stage, medians, strict=True):
        yield _measured(Quantity.STAGE, median, median * 1.1, stage=stage, streams=1, hop_s=10.0)


ESTIMATES = PackResult(
    label="heart 1.2.3", sha256="a1" * 32, model_sha256="b2" * 32, size_bytes=266880, kind="estimates",
    quantisation="static_int8", demonstration=True,
    accuracy=(Accuracy(name="potassium_low", value=0.747, measure="AUROC on unseen synthetic subjects"),),
    kernel_family="litert/xnnpack", macs=23_603_520, weight_bytes=160_000, operators={"CONV_2D": 36},
    profile_source="none", measurements=(
        _measured(Quantity.INFERENCE, 0.23, 0.24, 0.25),
        _measured(Quantity.INFERENCE, 0.15, 0.16, threads=2),
        _measured(Quantity.FIRST_INFERENCE, 0.4, 0.5),
        _measured(Quantity.LOAD, 12.0, 13.0),
        _measured(Quantity.COLD_LOAD, 31.0, 30.0),
        _measured(Quantity.COLD_START, 1.09, 1.1),
        _measured(Quantity.WEARABLE_HOUR, 1.55, 1.6),
        _measured(Quantity.PEAK_RESIDENT, 142.0, 142.1),
        _measured(Quantity.CPU_SHARE, 0.042, 0.043, streams=1, hop_s=10.0),
        *_stages(0.002, 1.2, 0.4, 0.02, 0.25, 0.03, 1.9),
    ),
    budgets=(Budget(limit="resident, MB", allowed=300.0, measured=142.0, source="manifest of heart"),),
)  # fmt: skip
"""With a loop, two numbers of threads, a budget that is met."""
FULL_SIZE = ESTIMATES.model_copy(
    update={
        "label": "full-size 0", "sha256": "c3" * 32, "size_bytes": 32_219_568, "macs": 1_140_400_000, "accuracy": (),
        "measurements": (_measured(Quantity.INFERENCE, 5.24, 5.25),),
        "budgets": (Budget(limit="latency p99, ms", allowed=5.0, measured=6.75, source="board"),),
    }
)  # fmt: skip
"""Without a loop, with an accuracy that only this run knows, and a budget that is missed."""


def _peers(label, sha256, truth, micro):
    def row(name, ms, ratio, spearman, *, peak=0.5, size=32_200_000):
        held = None if truth is None else 0.8731
        return Row(name=name, ms=near(ms), p95_ms=1.1 * ms, to_ours=ratio, share_of_peak=peak, spearman=spearman,
                   spearman_spoilt=(0.9, 0.5), max_abs_logit=0.1, truth=held, size_bytes=size)  # fmt: skip

    return NetworkPeers(
        label=label, sha256=sha256, macs=1_140_400_000, int8_gmacs=449.0, fp32_gmacs=101.0,
        versions={"litert": "ai-edge-litert 2.3.0", "torch": "torch 2.13.0"},
        missing={"onnxruntime": "not installed: pip install 'anyecg-edge[peers]'"},
        reference="torch fp32", n_windows=96, n_rounds=60, truth=truth or "", rows=(
            row("anyecg", 5.24, OURS, (0.99875, 0.9911)),
            row("onnxruntime int8", 10.9, Interval(value=2.08, low=2.05, high=2.11), (0.99997, 0.9999)),
            row("torch fp32", 44.3, Interval(value=8.46, low=8.4, high=8.5), (1.0, 1.0), peak=0.09, size=None),
        ),
        micro=micro,
    )  # fmt: skip


MICRO = Micro(arena_bytes=63200, activations_bytes=38400, most_steps=5, share_of_equal=0.49, n_windows=8, ms=17.2)
NOISES = {"a patch's noise": 0.172, "6 dB": 0.291}
SHAPES = {"a patch's noise": 0.99935, "6 dB": 0.961}
CLEANING = Cleaning(
    n_windows=64, n_rounds=200, versions={"scipy": "1.17.1", "NeuroKit2": "0.3.0"}, missing={}, rows=(
        CleaningRow(name="ours", ms=near(0.486), p95_ms=0.5, to_ours=OURS, max_abs_difference=None,
                    rate_error_bpm=NOISES, correlation=SHAPES),
        CleaningRow(name="as published", ms=near(0.877), p95_ms=0.9, to_ours=Interval(value=1.8, low=1.75, high=1.86),
                    max_abs_difference=4.7e-7, rate_error_bpm=NOISES, correlation=SHAPES),
    ),
)  # fmt: skip
BOARD = OnBoard(
    pack="heart 1.2.3", board="pi-4", inference_ms=Range(low=2.7, typical=3.9, high=6.6),
    window_ms=Range(low=129.0, typical=190.0, high=319.0), wearables=Range(low=28.0, typical=34.0, high=40.0),
    resident_mb=Range(low=205.0, typical=210.0, high=215.0), limits=(
        Limit(limit="wearables at once", whose="board", allowed=4.0, words="met, by prediction", kept=True),
        Limit(limit="latency p99, ms", whose="board", allowed=250.0, words="likely met, by prediction", kept=True),
        Limit(limit="resident memory, MB", whose="pack", allowed=200.0, words="missed, by prediction", kept=False),
    ),
)  # fmt: skip

FINDINGS = Findings(
    bench=Result(
        schema_version=1, created="2026-11-28T23:50:59+00:00", commit="2f1acaf2dbfa027d8eb449dcef0d7621d1cbce72+",
        settings="--loop", machine=MACHINE, mood=QUIET, energy_source="none",
        peaks=(Peak(threads=1, int8_gmacs=413.4, read_gb_s=10.6),), packs=(ESTIMATES, FULL_SIZE),
    ),
    networks=(
        _peers("heart 1.2.3", "a1" * 32, None, MICRO),
        _peers("full-size, 108 outputs", "c3" * 32, "median AUROC of 108 outputs, 96 labelled windows", None),
    ),
    cleaning=CLEANING, boards=(BOARD,), load_average=(0.1, 1.2),
    left_out=("tflite-runtime was not measured: no wheel.",),
)  # fmt: skip
