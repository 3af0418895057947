"""The command that trains a full-size checkpoint, from end to end at toy size."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converter.ecgfounder.checkpoint import Checkpoint, read_checkpoint
from converter.ecgfounder.net1d import ECGFOUNDER
from converter.labels import Labels, read_labels
from converter.training.data import Cohort
from tests.converter.networks import SMALL

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra `train`")

from converter.training.fit_stream import Course  # noqa: E402
from converter.training.full_size import Plan, parse_plan, run  # noqa: E402
from converter.training.network import Net1D  # noqa: E402
from converter.training.published import published_state_dict, ridge_head  # noqa: E402

TOY = Plan(
    seed=5,
    config=replace(SMALL, n_outputs=7),
    course=Course(steps=4, minutes=None, batch_size=8),
    reference=Cohort(0, 40, draws=1, windows=1),
    validation=Cohort(40, 10, draws=2, windows=1),
    test=Cohort(50, 12, draws=2, windows=1),
    head_windows=24,
    threads=1,
    device="cpu",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    into = tmp_path_factory.mktemp("full_size")
    run(TOY, into)
    return into


@pytest.fixture(scope="module")
def checkpoint(folder) -> Checkpoint:
    return read_checkpoint(folder / "checkpoint.pth", n_outputs=7)


@pytest.fixture(scope="module")
def labels(folder) -> Labels:
    return read_labels(folder / "labels.csv")


@pytest.fixture(scope="module")
def log(folder) -> dict:
    return json.loads((folder / "training.json").read_text())


def test_the_checkpoint_is_one_the_converter_reads_with_batch_normalisation_left_aside(checkpoint):
    assert checkpoint.config == TOY.config
    assert len(checkpoint.ignored) == 5 * (1 + 3 * 4)
    assert not checkpoint.batch_norm_trained


def test_the_checkpoint_keeps_what_a_training_script_keeps(folder):
    kept = torch.load(folder / "checkpoint.pth", weights_only=True)
    assert kept.keys() == {"state_dict", "epoch", "optimizer"}
    assert kept["optimizer"]["state"]


def test_the_full_size_has_the_parameters_of_the_published_file():
    state = published_state_dict(Net1D(ECGFOUNDER), ECGFOUNDER)
    parameters = [tensor for name, tensor in state.items() if name.endswith((".weight", ".bias"))]
    assert sum(tensor.numel() for tensor in parameters) == 30_764_700


def test_the_stressed_head_is_large_upon_the_same_backbone(folder, checkpoint):
    stressed = read_checkpoint(folder / "stressed.pth", n_outputs=7)
    for name, weights in checkpoint.weights.items():
        assert name.startswith("dense.") or np.array_equal(weights, stressed.weights[name])
    size, usual = (np.abs(c.weights["dense.weight"]).max() for c in (stressed, checkpoint))
    assert size > 10 * usual


def test_a_smaller_ridge_gives_a_larger_head_that_fits_its_windows_better():
    random = np.random.default_rng(0)
    features = (random.normal(size=(90, 4)) @ random.normal(size=(4, 30)) * 0.1).astype(np.float32) + 3
    features += random.normal(size=features.shape).astype(np.float32) * 1e-4
    answers = (random.random((90, 2)) < 0.3).astype(np.uint8)
    (weak, weak_bias), (strong, strong_bias) = (ridge_head(features, answers, ridge=r) for r in (1e-9, 1e-2))
    wanted = 4.0 * answers - 2.0
    assert np.abs(weak).max() > 50 * np.abs(strong).max()
    assert (
        np.square(features @ weak.T + weak_bias - wanted).mean()
        < np.square(features @ strong.T + strong_bias - wanted).mean()
    )


def test_the_labels_are_read_without_a_warning_and_call_themselves_synthetic(folder, labels):
    assert (len(labels.outputs), labels.warnings) == (7, ())
    assert all("SYNTHETIC" in output.name for output in labels.outputs)
    assert "SYNTHETIC" in (folder / "labels.csv").read_text().splitlines()[0]


def test_thresholds_and_prevalences_are_those_of_the_log(labels, log):
    for output, row in zip(labels.outputs, log["outputs"], strict=True):
        assert (output.threshold, output.prevalence) == pytest.approx((row["threshold"], row["prevalence"]), abs=1e-4)


def test_no_subject_is_in_two_splits(folder):
    trained = TOY.training_keys(0, 4 * 8)[:, 0].tolist()
    splits = [cohort.keys[:, 0].tolist() for cohort in (TOY.reference, TOY.validation, TOY.test)]
    subjects = [subject for split in (trained, *map(set, splits)) for subject in split]
    assert len(subjects) == len(set(subjects))
    assert set(np.load(folder / "test.npz")["subjects"].tolist()) == set(splits[2])


def test_the_test_windows_are_kept_as_millivolts_with_their_labels(folder):
    kept = np.load(folder / "test.npz")
    assert (kept["millivolts"].dtype, kept["millivolts"].shape) == (np.float32, (24, 5000))
    assert (kept["labels"].dtype, kept["labels"].shape) == (np.uint8, (24, 7))


def test_the_log_says_that_it_is_synthetic_and_how_it_was_made(log):
    assert "SYNTHETIC" in log["notice"]
    assert (log["steps"], log["windows"], len(log["losses"])) == (4, 32, 4)
    assert log["auroc"]["min"] <= log["auroc"]["median"] <= log["auroc"]["max"]


def test_as_many_steps_give_the_same_weights_again(checkpoint, tmp_path):
    run(TOY, tmp_path)
    again = read_checkpoint(tmp_path / "checkpoint.pth").weights
    assert all(np.array_equal(again[name], weights) for name, weights in checkpoint.weights.items())


def test_a_course_of_no_time_ends_after_its_first_step(tmp_path):
    run(replace(TOY, course=Course(steps=None, minutes=1e-9, batch_size=2)), tmp_path)
    assert json.loads((tmp_path / "training.json").read_text())["steps"] == 1


def test_the_rate_rises_and_then_falls_to_nothing():
    course = Course(steps=100, minutes=None, warm_up=10, learning_rate=1.0)
    rates = [course.rate(done, course.share(done, 0.0)) for done in range(101)]
    assert rates[0] < 0.11
    assert np.argmax(rates) == 9
    assert rates[100] == pytest.approx(0.0)


@pytest.mark.parametrize(("steps", "minutes"), [(None, None), (3, 1.0)])
def test_a_course_is_measured_in_steps_or_in_minutes(steps, minutes):
    with pytest.raises(ValueError, match="steps or so many minutes"):
        Course(steps, minutes)


def test_the_command_trains_the_published_shape_on_as_many_outputs():
    plan, folder = parse_plan(["-o", "there", "--steps", "7"])
    assert (plan.config, plan.course.steps, plan.course.minutes) == (ECGFOUNDER, 7, None)
    assert folder == Path("there")
