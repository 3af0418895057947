from dataclasses import replace
from importlib.util import find_spec

import flatbuffers
import numpy as np
import pytest
from ai_edge_quantizer import qtyping, quantizer, recipe_manager

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.graph import Graph
from converter.quantise import _quiet
from converter.target import Target
from edge import interpreter
from edge.errors import PackError, PackFault, RuntimeUnavailable
from edge.interpreter import installed_runtimes, open_interpreter
from edge.quant import Quantisation
from tests.converter.networks import SMALL, random_weights
from tests.edge.batches import stating_its_batch
from tests.golden.make import one_operator_model


class Loaded:
    """What tflite-runtime says of a loaded model, as far as the guard asks."""

    def __init__(self, *operators, dtypes):
        self._operators = operators
        self._dtypes = dtypes

    def get_tensor_details(self):
        return [{"index": i, "dtype": dtype} for i, dtype in enumerate(self._dtypes)]

    def _get_ops_details(self):
        return [{"op_name": name, "inputs": np.array(inputs)} for name, inputs in self._operators]


SMALL_CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=3))


def convolutions_and_activations():
    """Three convolutions with a HARD_SWISH and a RELU between them, as operators of their own."""
    weights, bias = np.random.default_rng(0).normal(0, 1, (8, 8, 3)).astype(np.float32), np.zeros(8, np.float32)
    graph = Graph("activations")
    signal = graph.input("x", (1, 1, 20, 8))
    x = graph.conv("c1", signal, weights, bias)
    x = graph._operator("HARD_SWISH", "swish", [x], x.shape)
    x = graph.conv("c2", x, weights, bias)
    x = graph._operator("RELU", "relu", [x], x.shape)
    return graph.to_bytes(signal, graph.conv("c3", x, weights, bias))


def static_int8(float_model, shape, but=()):
    """The model in int8, but for operators whose outputs are named."""
    everything = qtyping.TFLOperationName.ALL_SUPPORTED
    recipe = recipe_manager.RecipeManager()
    recipe.add_static_config(regex=".*", operation_name=everything, activation_num_bits=8, weight_num_bits=8)
    for name in but:
        recipe.add_quantization_config(regex=name, operation_name=everything, algorithm_key="no_quantize")
    work = quantizer.Quantizer(float_model)
    work.load_quantization_recipe(recipe.get_quantization_recipe())
    draws = np.random.default_rng(0)
    inputs = [{"x": draws.normal(0, 1, (1, *shape)).astype(np.float32)} for _ in range(4)]
    with _quiet():
        return bytes(work.quantize(work.calibrate({"serving_default": inputs})).quantized_model)


def readable(run, tensor):
    try:
        run._raw.get_tensor(tensor)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("runtime", "family"), [("litert", "litert/xnnpack"), ("reference", "tflite/reference"), (None, "litert/xnnpack")]
)
def test_each_runtime_names_its_kernels(small_pack, runtime, family):
    assert open_interpreter(small_pack.model, runtime=runtime).kernel_family == family


def test_a_model_says_what_it_takes_and_gives(small_pack):
    run = open_interpreter(small_pack.model)
    assert (run.input.shape, run.input.dtype, run.output.shape) == ((1, 5000), np.int8, (1, 3))


def test_a_full_int8_pack_is_one_partition_on_litert(small_pack):
    execution = open_interpreter(small_pack.model).execution
    assert (execution.undelegated, execution.partitions) == ({}, 1)
    assert execution.delegated == sum(execution.operators.values())
    assert execution.operators["CONV_2D"] == 21


def test_the_reference_kernels_run_every_operator_one_by_one(small_pack):
    execution = open_interpreter(small_pack.model, runtime="reference").execution
    assert (execution.delegated, execution.partitions) == (0, 0)
    assert execution.undelegated == execution.operators == open_interpreter(small_pack.model).execution.operators


def test_a_graph_of_float_and_int8_operators_is_one_partition_on_litert():
    model = static_int8(emit(SMALL_CHECKPOINT, 500), (500,), but=(r"/add", r"^gap", r"^dense"))
    execution = open_interpreter(model).execution
    assert (execution.undelegated, execution.partitions) == ({}, 1)
    assert (execution.delegated, execution.operators["QUANTIZE"], execution.operators["DEQUANTIZE"]) == (89, 3, 7)


def test_operators_that_the_delegate_leaves_are_told_by_name():
    execution = open_interpreter(static_int8(convolutions_and_activations(), (1, 20, 8))).execution
    assert execution.operators == {"CONV_2D": 3, "HARD_SWISH": 1, "RELU": 1}
    assert execution.undelegated == {"HARD_SWISH": 1, "RELU": 1}
    assert (execution.delegated, execution.partitions) == (3, 3)


def test_in_float_the_same_operators_are_all_delegated():
    execution = open_interpreter(convolutions_and_activations()).execution
    assert (execution.undelegated, execution.delegated, execution.partitions) == ({}, 5, 1)


def test_a_path_round_what_is_left_belongs_to_the_partitions_it_joins():
    """XNNPACK splits into four parts at most; the residual goes round this SPLIT, from one partition to the last."""
    checkpoint = Checkpoint.of_state_dict(random_weights(replace(SMALL, filter_list=(16, 16, 64)), seed=3))
    execution = open_interpreter(emit(checkpoint, 500, target=Target.TFLITE_RUNTIME)).execution
    assert execution.undelegated == {"SPLIT": 1, "CONCATENATION": 1}
    assert (execution.delegated, execution.partitions) == (sum(execution.operators.values()) - 2, 3)


def test_what_is_delegated_has_no_memory_of_its_own_but_where_a_partition_ends():
    """Another way to tell, which needs a run: a tensor inside a partition is the delegate's, and cannot be read."""
    model = static_int8(convolutions_and_activations(), (1, 20, 8))
    run = open_interpreter(model)
    run.invoke(np.zeros((1, 1, 20, 8), np.int8))
    nodes = run._raw._get_ops_details()
    ends = {int(tensor) for node in nodes if node["op_name"] == "DELEGATE" for tensor in node["outputs"]}
    made = [int(node["outputs"][0]) for node in nodes if node["op_name"] != "DELEGATE"]
    assert sum(tensor in ends or not readable(run, tensor) for tensor in made) == run.execution.delegated


def test_an_int8_tensor_says_how_it_is_quantised():
    run = open_interpreter(one_operator_model("DEQUANTIZE", 0.25, -7, 4))
    assert (run.input.quantisation, run.output.quantisation) == (Quantisation(0.25, -7), None)


def test_outputs_stay_as_they_were_when_the_model_runs_again():
    run = open_interpreter(one_operator_model("DEQUANTIZE", 0.25, 0, 2))
    first = run.invoke(np.array([4, 8], np.int8))
    run.invoke(np.array([0, 0], np.int8))
    np.testing.assert_array_equal(first, [[1.0, 2.0]])


def test_the_same_input_gives_the_same_bits(small_pack):
    run, x = open_interpreter(small_pack.model), small_pack.self_test.inputs[0]
    np.testing.assert_array_equal(run.invoke(x), run.invoke(x))


@pytest.fixture(scope="module", params=["int8", "float and int8", "float"])
def network(request, small_pack):
    """A small network as each kind of pack has it."""
    match request.param:
        case "int8":
            return small_pack.model
        case "float and int8":
            return static_int8(emit(SMALL_CHECKPOINT, 5000), (5000,), but=(r"/add", r"^gap", r"^dense"))
        case _:
            return emit(SMALL_CHECKPOINT, 5000)


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_several_inputs_together_give_the_bits_each_gives_alone(network, small_pack, runtime):
    run = open_interpreter(network, runtime=runtime)
    x = small_pack.self_test.inputs.astype(run.input.dtype)
    alone = np.concatenate([run.invoke(window) for window in x])
    for n in range(1, len(x) + 1):
        np.testing.assert_array_equal(run.invoke_batch(x[:n]), alone[:n])
    np.testing.assert_array_equal(run.invoke(x[0]), alone[:1])


@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_a_model_that_states_its_batch_takes_no_other_and_runs_as_before(small_pack, runtime):
    run, x = open_interpreter(stating_its_batch(small_pack).model, runtime=runtime), small_pack.self_test.inputs
    alone = [run.invoke(window) for window in x]
    with pytest.raises(
        PackError, match=r"takes \(1, 5000\), and cannot be made to take \(4, 5000\) - run its"
    ) as caught:
        run.invoke_batch(x[:4])
    assert caught.value.fault is PackFault.MODEL_MISMATCH
    np.testing.assert_array_equal([run.invoke(window) for window in x], alone)


def test_loading_resizing_and_running_say_nothing_on_the_screen(small_pack, capfd):
    run, x = open_interpreter(stating_its_batch(small_pack).model), small_pack.self_test.inputs
    with pytest.raises(PackError):
        run.invoke_batch(x[:2])
    run.invoke(x[0])
    assert capfd.readouterr() == ("", "")


def test_a_runtime_nobody_knows_is_refused_with_what_to_do(small_pack):
    with pytest.raises(RuntimeUnavailable, match=r"abacus is installed .* - pip install ai-edge-litert"):
        open_interpreter(small_pack.model, runtime="abacus")


@pytest.mark.skipif(find_spec("tflite_runtime") is not None, reason="tflite-runtime is installed here")
def test_a_runtime_that_is_not_installed_is_refused(small_pack):
    with pytest.raises(RuntimeUnavailable, match="tflite-runtime is installed"):
        open_interpreter(small_pack.model, runtime="tflite-runtime")


def test_the_installed_runtimes_are_those_that_open(small_pack):
    families = {open_interpreter(small_pack.model, runtime=name).kernel_family for name in installed_runtimes()}
    assert len(families) == len(installed_runtimes())


def test_a_model_with_two_outputs_is_none_of_ours():
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(one_operator_model("QUANTIZE", 0.25, 0, 2), 0)
    model.subgraphs[0].outputs = [1, 0]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(PackError, match="has 2 outputs where one is expected") as caught:
        open_interpreter(bytes(builder.Output()))
    assert caught.value.fault is PackFault.MODEL_MISMATCH


@pytest.mark.parametrize("model", [b"", b"TFL3", b"\x1c\0\0\0TFL3" + bytes(40), b"not a model at all"])
def test_bytes_that_are_no_model_are_refused(model):
    with pytest.raises(PackError) as caught:
        open_interpreter(model)
    assert caught.value.fault is PackFault.CORRUPT


@pytest.mark.parametrize(
    ("operator", "why"),
    [("CONV_2D", "which nobody has checked on tflite-runtime"), ("FULLY_CONNECTED", "which .* computes wrongly")],
)
def test_a_float_layer_with_int8_weights_is_not_trusted_to_tflite_runtime(operator, why):
    graph = Loaded(("RESHAPE", [0, 1]), (operator, [0, 1, 2]), dtypes=[np.float32, np.int8, np.float32])
    with pytest.raises(RuntimeUnavailable, match=f"{why}.* - convert it with --mode full"):
        interpreter._refuse_dynamic_range(graph)


@pytest.mark.parametrize("operator", ["CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize(
    "dtypes", [[np.float32, np.float32, np.float32], [np.int8, np.int8, np.int32]], ids=["float", "int8"]
)
def test_float_and_int8_layers_are_trusted_to_tflite_runtime(operator, dtypes):
    interpreter._refuse_dynamic_range(Loaded((operator, [0, 1, 2]), dtypes=dtypes))


def test_a_small_pack_passes_the_guard_of_tflite_runtime(small_pack):
    from ai_edge_litert import interpreter as litert

    raw = litert.Interpreter(model_content=small_pack.model)
    interpreter._refuse_dynamic_range(raw)
