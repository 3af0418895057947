"""The student's graph, in float and in int8, on the runtimes it is for."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converter.distil.architecture import STUDENT
from converter.distil.contract import PATCH
from converter.distil.emit import emit, random_weights, untrained
from converter.operators import read_operators
from edge.interpreter import open_interpreter
from tests.converter.distil.networks import DEEP, SMALL, student

NETWORKS = {"small": SMALL, "deep": DEEP, "student": STUDENT}
WINDOWS = np.random.default_rng(0).normal(0, 1, (16, 1250)).astype(np.float32)


@pytest.fixture(scope="module")
def int8_student():
    return untrained(0, calibration=WINDOWS)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("runtime", ["litert", "reference"])
def test_the_graph_equals_a_plain_statement_of_the_network(name, seed, runtime):
    architecture = NETWORKS[name]
    weights = random_weights(architecture, seed)
    window = np.random.default_rng(seed).normal(0, 1, architecture.window_samples).astype(np.float32)
    said = open_interpreter(emit(weights, architecture), runtime=runtime).invoke(window)[0]
    np.testing.assert_allclose(said, student(architecture, weights, window), rtol=1e-4, atol=1e-4)


def test_a_window_goes_in_and_logits_come_out_both_int8(int8_student):
    run = open_interpreter(int8_student)
    assert (run.input.shape, run.output.shape) == ((1, PATCH.window_samples), (1, STUDENT.n_outputs))
    assert (run.input.dtype, run.output.dtype) == (np.int8, np.int8)


def test_there_are_no_operators_but_those_a_patch_has(int8_student):
    kinds = [operator.kind for operator in read_operators(emit(random_weights(STUDENT, 0))).operators]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "RESHAPE": 1,
        "CONV_2D": 14,
        "DEPTHWISE_CONV_2D": 5,
        "MEAN": 4,
        "LOGISTIC": 3,
        "MUL": 3,
        "ADD": 2,
        "FULLY_CONNECTED": 2,
    }
    assert sum(open_interpreter(int8_student).execution.operators.values()) == len(kinds)


def test_depthwise_weights_are_quantised_statically_a_scale_a_channel(int8_student):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(int8_student))
    graph = model.subgraphs[0]
    code = schema.BuiltinOperator.DEPTHWISE_CONV_2D
    deep = [op for op in graph.operators if model.operatorCodes[op.opcodeIndex].builtinCode == code]
    assert len(deep) == 5
    for operator in deep:
        read, weights, bias = (graph.tensors[i] for i in operator.inputs)
        channels = read.shape[-1]
        types = schema.TensorType
        assert (read.type, weights.type, bias.type) == (types.INT8, types.INT8, types.INT32)
        assert (len(weights.quantization.scale), weights.quantization.quantizedDimension) == (channels, 3)
        assert not weights.quantization.zeroPoint.any()
        assert len(bias.quantization.scale) == channels


def test_tflite_micro_runs_it_and_says_the_same_but_for_roundings(int8_student):
    micro = pytest.importorskip("tflite_micro", reason="TFLite Micro has no wheel for this machine")
    on_micro, run = micro.runtime.Interpreter.from_bytes(int8_student), open_interpreter(int8_student)
    for window in run.input.quantisation.quantise(WINDOWS[:4]):
        on_micro.set_input(window[None], 0)
        on_micro.invoke()
        np.testing.assert_allclose(on_micro.get_output(0)[0].astype(int), run.invoke(window)[0], rtol=0, atol=6)


def test_without_windows_of_its_own_an_untrained_student_is_calibrated_on_the_synthetic_heart():
    model = untrained(1, SMALL, calibration=WINDOWS[:, :90])
    assert model == untrained(1, SMALL, calibration=WINDOWS[:, :90])
    assert model != untrained(2, SMALL, calibration=WINDOWS[:, :90])
    default = open_interpreter(untrained(1)).input.quantisation
    assert default.scale > 0
    assert default.scale < 0.1  # z-scores reach a few units
