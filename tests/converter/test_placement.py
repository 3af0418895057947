"""The walk from the most exact placement to the cheapest keeps its books, whatever the network and the measurement."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.activations import survey
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.operators import read_operators
from converter.sensitivity.attribution import Sensitivity, measure_sensitivity
from converter.sensitivity.effect import Arithmetic, Effect, allowed
from converter.sensitivity.placement import SMALL_NOISE, Step, cheapest_within, frontier
from converter.sensitivity.units import CARRIERS, find_units, neighbours
from converter.target import Target
from tests.converter.networks import SMALL, random_weights

CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))


def plain_stack():
    """Unlike a Net1D: activation after the addition, a gate without a swish, a wide layer, and names that say nothing.

    The wide layer has too many weights to stay in float.
    """
    random = np.random.default_rng(5)

    def layer(n_out, n_in, taps):
        weights = random.normal(0, (n_in * taps) ** -0.5, (n_out, n_in, taps)).astype(np.float32)
        return weights, random.normal(0, 0.1, n_out).astype(np.float32)

    graph = Graph("test")
    signal = graph.input("t0", (1, 96))
    x = graph.conv("t1", graph.reshape("t2", signal, (1, 1, 96, 1)), *layer(8, 1, 5), stride=2)
    y = graph.conv("t3", x, *layer(8, 8, 3))
    x = graph.add("t4", x, y)
    x = graph.mul("t5", graph.logistic("t6", x), x)
    x = graph.max_pool("t7", x, 2)
    x = graph.conv("t8", x, *layer(256, 8, 1))
    x = graph.conv("t9", x, *layer(256, 256, 3))
    x = graph.mul("t10", x, graph.logistic("t11", graph.mean_over_time("t12", x, keep_dims=True)))
    weights, bias = layer(3, 256, 1)
    head = graph.fully_connected("t13", graph.mean_over_time("t14", x, keep_dims=False), weights[:, :, 0], bias)
    return graph.to_bytes(signal, head)


MODELS = {
    "net1d": emit(CHECKPOINT, 96),
    "net1d equalised": emit(CHECKPOINT, 96, residual_scales=np.linspace(0.2, 1, 32, dtype=np.float32)),
    "net1d group by group": emit(CHECKPOINT, 96, target=Target.TFLITE_RUNTIME),
    "plain stack": plain_stack(),
}
GRAPHS = {name: read_operators(model) for name, model in MODELS.items()}
WINDOWS = np.random.default_rng(0).normal(0, 1, (16, 96)).astype(np.float32)

every_graph = pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
seeds = st.integers(0, 2**32 - 1)


def any_sensitivity(graph, seed):
    """Covariances of every size."""
    random = np.random.default_rng(seed)

    def covariance(tensor):
        n = max(1, len(graph.readers.get(tensor, ())))
        factor = random.normal(0, 1, (n, n))
        return factor @ factor.T * 10 ** random.uniform(-9, 0)

    dynamic = {op.inputs[0] for op in graph.operators if op.kind == "CONV_2D"}
    return Sensitivity({t: covariance(t) for t in graph.activations}, {t: covariance(t) for t in sorted(dynamic)})


@pytest.fixture(scope="module", params=MODELS)
def measured(request):
    """Graph and frontier of a network whose sensitivity was measured."""
    model, graph = MODELS[request.param], GRAPHS[request.param]
    sensitivity = measure_sensitivity(model, graph, survey(model, graph, WINDOWS), WINDOWS[:6])
    return graph, sensitivity, frontier(graph, sensitivity)


def totals(graph, sensitivity, placement):
    """Squared noise and cost, summed over every tensor."""
    effect = Effect(graph, sensitivity)
    return np.sum([effect.of_tensor(tensor, placement) for tensor in graph.activations], axis=0)


def assert_kept_books(graph, sensitivity, steps):
    _, all_int8 = totals(graph, sensitivity, [Arithmetic.INT8] * len(graph.operators))
    for step in steps:
        noise, cost = totals(graph, sensitivity, step.placement)
        assert step.noise == pytest.approx(np.sqrt(noise), rel=1e-9)
        assert step.cost == pytest.approx(cost / all_int8, rel=1e-9)


def assert_carriers_follow(graph, placement):
    for number, operator in enumerate(graph.operators):
        if operator.kind in CARRIERS:
            writer = graph.writer.get(operator.inputs[0])
            is_int8 = writer is not None and placement[writer] is Arithmetic.INT8
            assert placement[number] is (Arithmetic.INT8 if is_int8 else Arithmetic.FLOAT)


@every_graph
@settings(max_examples=5)
@given(seed=seeds)
def test_whatever_was_measured_the_cost_falls_from_step_to_step(graph, seed):
    costs = [step.cost for step in frontier(graph, any_sensitivity(graph, seed))]
    assert all(cheaper < dearer for dearer, cheaper in pairwise(costs))
    assert len(costs) > 3


@every_graph
@settings(max_examples=5)
@given(seed=seeds)
def test_whatever_was_measured_each_step_has_the_noise_and_the_cost_of_its_placement(graph, seed):
    sensitivity = any_sensitivity(graph, seed)
    assert_kept_books(graph, sensitivity, frontier(graph, sensitivity))


@every_graph
@settings(max_examples=5)
@given(seed=seeds)
def test_whatever_was_measured_every_operator_has_an_arithmetic_it_may_have(graph, seed):
    for step in frontier(graph, any_sensitivity(graph, seed)):
        assert_carriers_follow(graph, step.placement)
        assert all(how in allowed(op) for op, how in zip(graph.operators, step.placement, strict=True))


def test_as_measured_the_books_are_kept_too(measured):
    assert_kept_books(*measured)


def test_the_first_step_is_the_most_exact(measured):
    _, _, steps = measured
    assert min(steps, key=lambda step: step.noise) is steps[0]


def test_the_last_step_costs_no_more_than_int8_throughout_and_a_good_deal_less_than_the_first(measured):
    _, _, steps = measured
    assert steps[-1].cost <= 1.0 + 1e-9
    assert steps[-1].cost < 0.8 * steps[0].cost


def test_from_the_last_step_no_operator_saves_time_by_becoming_int8(measured):
    graph, sensitivity, steps = measured
    _, cost = totals(graph, sensitivity, steps[-1].placement)
    for unit in find_units(graph):
        changed = list(steps[-1].placement)
        for number in unit:
            changed[number] = Arithmetic.INT8
        assert totals(graph, sensitivity, changed)[1] >= cost - 1e-6


def test_arithmetic_only_ever_becomes_coarser_but_for_what_is_carried(measured):
    graph, _, steps = measured
    kept = [number for number, operator in enumerate(graph.operators) if operator.kind not in CARRIERS]
    for before, after in pairwise(steps):
        assert all(after.placement[number] >= before.placement[number] for number in kept)


def test_an_activation_function_is_decided_as_one(measured):
    graph, _, steps = measured
    for number, operator in enumerate(graph.operators):
        (reader, *others) = graph.readers.get(operator.output, (number,))
        if operator.kind == "LOGISTIC" and not others and set(operator.inputs) & set(graph.operators[reader].inputs):
            assert all(step.placement[number] is step.placement[reader] for step in steps)


def test_names_play_no_part(measured):
    graph, sensitivity, steps = measured
    renamed = replace(graph, names=tuple(str(hash(name)) for name in graph.names))
    assert frontier(renamed, sensitivity) == steps


def test_the_same_measurement_gives_the_same_steps(measured):
    graph, sensitivity, steps = measured
    assert frontier(graph, sensitivity) == steps


def test_a_fully_connected_layer_is_never_dynamic():
    heads = [op for graph in GRAPHS.values() for op in graph.operators if op.kind == "FULLY_CONNECTED"]
    assert len(heads) == len(GRAPHS)
    assert all(Arithmetic.DYNAMIC not in allowed(head) for head in heads)


def test_a_convolution_of_many_weights_is_never_float_and_a_small_one_may_be():
    graph = GRAPHS["plain stack"]
    by_name = {graph.names[op.output]: allowed(op) for op in graph.operators}
    assert by_name["t9"] == {Arithmetic.DYNAMIC, Arithmetic.INT8}
    assert by_name["t8"] == set(Arithmetic)
    assert by_name["t4"] == {Arithmetic.FLOAT, Arithmetic.INT8}


def test_where_a_network_is_all_small_layers_the_first_step_is_float_throughout():
    graph = GRAPHS["net1d"]
    first = frontier(graph, any_sensitivity(graph, 0))[0]
    assert set(first.placement) == {Arithmetic.FLOAT}
    assert first.noise == 0


steps_of_any_kind = st.lists(
    st.builds(Step, st.floats(0, 0.1), st.floats(0.5, 10), st.just(())), min_size=1, max_size=12, unique=True
)


@given(steps_of_any_kind, st.floats(0, 0.1))
def test_the_cheapest_within_a_noise_is_within_it_and_nothing_within_it_is_cheaper(steps, noise):
    chosen = cheapest_within(steps, noise)
    within = [step for step in steps if step.noise <= noise]
    assert chosen in (within or [steps[0]])
    assert all(chosen.cost <= step.cost for step in within)


@given(steps_of_any_kind, st.floats(0, 0.1), st.floats(0, 0.1))
def test_who_allows_more_noise_pays_no_more(steps, one, other):
    less, more = sorted((one, other))
    if any(step.noise <= less for step in steps):
        assert cheapest_within(steps, more).cost <= cheapest_within(steps, less).cost


def test_by_default_little_noise_is_allowed(measured):
    _, _, steps = measured
    assert cheapest_within(steps) == cheapest_within(steps, SMALL_NOISE)


@every_graph
def test_every_operator_belongs_to_one_unit_but_for_those_that_hand_values_on(graph):
    found = sorted(number for unit in find_units(graph) for number in unit)
    assert found == [number for number, operator in enumerate(graph.operators) if operator.kind not in CARRIERS]


@every_graph
def test_neighbours_are_two_units_each_pair_once(graph):
    units = find_units(graph)
    pairs = neighbours(graph, units)
    assert all(0 <= i < j < len(units) for i, j in pairs)
    assert len(set(pairs)) == len(pairs)


def unit_of(graph, name):
    """Names of what is decided together with the tensor named."""
    number = graph.writer[graph.names.index(name)]
    (unit,) = (unit for unit in find_units(graph) if number in unit)
    return {graph.names[graph.operators[member].output] for member in unit}


def test_a_swish_is_one_unit_with_or_without_a_scale():
    assert unit_of(GRAPHS["net1d"], "first/swish") == {"first/swish", "first/sig"}
    assert unit_of(GRAPHS["net1d equalised"], "first/swish") == {"first/swish", "first/sig", "first/scale"}
    assert unit_of(GRAPHS["plain stack"], "t5") == {"t5", "t6"}


def test_a_gate_and_a_residual_are_no_activation_functions():
    stack = GRAPHS["plain stack"]
    assert unit_of(stack, "t3") == {"t3"}  # added to what it reads
    assert unit_of(stack, "t11") == {"t11"}  # multiplied with that whose mean it reads


def test_the_scale_of_a_swish_makes_no_other_units():
    plain, scaled = GRAPHS["net1d"], GRAPHS["net1d equalised"]
    named = [
        {frozenset(graph.names[graph.operators[i].output] for i in unit) for unit in find_units(graph)}
        for graph in (plain, scaled)
    ]
    without = {frozenset(name for name in unit if not name.endswith("/scale")) for unit in named[1]}
    assert without == named[0]


def test_what_is_behind_a_pool_is_a_neighbour_of_what_is_before_it():
    graph = GRAPHS["plain stack"]
    units = find_units(graph)
    by_name = {graph.names[graph.operators[n].output]: i for i, unit in enumerate(units) for n in unit}
    assert tuple(sorted((by_name["t5"], by_name["t8"]))) in neighbours(graph, units)


def two_readers():
    """A tensor that a convolution and an addition read."""
    graph = Graph("test")
    x = graph.input("x", (1, 1, 4, 1))
    one = np.ones((1, 1, 1), np.float32)
    y = graph.conv("y", x, one, np.zeros(1, np.float32))
    z = graph.conv("z", y, one, np.zeros(1, np.float32))
    return read_operators(graph.to_bytes(x, graph.add("sum", z, y)))


READ_TWICE = two_readers()
STATIC, DYNAMIC = np.array([[1.0, 10.0], [10.0, 100.0]]), np.array([[0.5, 7.0], [7.0, 90.0]])
FLOAT, HYBRID, INT8 = Arithmetic


@pytest.mark.parametrize(
    ("y", "z", "added", "noise"),
    [
        (FLOAT, FLOAT, FLOAT, 0.0),
        (FLOAT, INT8, FLOAT, 1.0),
        (FLOAT, FLOAT, INT8, 100.0),
        (FLOAT, INT8, INT8, 121.0),
        (INT8, FLOAT, FLOAT, 121.0),
        (INT8, INT8, FLOAT, 121.0),
        (FLOAT, HYBRID, FLOAT, 0.5),
        (FLOAT, HYBRID, INT8, 100.5),
        (INT8, HYBRID, FLOAT, 121.5),
    ],
)
def test_a_tensor_harms_through_those_readers_that_take_it_rounded(y, z, added, noise):
    tensor = READ_TWICE.names.index("y")
    nothing = {other: np.zeros((1, 1)) for other in READ_TWICE.activations}
    effect = Effect(READ_TWICE, Sensitivity({**nothing, tensor: STATIC}, {tensor: DYNAMIC}))
    assert effect.of_tensor(tensor, [y, z, added])[0] == noise
