"""The shipped packs on a patch: their self-test's inputs from C, and what the difference does to the outputs."""

import numpy as np
import pytest

from converter.patch.contract import preprocessing_source
from edge.interpreter import open_interpreter
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.converter.patch.contracts import COUNT_PV, Compiled, compiled, hearts, needs_gcc

pytestmark = needs_gcc


@pytest.fixture(scope="module", params=[SHIPPED, SHIPPED_WAVES], ids=lambda path: path.stem)
def pack(request):
    return read_any_pack(request.param)


@pytest.fixture(scope="module")
def patch(pack, tmp_path_factory) -> Compiled:
    quantisation = open_interpreter(pack.model).input.quantisation
    contract = pack.manifest.preprocessing.as_preprocessing()
    return compiled(tmp_path_factory.mktemp("pack"), contract, quantisation, contract.rate_hz)


def test_the_self_tests_inputs_come_from_its_windows(pack, patch):
    counts = np.round(pack.self_test.windows_uv * (1e6 / COUNT_PV)).astype(np.int32)
    steps = np.abs(patch.run(counts).astype(np.int64) - pack.self_test.inputs)
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.02  # a count is not a whole number of microvolts


def test_the_outputs_are_those_of_the_gateways_preprocessing_to_a_few_steps(pack, patch):
    interpreter = open_interpreter(pack.model)
    counts = hearts(12, patch.rate_hz, patch.source.window_samples, seed=5)

    def outputs(inputs: np.ndarray) -> np.ndarray:
        return np.concatenate([interpreter.invoke(row.reshape(interpreter.input.shape)) for row in inputs])

    steps = np.abs(outputs(patch.run(counts)).astype(np.int64) - outputs(patch.expected(counts)))
    assert steps.max() <= 3
    assert (steps > 0).mean() < 0.01


def test_the_tables_of_both_packs_are_small(pack):
    contract = pack.manifest.preprocessing.as_preprocessing()
    quantisation = open_interpreter(pack.model).input.quantisation
    source = preprocessing_source(contract, quantisation, device_rate_hz=contract.rate_hz, picovolts_per_count=COUNT_PV)
    assert source.table_bytes < 700
