"""Which windows are accepted, and whether the heart rate of those can be trusted."""

from dataclasses import dataclass, replace
from typing import Final

from converter.evaluation.beat_truth import BeatTruth
from converter.evaluation.ec57 import mean_rate_bpm, share
from converter.evaluation.heard import Heard
from converter.evaluation.records import Record
from edge.waves.reading import WindowReading
from edge.waves.track import Grade

NEAR_BPM: Final = 5.0
"""A heart rate this near to that of the marked beats counts as right."""
AS_RECORDED: Final = "as recorded"
_EDGE_S: Final = 2.5
"""So far beyond the first and the last marked beat windows are still compared: there, LUDB's beats are unmarked."""


@dataclass(frozen=True, slots=True)
class QualityScore:
    """Windows of a record with a reference heart rate, or of several records.

    Parameters
    ----------
    record, patient
        Whose.
    level
        The noise that was added, such as ``12 dB``, or `AS_RECORDED`.
    n_windows
        All that are compared.
    n_waves, n_rate
        Accepted for waves, and for the rate only.
    n_right
        Accepted with a heart rate within `NEAR_BPM` of the reference.
    n_without
        Accepted, and without a heart rate.
    n_right_turned_away
        Turned away, though the beats that were found give the right rate.
    """

    record: str
    patient: str
    level: str
    n_windows: int
    n_waves: int
    n_rate: int
    n_right: int
    n_without: int
    n_right_turned_away: int


def level_of(snr_db: float | None) -> str:
    """Name a level of added noise."""
    return AS_RECORDED if snr_db is None else f"{snr_db:g} dB"


def score_quality(record: Record, read: Heard, snr_db: float | None = None) -> QualityScore:
    """Score the windows of a record.

    Parameters
    ----------
    record
        With marked beats or QRS complexes.
    read
        What the analyser said of it, with the noise.
    snr_db
        Ratio to the noise that was added, dB; None without.

    Raises
    ------
    ValueError
        If no beats are marked.
    """
    truth = record.qrs
    if truth is None:
        raise ValueError(f"no beats are marked in {record.name}")
    total = QualityScore(record.name, record.patient, level_of(snr_db), 0, 0, 0, 0, 0, 0)
    for begin_s, end_s, window in read.windows():
        reference = _reference_bpm(truth, begin_s, end_s)
        if reference is not None:
            total = _counted(total, window, reference)
    return total


def _reference_bpm(truth: BeatTruth, begin_s: float, end_s: float) -> float | None:
    first_s, last_s = truth.scored_s
    if truth.is_left_out(begin_s, end_s) or begin_s < first_s - _EDGE_S or end_s > last_s + _EDGE_S:
        return None
    return mean_rate_bpm(truth.at_s, begin_s, end_s)


def _counted(total: QualityScore, window: WindowReading, reference_bpm: float) -> QualityScore:
    grade, measured = window.quality.grade, window.measurements
    total = replace(total, n_windows=total.n_windows + 1)
    if grade is Grade.NOTHING:
        found = mean_rate_bpm(window.marks.r / window.marks.rate_hz, 0.0, float("inf"))
        right = found is not None and abs(found - reference_bpm) <= NEAR_BPM
        return replace(total, n_right_turned_away=total.n_right_turned_away + right)
    bpm = measured.heart_rate_bpm.value if measured else None
    return replace(
        total,
        n_waves=total.n_waves + (grade is Grade.WAVES),
        n_rate=total.n_rate + (grade is Grade.RATE),
        n_right=total.n_right + (bpm is not None and abs(bpm - reference_bpm) <= NEAR_BPM),
        n_without=total.n_without + (bpm is None),
    )


def quality_figures(score: QualityScore) -> dict[str, float]:
    """Shares of windows, 0 to 1; NaN of none.

    Keys: ``accepted`` and ``accepted_for_waves`` of all; ``right`` of the accepted; ``right_turned_away`` of those
    that were turned away.
    """
    accepted = score.n_waves + score.n_rate
    return {
        "accepted": share(accepted, score.n_windows),
        "accepted_for_waves": share(score.n_waves, score.n_windows),
        "right": share(score.n_right, accepted),
        "right_turned_away": share(score.n_right_turned_away, score.n_windows - accepted),
    }
