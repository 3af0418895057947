import numpy as np
import pytest

from benchmarks.growth.widen import with_outputs
from edge.model import open_model
from edge.pack import SHIPPED, ModelPack, read_pack


@pytest.mark.parametrize("n", [1, 5, 17])
def test_a_pack_with_other_outputs_passes_its_self_test_and_gives_those_it_had(n):
    pack = read_pack(SHIPPED)
    widened = ModelPack.from_bytes(with_outputs(pack, n).to_bytes())
    before, after = open_model(pack), open_model(widened)
    signal = before.preprocess(np.random.default_rng(0).normal(size=before.contract.window_samples))
    had = [estimate.probability for estimate in before.decode(before.infer(before.quantise(signal)))]
    has = [estimate.probability for estimate in after.decode(after.infer(after.quantise(signal)))]
    assert has == [had[i % len(had)] for i in range(n)]
