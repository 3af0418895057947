"""The last step of the demonstration pack, from what training leaves to a measured int8 pack; without torch."""

import json

import numpy as np
import pytest

from converter.ecgfounder.net1d import Net1DConfig
from converter.training.pack import main
from edge.model import open_model
from edge.pack import SHIPPED, read_pack
from tests.converter.networks import random_weights

NETWORK = Net1DConfig(
    base_filters=16, filter_list=(16, 32), m_blocks_list=(1, 1), kernel_size=16, stride=2, groups_width=16, n_outputs=6
)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """An untrained network packed as the trained one is, its outputs all declared controls; and its log."""
    folder = tmp_path_factory.mktemp("training")
    log = json.loads(SHIPPED.with_suffix(".training.json").read_text(encoding="utf-8"))
    log["plan"]["test"] |= {"n_subjects": 8, "draws": 8, "windows": 1}
    log["outputs"] = [row | {"control": True} for row in log["outputs"]]
    (folder / "training.json").write_text(json.dumps(log), encoding="utf-8")
    np.savez(folder / "checkpoint.npz", **random_weights(NETWORK, seed=5))
    main([str(folder), "-o", str(folder / "packed.tflite")])
    packed_log = json.loads((folder / "packed.training.json").read_text(encoding="utf-8"))
    return read_pack(folder / "packed.tflite"), packed_log


def test_the_pack_of_training_passes_its_self_test(packed):
    assert open_model(packed[0]).pack is packed[0]


def test_the_pack_of_training_says_that_it_is_a_demonstration_on_synthetic_data(packed):
    manifest = packed[0].manifest
    assert (manifest.provenance.demonstration, "SYNTHETIC" in manifest.provenance.training_data) == (True, True)


def test_the_manifests_figures_are_those_of_the_int8_model_in_the_log(packed):
    pack, log = packed
    measured = [round(log["int8"]["outputs"][o.id]["auroc_pooled"]["value"], 4) for o in pack.manifest.outputs]
    assert [output.auroc_pooled for output in pack.manifest.outputs] == measured


def test_the_shipped_pack_is_the_one_its_log_speaks_of():
    pack = read_pack(SHIPPED)
    log = json.loads(SHIPPED.with_suffix(".training.json").read_text(encoding="utf-8"))
    assert (pack.parity["auroc"], len(pack.model)) == (log["int8"]["outputs"], log["int8"]["model_bytes"])


def test_the_shipped_pack_is_no_larger_than_400_kilobytes():
    assert SHIPPED.stat().st_size <= 400_000


@pytest.mark.parametrize("output", [o for o in read_pack(SHIPPED).manifest.outputs if o.control], ids=lambda o: o.id)
def test_the_interval_of_each_negative_control_of_the_shipped_pack_includes_one_half(output):
    figures = read_pack(SHIPPED).parity["auroc"][output.id]["auroc_pooled"]
    assert figures["low"] <= 0.5 <= figures["high"]
