"""A shipped pack beside its peers, small: what is found, not how fast it was."""

import numpy as np
import pytest

from benchmarks.peers.micro import run_in_micro
from benchmarks.peers.shipped import OURS, measure_shipped
from benchmarks.peers.truths import labelled_truth, truth_of
from benchmarks.peers.variants import Runtime, Variant
from converter.errors import ConversionError
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from edge.preprocess import ECGFOUNDER

INPUTS = np.random.default_rng(0).normal(size=(2, 2560)).astype(np.float32)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return measure_shipped(SHIPPED_WAVES, tmp_path_factory.mktemp("peers"), n_windows=8, n_rounds=2)


def test_every_runtime_that_is_there_has_a_row_with_its_accuracy_beside_its_time(found):
    assert found.rows[0].name == OURS
    assert found.rows[0].to_ours.value == 1.0
    by_name = {row.name: row for row in found.rows}
    assert by_name[found.reference].spearman == pytest.approx((1.0, 1.0))
    assert all(row.truth is not None and row.truth > 0.95 for row in found.rows)
    assert all(row.spearman[1] > 0.9 for row in found.rows)


def test_the_rate_of_a_row_and_its_share_of_the_peak_are_of_the_same_work(found):
    ours = found.rows[0]
    assert ours.share_of_peak == pytest.approx(found.macs / 1e6 / ours.ms.value / found.int8_gmacs)
    assert found.macs == 18_585_600


def test_what_is_not_installed_is_named_with_the_way_to_bring_it(found):
    assert found.versions.keys() & found.missing.keys() == set()
    assert {"onnxruntime", "torch", "tflite-runtime"} <= found.versions.keys() | found.missing.keys()


def test_tflite_micro_tells_its_arena_and_stays_within_the_packs_tolerance():
    pytest.importorskip("tflite_micro", reason="TFLite Micro has no wheel for this machine")
    found = run_in_micro(SHIPPED_WAVES, INPUTS)
    assert found.arena_bytes > found.activations_bytes > 2560
    assert found.most_steps <= read_any_pack(SHIPPED_WAVES).self_test.tolerance


@pytest.mark.parametrize(("pack", "least"), [(SHIPPED_WAVES, 0.97), (SHIPPED, 0.6)], ids=["waves", "demonstration"])
def test_a_shipped_pack_holds_against_its_truth_and_noise_does_not(pack, least):
    truth = truth_of(read_any_pack(pack), 48)
    run = Variant(OURS, Runtime.LITERT, pack).open(1)
    outputs = np.concatenate([run(window[None]) for window in truth.inputs])
    assert truth.score(outputs) > least
    assert truth.score(np.random.default_rng(0).permutation(outputs)) < truth.score(outputs)


def test_labelled_windows_beside_a_checkpoint_are_its_truth_and_none_are_none(tmp_path):
    assert labelled_truth(tmp_path / "test.npz", ECGFOUNDER, 2, 8) is None
    labels = np.array([[0, 1], [1, 0], [1, 1], [0, 0]] * 2)
    millivolts = np.random.default_rng(0).normal(size=(8, 5000)).astype(np.float32)
    np.savez(tmp_path / "test.npz", millivolts=millivolts, labels=labels)
    truth = labelled_truth(tmp_path / "test.npz", ECGFOUNDER, 2, 8)
    assert truth.score(labels.astype(np.float32)) == 1.0
    assert truth.score(1.0 - labels.astype(np.float32)) == 0.0
    with pytest.raises(ConversionError, match="is read"):
        labelled_truth(tmp_path / "test.npz", ECGFOUNDER, 3, 8)
