"""Waves scored against a cardiologist's: whether they are there, and where they begin, peak and end.

Scored is what lies between the first and the last marked QRS complex, the complexes included, P and T between them: in
LUDB nothing is marked beyond. A wave is found where one of its kind peaks within 150 ms of it.
"""

from dataclasses import dataclass
from math import nan, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.evaluation.beat_truth import Floats
from converter.evaluation.ec57 import detection
from converter.evaluation.heard import Heard
from converter.evaluation.matching import match
from converter.evaluation.records import Record
from converter.evaluation.wave_truth import OFF, ON, PEAK

WAVES: Final = ("p", "qrs", "t")
"""Rows of `WaveScore.presence`."""
BOUNDARIES: Final = {
    "p_on": ("p", ON), "p_off": ("p", OFF), "qrs_on": ("qrs", ON), "qrs_off": ("qrs", OFF),
    "t_on": ("t", ON), "t_peak": ("t", PEAK), "t_off": ("t", OFF),
}  # fmt: skip
"""Rows of `WaveScore.moments`: a wave and a column of its places."""
CSE_LIMITS_MS: Final = {"p_on": 10.2, "p_off": 12.7, "qrs_on": 6.5, "qrs_off": 11.6, "t_off": 30.6}
"""Two standard deviations of the CSE working party's tolerances (1985), which an analyser's SD is held against, ms."""
_ENDS: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class WaveScore:
    """Waves of a record, or of several.

    Parameters
    ----------
    record, patient
        Whose.
    presence
        ``NDArray[int64]``, shape (3, 3): rows `WAVES`; columns found, missed, extra.
    moments
        Shape (7, 3): rows `BOUNDARIES`; columns how many were compared, the sum of found minus marked (ms), and that
        of its square.
    unseen
        ``NDArray[int64]``, shape (7,): marked boundaries of waves that were found, but not this end of theirs.
    """

    record: str
    patient: str
    presence: NDArray[np.int64]
    moments: Floats
    unseen: NDArray[np.int64]


def score_waves(record: Record, read: Heard) -> WaveScore:
    """Score the waves of a record.

    Parameters
    ----------
    record
        With `Record.waves`.
    read
        What the analyser said.

    Raises
    ------
    ValueError
        If no QRS complex is marked.
    """
    truth = record.waves
    if truth is None or not len(truth.qrs):
        raise ValueError(f"no waves are marked in channel {record.channel} of {record.name}")
    begin_s, end_s = float(truth.qrs[0, PEAK]), float(truth.qrs[-1, PEAK])
    marked = truth.between(begin_s - _ENDS, end_s + _ENDS)
    presence = np.zeros((len(WAVES), 3), np.int64)
    pairs = {}
    for k, wave in enumerate(WAVES):
        one, other = getattr(marked, wave), getattr(read.waves, wave)
        matched = match(one[:, PEAK], other[:, PEAK])
        extra = other[matched.extra, PEAK]
        n_extra = int(((extra >= begin_s) & (extra <= end_s)).sum())
        presence[k] = matched.reference.size, matched.missed.size, n_extra
        pairs[wave] = one[matched.reference], other[matched.found]
    moments, unseen = np.zeros((len(BOUNDARIES), 3)), np.zeros(len(BOUNDARIES), np.int64)
    for k, (wave, column) in enumerate(BOUNDARIES.values()):
        one, other = (places[:, column] for places in pairs[wave])
        both = np.isfinite(one) & np.isfinite(other)
        errors_ms = 1000.0 * (other[both] - one[both])
        moments[k] = errors_ms.size, errors_ms.sum(), np.square(errors_ms).sum()
        unseen[k] = int((np.isfinite(one) & ~both).sum())
    return WaveScore(record.name, record.patient, presence, moments, unseen)


def wave_figures(score: WaveScore) -> dict[str, float]:
    """Shares of waves (0 to 1) and errors of boundaries (ms); NaN where there is nothing.

    Keys: ``p_se``, ``p_ppv``, ``p_f1`` and so on of `WAVES`; ``p_on_mean_ms``, ``p_on_sd_ms`` and so on of
    `BOUNDARIES`, the SD over all waves as a sample's.
    """
    figures: dict[str, float] = {}
    for wave, counts in zip(WAVES, score.presence.astype(np.float64), strict=True):
        figures |= {f"{wave}_{name}": value for name, value in detection(*counts.tolist()).items()}
    for boundary, (n, total, squares) in zip(BOUNDARIES, score.moments.tolist(), strict=True):
        mean = total / n if n else nan
        figures[f"{boundary}_mean_ms"] = mean
        figures[f"{boundary}_sd_ms"] = sqrt(max(0.0, squares - n * mean**2) / (n - 1)) if n > 1 else nan
    return figures
