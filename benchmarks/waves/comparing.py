"""The questions: every analyser reads the same records, and the same scorer scores what it said."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from benchmarks.waves.neurokit import DELINEATORS, Chain
from benchmarks.waves.trying import Analyser, Read, ReaderOf
from converter.evaluation.bootstrap import Estimate, estimates
from converter.evaluation.delineation import WAVES, WaveScore, score_waves, wave_figures
from converter.evaluation.ec57 import BeatScore, beat_figures, score_beats
from converter.evaluation.heard import with_added
from converter.evaluation.intervals import IntervalScore, score_intervals
from converter.evaluation.noise import noise_for
from converter.evaluation.pooling import Score
from converter.evaluation.quality import QualityScore, level_of, quality_figures, score_quality
from converter.evaluation.records import Record, Stretch

OURS: Final = "anyecg"
SNR_DB: Final = (24.0, 18.0, 12.0, 6.0, 0.0)
_BEAT_FIGURES: Final = ("se", "ppv", "f1", "rate_mae_bpm")
S = TypeVar("S", bound=Score)
Progress: TypeAlias = Callable[[str], object]
"""Told of each step that is done."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared(Generic[S]):
    """What an analyser came to.

    Parameters
    ----------
    analyser
        Who, with what failed.
    scores
        One for each record, in their order.
    """

    analyser: Analyser
    scores: tuple[S, ...]

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.analyser.name

    def as_json(self) -> dict[str, Any]:
        """Return who, how long it took, and what failed, as JSON values."""
        return {
            "name": self.name, "read_s": round(self.analyser.took_s, 2), "failures": self.analyser.failures.as_json()
        }  # fmt: skip


def compare_beats(
    records: Sequence[Record], readers: dict[str, ReaderOf], progress: Progress
) -> list[Compared[BeatScore]]:
    """Have beats found and scored as EC57 does."""
    return list(_each(records, readers, score_beats, progress))


def compare_waves(
    records: Sequence[Record], readers: dict[str, ReaderOf], progress: Progress
) -> list[Compared[WaveScore]]:
    """Have waves delineated and scored against LUDB's marks."""
    return list(_each(records, readers, score_waves, progress))


def compare_intervals(
    records: Sequence[Record], readers: dict[str, ReaderOf], progress: Progress
) -> list[Compared[IntervalScore]]:
    """Have intervals measured and compared with LUDB's medians."""
    return list(_each([r for r in records if r.intervals], readers, score_intervals, progress))


def compare_quality(
    records: Sequence[Record], readers: dict[str, ReaderOf], noise: Stretch, progress: Progress
) -> dict[str, list[Compared[QualityScore]]]:
    """Have windows judged as they are and with noise in each ratio; by level."""
    levels: dict[str, list[Compared[QualityScore]]] = {}
    for snr_db in (None, *SNR_DB):
        noisy = records if snr_db is None else [with_added(r, noise_for(r, noise, snr_db)) for r in records]
        levels[level_of(snr_db)] = list(_each(noisy, readers, partial(score_quality, snr_db=snr_db), progress))
    return levels


def _each(
    records: Sequence[Record], readers: dict[str, ReaderOf], score: Callable[..., S], progress: Progress
) -> Iterator[Compared[S]]:
    for name, reader_of in readers.items():
        analyser, scores = Analyser(name, reader_of), []
        for record in records:
            scores.append(score(record, analyser.hear(record)))
            progress(name)
        yield Compared(analyser, tuple(scores))


def beat_estimates(compared: Compared[BeatScore]) -> dict[str, Estimate]:
    """Gross figures of beats with their intervals by patient."""
    known = estimates(compared.scores, beat_figures)
    return {name: known[name] for name in _BEAT_FIGURES}


def wave_estimates(compared: Compared[WaveScore]) -> dict[str, Estimate]:
    """Pooled figures of waves with their intervals by patient."""
    return estimates(compared.scores, wave_figures)


def quality_estimates(compared: Compared[QualityScore]) -> dict[str, Estimate]:
    """Pooled figures of windows with their intervals by patient."""
    return estimates(compared.scores, quality_figures)


def always(read: Read) -> ReaderOf:
    """Read every record in one way."""
    return lambda _: read


def delineators() -> dict[str, ReaderOf]:
    """NeuroKit2 with each of its delineators."""
    return {name_of(delineator): always(Chain(delineator).read) for delineator in DELINEATORS}


def name_of(delineator: str) -> str:
    """Name of NeuroKit2 with one of its delineators."""
    return f"NeuroKit2 {delineator}"


def best_delineator(figures: dict[str, dict[str, Estimate]]) -> str | None:
    """The delineator with the highest mean F1 of P, QRS and T, of those that were compared."""
    peers = [d for d in DELINEATORS if name_of(d) in figures]
    return max(peers, key=lambda d: sum(figures[name_of(d)][f"{w}_f1"].value for w in WAVES), default=None)
