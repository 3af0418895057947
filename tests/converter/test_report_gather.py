"""What the report states follows from what was measured and predicted."""

import math

import numpy as np
import pytest

from converter.activations import survey
from converter.calibration import network_inputs, synthetic_windows
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.operators import read_operators
from converter.parity import compare
from converter.report.gather import SHOWN_OUTPUTS, agreement_of, frontier_points, operator_choices
from converter.sensitivity.attribution import measure_sensitivity
from converter.sensitivity.effect import Arithmetic
from converter.sensitivity.placement import frontier
from edge.preprocess import ECGFOUNDER
from tests.conftest import OUTPUTS
from tests.converter.networks import SMALL, random_weights

WINDOWS = synthetic_windows(ECGFOUNDER, 8, seed=1)
INPUTS = network_inputs(WINDOWS, ECGFOUNDER)


@pytest.fixture(scope="module")
def predicted():
    model = emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=0)), ECGFOUNDER.window_samples)
    graph = read_operators(model)
    sensitivity = measure_sensitivity(model, graph, survey(model, graph, INPUTS), INPUTS[:2])
    return graph, sensitivity, frontier(graph, sensitivity)


def a_parity(n_outputs):
    """Outputs the later of which agree less; the last converted one says the same of every window."""
    outputs = tuple(OUTPUTS[0].model_copy(update={"id": f"analyte_{k}", "threshold": 0.2}) for k in range(n_outputs))
    draws = np.random.default_rng(0)
    expected = np.tile(np.linspace(0.1, 0.9, len(INPUTS))[:, None], n_outputs)
    actual = np.clip(expected + draws.normal(0, np.linspace(0, 0.5, n_outputs), expected.shape), 0.01, 0.99)
    actual[:, -1] = 0.5
    return compare(expected, actual, WINDOWS, outputs), outputs


def test_agreement_states_each_output_s_figures():
    parity, outputs = a_parity(3)
    agreement = agreement_of(parity, outputs)
    assert (agreement.n_windows, agreement.windows_origin) == (len(INPUTS), WINDOWS.origin)
    assert [row.output_id for row in agreement.outputs] == ["analyte_0", "analyte_1", "analyte_2"]
    assert [row.rms_logit for row in agreement.outputs] == [row.rms_logit for row in parity.outputs]
    assert agreement.outputs[0].threshold_logit == pytest.approx(math.log(0.25))
    assert agreement.flips == parity.flips


def test_only_the_worst_outputs_show_their_windows_those_without_a_rank_first():
    agreement = agreement_of(*a_parity(3 * SHOWN_OUTPUTS))
    shown = {row.output_id for row in agreement.outputs if row.scatter is not None}
    assert shown == {row.output_id for row in agreement.worst_first[:SHOWN_OUTPUTS]}
    assert agreement.worst_first[0].output_id == f"analyte_{3 * SHOWN_OUTPUTS - 1}"
    assert math.isnan(agreement.spearman_min)
    assert math.isfinite(agreement.spearman_median)


def test_the_windows_shown_are_both_models_logits():
    parity, outputs = a_parity(2)
    shown = agreement_of(parity, outputs).outputs[1].scatter
    np.testing.assert_array_equal(shown.expected_logits, parity.expected[:, 1])
    np.testing.assert_array_equal(shown.actual_logits, parity.actual[:, 1])


def test_every_step_counts_every_operator_once(predicted):
    graph, _, steps = predicted
    points = frontier_points(steps)
    assert len(points) == len(steps)
    assert {point.n_float + point.n_dynamic + point.n_int8 for point in points} == {len(graph.operators)}


@pytest.mark.parametrize("which", [0.5, 1.0])
def test_the_shares_of_the_predicted_noise_add_up(predicted, which):
    graph, sensitivity, steps = predicted
    choices = operator_choices(graph, sensitivity, steps[int(which * (len(steps) - 1))].placement)
    assert [choice.name for choice in choices[1:]] == [graph.names[op.output] for op in graph.operators]
    assert sum(choice.noise_share for choice in choices) == pytest.approx(1.0)


def test_all_in_float_there_is_no_noise_to_share(predicted):
    graph, sensitivity, _ = predicted
    choices = operator_choices(graph, sensitivity, [Arithmetic.FLOAT] * len(graph.operators))
    assert {(choice.arithmetic, choice.noise_share) for choice in choices} == {("float", 0.0)}
