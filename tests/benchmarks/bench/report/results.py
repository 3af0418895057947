"""Results that nobody measured: seeded, of the shape that real ones have."""

import hashlib
from functools import cache

import numpy as np

from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.result import Accuracy, Budget, Machine, Memory, Mood, OperatorTime, PackResult, Peak, Result

STAGES = {"window": 0.15, "measure": 1.9, "preprocess": 0.7, "quantise": 0.02, "infer": None, "decode": 0.08}
KINDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MUL", "MEAN", "FULLY_CONNECTED", "LOGISTIC")


def runs(rng, middle, n_runs=5, n_values=200, yardstick_ms=1.7):
    """Processes whose medians differ by a per cent, with a tail as timers see it."""
    for _ in range(n_runs):
        here = middle * (1 + 0.01 * rng.standard_normal())
        values = here * np.exp(0.02 * rng.standard_normal(n_values))
        values *= 1 + (rng.random(n_values) < 0.02) * rng.exponential(0.5, n_values)
        yield Run(values=tuple(values.round(5).tolist()), yardstick_ms=yardstick_ms)


def measured(rng, quantity, middle, n_runs=5, n_values=200, **conditions):
    return Measurement(
        quantity=quantity, conditions=Conditions(**conditions), runs=tuple(runs(rng, middle, n_runs, n_values))
    )


@cache
def a_pack(
    label="anyecg-demo 1.0.0", *, seed=0, macs=21_000_000, speed=1.0, loop=True, streams=(1, 2, 4, 8), energy=True
):
    """A pack whose window takes `macs` at a fourth of 20 GMAC/s, divided by `speed`."""
    rng = np.random.default_rng(seed)
    one = macs / 5e6 / speed
    q = Quantity
    m = [
        measured(rng, q.COLD_START, 0.9 / speed, 5, 1),
        measured(rng, q.COLD_LOAD, 40 / speed, 5, 3),
        measured(rng, q.LOAD, 11 / speed, 5, 3),
        measured(rng, q.FIRST_INFERENCE, 2.4 * one, 5, 1),
    ]
    m += [
        measured(rng, q.INFERENCE, one / threads**0.8 * (1 - 0.05 * (batch > 1)), threads=threads, batch=batch)
        for threads in (1, 2, 4)
        for batch in (1, 4)
    ]
    memory, budgets = None, ()
    if loop:
        stages = {name: (one if ms is None else ms / speed) for name, ms in STAGES.items()}
        total = sum(stages.values()) - stages["window"] + 0.05
        m += [measured(rng, q.STAGE, ms, hop_s=10.0, streams=1, stage=name) for name, ms in stages.items()]
        m.append(measured(rng, q.STAGE, total, hop_s=10.0, streams=1, stage="total"))
        m += [
            measured(rng, q.WEARABLE_HOUR, 0.36 * total + 2, 5, 1, streams=1, hop_s=10.0),
            measured(rng, q.PEAK_RESIDENT, 141, 5, 1),
            measured(rng, q.STEADY_RESIDENT, 133, 5, 1),
        ]
        m += [measured(rng, q.CPU_SHARE, 0.08 + n * (total / 100 + 0.05), 3, 1, streams=n, hop_s=10.0) for n in streams]
        memory = Memory(
            interpreter_mb=88.0, model_mb=1.3, arena_mb=31.0, rest_mb=12.7,
            over_time=tuple((k * 0.5, 133.0 - 12.7 * 0.85**k + 0.2 * float(rng.random())) for k in range(120)),
        )  # fmt: skip
        budgets = (
            Budget(limit="latency p99, ms", allowed=250, measured=1.3 * total, source="pack's manifest"),
            Budget(limit="resident memory, MB", allowed=400, measured=141, source="pack's manifest"),
            Budget(limit="latency p99, ms", allowed=4 * total / 3.3, measured=1.3 * total, source="profile of pi-4"),
        )
    if energy:
        m.append(measured(rng, q.ENERGY, 0.011 * one, 5, 3))
    profile = tuple(
        OperatorTime(name=f"{KINDS[k % len(KINDS)]} block_{k // 7}/out", ms=one * share, share=share)
        for k, share in enumerate((rng.dirichlet(np.linspace(3, 0.2, 40)) * 0.97).tolist())
    )
    sha = hashlib.sha256(label.encode()).hexdigest()
    return PackResult(
        label=f"{label} DEMONSTRATION" if "demo" in label else label,
        sha256=sha, model_sha256=sha, size_bytes=max(9_000, macs // 15), kind="estimates",
        quantisation="int8 weights, int8 values", demonstration="demo" in label,
        accuracy=(
            Accuracy(name="potassium low", value=0.914, measure="AUROC on unseen synthetic subjects"),
            Accuracy(name="potassium high", value=0.887, measure="AUROC on unseen synthetic subjects"),
            Accuracy(name="sodium high (control)", value=0.503, measure="AUROC on unseen synthetic subjects"),
        ),
        kernel_family="ai-edge-litert 2.1.6 XNNPACK", macs=macs, weight_bytes=max(8_000, macs // 16),
        operators={"CONV_2D": 21, "ADD": 9, "FULLY_CONNECTED": 1}, profile=profile,
        profile_source="the runtime's own profiler, 200 windows", measurements=tuple(m), memory=memory, budgets=budgets,
    )  # fmt: skip


def a_result(*packs, seed=0, processor="Raspberry Pi 4 Model B Rev 1.5", speed=1.0, **changes):
    """One machine's result, with three packs of its own where none is given."""
    packs = packs or (
        a_pack(seed=seed, speed=speed),
        a_pack("anyecg-waves 1.0.0", seed=seed + 1, macs=2_700_000, speed=speed),
        a_pack("full-size 1.0.0", seed=seed + 2, macs=1_290_000_000, speed=speed),
    )
    fields = {
        "schema_version": 1,
        "created": "2026-11-28T23:12:00+00:00",
        "commit": "58b8ad84f1c0de58b8ad84f1c0de58b8ad84f1c0",
        "settings": "anyecg bench --loop --threads 1,2,4 --batch 1,4 --streams 1,2,4,8",
        "machine": Machine(
            processor=processor, architecture="aarch64", n_cores=4, memory_mb=3975.0,
            system="Linux 6.6.31", python="3.11.2", runtime="ai-edge-litert 2.1.6", anyecg="0.1.0",
            load_average=0.2, board="pi-4",
        ),
        "mood": Mood(
            load_average=(0.2, 1.1), stolen=0.0, others=0.004, yardstick_spread=0.006,
            frequency_mhz=(1500.0, 1800.0), governor="ondemand", temperature_c=(48.0, 61.5),
        ),
        "energy_source": "INA219 on I2C bus 1, 1 kHz",
        "peaks": tuple(Peak(threads=t, int8_gmacs=20.0 * speed * t**0.9, read_gb_s=5.0 * t**0.3) for t in (1, 2, 4)),
        "packs": packs,
    }  # fmt: skip
    return Result(**(fields | changes))
