"""Train the demonstration network: ``python -m converter.training.demonstration -o DIR``.

DEMONSTRATION, trained on SYNTHETIC hearts: its figures say that the product works from end to end, and
nothing about any patient. It writes ``checkpoint.npz`` (weights under ECGFounder's names), ``outputs.json``
(what each output asks, its threshold and how well it answers) and ``training.json`` (all that was done, and
with what).
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from scipy.special import expit

from converter.ecgfounder.net1d import Net1DConfig
from converter.training.data import OUTPUTS, TRAINING_NOISE, WAVE_FEATURES, Cohort, Dataset, make_dataset
from converter.training.evaluate import calibrate, mean_by, pooled, within_subject, youden_threshold
from converter.training.fit import Epoch, Recipe, fit, logits_of
from converter.training.network import Net1D
from edge.heart import Heart

NETWORK: Final = Net1DConfig(
    base_filters=16,
    filter_list=(16, 32, 32, 48, 64, 64, 96),
    m_blocks_list=(1, 1, 1, 1, 1, 1, 1),
    kernel_size=16,
    stride=2,
    groups_width=16,
    n_outputs=len(OUTPUTS),
)
"""ECGFounder's seven stages at a two-hundredth of its weights."""
NOTICE: Final = (
    "DEMONSTRATION: trained and tested on SYNTHETIC hearts; the relations to potassium and calcium are modelled. "
    "No patient's data was used. Not for any medical purpose."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Parameters
    ----------
    seed
        Of the hearts, the initial weights and the order of training.
    training, validation, test
        Three cohorts without a common subject.
    missing_share
        Of the training labels that are hidden.
    recipe
        Of the training.
    threads
        Of the CPU.
    """

    seed: int
    training: Cohort
    validation: Cohort
    test: Cohort
    missing_share: float
    recipe: Recipe
    threads: int


@dataclass(frozen=True, slots=True)
class Result:
    """A trained network and what is known of it.

    Parameters
    ----------
    weights
        State dict, float32, calibrated: the sigmoid of a logit is a probability.
    outputs
        One row for each output, ready to be written as JSON.
    epochs
        Of the training.
    wall_s
        Seconds of each stage.
    """

    weights: dict[str, NDArray[np.float32]]
    outputs: list[dict[str, Any]]
    epochs: list[Epoch]
    wall_s: dict[str, float]


def train(plan: Plan, progress: Progress) -> Result:
    """Make the examples, train, calibrate and evaluate.

    Parameters
    ----------
    plan
        How much.
    progress
        Shown while it runs.
    """
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(plan.seed)
    began = perf_counter()
    training, validation, test = _cohorts(plan, progress)
    made = perf_counter()
    network = Net1D(NETWORK)
    task = progress.add_task("training", total=plan.recipe.epochs * len(training))
    epochs = []
    for epoch in fit(
        network, training, validation, plan.recipe, seed=plan.seed, advance=lambda n: progress.advance(task, n)
    ):
        progress.console.print(
            f"epoch {epoch.number}: training loss {epoch.training_loss:.4f}, waves {epoch.wave_loss:.4f}, "
            f"validation loss {epoch.validation_loss:.4f}, {epoch.wall_s:.0f} s"
        )
        epochs.append(epoch)
    trained = perf_counter()
    fold_calibration(network, logits_of(network, validation.inputs), validation.labels)
    prevalences = np.nanmean(training.labels, axis=0).tolist()
    outputs = [
        row | {"prevalence": p}
        for row, p in zip(evaluate(network, validation, test, plan.seed), prevalences, strict=True)
    ]
    wall_s = {"examples": made - began, "training": trained - made, "evaluation": perf_counter() - trained}
    weights = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    return Result(weights, outputs, epochs, wall_s)


def _cohorts(plan: Plan, progress: Progress) -> tuple[Dataset, ...]:
    cohorts = (plan.training, plan.validation, plan.test)
    task = progress.add_task("examples", total=sum(len(cohort.keys) for cohort in cohorts))
    return tuple(
        make_dataset(
            Heart(plan.seed),
            cohort,
            missing_share=plan.missing_share if cohort is plan.training else 0.0,
            advance=lambda n: progress.advance(task, n),
        )
        for cohort in cohorts
    )


def fold_calibration(network: Net1D, logits: NDArray[np.float32], labels: NDArray[np.float32]) -> None:
    """Scale the last layer, in place, so that the sigmoid of each logit is a calibrated probability.

    Parameters
    ----------
    network
        Whose `dense` is scaled.
    logits, labels
        Of validation subjects, shape (n, n_outputs).
    """
    fitted = [calibrate(logits[:, i].astype(np.float64), labels[:, i] > 0) for i in range(labels.shape[1])]
    slope, offset = torch.tensor(fitted, dtype=torch.float32).T
    with torch.no_grad():
        network.dense.weight.mul_(slope[:, None])
        network.dense.bias.mul_(slope).add_(offset)


def evaluate(network: Net1D, validation: Dataset, test: Dataset, seed: int) -> list[dict[str, Any]]:
    """Set thresholds on the validation subjects and measure on the test subjects.

    Parameters
    ----------
    network
        Calibrated.
    validation, test
        Of subjects the network never saw.
    seed
        Of the intervals.

    Returns
    -------
    list
        One row for each output; None where a cohort is too small to measure.
    """
    scores = logits_of(network, test.inputs).astype(np.float64)
    tuned_on = expit(logits_of(network, validation.inputs).astype(np.float64))
    draws = np.stack([test.subjects, test.draws], axis=1)
    rows = []
    for i, output in enumerate(OUTPUTS):
        labels, score = test.labels[:, i] > 0, scores[:, i]
        row = {key: value for key, value in asdict(output).items() if key != "values"} | {
            "threshold": youden_threshold(tuned_on[:, i], validation.labels[:, i] > 0),
            "test_prevalence": float(labels.mean()),
            "mean_probability": float(expit(score).mean()),
            "logit_range": [float(score.min()), float(score.max())],
        }
        by_draw, by_draw_labels = mean_by(score, draws), mean_by(labels.astype(np.float64), draws) > 0
        for name, measured in (
            ("auroc_pooled", pooled(score, labels, test.subjects, seed=seed)),
            ("auroc_within_subject", within_subject(score, labels, test.subjects, seed=seed)),
            ("auroc_mean_of_a_draw", pooled(by_draw, by_draw_labels, np.unique(draws, axis=0)[:, 0], seed=seed)),
        ):
            value, *interval = (None if np.isnan(x) else x for x in (measured.value, measured.low, measured.high))
            row |= {name: value, f"{name}_interval": interval}
        rows.append(row)
    return rows


def write(result: Result, plan: Plan, folder: Path) -> None:
    """Write the three files.

    Parameters
    ----------
    result, plan
        What came out, and how.
    folder
        Made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = dict(result.weights)
    np.savez(folder / "checkpoint.npz", **arrays)
    (folder / "outputs.json").write_text(json.dumps(result.outputs, indent=2) + "\n")
    log = {
        "notice": NOTICE,
        "plan": asdict(plan),
        "network": asdict(NETWORK) | {"n_parameters": sum(weights.size for weights in result.weights.values())},
        "noise": asdict(TRAINING_NOISE),
        "second_task": WAVE_FEATURES,
        "epochs": [asdict(epoch) for epoch in result.epochs],
        "outputs": result.outputs,
        "wall_s": result.wall_s,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("numpy", "scipy", "torch")},
    }
    (folder / "training.json").write_text(json.dumps(log, indent=2) + "\n")


def parse_plan(arguments: Sequence[str]) -> tuple[Plan, Path]:
    """Read the command line: what to do, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.demonstration", description=NOTICE)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the three files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--training-subjects", type=int, default=1200)
    parser.add_argument("--validation-subjects", type=int, default=200)
    parser.add_argument("--test-subjects", type=int, default=250)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    validated, tested = options.training_subjects, options.training_subjects + options.validation_subjects
    plan = Plan(
        seed=options.seed,
        training=Cohort(0, options.training_subjects, draws=8, windows=2),
        validation=Cohort(validated, options.validation_subjects, draws=8, windows=2),
        test=Cohort(tested, options.test_subjects, draws=10, windows=2),
        missing_share=0.1,
        recipe=replace(Recipe(), epochs=options.epochs),
        threads=options.threads,
    )
    return plan, options.output


def main(arguments: Sequence[str]) -> None:
    """Train, write, and say what came out."""
    plan, folder = parse_plan(arguments)
    console = Console(stderr=True)
    console.print(NOTICE)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        result = train(plan, progress)
    write(result, plan, folder)
    for row in result.outputs:
        kind = " (control)" if row["control"] else ""
        console.print(f"{row['name']}{kind}: AUROC {row['auroc_pooled']}, within subject {row['auroc_within_subject']}")
    console.print(f"{folder / 'checkpoint.npz'} written")


if __name__ == "__main__":
    main(sys.argv[1:])
