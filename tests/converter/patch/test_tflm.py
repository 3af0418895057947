"""What is written for TFLite Micro itself, and what is known of its kernels."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from converter.distil.emit import untrained
from converter.patch.export import export
from converter.patch.interpreter_memory import interpreter_arena
from converter.patch.lint import Severity, lint
from converter.patch.reading import SUPPORTED, operator_names, read_network, tensor_count
from converter.patch.readme import least_positive
from converter.patch.tflm import convention
from converter.patch.translate import Options, Source
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from edge.quant import Quantisation
from tests.converter.patch.built import needs_tflm, write
from tests.converter.patch.int8_models import SAME, VALID, Int8Model, random_model

THEIR_RESOLVER = """
#pragma once
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
#define TF_LITE_ENSURE_STATUS(a) do { const TfLiteStatus s = (a); if (s != kTfLiteOk) { return s; } } while (0)
namespace tflite {
template <unsigned int n> struct MicroMutableOpResolver {
METHODS
};
}
"""


@pytest.fixture(scope="module", params=[SHIPPED, SHIPPED_WAVES])
def written(request):
    source = Source.of_pack(read_any_pack(request.param))
    return source, export(source, Options(self_test=False)).files


def test_the_array_is_the_model_to_the_last_byte(written):
    source, files = written
    body = files["tflm/anyecg_tflm_model.cc"].split("{", 1)[1]
    assert bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2}),", body)) == source.model
    assert files["tflm/model.tflite"] == source.model


def test_every_operator_is_registered_once_and_no_other(written):
    source, files = written
    registered = re.findall(r"resolver\.Add(\w+)\(\)", files["tflm/anyecg_tflm_model.h"])
    asked = [name.replace("_", "").lower() for name in operator_names(source.model)]
    assert [name.lower() for name in registered] == asked
    assert f"MicroMutableOpResolver<{len(asked)}>" in files["tflm/anyecg_tflm_model.h"]


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed: the C++ is not compiled")
def test_it_compiles_as_cpp17(written, tmp_path):
    _, files = written
    folder = write(tmp_path, files)
    names = [re.sub(r"(^|_)(\w)", lambda m: m[2].upper(), name.lower()).replace("2d", "2D") for name in SUPPORTED]
    methods = "\n".join(f"  TfLiteStatus Add{name}() {{ return kTfLiteOk; }}" for name in names)
    theirs = folder / "theirs/tensorflow/lite/micro/micro_mutable_op_resolver.h"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(THEIR_RESOLVER.replace("METHODS", methods))
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Itheirs"]
    done = subprocess.run(
        [*command, "tflm/anyecg_tflm_model.cc"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@needs_tflm
@pytest.mark.parametrize("seed", range(6))
def test_the_arena_that_is_stated_is_enough_even_with_pointers_twice_as_long(seed):
    from tflite_micro.python.tflite_micro import runtime

    model = random_model(seed)
    network = read_network(model)
    arena = interpreter_arena(network, tensor_count(model))
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena.head_bytes + 2 * arena.tail_bytes)
    interpreter.set_input(np.zeros(interpreter.get_input_details(0)["shape"], np.int8), 0)
    interpreter.invoke()


def padded(kernel, stride, width=40, groups=1, padding=SAME, channels=4):
    m = Int8Model()
    x = m.input(width, channels)
    return read_network(m.to_bytes(x, m.conv(x, 4, kernel, stride, groups, padding)))


@pytest.mark.parametrize(
    ("network", "is_known"),
    [
        (padded(7, 2), True),
        (padded(5, 2), True),
        (padded(6, 2), False),
        (padded(7, 2, width=157), False),
        (padded(7, 1), False),
        (padded(3, 2), False),
        (padded(7, 2, padding=VALID), False),
        (padded(7, 2, groups=4), False),
        (padded(8, 3), True),
        (padded(7, 2, channels=1), False),
        (padded(7, 2, width=4), False),
    ],
)
def test_the_mve_kernel_that_errs_is_known_by_its_padding(network, is_known):
    wrong = [found for found in lint(network) if found.severity is Severity.WRONG]
    assert bool(wrong) == is_known


def test_a_student_avoids_it():
    assert {found.severity for found in lint(read_network(untrained(0)))} == {Severity.SLOW}


def test_a_layer_that_never_fired_is_told():
    m = Int8Model()
    x = m.input(10, 4, scale=1e-10)
    (found,) = lint(read_network(m.to_bytes(x, m.conv(x, 3))))
    assert found.severity is Severity.REFUSED


def test_findings_stand_in_the_folder():
    source = Source.of_pack(read_any_pack(SHIPPED_WAVES))
    network = read_network(source.model)
    files = convention(source.model, network, source.identity, lint(network)).files
    assert files["tflm/LINT.md"].count("wrong results") == 1


def test_the_int8_value_that_counts_as_positive_reaches_the_threshold():
    plain = {"threshold": 0.5, "logit_scale": 1.0, "logit_offset": 0.0}
    row = read_any_pack(SHIPPED).manifest.outputs[0].model_copy(update=plain)
    assert least_positive(row, Quantisation(0.1, -3)) == "-3"
    assert least_positive(row.model_copy(update={"threshold": 0.999}), Quantisation(0.01, 0)) == "never"
    assert least_positive(row.model_copy(update={"logit_offset": 1.0}), Quantisation(0.5, 0)) == "-2"
