"""The shipped packs as C on emulated cores: what TFLite Micro gives, bit for bit."""

import hashlib
import os

import numpy as np
import pytest

from converter.patch.export import export, write_folder
from converter.patch.toolchain import Core, run
from converter.patch.translate import Options, Source
from edge.pack import read_any_pack
from tests.converter.patch.built import needs_tflm, random_inputs, tflm_outputs
from tests.converter.patch.record_tflm import FEWER, RANDOM
from tests.converter.patch.test_c_of_shipped_packs import PACKS, RECORDED
from tests.emulated.on_core import TIMEOUT_S, outputs_of, program

ALL = "ANYECG_ALL_WINDOWS" in os.environ
"""QEMU emulates MVE slowly: a Cortex-M55 is given the first quarter of the random windows unless this is set."""

pytestmark = pytest.mark.usefixtures("toolchain")


@pytest.fixture(scope="module", params=PACKS)
def exported(request, tmp_path_factory):
    pack = read_any_pack(PACKS[request.param])
    folder = tmp_path_factory.mktemp(request.param)
    write_folder(folder, export(Source.of_pack(pack), Options()).files)
    return pack, folder


@needs_tflm
def test_on_the_packs_own_windows_it_gives_what_tflite_micro_gives(core, exported):
    pack, folder = exported
    inputs = pack.self_test.inputs
    assert np.array_equal(outputs_of(program(folder, core), core, inputs), tflm_outputs(pack.model, inputs))


def test_on_random_inputs_it_gives_what_tflite_micro_gave(core, exported):
    pack, folder = exported
    n = FEWER if core is Core.CORTEX_M55 and not ALL else RANDOM
    outputs = outputs_of(program(folder, core), core, random_inputs(n, pack.self_test.inputs.shape[1]))
    recorded = RECORDED[pack.manifest.model_sha256]["sha256"]
    assert hashlib.sha256(outputs.tobytes()).hexdigest() == recorded[str(n)]


def test_from_device_counts_the_self_test_finds_nothing(core, exported):
    _, folder = exported
    said = run(program(folder, core), core, b"t", timeout_s=TIMEOUT_S)
    assert np.frombuffer(said, np.uint32).tolist() == [0]


def test_a_cortex_m7_gives_the_same_on_the_packs_own_windows(exported):
    pack, folder = exported
    inputs = pack.self_test.inputs
    ours = outputs_of(program(folder, Core.CORTEX_M7), Core.CORTEX_M7, inputs)
    assert np.array_equal(ours, outputs_of(program(folder, Core.CORTEX_M4), Core.CORTEX_M4, inputs))
