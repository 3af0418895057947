"""What a run came to: the figures every verb that runs the loop ends with."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from edge.budget import peak_resident_mb
from edge.loop import InferenceLoop
from edge.store import StoredRun


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
        Samples the source gave or should have given; equal to stored and lost together.
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
        Name and version of the pack, with DEMONSTRATION where it is one.
    store
        Where everything lies.
    extra
        Further figures of the verb; JSON values.
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
    pack: str
    store: Path
    extra: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the object ``--json`` ends with."""
        return {
            "source": self.source,
            f"samples_{self.counted_as}": self.samples,
            "samples_stored": self.samples_stored,
            "samples_lost": self.samples_lost,
            "windows": self.windows,
            "outcomes": self.outcomes,
            "over_budget": self.over_budget,
            "rejected": self.rejected,
            "latency_ms": {
                stage: {name: round(ms, 3) for name, ms in percentiles.items()}
                for stage, percentiles in self.latency_ms.items()
            },
            "peak_rss_mb": round(self.peak_rss_mb, 1),
            "pack": self.pack,
            "store": str(self.store),
            **self.extra,
        }


def summarise(
    loop: InferenceLoop,
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
        over_budget=report.over_budget,
        rejected=report.rejected,
        latency_ms=report.latency_ms,
        peak_rss_mb=peak_resident_mb(),
        pack=loop.model.pack.manifest.label,
        store=store,
        extra=extra or {},
    )
