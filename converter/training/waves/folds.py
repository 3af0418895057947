"""Patients to folds: whoever tests a network has not taught it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from converter.training.waves.recordings import Labelled
from edge.waves.marks import BEAT_CLASSES, BeatClass

N_FOLDS: Final = 5


def fold_of_patients(recordings: Sequence[Labelled]) -> dict[str, int]:
    """Fold of each patient.

    Within a source the patients are dealt out one by one, those with the most supraventricular and then ventricular
    beats first, so that each fold has some.
    """
    fold: dict[str, int] = {}
    for source in sorted({r.source for r in recordings}):
        patients = sorted({r.patient for r in recordings if r.source == source})

        def rare(patient: str) -> tuple[int, int]:
            classes = np.concatenate([r.classes for r in recordings if r.patient == patient])
            counts = [
                int(np.count_nonzero(classes == BEAT_CLASSES.index(k)))
                for k in (BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR)
            ]
            return -counts[0], -counts[1]

        for i, patient in enumerate(sorted(patients, key=lambda p: (rare(p), p))):
            fold[patient] = i % N_FOLDS
    return fold
