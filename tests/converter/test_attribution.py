"""What rounding is predicted to do to the outputs is what it does."""

from dataclasses import replace

import numpy as np
import pytest

from converter.activations import survey
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.operators import read_operators
from converter.quantise import quantise_placed
from converter.sensitivity.attribution import measure_sensitivity
from converter.sensitivity.effect import Arithmetic, Effect
from edge.interpreter import open_interpreter
from tests.converter.networks import SMALL, random_weights

N_SAMPLES = 200
CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))


def smooth(n, seed):
    """Windows that move slowly, as a signal does; synthetic."""
    noise = np.random.default_rng(seed).normal(0, 1, (n, N_SAMPLES + 8))
    return np.stack([np.convolve(row, np.ones(9) / 3, "valid") for row in noise]).astype(np.float32)


CALIBRATION = smooth(48, seed=0)


class Measured:
    """A network with its ranges and its sensitivity."""

    def __init__(self, model, calibration=CALIBRATION, **changes):
        self.model, self.graph = model, read_operators(model)
        self.ranges = replace(survey(model, self.graph, calibration), **changes)
        self.sensitivity = self.measure(self.ranges, calibration)

    def measure(self, ranges, inputs=CALIBRATION, seed=0):
        return measure_sensitivity(self.model, self.graph, ranges, inputs[:12], seed=seed)

    def number(self, name):
        return self.graph.names.index(name)

    def placement(self, names, arithmetic=Arithmetic.INT8):
        """Float, but for the operators that write the tensors named."""
        return [
            arithmetic if self.graph.names[operator.output] in names else Arithmetic.FLOAT
            for operator in self.graph.operators
        ]

    def predicted(self, placement):
        """Root-mean-square error of an output in its standard deviations."""
        effect = Effect(self.graph, self.sensitivity)
        return np.sqrt(sum(effect.of_tensor(tensor, placement)[0] for tensor in self.graph.activations))

    def found(self, placement):
        """The same, of the quantised network, on four times as many windows, all within the ranges."""
        model = quantise_placed(self.model, self.graph, self.ranges, placement)
        given, said = (logits(which, CALIBRATION) for which in (self.model, model))
        return np.sqrt(((said - given) / self.ranges.logits.std(axis=0)).var(axis=0).mean())


def logits(model, inputs):
    run = open_interpreter(model)
    return np.stack([run.invoke(x)[0] for x in inputs])


@pytest.fixture(scope="module")
def net1d():
    return Measured(emit(CHECKPOINT, N_SAMPLES))


ALONE = ["s0b0/add", "s1b0/add", "s1b1/add", "s2b0/se/mul", "s1b0/a2/swish", "s1b0/a2/sig", "first/swish", "gap"]


@pytest.mark.parametrize("name", ALONE)
def test_of_one_operator_in_int8_the_predicted_error_is_the_measured_one_within_a_factor_of_two_and_a_half(net1d, name):
    placement = net1d.placement([name])
    assert 0.4 < net1d.found(placement) / net1d.predicted(placement) < 1.5  # white noise is added to be safe


def test_operators_in_int8_together_too(net1d):
    placement = net1d.placement(ALONE)
    assert 0.4 < net1d.found(placement) / net1d.predicted(placement) < 1.5  # white noise is added to be safe


def test_the_order_of_operators_by_predicted_error_is_about_that_by_measured_error(net1d):
    placements = [net1d.placement([name]) for name in ALONE]
    predicted, found = ([by(placement) for placement in placements] for by in (net1d.predicted, net1d.found))
    assert np.corrcoef(np.log(predicted), np.log(found))[0, 1] > 0.8


def test_in_float_nothing_is_lost(net1d):
    assert net1d.predicted(net1d.placement([])) == 0


def test_every_tensor_has_a_covariance_of_as_many_rows_as_readers(net1d):
    graph = net1d.graph
    assert set(net1d.sensitivity.static) == set(graph.activations)
    for tensor, covariance in net1d.sensitivity.static.items():
        n = max(1, len(graph.readers.get(tensor, ())))
        assert covariance.shape == (n, n)


def test_only_inputs_of_convolutions_are_rounded_window_by_window(net1d):
    read = {op.inputs[0] for op in net1d.graph.operators if op.kind == "CONV_2D"}
    assert set(net1d.sensitivity.dynamic) == read


def test_covariances_are_symmetric_and_of_no_negative_variance(net1d):
    for covariance in (*net1d.sensitivity.static.values(), *net1d.sensitivity.dynamic.values()):
        np.testing.assert_allclose(covariance, covariance.T, rtol=1e-6)
        assert np.linalg.eigvalsh(covariance).min() >= -1e-6 * np.trace(covariance)


def test_measured_twice_it_is_the_same(net1d):
    again = net1d.measure(net1d.ranges)
    for tensor, covariance in net1d.sensitivity.static.items():
        np.testing.assert_array_equal(again.static[tensor], covariance)


def test_other_signs_of_the_outputs_give_about_the_same(net1d):
    other = net1d.measure(net1d.ranges, seed=1).static
    ratios = [other[tensor].sum() / net1d.sensitivity.static[tensor].sum() for tensor in other]
    assert 0.5 < np.exp(np.mean(np.log(ratios))) < 2


def test_a_range_twice_as_wide_quadruples_the_squared_error(net1d):
    wide = replace(
        net1d.ranges,
        lowest={tensor: 2 * value for tensor, value in net1d.ranges.lowest.items()},
        highest={tensor: 2 * value for tensor, value in net1d.ranges.highest.items()},
    )
    doubled, graph = net1d.measure(wide).static, net1d.graph
    written_by = {tensor: graph.operators[number].kind for tensor, number in graph.writer.items()}
    ratios = {tensor: doubled[tensor].sum() / net1d.sensitivity.static[tensor].sum() for tensor in doubled}
    of_logistic = {ratio for tensor, ratio in ratios.items() if written_by.get(tensor) == "LOGISTIC"}
    others = [ratio for tensor, ratio in ratios.items() if written_by.get(tensor) != "LOGISTIC"]
    assert np.exp(np.mean(np.log(others))) == pytest.approx(4, rel=0.15)
    assert of_logistic == {1.0}  # its int8 step is fixed


def test_outputs_twice_as_large_make_no_difference(net1d):
    head = {name: 2 * CHECKPOINT.weights[name] for name in ("dense.weight", "dense.bias")}
    larger = Measured(emit(replace(CHECKPOINT, weights={**CHECKPOINT.weights, **head}), N_SAMPLES))
    for tensor, covariance in net1d.sensitivity.static.items():
        np.testing.assert_allclose(larger.sensitivity.static[tensor], covariance, rtol=1e-3)


def conv_head(weights):
    """A convolution of two channels, their mean over time, and one output that sums them by the weights given."""
    graph = Graph("test")
    signal = graph.input("x", (1, 32))
    x = graph.reshape("in4d", signal, (1, 1, 32, 1))
    x = graph.conv("conv", x, np.array([[[1.0]], [[-1.0]]], np.float32), np.zeros(2, np.float32))
    y = graph.mean_over_time("gap", graph.mul("squares", x, x), keep_dims=False)
    y = graph.fully_connected("dense", y, np.array(weights, np.float32), np.array([0.5], np.float32)[: len(weights)])
    return graph.to_bytes(signal, y)


def whole_numbers(n):
    """Windows that hold -128 and 127 and else whole numbers between."""
    inputs = np.random.default_rng(0).integers(-128, 128, (n, 32)).astype(np.float32)
    inputs[:, :2] = -128, 127
    return inputs


def test_a_tensor_that_int8_holds_exactly_has_no_effect():
    exact = Measured(conv_head([[1, 2]]), whole_numbers(12))
    for name in ("x", "in4d"):
        assert exact.sensitivity.static[exact.number(name)].tolist() == [[0.0]]
    assert exact.sensitivity.dynamic[exact.number("in4d")].tolist() == [[0.0]]
    assert exact.sensitivity.static[exact.number("squares")] > 0


def test_what_the_outputs_do_not_need_is_harmless():
    unneeded = Measured(conv_head([[0, 0]]), whole_numbers(12))
    harmed = {unneeded.graph.names[t] for t, found in unneeded.sensitivity.static.items() if found.any()}
    assert harmed <= {"dense"}
    assert all(np.isfinite(found).all() for found in unneeded.sensitivity.static.values())


def test_of_a_single_window_everything_is_finite():
    """All its outputs stay what they are: none of them has a spread."""
    single = Measured(emit(CHECKPOINT, N_SAMPLES), CALIBRATION[:1])
    for covariance in (*single.sensitivity.static.values(), *single.sensitivity.dynamic.values()):
        assert np.isfinite(covariance).all()


def test_where_a_window_fills_the_calibrated_range_both_roundings_are_the_same():
    inputs = np.random.default_rng(0).uniform(-1, 1, (12, 32)).astype(np.float32)
    inputs[:, :2] = -1, 1
    filling = Measured(conv_head([[1, 2]]), inputs)
    tensor = filling.number("in4d")
    np.testing.assert_array_equal(filling.sensitivity.static[tensor], filling.sensitivity.dynamic[tensor])
