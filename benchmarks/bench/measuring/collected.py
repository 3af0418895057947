"""What the processes have found so far, put where a result has it."""

from dataclasses import dataclass, field
from statistics import median
from typing import Final

import numpy as np

from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.measuring.asks import Infer, Inferred, Loaded, Profiled, Streamed
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.result import Budget, Memory, PackResult
from edge.budget import Stage

_HOUR_S: Final = 3600.0


@dataclass(slots=True)
class Collected:
    """What was found of one pack; each process adds to it.

    Parameters
    ----------
    subject
        The pack.
    """

    subject: Subject
    _runs: dict[tuple[Quantity, Conditions], list[Run]] = field(default_factory=dict)
    _memories: list[Memory] = field(default_factory=list)
    _notes: dict[str, None] = field(default_factory=dict)
    _profiled: Profiled = field(default_factory=lambda: Profiled(operators=(), source="not asked for"))

    def note(self, what: str) -> None:
        """Remember what was left out; twice the same is once."""
        self._notes[what] = None

    def add(self, quantity: Quantity, run: Run, conditions: Conditions | None = None) -> None:
        """Add one process's values."""
        self._runs.setdefault((quantity, conditions or Conditions()), []).append(run)

    def cold_start(self, seconds: float) -> None:
        """Add a process's time to its first outcome."""
        self.add(Quantity.COLD_START, Run(values=(seconds,)))

    def loaded(self, loaded: Loaded, *, cold: bool) -> None:
        """Add a process's time to load the pack."""
        self.add(Quantity.COLD_LOAD if cold else Quantity.LOAD, Run(values=(loaded.ms,)))
        for name, share in loaded.kept.items():
            if share >= 0.01:  # noqa: PLR2004 - a page or two say nothing
                self.note(
                    f"cold load: {name} stayed in the page cache, as others use it or its file system says nothing"
                )

    def inferred(self, ask: Infer, inferred: Inferred) -> None:
        """Add a process's runs of the network."""
        first = Run(values=(inferred.first_ms,), yardstick_ms=median(inferred.yardstick_ms))
        self.add(Quantity.FIRST_INFERENCE, first, Conditions(threads=ask.threads))
        for batch, run in inferred.runs.items():
            self.add(Quantity.INFERENCE, run, Conditions(threads=ask.threads, batch=batch))
        for batch in ask.batches:
            if batch not in inferred.runs:
                self.note(f"batch {batch}: the network cannot be given so many windows at once")

    def streamed(self, streamed: Streamed, *, threads: int, streams: int, hop_s: float) -> None:
        """Add a process's share of a core."""
        at = Conditions(threads=threads, streams=streams, hop_s=hop_s)
        percent = tuple(100.0 * share for share in streamed.cpu_share)
        self.add(Quantity.CPU_SHARE, Run(values=percent, yardstick_ms=median(streamed.yardstick_ms)), at)

    def looped(self, streamed: Streamed, *, threads: int, hop_s: float) -> None:
        """Add a process's loop of one wearable: stages, processor time of an hour, memory."""
        at = Conditions(threads=threads, streams=1, hop_s=hop_s)
        yardstick_ms = median(streamed.yardstick_ms)
        hours = tuple(_HOUR_S * share for share in streamed.cpu_share)
        self.add(Quantity.WEARABLE_HOUR, Run(values=hours, yardstick_ms=yardstick_ms), at)
        for stage, ms in streamed.stages_ms.items():
            self.add(
                Quantity.STAGE, Run(values=ms, yardstick_ms=yardstick_ms), at.model_copy(update={"stage": str(stage)})
            )
        self.add(Quantity.PEAK_RESIDENT, Run(values=(streamed.peak_mb,)), at)
        self.add(Quantity.STEADY_RESIDENT, Run(values=(streamed.steady_mb,)), at)
        self._memories.append(streamed.memory)
        if streamed.estimated < streamed.windows:
            left = streamed.windows - streamed.estimated
            self.note(f"loop: {left} of {streamed.windows} windows of the synthetic heart were not estimated")

    def profiled(self, profiled: Profiled) -> None:
        """Take what the runtime says of each operator."""
        self._profiled = profiled

    def result(self) -> PackResult:
        """Everything of the pack, with verdicts on what it allows itself."""
        subject, manifest = self.subject, self.subject.manifest
        measurements = tuple(
            Measurement(quantity=quantity, conditions=conditions, runs=tuple(runs))
            for (quantity, conditions), runs in self._runs.items()
        )
        return PackResult(
            label=manifest.label,
            sha256=subject.sha256,
            model_sha256=manifest.model_sha256,
            size_bytes=subject.size_bytes,
            kind="waves" if subject.is_waves else "estimates",
            quantisation=manifest.quantisation,
            demonstration=manifest.provenance.demonstration,
            accuracy=subject.accuracy,
            kernel_family=subject.kernel_family,
            macs=subject.work.macs,
            weight_bytes=subject.work.weight_bytes,
            operators=subject.work.operators,
            profile=self._profiled.operators,
            profile_source=self._profiled.source,
            measurements=measurements,
            memory=_middle(self._memories),
            budgets=own_budgets(subject, measurements),
            notes=tuple(self._notes),
        )


def own_budgets(subject: Subject, measurements: tuple[Measurement, ...]) -> tuple[Budget, ...]:
    """Judge what the loop took by what the pack allows itself; nothing where the loop was not run.

    A waves pack limits the reading of a window, which is a stage; any other the whole way to the outcome.
    """
    allowed = subject.manifest.budget
    source = f"manifest of {subject.manifest.name}"
    stage = Stage.MEASURE if subject.is_waves else Stage.TOTAL
    budgets = []
    for one in measurements:
        if one.quantity is Quantity.STAGE and one.conditions.stage == stage:
            p99_ms = float(np.percentile(one.values, 99))
            limit = f"latency p99 of stage {stage}, ms"
            budgets.append(Budget(limit=limit, allowed=allowed.latency_p99_ms, measured=p99_ms, source=source))
        if one.quantity is Quantity.PEAK_RESIDENT:
            budgets.append(
                Budget(limit="resident, MB", allowed=allowed.resident_mb, measured=max(one.values), source=source)
            )
    return tuple(budgets)


def _middle(memories: list[Memory]) -> Memory | None:
    """The memory of the process whose steady state is in the middle; parts of one process add up."""
    if not memories:
        return None
    in_order = sorted(memories, key=lambda one: one.interpreter_mb + one.model_mb + one.arena_mb + one.rest_mb)
    return in_order[len(in_order) // 2]
