import json

import numpy as np
import pytest

from benchmarks.growth.law import Verdict
from benchmarks.growth.series import Kind, Measure, Rounds, Series, What, measure_rounds

CPU = Kind("work", "ms", Measure.CPU)
SPACE = Kind("file", "MB", Measure.SPACE)


def series(law, asked=Verdict.LINEAR_OR_BETTER, sizes=(1, 2, 4, 8)):
    costs = np.array([[law(n) for n in sizes]] * 3, np.float64)
    return Series(What.HOURS, "hours", Kind("work", "ms", Measure.CPU, asked), sizes, costs)


def test_every_size_is_measured_once_a_round_in_orders_that_differ():
    asked = []
    measured = measure_rounds((1, 2, 3, 4), lambda n: asked.append(n) or {"file": n}, n_rounds=5, n_warmup=1)
    rounds = [asked[i : i + 4] for i in range(0, 24, 4)]
    assert all(sorted(one) == [1, 2, 3, 4] for one in rounds)
    assert len(set(map(tuple, rounds))) > 1
    (one,) = measured.series(What.STORE, "MB", [SPACE])
    np.testing.assert_array_equal(one.rounds, [[1, 2, 3, 4]] * 5)


def test_processor_time_is_set_right_by_the_yardstick_and_space_is_not():
    yards_ms = np.array([[1.0, 1.0, 2.0], [1.0, 3.0, 1.0]])
    costs = tuple(tuple({"work": 5 * yard, "file": 5.0} for yard in row) for row in yards_ms)
    work, file = Rounds((1, 2, 3), costs, yards_ms).series(What.STORE, "MB", [CPU, SPACE])
    np.testing.assert_allclose(work.rounds, 5.0)
    np.testing.assert_array_equal(file.rounds, 5.0)


@pytest.mark.parametrize(
    ("law", "asked", "is_as_asked"),
    [
        (lambda _: 1.0, Verdict.CONSTANT, True),
        (lambda n: n, Verdict.CONSTANT, False),
        (lambda n: 100.0 + n * n, Verdict.CONSTANT, False),
        (lambda n: n, Verdict.LINEAR_OR_BETTER, True),
        (lambda n: n * n, Verdict.LINEAR_OR_BETTER, False),
    ],
)
def test_what_grows_faster_than_it_may_is_told(law, asked, is_as_asked):
    assert series(law, asked).as_asked is is_as_asked


def test_a_series_is_json_with_its_law_and_all_that_was_measured():
    said = json.loads(json.dumps(series(lambda n: 2 * n).as_json(), allow_nan=False))
    assert said["rounds"] == [[2, 4, 8, 16]] * 3
    assert said["law"]["each"] == pytest.approx(2)
    assert (said["what"], said["name"], said["unit"], said["verdict"]) == ("hours", "work", "ms", "linear or better")
