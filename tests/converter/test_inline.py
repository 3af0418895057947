"""Constants behind a flatbuffer come back into it."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from converter.distil.emit import emit, random_weights
from converter.distil.family import scaled
from converter.inline import inlined
from converter.patch.export import export
from converter.patch.translate import Options, Source
from converter.quantise import Mode, quantise
from edge.interpreter import open_interpreter
from tests.converter.distil.networks import SMALL

WIDE = scaled(1.5, 1, 3, 125)


@pytest.fixture(scope="module")
def outside():
    """A model large enough for the quantizer to put its constants behind it."""
    windows = np.random.default_rng(0).normal(0, 1, (8, 125)).astype(np.float32)
    return quantise(emit(random_weights(WIDE, 0), WIDE), Mode.FULL, windows)


def buffers(model):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model)).buffers


def test_no_constant_is_left_behind_and_the_model_says_the_same(outside):
    assert any(buffer.offset > 1 for buffer in buffers(outside))
    inside = inlined(outside)
    assert not any(buffer.offset > 1 for buffer in buffers(inside))
    runs = [open_interpreter(model) for model in (outside, inside)]
    x = np.random.default_rng(1).integers(-128, 128, 125).astype(np.int8)
    np.testing.assert_array_equal(runs[0].invoke(x), runs[1].invoke(x))


def test_tflite_micro_runs_what_has_its_constants_inside(outside):
    micro = pytest.importorskip("tflite_micro", reason="TFLite Micro has no wheel for this machine")
    run = micro.runtime.Interpreter.from_bytes(inlined(outside))
    run.set_input(np.zeros((1, 125), np.int8), 0)
    run.invoke()
    assert run.get_output(0).shape == (1, 3)


def test_what_is_written_for_tflite_micro_has_its_constants_inside(outside):
    written = export(Source.of_model(outside, "wide"), Options(self_test=False)).files["tflm/model.tflite"]
    assert not any(buffer.offset > 1 for buffer in buffers(written))


def test_a_model_with_its_constants_inside_stays_as_it_is():
    model = emit(random_weights(SMALL, 0), SMALL)
    assert inlined(model) is model
