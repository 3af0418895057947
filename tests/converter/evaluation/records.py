"""Records with marks, made by hand."""

import numpy as np

from converter.evaluation.beat_truth import BeatTruth
from converter.evaluation.records import Record, Stretch


def beats(at_s, classes=None, left_out_s=()):
    at_s = np.asarray(at_s, np.float64)
    kinds = np.zeros(at_s.size, np.int64) if classes is None else np.asarray(classes, np.int64)
    return BeatTruth(at_s, kinds, np.asarray(left_out_s, np.float64).reshape(-1, 2))


def a_record(name="100", duration_s=60.0, **truth):
    samples = np.zeros(round(duration_s * 100))
    patient = truth.pop("patient", name)
    stretches = truth.pop("stretches", (Stretch(0.0, samples, 100.0),))
    return Record(name, patient, "II", duration_s, stretches, **truth)
