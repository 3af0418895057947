"""Small random networks of every supported operator on emulated cores: what TFLite Micro gives, bit for bit."""

import numpy as np
import pytest

from converter.patch.export import export, write_folder
from converter.patch.toolchain import Build, compile_objects
from converter.patch.translate import Options, Source
from tests.converter.patch.built import needs_tflm, tflm_outputs
from tests.converter.patch.int8_models import random_model
from tests.converter.patch.test_c_of_random_networks import lively_models
from tests.emulated.on_core import outputs_of, program

CHUNKS = (10, 11)
"""Twelve networks each, of other seeds than on the host."""

pytestmark = [pytest.mark.usefixtures("toolchain"), needs_tflm]


@pytest.fixture(scope="module")
def kernels(core, tmp_path_factory):
    """Objects of what is the same in every folder."""
    folder = tmp_path_factory.mktemp(core)
    write_folder(folder, export(Source.of_model(random_model(0), "any"), Options()).files)
    sources = [*sorted(folder.glob("anyecg_kernels*.c")), folder / "anyecg_pad.c"]
    return compile_objects(sources, folder, core, Build(), includes=(folder,))


@pytest.mark.parametrize("chunk", CHUNKS)
def test_random_networks_give_what_tflite_micro_gives(core, chunk, kernels, tmp_path):
    for seed, model, inputs, _ in lively_models(chunk):
        folder = tmp_path / str(seed)
        write_folder(folder, export(Source.of_model(model, f"seed {seed}"), Options()).files)
        ours = outputs_of(program(folder, core, shared=kernels), core, inputs)
        assert np.array_equal(ours, tflm_outputs(model, inputs)), seed
