"""The shipped packs as C on this machine: equal to TFLite Micro bit for bit, on their own windows and random ones."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from converter.patch.execute import execute
from converter.patch.export import export
from converter.patch.reading import read_network
from converter.patch.translate import Options, Source
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.converter.patch.built import (
    SANITIZED,
    fastest,
    needs_gcc,
    needs_tflm,
    outputs_of,
    program,
    ran,
    random_inputs,
    tflm_outputs,
    write,
)
from tests.converter.patch.record_tflm import RANDOM

PACKS = {"demonstration": SHIPPED, "waves": SHIPPED_WAVES}
RECORDED = json.loads((Path(__file__).parent / "recorded_tflm.json").read_text(encoding="utf-8"))
"""SHA-256 of TFLite Micro's outputs for `RANDOM` random inputs, and for the first `FEWER`; record_tflm.py writes it."""
WITH_WHEEL = 40

pytestmark = needs_gcc


@pytest.fixture(scope="module", params=PACKS)
def exported(request, tmp_path_factory):
    pack = read_any_pack(PACKS[request.param])
    folder = write(tmp_path_factory.mktemp(request.param), export(Source.of_pack(pack), Options()).files)
    return pack, folder, program(folder, fastest())


@needs_tflm
def test_on_the_packs_own_windows_c_numpy_and_tflite_micro_agree(exported):
    pack, _, binary = exported
    inputs = pack.self_test.inputs
    expected = tflm_outputs(pack.model, inputs)
    assert np.array_equal(execute(read_network(pack.model), inputs), expected)
    assert np.array_equal(outputs_of(binary, inputs), expected)


def test_on_a_thousand_random_inputs_the_c_gives_what_tflite_micro_gave(exported):
    pack, _, binary = exported
    recorded = RECORDED[pack.manifest.model_sha256]
    outputs = outputs_of(binary, random_inputs(RANDOM, pack.self_test.inputs.shape[1]))
    assert hashlib.sha256(outputs.tobytes()).hexdigest() == recorded["sha256"][str(RANDOM)]


@needs_tflm
def test_some_of_them_are_run_by_tflite_micro_and_numpy_again(exported):
    pack, _, binary = exported
    inputs = random_inputs(RANDOM, pack.self_test.inputs.shape[1])[:WITH_WHEEL]
    expected = tflm_outputs(pack.model, inputs)
    assert np.array_equal(outputs_of(binary, inputs), expected)
    assert np.array_equal(execute(read_network(pack.model), inputs), expected)


def test_sanitizers_find_nothing_from_device_counts_to_outputs(exported):
    pack, folder, _ = exported
    binary = program(folder, SANITIZED)
    windows = pack.self_test.windows_uv
    outputs = np.frombuffer(ran(binary, b"w", windows), np.int8).reshape(len(windows), -1)
    assert np.array_equal(outputs, outputs_of(binary, _preprocessed(binary, windows)))
    assert np.frombuffer(ran(binary, b"t", [np.zeros(0)]), np.uint32).tolist() == [0]


def test_the_preprocessing_is_within_a_step_of_floating_point(exported):
    pack, _, binary = exported
    made = _preprocessed(binary, pack.self_test.windows_uv)
    assert np.abs(made.astype(int) - pack.self_test.inputs.astype(int)).max() <= 1


def _preprocessed(binary, windows):
    return np.frombuffer(ran(binary, b"p", windows), np.int8).reshape(len(windows), -1)
