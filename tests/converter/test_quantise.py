"""A quantised graph's operators have the arithmetic that was asked for, each by its name and no other's."""

import numpy as np
import pytest
from ai_edge_litert import interpreter as litert
from hypothesis import given, settings
from hypothesis import strategies as st

from converter.activations import survey
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.operators import read_operators
from converter.quantise import Mode, quantise, quantise_dynamic, quantise_full, quantise_placed
from converter.sensitivity.effect import Arithmetic, allowed
from converter.sensitivity.units import CARRIERS
from edge.interpreter import open_interpreter
from tests.converter.networks import SMALL, random_weights

N_SAMPLES = 64
INPUTS = np.random.default_rng(0).normal(0, 1, (8, N_SAMPLES)).astype(np.float32)
FLOAT, HYBRID, INT8 = Arithmetic


def chain(names):
    """Convolutions of three channels in a row, one of each name, and a head."""
    random = np.random.default_rng(1)
    graph = Graph("test")
    signal = graph.input("x", (1, N_SAMPLES))
    x = graph.reshape("in4d", signal, (1, 1, N_SAMPLES, 1))
    for name in names:
        weights = random.normal(0, 1, (3, x.shape[-1], 3)).astype(np.float32)
        x = graph.conv(name, x, weights, np.full(3, 0.1, np.float32))
    x = graph.mean_over_time("gap", x, keep_dims=False)
    head = graph.fully_connected("dense", x, random.normal(0, 1, (2, 3)).astype(np.float32), np.zeros(2, np.float32))
    return graph.to_bytes(signal, head)


class Quantised:
    """The types that a quantised graph's tensors have."""

    def __init__(self, model):
        self.model = model
        run = litert.Interpreter(model_content=model)
        self._dtypes = {detail["name"]: detail["dtype"] for detail in run.get_tensor_details()}
        self.boundary = tuple(details[0]["dtype"] for details in (run.get_input_details(), run.get_output_details()))

    def arithmetic(self, name):
        """How the operator that writes a tensor computes."""
        if self._dtypes[name] is np.int8:
            return INT8
        return HYBRID if self._dtypes.get(f"{name}/w") is np.int8 else FLOAT


class Network:
    """A float graph with the ranges of its tensors."""

    def __init__(self, model):
        self.model, self.graph = model, read_operators(model)
        self.ranges = survey(model, self.graph, INPUTS)

    def placed(self, placement):
        return Quantised(quantise_placed(self.model, self.graph, self.ranges, placement))

    def placement(self, **by_name):
        """Float, but for the operators named."""
        return [by_name.get(self.graph.names[operator.output], FLOAT) for operator in self.graph.operators]

    def found(self, quantised):
        """The arithmetic of each operator but the last, whose output is float on any account."""
        return {name: quantised.arithmetic(name) for name in self.written}

    @property
    def written(self):
        return [self.graph.names[op.output] for op in self.graph.operators if op.output != self.graph.output]


NET1D = Network(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), N_SAMPLES))
AWKWARD = ["c1", "c10", "c1.0", "c1/c1", "c.", "a|b", "(c1)", "[c]+", "^c1$", "c1\\d", "xc1", "ä*"]
AWKWARD_NETWORK = Network(chain(AWKWARD))


def followed(graph, placement):
    """The placement with what hands values on made to follow what it reads."""
    for number, operator in enumerate(graph.operators):
        if operator.kind in CARRIERS:
            writer = graph.writer.get(operator.inputs[0])
            placement[number] = INT8 if writer is not None and placement[writer] is INT8 else FLOAT
    return placement


@settings(max_examples=15)
@given(st.data())
def test_every_operator_of_a_net1d_has_the_arithmetic_it_was_given(data):
    graph = NET1D.graph
    placement = followed(graph, [data.draw(st.sampled_from(sorted(allowed(op)))) for op in graph.operators])
    given_to = {graph.names[op.output]: how for op, how in zip(graph.operators, placement, strict=True)}
    assert NET1D.found(NET1D.placed(placement)) == {name: given_to[name] for name in NET1D.written}


@settings(max_examples=15)
@given(st.lists(st.sampled_from(Arithmetic), min_size=len(AWKWARD), max_size=len(AWKWARD)))
def test_names_that_look_like_patterns_or_begin_alike_are_told_apart(arithmetics):
    by_name = dict(zip(AWKWARD, arithmetics, strict=True))
    found = AWKWARD_NETWORK.found(AWKWARD_NETWORK.placed(AWKWARD_NETWORK.placement(**by_name)))
    assert {name: found[name] for name in AWKWARD} == by_name


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("how", [HYBRID, INT8])
def test_one_operator_alone_is_quantised_and_its_neighbours_are_not(name, how):
    found = AWKWARD_NETWORK.found(AWKWARD_NETWORK.placed(AWKWARD_NETWORK.placement(**{name: how})))
    assert {other for other, which in found.items() if which is not FLOAT} == {name}


@pytest.mark.parametrize("how", [FLOAT, INT8])
def test_input_and_output_stay_float_whatever_is_between(how):
    assert NET1D.placed([how] * len(NET1D.graph.operators)).boundary == (np.float32, np.float32)


def test_all_in_float_computes_what_the_float_graph_computes():
    placed = NET1D.placed([FLOAT] * len(NET1D.graph.operators))
    said, expected = (open_interpreter(model).invoke(INPUTS[0]) for model in (placed.model, NET1D.model))
    np.testing.assert_array_equal(said, expected)


@pytest.mark.parametrize("name", ["s0b0/c1", "s1b0/add", "first/swish"])
def test_int8_holds_exactly_the_range_that_calibration_found(name):
    placed = NET1D.placed(NET1D.placement(**{name: INT8}))
    run = litert.Interpreter(model_content=placed.model)
    scale, zero_point = next(d["quantization"] for d in run.get_tensor_details() if d["name"] == name)
    tensor = NET1D.graph.names.index(name)
    lowest, highest = (-128 - zero_point) * scale, (127 - zero_point) * scale
    assert scale == pytest.approx((NET1D.ranges.highest[tensor] - NET1D.ranges.lowest[tensor]) / 255, rel=1e-5)
    assert lowest == pytest.approx(NET1D.ranges.lowest[tensor], abs=scale)
    assert highest == pytest.approx(NET1D.ranges.highest[tensor], abs=scale)


@pytest.mark.parametrize("how", [HYBRID, INT8])
def test_the_same_placement_gives_the_same_bytes(how):
    placement = [max(how if how in allowed(op) else FLOAT, FLOAT) for op in NET1D.graph.operators]
    assert NET1D.placed(placement).model == NET1D.placed(placement).model


def test_in_full_every_tensor_is_int8_and_so_are_input_and_output():
    full = Quantised(quantise_full(NET1D.model, NET1D.graph, NET1D.ranges))
    assert set(NET1D.found(full).values()) == {INT8}
    assert full.boundary == (np.int8, np.int8)


def test_in_dynamic_all_convolutions_are_but_that_of_one_channel():
    dynamic = Quantised(quantise_dynamic(NET1D.model, NET1D.graph))
    kinds = {NET1D.graph.names[op.output]: op.kind for op in NET1D.graph.operators}
    wide = {name for name, kind in kinds.items() if kind == "CONV_2D"} - {"first"}
    assert {name for name, how in NET1D.found(dynamic).items() if how is HYBRID} == wide
    assert INT8 not in NET1D.found(dynamic).values()
    assert dynamic.boundary == (np.float32, np.float32)


def test_in_float_the_model_is_what_it_was():
    assert quantise(NET1D.model, Mode.FLOAT, INPUTS) is NET1D.model


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_gives_the_same_bytes_every_time(mode):
    assert quantise(NET1D.model, mode, INPUTS) == quantise(NET1D.model, mode, INPUTS)


def test_mixed_is_nearer_to_float_than_full_is():
    models = {mode: quantise(NET1D.model, mode, INPUTS) for mode in (Mode.MIXED, Mode.FULL)}
    expected = NET1D.ranges.logits
    run = open_interpreter(models[Mode.MIXED])
    mixed = np.stack([run.invoke(x)[0] for x in INPUTS])
    run = open_interpreter(models[Mode.FULL])
    full = np.stack(
        [run.output.quantisation.dequantise(run.invoke(run.input.quantisation.quantise(x))[0]) for x in INPUTS]
    )
    assert np.std(mixed - expected) < np.std(full - expected)


def test_each_mode_has_its_word_in_the_manifest():
    assert {mode: mode.as_manifest for mode in Mode} == {
        Mode.FULL: "static_int8",
        Mode.MIXED: "mixed",
        Mode.DYNAMIC: "dynamic",
        Mode.FLOAT: "float",
    }
