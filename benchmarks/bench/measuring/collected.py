"""What the processes have found so far, put where a result has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.bench.boards.profile import Profile
from benchmarks.bench.energy import Energy
from benchmarks.bench.measurement import Conditions, Measurement, Quantity, Run
from benchmarks.bench.measuring.asks import Infer, Inferred, Loaded, Profiled, Streamed
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.measuring.verdicts import board_budgets, own_budgets
from benchmarks.bench.result import Memory, PackResult

_HOUR_S: Final = 3600.0
_SOME: Final = 0.01


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
    _kept: dict[str, float] = field(default_factory=dict)
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
            self._kept[name] = max(share, self._kept.get(name, 0.0))

    def inferred(self, ask: Infer, inferred: Inferred) -> None:
        """Add a process's runs of the network."""
        first = Run(values=(inferred.first_ms,), yardstick_ms=median(inferred.yardstick_ms))
        self.add(Quantity.FIRST_INFERENCE, first, Conditions(threads=ask.threads))
        for batch, run in inferred.runs.items():
            self.add(Quantity.INFERENCE, run, Conditions(threads=ask.threads, batch=batch))
        for batch in ask.batches:
            if batch not in inferred.runs:
                self.note(
                    f"batch {batch} left out: the network takes no such batch, or gives other bits than one by one"
                )

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
        if streamed.rejected:
            reasons = ", ".join(f"{n} {reason}" for reason, n in streamed.rejected.items())
            self.note(f"loop: of {streamed.windows} windows of the synthetic heart some were rejected: {reasons}")

    def profiled(self, profiled: Profiled) -> None:
        """Take what the runtime says of each operator."""
        self._profiled = profiled

    def drew(self, energy: Energy, threads: int) -> None:
        """Add what a window drew above idle."""
        self.add(Quantity.ENERGY, Run(values=(energy.joules,)), Conditions(threads=threads))

    def _cold_notes(self) -> Iterator[str]:
        """Say which files could not be dropped; a page or two of one say nothing."""
        kept = [f"{name} ({share:.0%})" for name, share in self._kept.items() if share >= _SOME]
        if kept:
            yield f"page-cache-cold load: of these, the most that stayed in the cache: {', '.join(kept)}"

    def result(self, board: Profile | None = None) -> PackResult:
        """Everything of the pack, with verdicts on what it allows itself, and on what the board allows."""
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
            budgets=(*own_budgets(subject, measurements), *(board_budgets(board, measurements) if board else ())),
            notes=(*self._notes, *self._cold_notes()),
        )


def _middle(memories: list[Memory]) -> Memory | None:
    """The memory of the process whose steady state is in the middle; parts of one process add up."""
    if not memories:
        return None
    in_order = sorted(memories, key=lambda one: one.interpreter_mb + one.model_mb + one.arena_mb + one.rest_mb)
    return in_order[len(in_order) // 2]
