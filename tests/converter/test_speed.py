"""Models are timed in turns, each on what it takes."""

import numpy as np
import pytest

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.speed import measure_speed
from edge.interpreter import open_interpreter
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import SMALL, random_weights

SIGNAL = np.sin(np.arange(ECGFOUNDER.window_samples, dtype=np.float32))


class Counting:
    """An interpreter that writes down what it is given, and by what name it goes."""

    def __init__(self, model, name, log):
        self._run, self._name, self._log = open_interpreter(model), name, log
        self.input = self._run.input

    def invoke(self, x):
        self._log.append((self._name, x.dtype))
        return self._run.invoke(x)


@pytest.fixture(scope="module")
def models(small_pack):
    return {"full": small_pack.model, "float": emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=0)), 5000)}


def test_every_model_has_its_figures_over_as_many_rounds(models):
    speeds = measure_speed({name: open_interpreter(model) for name, model in models.items()}, SIGNAL, n_rounds=7)
    assert [(name, speed.n_rounds, speed.n_threads) for name, speed in speeds.items()] == [
        ("full", 7, 1),
        ("float", 7, 1),
    ]
    assert all(0 < speed.p05_ms <= speed.median_ms <= speed.p95_ms for speed in speeds.values())


def test_models_take_turns_and_each_is_given_what_it_takes(models):
    log = []
    measure_speed({name: Counting(model, name, log) for name, model in models.items()}, SIGNAL, n_rounds=5)
    rounds = [log[i : i + 2] for i in range(0, len(log), 2)]
    assert all(dict(each) == {"full": np.int8, "float": np.float32} for each in rounds)
    assert {each[0][0] for each in rounds} == {"full", "float"}


def test_a_model_alone_is_timed_too(models):
    assert measure_speed({"full": open_interpreter(models["full"])}, SIGNAL, n_rounds=1)["full"].n_rounds == 1
