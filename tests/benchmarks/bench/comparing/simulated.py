"""Results with known truth: log-normal processes, a machine whose speed wanders, a yardstick that sees most of it."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.result import Accuracy, Machine, Mood, PackResult, Result

PI = Machine(
    processor="Raspberry Pi 4 Model B Rev 1.4",
    architecture="aarch64",
    n_cores=4,
    memory_mb=3978.0,
    system="Linux 6.6",
    python="3.11.2",
    runtime="litert 2.3.0",
    anyecg="0.1.0",
    load_average=0.1,
    board="pi-4",
)
SERVER = PI.model_copy(
    update={"processor": "Server CPU", "architecture": "x86_64", "n_cores": 2, "memory_mb": 8000.0, "board": ""}
)
INFERENCE = Conditions()

TIMES = {
    (Quantity.LOAD, Conditions()): 21.0,
    (Quantity.FIRST_INFERENCE, Conditions()): 1.4,
    (Quantity.INFERENCE, Conditions()): 0.61,
    (Quantity.INFERENCE, Conditions(batch=4)): 0.48,
    (Quantity.INFERENCE, Conditions(threads=2)): 0.44,
    (Quantity.INFERENCE, Conditions(threads=2, batch=4)): 0.31,
    (Quantity.STAGE, Conditions(streams=1, hop_s=1.0, stage="preprocess")): 0.72,
    (Quantity.STAGE, Conditions(streams=1, hop_s=1.0, stage="total")): 1.9,
}
MEMORY = {(Quantity.PEAK_RESIDENT, Conditions(streams=1, hop_s=1.0)): 81.0}


@dataclass
class Simulation:
    """How results come about; standard deviations are of logarithms."""

    seed: int = 0
    n_runs: int = 4
    n_values: int = 9
    process_sd: float = 0.02
    drift_sd: float = 0.15
    unseen_sd: float = 0.015
    value_sd: float = 0.05
    machine: Machine = PI
    with_yardstick: bool = True
    noisy: tuple[str, ...] = ()
    factors: dict[tuple[Quantity, Conditions], float] = field(default_factory=dict)

    def result(self, *, slower: float = 1.0, heavier: float = 1.0, commit: str = "0" * 40) -> Result:
        """Measure once: one speed of the machine for all, part of which the yardstick does not see."""
        self._draws = np.random.default_rng(self.seed)
        speed = np.exp(self.drift_sd * self._draws.normal())
        unseen = np.exp(self.unseen_sd * self._draws.normal())
        measurements = [self._measurement(key, truth * slower * unseen, speed) for key, truth in TIMES.items()] + [
            self._measurement(key, truth * heavier, None) for key, truth in MEMORY.items()
        ]
        self.seed += 1_000_003
        return Result(
            schema_version=1,
            created="2026-11-28T12:00:00Z",
            commit=commit,
            settings="",
            machine=self.machine,
            mood=Mood(load_average=(0.1, 0.2), stolen=0, others=0, yardstick_spread=0.02, noisy=self.noisy),
            energy_source="none: not asked for",
            packs=(pack(measurements),),
        )

    def _measurement(self, key: tuple[Quantity, Conditions], truth: float, speed: float | None) -> Measurement:
        runs = []
        for _ in range(self.n_runs):
            now = 1.0 if speed is None else speed * np.exp(0.3 * self.drift_sd * self._draws.normal())
            sd = self.process_sd if speed is not None else 0.003
            of_process = truth * self.factors.get(key, 1.0) * now * np.exp(sd * self._draws.normal())
            spread = self.value_sd if speed is not None else 0.001
            values = of_process * np.exp(spread * self._draws.normal(size=self.n_values))
            yardstick = 0.8 * now if self.with_yardstick and speed is not None else None
            runs.append(Run(values=tuple(np.round(values, 5)), yardstick_ms=yardstick))
        return Measurement(quantity=key[0], conditions=key[1], runs=tuple(runs))


def pack(
    measurements: list[Measurement], name: str = "demonstration 1.0.0", family: str = "litert-xnnpack"
) -> PackResult:
    """A pack of that name; its hashes are made of it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return PackResult(
        label=name,
        sha256=digest,
        model_sha256=digest,
        size_bytes=266_880,
        kind="estimates",
        quantisation="int8",
        demonstration=True,
        accuracy=(
            Accuracy(name="potassium", value=0.81, measure="AUROC on unseen synthetic subjects"),
            Accuracy(name="control", value=0.5, measure="AUROC on unseen synthetic subjects"),
        ),
        kernel_family=family,
        macs=11_000_000,
        weight_bytes=180_000,
        operators={"CONV_2D": 20},
        profile_source="not asked for",
        measurements=tuple(measurements),
    )
