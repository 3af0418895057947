from importlib.util import find_spec

import flatbuffers
import numpy as np
import pytest

from edge import interpreter
from edge.errors import PackError, PackFault, RuntimeUnavailable
from edge.interpreter import installed_runtimes, open_interpreter
from edge.quant import Quantisation
from tests.golden.make import one_operator_model


class Graph:
    """What tflite-runtime says of a loaded model, as far as the guard asks."""

    def __init__(self, *operators, dtypes):
        self._operators = operators
        self._dtypes = dtypes

    def get_tensor_details(self):
        return [{"index": i, "dtype": dtype} for i, dtype in enumerate(self._dtypes)]

    def _get_ops_details(self):
        return [{"op_name": name, "inputs": np.array(inputs)} for name, inputs in self._operators]


@pytest.mark.parametrize(
    ("runtime", "family"), [("litert", "litert/xnnpack"), ("reference", "tflite/reference"), (None, "litert/xnnpack")]
)
def test_each_runtime_names_its_kernels(small_pack, runtime, family):
    assert open_interpreter(small_pack.model, runtime=runtime).kernel_family == family


def test_a_model_says_what_it_takes_and_gives(small_pack):
    run = open_interpreter(small_pack.model)
    assert (run.input.shape, run.input.dtype, run.output.shape) == ((1, 5000), np.int8, (1, 3))


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


def test_loading_and_running_say_nothing_on_the_screen(small_pack, capfd):
    open_interpreter(small_pack.model).invoke(small_pack.self_test.inputs[0])
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


def test_a_float_convolution_with_int8_weights_is_not_trusted_to_tflite_runtime():
    graph = Graph(("RESHAPE", [0, 1]), ("CONV_2D", [0, 1, 2]), dtypes=[np.float32, np.int8, np.float32])
    with pytest.raises(RuntimeUnavailable, match="computes wrongly - convert it with --mode full"):
        interpreter._refuse_hybrid_convolution(graph)


@pytest.mark.parametrize(
    "dtypes", [[np.float32, np.float32, np.float32], [np.int8, np.int8, np.int32]], ids=["float", "int8"]
)
def test_float_and_int8_convolutions_are_trusted_to_tflite_runtime(dtypes):
    interpreter._refuse_hybrid_convolution(Graph(("CONV_2D", [0, 1, 2]), dtypes=dtypes))


def test_a_small_pack_passes_the_guard_of_tflite_runtime(small_pack):
    from ai_edge_litert import interpreter as litert

    raw = litert.Interpreter(model_content=small_pack.model)
    interpreter._refuse_hybrid_convolution(raw)
