"""From records to findings: what is asked, which records can say, and their scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeAlias, assert_never

from converter.evaluation.beat_findings import beat_findings
from converter.evaluation.delineation import WaveScore, score_waves
from converter.evaluation.ec57 import BeatScore, score_beats
from converter.evaluation.errors import EvaluationError, EvaluationFault
from converter.evaluation.findings import Findings
from converter.evaluation.heard import Analyse, hear, with_added
from converter.evaluation.interval_findings import interval_findings
from converter.evaluation.intervals import IntervalScore, score_intervals
from converter.evaluation.noise import noise_for
from converter.evaluation.quality import QualityScore, score_quality
from converter.evaluation.quality_findings import quality_findings
from converter.evaluation.records import Record, Stretch, read_record
from converter.evaluation.rhythm import RhythmScore, score_rhythm
from converter.evaluation.rhythm_findings import rhythm_findings
from converter.evaluation.wave_findings import wave_findings
from edge.errors import RecordingError, RecordingFault

AnyScore: TypeAlias = BeatScore | WaveScore | IntervalScore | RhythmScore | QualityScore


class What(StrEnum):
    """What can be evaluated."""

    QUALITY = "quality"
    BEATS = "beats"
    WAVES = "waves"
    INTERVALS = "intervals"
    RHYTHM = "rhythm"


_FINDINGS: Final[dict[What, Callable[[Any], Findings]]] = {
    What.QUALITY: quality_findings,
    What.BEATS: beat_findings,
    What.WAVES: wave_findings,
    What.INTERVALS: interval_findings,
    What.RHYTHM: rhythm_findings,
}
_NEEDS: Final = {
    What.QUALITY: "no beats are marked",
    What.BEATS: "no beats are marked",
    What.WAVES: "no waves are marked in this channel",
    What.INTERVALS: "no intervals are marked in this channel",
    What.RHYTHM: "no rhythm is noted",
}


@dataclass(frozen=True, slots=True, eq=False)
class AddedNoise:
    """Noise (mV) and the ratios in which it is added, dB."""

    noise: Stretch
    snr_db: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RecordResult:
    """What came of a record.

    Parameters
    ----------
    record
        Its name.
    patient, channel
        Whose, and which channel was read; empty where it was passed over.
    scores
        One, or with added noise one for each level.
    passed_over
        Why there are none; empty where there are.
    """

    record: str
    patient: str
    channel: str
    scores: tuple[AnyScore, ...]
    passed_over: str = ""


def has_truth(record: Record, what: What) -> bool:
    """Say whether people marked in a record what is asked."""
    match what:
        case What.QUALITY:
            return record.qrs is not None and record.qrs.at_s.size > 0
        case What.BEATS:
            return record.beats is not None and record.beats.at_s.size > 0
        case What.WAVES:
            return record.waves is not None and len(record.waves.qrs) > 0
        case What.INTERVALS:
            return record.intervals is not None
        case What.RHYTHM:
            return bool(record.rhythms)
        case _:
            assert_never(what)


def score_record(record: Record, what: What, analyse: Analyse, added: AddedNoise | None = None) -> tuple[AnyScore, ...]:
    """Have a record read, and score what was read of it.

    Parameters
    ----------
    record
        With a truth for what is asked.
    what
        To be scored.
    analyse
        Reads it, such as `edge.waves.reader.WaveReader.read_recording`.
    added
        Noise for ``quality``: the record is also read at each of its levels.
    """
    read = hear(record, analyse)
    match what:
        case What.QUALITY:
            levels = added.snr_db if added else ()
            return score_quality(record, read), *(_score_noisy(record, analyse, added, db) for db in levels if added)
        case What.BEATS:
            return (score_beats(record, read),)
        case What.WAVES:
            return (score_waves(record, read),)
        case What.INTERVALS:
            return (score_intervals(record, read),)
        case What.RHYTHM:
            return (score_rhythm(record, read),)
        case _:
            assert_never(what)


def _score_noisy(record: Record, analyse: Analyse, added: AddedNoise, snr_db: float) -> QualityScore:
    noisy = with_added(record, noise_for(record, added.noise, snr_db))
    return score_quality(record, hear(noisy, analyse), snr_db)


def evaluate_record(
    path: Path, what: What, analyse: Analyse, *, channel: str | None = None, added: AddedNoise | None = None
) -> RecordResult:
    """Read a record from disk, have it analysed and score it; pass it over where it cannot say what is asked.

    Parameters
    ----------
    path
        The record, without extension.
    what, analyse, added
        As `score_record` takes them.
    channel
        As `edge.recording.open_recording` takes it.

    Raises
    ------
    RecordingError, EvaluationError
        If the record or its annotations cannot be read.
    """
    try:
        record = read_record(path, channel)
    except RecordingError as error:
        if error.fault is not RecordingFault.NO_SUCH_CHANNEL:
            raise
        return RecordResult(path.name, "", "", (), f"no channel {channel or 'in volts'}")
    if not has_truth(record, what):
        return RecordResult(path.name, "", "", (), _NEEDS[what])
    return RecordResult(record.name, record.patient, record.channel, score_record(record, what, analyse, added))


def findings_of(what: What, results: Sequence[RecordResult]) -> Findings:
    """Pool the scores of records, whichever packs read them, and tell what they say.

    Raises
    ------
    EvaluationError
        If no record has a score.
    """
    scores = [score for result in results for score in result.scores]
    if not scores:
        reasons = sorted({result.passed_over for result in results})
        raise EvaluationError(
            EvaluationFault.NO_REFERENCE,
            f"nothing to score: {'; '.join(reasons) or 'there are no records'}",
            advice=f"name a data set with reference annotations for {what}, or another --channel",
        )
    return _FINDINGS[what](scores)
