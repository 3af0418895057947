"""What a run came to: the figures every verb that runs the loop ends with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edge.budget import peak_resident_mb
from edge.loop import InferenceLoop, LoopReport
from edge.rhythm import RhythmLoop
from edge.store import StoredRun
from edge.waves.diary import DiaryReport


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The figures of one run.

    Parameters
    ----------
    source
        Device or recording.
    counted_as
        Whether `samples` were ``sent`` by a device or ``read`` from a file.
    samples
        Samples (or intervals, see `counted`) the source gave or should have given; equal to stored and lost together.
    samples_stored, samples_lost
        In the store, and stated there as missing.
    windows, outcomes
        Windows that ended, and outcomes stored; equal.
    over_budget
        Windows passed over to stay inside the budget.
    rejected
        Windows by reason of rejection.
    latency_ms
        ``{stage: {"p50": ms, "p99": ms}}``.
    peak_rss_mb
        Peak resident memory of the process, MB (10^6 bytes).
    pack
        Name and version of the pack, with DEMONSTRATION where it is one; None where rhythm alone was measured.
    store
        Where everything lies.
    extra
        Further figures of the verb; JSON values.
    counted
        What `samples` are: a source that gives rhythm without waves counts intervals between beats.
    diary
        Rhythm and beats of the whole run; None without an ECG.
    """

    source: str
    counted_as: Literal["sent", "read"]
    samples: int
    samples_stored: int
    samples_lost: int
    windows: int
    outcomes: int
    over_budget: int
    rejected: dict[str, int]
    latency_ms: dict[str, dict[str, float]]
    peak_rss_mb: float
    pack: str | None
    store: Path
    extra: dict[str, Any] = field(default_factory=dict)
    counted: Literal["samples", "intervals"] = "samples"
    diary: DiaryReport | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object ``--json`` ends with."""
        return {
            "source": self.source,
            f"{self.counted}_{self.counted_as}": self.samples,
            f"{self.counted}_stored": self.samples_stored,
            f"{self.counted}_lost": self.samples_lost,
            "windows": self.windows,
            "outcomes": self.outcomes,
            "over_budget": self.over_budget,
            "rejected": self.rejected,
            "latency_ms": {
                stage: {name: round(ms, 3) for name, ms in percentiles.items()}
                for stage, percentiles in self.latency_ms.items()
            },
            "rhythm": _rhythm_as_json(self.diary) if self.diary else None,
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "pack": self.pack,
            "store": str(self.store),
            **self.extra,
        }


def summarise(
    loop: InferenceLoop | RhythmLoop,
    run: StoredRun,
    *,
    source: str,
    counted_as: Literal["sent", "read"],
    samples: int,
    store: Path,
    extra: dict[str, Any] | None = None,
) -> RunSummary:
    """Draw the figures of a run together; the parameters are those of `RunSummary`."""
    report = loop.report()
    return RunSummary(
        source=source,
        counted_as=counted_as,
        samples=samples,
        samples_stored=run.samples_stored,
        samples_lost=run.samples_lost,
        windows=report.windows,
        outcomes=run.outcomes_stored,
        over_budget=report.over_budget if isinstance(report, LoopReport) else 0,
        rejected=report.rejected,
        latency_ms=report.latency_ms if isinstance(report, LoopReport) else {},
        peak_rss_mb=peak_resident_mb(),
        pack=loop.model.pack.manifest.label if isinstance(loop, InferenceLoop) else None,
        store=store,
        extra=extra or {},
        counted="samples" if isinstance(loop, InferenceLoop) else "intervals",
        diary=report.diary if isinstance(report, LoopReport) else None,
    )


def _rhythm_as_json(diary: DiaryReport) -> dict[str, Any]:
    return {
        "start_s": diary.start_s,
        "end_s": diary.end_s,
        "seconds": {state.value: round(seconds, 3) for state, seconds in diary.seconds.items()},
        "af_burden": diary.af_burden,
        "beats": diary.n_beats,
        "supraventricular_per_hour": diary.supraventricular_per_hour,
        "ventricular_per_hour": diary.ventricular_per_hour,
        "pauses": diary.pauses,
        "longest_pause_s": diary.longest_pause_s,
        "episodes": [
            {"kind": episode.kind.value, "start_s": episode.start_s, "end_s": episode.end_s}
            for episode in diary.episodes
        ],
    }
