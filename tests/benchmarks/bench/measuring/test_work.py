"""What there is to do in a window, off the runtime's lists, against the converter's own count in the manifest."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench.measuring.peak import PRODUCT
from benchmarks.bench.measuring.work import work_of
from benchmarks.peers.work import macs
from converter.graph import Graph
from edge.pack import SHIPPED, SHIPPED_WAVES, ModelPack, read_any_pack
from tests.converter.networks import ECGFOUNDER_SHAPE, SMALL


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES], ids=lambda path: path.stem)
def test_shipped_packs_take_the_macs_that_their_manifests_state(path: Path) -> None:
    pack = read_any_pack(path)
    needs = pack.manifest.patch
    assert needs is not None
    work = work_of(pack.model)
    assert work.macs == sum(n for kind, n in needs.macs.items() if kind != "elementwise")
    assert sorted(work.operators) == list(needs.operators)
    assert 0 < work.weight_bytes < len(pack.model)


def test_a_converted_net1d_takes_the_macs_that_its_shape_says(small_pack: ModelPack) -> None:
    """The shape's count is the one by which the full-size network has 1.140 GMAC."""
    assert work_of(small_pack.model).macs == macs(SMALL, small_pack.manifest.preprocessing.window_samples)
    assert macs(ECGFOUNDER_SHAPE, 5000) / 1e9 == pytest.approx(1.140, abs=5e-4)


def test_the_product_of_the_peak_is_what_its_shape_says() -> None:
    work = work_of(PRODUCT.read_bytes())
    assert work.macs == 512 * 512 * 128
    assert work.weight_bytes == 512 * 128 + 4 * 128  # and an int32 bias for each output


def test_a_convolution_in_groups_multiplies_within_them() -> None:
    graph = Graph("groups")
    x = graph.input("x", (1, 1, 100, 32))
    y = graph.conv("conv", x, np.zeros((64, 8, 5), np.float32), np.zeros(64, np.float32))
    assert work_of(graph.to_bytes(x, y)).macs == 100 * 64 * 8 * 5
