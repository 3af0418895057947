"""What the teacher says of windows, and the same windows as a student reads them."""

from itertools import pairwise

import numpy as np
import pytest

from converter.calibration import synthetic_windows
from converter.distil.contract import PATCH, contract_beside
from converter.distil.errors import DistilError, DistilFault
from converter.distil.lesson import ask, resampled
from converter.distil.windows import Batch
from edge.model import open_model
from edge.preprocess import ECGFOUNDER, Preprocessing, preprocess
from edge.resample import PolyphaseResampler
from tests.conftest import OUTPUTS

MILLIVOLTS = synthetic_windows(ECGFOUNDER, 10, seed=4).millivolts


@pytest.fixture(scope="module")
def teacher(small_pack):
    return open_model(small_pack)


def batches(*sizes):
    ends = np.cumsum([0, *sizes])
    for first, last in pairwise(ends.tolist()):
        n = last - first
        yield Batch(MILLIVOLTS[first:last], "known", np.arange(first, last), np.full((n, 3), np.nan, np.float32))


def test_the_teacher_is_heard_as_the_loop_hears_it(teacher):
    lesson = ask(teacher, batches(10), PATCH)
    expected = [teacher.decode(teacher.infer(teacher.quantise(teacher.preprocess(x)))) for x in MILLIVOLTS]
    probabilities = 1 / (1 + np.exp(-lesson.logits.astype(np.float64)))
    np.testing.assert_allclose(probabilities, [[e.probability for e in row] for row in expected], atol=1e-6)


def test_the_student_reads_the_same_windows_by_its_own_contract(teacher):
    lesson = ask(teacher, batches(10), PATCH)
    assert lesson.inputs.shape == (10, PATCH.window_samples)
    np.testing.assert_array_equal(lesson.inputs, preprocess(lesson.millivolts, PATCH))


def test_windows_are_resampled_as_a_stream_is():
    resampler = PolyphaseResampler(500.0, 125.0)
    parts = [resampler.push(part) for part in np.array_split(MILLIVOLTS[0].astype(np.float64), 7)]
    expected = np.concatenate([*parts, resampler.finish()])
    np.testing.assert_allclose(resampled(MILLIVOLTS[:1], 500.0, PATCH)[0], expected, atol=1e-6)


def test_how_windows_come_in_batches_changes_nothing(teacher):
    told = []
    one, three = ask(teacher, batches(10), PATCH), ask(teacher, batches(3, 1, 6), PATCH, told.append)
    assert told == [3, 1, 6]
    np.testing.assert_array_equal(one.logits, three.logits)
    np.testing.assert_array_equal(one.inputs, three.inputs)
    assert three.of("known").all()
    assert not three.of("other").any()
    assert len(OUTPUTS) == three.logits.shape[1]


def test_a_students_window_is_as_long_as_its_teachers():
    assert contract_beside(ECGFOUNDER) == PATCH
    longer = contract_beside(Preprocessing(200.0, 4000, ()))
    assert (longer.window_s, longer.window_samples, longer.steps) == (20.0, 2500, PATCH.steps)


@pytest.mark.parametrize(("rate_hz", "samples"), [(500.0, 1000), (100.0, 10_000), (360.0, 3601)])
def test_a_teacher_whose_windows_no_patch_reads_is_refused(rate_hz, samples):
    with pytest.raises(DistilError, match="windows are") as refused:
        contract_beside(Preprocessing(rate_hz, samples, ()))
    assert refused.value.fault is DistilFault.UNTEACHABLE
