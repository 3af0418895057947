"""What the student reads: few samples, and steps that integers on a microcontroller do."""

from dataclasses import replace
from typing import Final

from converter.distil.errors import DistilError, DistilFault
from edge.preprocess import Bandpass, Preprocessing, ZScore

PATCH: Final = Preprocessing(rate_hz=125.0, window_samples=1250, steps=(Bandpass(0.67, 40.0, 2), ZScore(1e-8)))
"""Ten seconds at 125 Hz: ECGFounder's band and scale, without its notch (50 Hz lies beyond the band) and its median."""

_SHORTEST_S: Final = 5.0
_LONGEST_S: Final = 30.0


def contract_beside(teacher: Preprocessing) -> Preprocessing:
    """Return the contract of a student whose windows are as long in time as its teacher's.

    Parameters
    ----------
    teacher
        The teacher's contract.

    Raises
    ------
    DistilError
        If its windows are shorter than a few beats, longer than a patch holds, or no whole number of the student's
        samples.
    """
    samples = teacher.window_s * PATCH.rate_hz
    if not (_SHORTEST_S <= teacher.window_s <= _LONGEST_S and samples.is_integer()):
        raise DistilError(
            DistilFault.UNTEACHABLE,
            f"the teacher's windows are {teacher.window_s:g} s long; a student at {PATCH.rate_hz:g} Hz takes whole "
            f"samples of {_SHORTEST_S:g} to {_LONGEST_S:g} s",
            advice="give a teacher of windows of 10 s",
        )
    return replace(PATCH, window_samples=int(samples))
