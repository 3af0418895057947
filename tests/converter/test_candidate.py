"""A network in each mode: as close to float as the mode can be, without bias, its outputs led back to logits."""

from dataclasses import replace

import numpy as np
import pytest

from converter.calibration import network_inputs, synthetic_windows
from converter.candidate import Source, _full, _noise, build, float_model_of, logits_of
from converter.ecgfounder.checkpoint import Checkpoint
from converter.quantise import Mode
from converter.sensitivity.placement import cheapest_within
from converter.target import Target
from edge.interpreter import open_interpreter
from edge.preprocess import ECGFOUNDER
from tests.conftest import OUTPUTS
from tests.converter.networks import SMALL, random_weights

INPUTS = network_inputs(synthetic_windows(ECGFOUNDER, 16, seed=1), ECGFOUNDER)
UNSEEN = network_inputs(synthetic_windows(ECGFOUNDER, 8, seed=2), ECGFOUNDER)
EQUALISING_GAINS, EQUALISING_LOSES = 0, 2
"""Seeds of random weights."""


def a_source(seed=EQUALISING_GAINS, target=Target.LITERT):
    return Source(Checkpoint.of_state_dict(random_weights(SMALL, seed)), target, INPUTS)


@pytest.fixture(scope="module")
def source():
    return a_source()


@pytest.fixture(scope="module")
def candidates(source):
    return {mode: build(source, mode, OUTPUTS) for mode in Mode}


def float_logits(source, inputs):
    run = open_interpreter(source.model)
    return np.stack([run.invoke(x)[0] for x in inputs])


@pytest.mark.parametrize("mode", Mode)
def test_logits_of_unseen_windows_follow_those_of_float(source, candidates, mode):
    expected, actual = float_logits(source, UNSEEN), logits_of(candidates[mode], UNSEEN)
    errors = (actual - expected) / source.ranges.logits.std(axis=0)
    assert np.sqrt(np.mean(errors**2)) < {Mode.FULL: 0.25, Mode.MIXED: 0.1, Mode.DYNAMIC: 0.1, Mode.FLOAT: 1e-6}[mode]


@pytest.mark.parametrize("mode", Mode)
def test_no_output_is_wrong_on_average_over_the_calibration_windows(source, candidates, mode):
    errors = logits_of(candidates[mode], INPUTS) - source.ranges.logits
    np.testing.assert_allclose(errors.mean(axis=0), 0.0, atol=1e-3 * source.ranges.logits.std(axis=0).min())


def test_without_the_correction_int8_is_wrong_on_average(source):
    errors = logits_of(_full(source, OUTPUTS, equalise=True), INPUTS) - source.ranges.logits
    assert (np.abs(errors.mean(axis=0)) > 1e-2 * source.ranges.logits.std(axis=0)).any()


def test_full_int8_outputs_have_a_scale_each_and_the_others_give_logits(candidates):
    scales = {mode: [row.logit_scale for row in candidate.outputs] for mode, candidate in candidates.items()}
    assert len(set(scales.pop(Mode.FULL))) == len(OUTPUTS)
    assert all(scale == [1.0] * len(OUTPUTS) for scale in scales.values())


def test_float_is_the_source_and_its_rows_are_those_given(source, candidates):
    assert (candidates[Mode.FLOAT].model, candidates[Mode.FLOAT].outputs) == (source.model, OUTPUTS)


@pytest.mark.parametrize("mode", Mode)
def test_nothing_but_scale_and_offset_of_a_row_is_changed(candidates, mode):
    plain = [row.model_copy(update={"logit_scale": 1.0, "logit_offset": 0.0}) for row in candidates[mode].outputs]
    assert tuple(plain) == OUTPUTS


@pytest.mark.parametrize("seed", [EQUALISING_GAINS, EQUALISING_LOSES])
def test_the_residual_stream_is_equalised_only_where_that_gains(seed):
    source = a_source(seed)
    plain, even = (_noise(_full(source, OUTPUTS, equalise=equalise), source) for equalise in (False, True))
    made = build(source, Mode.FULL, OUTPUTS)
    assert made.equalised == (even < 0.8 * plain) == (seed == EQUALISING_GAINS)
    assert _noise(made, source) == pytest.approx(even if made.equalised else plain)


def test_an_output_that_says_the_same_of_every_window_has_no_say_in_it():
    weights = random_weights(SMALL, EQUALISING_GAINS)
    weights["dense.weight"][1] = 0.0
    dead = Source(Checkpoint.of_state_dict(weights), Target.LITERT, INPUTS)
    noise = _noise(build(dead, Mode.DYNAMIC, OUTPUTS), dead)
    assert 0 < noise < 0.1


@pytest.mark.parametrize("mode", Mode)
def test_the_float_model_of_a_candidate_computes_the_same_as_the_source(source, candidates, mode):
    outputs = candidates[mode].outputs
    shared = replace(candidates[mode], model=float_model_of(candidates[mode], source))
    bias = np.array([row.logit_offset for row in outputs]) if mode is not Mode.FULL else 0.0
    errors = logits_of(shared, UNSEEN) - bias - float_logits(source, UNSEEN)
    np.testing.assert_allclose(errors.std(axis=0), 0.0, atol=1e-5)


def test_a_placement_that_is_not_given_is_the_one_of_little_noise(source, candidates):
    assert candidates[Mode.MIXED].step == cheapest_within(source.frontier)
    assert {candidate.step for mode, candidate in candidates.items() if mode is not Mode.MIXED} == {None}


def test_a_given_placement_is_taken(source):
    cheapest = build(source, Mode.MIXED, OUTPUTS, source.frontier[-1])
    exact = build(source, Mode.MIXED, OUTPUTS, source.frontier[0])
    assert _noise(exact, source) < 0.1 * _noise(cheapest, source)
    assert len(cheapest.model) < len(exact.model)


@pytest.mark.parametrize("mode", [Mode.FULL, Mode.FLOAT])
def test_for_the_other_runtime_the_same_is_computed_group_by_group(candidates, mode):
    other = build(a_source(target=Target.TFLITE_RUNTIME), mode, OUTPUTS)
    assert "SPLIT" in open_interpreter(other.model).execution.operators
    assert "SPLIT" not in open_interpreter(candidates[mode].model).execution.operators
    spread = logits_of(candidates[Mode.FLOAT], UNSEEN).std(axis=0)
    errors = (logits_of(other, UNSEEN) - logits_of(candidates[mode], UNSEEN)) / spread
    assert np.abs(errors).max() < 0.5
