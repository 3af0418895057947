"""The training command from end to end, at toy size."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from converter.ecgfounder.checkpoint import read_checkpoint
from converter.training.data import OUTPUTS, Cohort, Dataset, make_dataset
from edge.heart import Heart

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra `train`")

from converter.training.demonstration import NETWORK, fold_calibration, main  # noqa: E402
from converter.training.fit import Recipe, fit, logits_of, masked_cross_entropy  # noqa: E402
from converter.training.network import Net1D  # noqa: E402

TOY = ("--training-subjects", "6", "--validation-subjects", "6", "--test-subjects", "6", "--epochs", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("demonstration")
    main([*TOY, "--threads", "1", "-o", str(into)])
    return into


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return make_dataset(Heart(4), Cohort(0, 6, draws=4, windows=1))


def test_the_checkpoint_is_one_the_converter_reads(folder: Path) -> None:
    assert read_checkpoint(folder / "checkpoint.npz").config == NETWORK


def test_the_outputs_have_a_threshold_each_and_say_which_are_controls(folder: Path) -> None:
    rows = json.loads((folder / "outputs.json").read_text())
    assert [row["id"] for row in rows] == [output.id for output in OUTPUTS]
    assert all(0.0 < row["threshold"] < 1.0 for row in rows)
    assert [row["control"] for row in rows] == [output.control for output in OUTPUTS]


def test_the_log_says_that_it_is_a_demonstration_and_how_it_was_made(folder: Path) -> None:
    log = json.loads((folder / "training.json").read_text())
    assert "DEMONSTRATION" in log["notice"]
    assert "SYNTHETIC" in log["notice"]
    assert log["plan"]["seed"] == 0
    assert len(log["epochs"]) == 1
    cohorts = [log["plan"][name] for name in ("training", "validation", "test")]
    ends = [c["first_subject"] + c["n_subjects"] for c in cohorts]
    assert ends[0] <= cohorts[1]["first_subject"]
    assert ends[1] <= cohorts[2]["first_subject"]


def test_a_seed_gives_the_same_weights_again(folder: Path, tmp_path: Path) -> None:
    main([*TOY, "--threads", "1", "-o", str(tmp_path)])
    first, again = (np.load(where / "checkpoint.npz") for where in (folder, tmp_path))
    for name in first.files:
        np.testing.assert_array_equal(first[name], again[name])


def test_hidden_labels_do_not_count() -> None:
    logits, labels = torch.tensor([[1.0, -2.0]]), torch.tensor([[1.0, float("nan")]])
    expected = -np.log(expit(1.0))
    assert masked_cross_entropy(logits, labels).item() == pytest.approx(expected, rel=1e-5)


def test_training_lowers_the_loss_and_leaves_no_hook_behind(dataset: Dataset) -> None:
    torch.manual_seed(0)
    network = Net1D(NETWORK)
    epochs = list(fit(network, dataset, dataset, Recipe(epochs=4, batch_size=8), seed=0))
    assert epochs[-1].wave_loss < epochs[0].wave_loss
    assert not any(module._forward_hooks for module in network.modules())


def test_calibration_is_folded_into_the_last_layer(dataset: Dataset) -> None:
    torch.manual_seed(0)
    network = Net1D(NETWORK)
    before = logits_of(network, dataset.inputs)
    fold_calibration(network, before, dataset.labels)
    after = logits_of(network, dataset.inputs)
    np.testing.assert_allclose(expit(after).mean(axis=0), dataset.labels.mean(axis=0), atol=0.02)
    assert (np.diff(after[np.argsort(before[:, 0]), 0]) >= -1e-6).all()
