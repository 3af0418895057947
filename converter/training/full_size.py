"""Train a full-size checkpoint briefly: ``python -m converter.training.full_size -o DIR``.

SYNTHETIC: ECGFounder's shape, trained from nothing on synthetic hearts, with 108 questions that have no medical
meaning. It is there to measure a conversion on weights with structure where no fine-tuned checkpoint is at hand.
It writes ``checkpoint.pth`` in the form in which ECGFounder is published, ``stressed.pth`` (the same backbone with an
ill-conditioned head), ``labels.csv``, ``test.npz`` (windows of subjects never trained on) and ``training.json``.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from converter.ecgfounder.net1d import ECGFOUNDER, Net1DConfig
from converter.labels import labels_table
from converter.training.answers import Answered, evaluate, label_rows, summary
from converter.training.data import Cohort
from converter.training.fit import logits_of
from converter.training.fit_stream import Course, Step, fit_stream, optimiser_of
from converter.training.network import Net1D
from converter.training.published import published_state_dict, ridge_head, save_published
from converter.training.questions import Examples, Questionnaire, draw_questions, record
from edge.heart import Heart

NOTICE: Final = (
    "SYNTHETIC: trained briefly, from nothing, on synthetic hearts, to answer questions without medical meaning. "
    "For measuring conversions only. Its labels are filed under LOINC codes that they say nothing about."
)
_SAID_EVERY: Final = 25
"""Steps between two lines of a log."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Parameters
    ----------
    seed
        Of the hearts, the questions and the initial weights.
    config
        Shape of the network; its outputs are the number of questions.
    course
        Of the training.
    reference, validation, test
        Cohorts that set the questions' limits, the thresholds, and the figures; training takes, for each window,
        the next subject after the last of them.
    head_windows
        Of the training, that the ill-conditioned head is fitted to.
    threads, device
        Of the CPU; ``cpu`` or ``cuda``.
    """

    seed: int
    config: Net1DConfig
    course: Course
    reference: Cohort
    validation: Cohort
    test: Cohort
    head_windows: int
    threads: int
    device: str

    def training_keys(self, first: int, n: int) -> NDArray[np.int64]:
        """Keys of n windows of the training from the given one on, shape (n, 3): each of a subject of its own."""
        begin = max(c.first_subject + c.n_subjects for c in (self.reference, self.validation, self.test))
        return Cohort(begin + first, n, draws=1, windows=1).keys


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What came out.

    Parameters
    ----------
    state, stressed
        State dicts in the published form; the second has the ill-conditioned head.
    optimiser
        State of AdamW after the last step.
    steps
        Of the training.
    outputs
        What each asks, and how well it answers.
    test
        Windows never trained on.
    wall_s
        Seconds of each stage.
    """

    state: dict[str, Any]
    stressed: dict[str, Any]
    optimiser: dict[str, Any]
    steps: list[Step]
    outputs: tuple[Answered, ...]
    test: Examples
    wall_s: dict[str, float]


def train(plan: Plan, progress: Progress) -> Result:
    """Draw the questions, train, fit the ill-conditioned head, and evaluate both.

    Parameters
    ----------
    plan
        How much.
    progress
        Shown while it runs.
    """
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(plan.device == "cpu")
    torch.utils.deterministic.fill_uninitialized_memory = False  # filled for nothing: it is written before it is read
    torch.manual_seed(plan.seed)
    began = perf_counter()
    heart = Heart(plan.seed)
    questionnaire = draw_questions(heart, plan.config.n_outputs, plan.reference)
    validation, test = (record(heart, cohort.keys, questionnaire) for cohort in (plan.validation, plan.test))
    made = perf_counter()
    network = Net1D(plan.config).to(plan.device)
    optimiser = optimiser_of(network, plan.course)
    steps = []
    task = progress.add_task("training", total=1.0, step=0, loss=float("nan"))
    for step in fit_stream(network, optimiser, _batches(plan, heart, questionnaire), plan.course):
        steps.append(step)
        progress.update(task, completed=step.share, step=step.number, loss=step.loss)
        if step.number % _SAID_EVERY == 0:
            progress.console.print(f"step {step.number}, {step.share:.0%}: loss {step.loss:.4f}")
    trained = perf_counter()
    network.cpu()
    state = published_state_dict(network, plan.config)
    on_validation, on_test = logits_of(network, validation.inputs, 64), logits_of(network, test.inputs, 64)
    _stress(network, record(heart, plan.training_keys(0, plan.head_windows), questionnaire))
    outputs = evaluate(
        questionnaire.questions,
        _prevalences(steps, plan.course.batch_size),
        (on_validation, validation.labels),
        (on_test, test.labels),
        logits_of(network, test.inputs, 64),
    )
    stressed = published_state_dict(network, plan.config)
    wall_s = {"examples": made - began, "training": trained - made, "evaluation": perf_counter() - trained}
    return Result(state, stressed, optimiser.state_dict(), steps, outputs, test, wall_s)


def _batches(plan: Plan, heart: Heart, questionnaire: Questionnaire) -> Iterator[Examples]:
    size = plan.course.batch_size
    return (record(heart, plan.training_keys(i * size, size), questionnaire) for i in count())


def _prevalences(steps: Sequence[Step], batch_size: int) -> list[float]:
    positives = np.sum([step.positives for step in steps], axis=0)
    return [float(share) for share in positives / (len(steps) * batch_size)]


def _stress(network: Net1D, examples: Examples) -> None:
    """Put the ill-conditioned head in place of the trained one."""
    network.eval()
    with torch.inference_mode():
        features = torch.cat([network.features(x) for x in torch.from_numpy(examples.inputs).split(64)]).numpy()
    weights, biases = ridge_head(features, examples.labels)
    with torch.no_grad():
        network.dense.weight.copy_(torch.from_numpy(weights))
        network.dense.bias.copy_(torch.from_numpy(biases))


def write(result: Result, plan: Plan, folder: Path) -> None:
    """Write the five files.

    Parameters
    ----------
    result, plan
        What came out, and how.
    folder
        Made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_published(folder / "checkpoint.pth", result.state, epoch=1, optimizer=result.optimiser)
    save_published(folder / "stressed.pth", result.stressed, epoch=1)
    (folder / "labels.csv").write_text(f"# {NOTICE}\n{labels_table(label_rows(result.outputs))}", encoding="utf-8")
    test = result.test
    np.savez(folder / "test.npz", millivolts=test.millivolts, labels=test.labels, subjects=test.subjects)
    log = {
        "notice": NOTICE,
        "plan": asdict(plan),
        "steps": len(result.steps),
        "windows": len(result.steps) * plan.course.batch_size,
        "losses": [round(step.loss, 5) for step in result.steps],
        **_aurocs(result),
        "outputs": [output.row() for output in result.outputs],
        "wall_s": result.wall_s,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("numpy", "scipy", "torch")},
    }
    (folder / "training.json").write_text(json.dumps(log, indent=2) + "\n")


def _aurocs(result: Result) -> dict[str, dict[str, float]]:
    return {
        "auroc": summary([output.auroc for output in result.outputs]),
        "auroc_stressed": summary([output.auroc_stressed for output in result.outputs]),
    }


def parse_plan(arguments: Sequence[str]) -> tuple[Plan, Path]:
    """Read the command line: what to do, and where to write."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.full_size", description=NOTICE)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the five files")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=25.0, help="of training; examples and figures take more")
    length.add_argument("--steps", type=int, help="instead of minutes, for the same weights again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    plan = Plan(
        seed=options.seed,
        config=ECGFOUNDER,
        course=Course(options.steps, options.minutes if options.steps is None else None),
        reference=Cohort(0, 1000, draws=1, windows=1),
        validation=Cohort(1000, 200, draws=2, windows=1),
        test=Cohort(1200, 200, draws=2, windows=1),
        head_windows=1536,
        threads=options.threads,
        device=options.device,
    )
    return plan, options.output


def main(arguments: Sequence[str]) -> None:
    """Train, write, and say what came out."""
    plan, folder = parse_plan(arguments)
    run(plan, folder)


def run(plan: Plan, folder: Path) -> None:
    """Carry out a plan, shown on the console."""
    console = Console(stderr=True)
    console.print(NOTICE)
    columns = (TextColumn("{task.description}, step {task.fields[step]}, loss {task.fields[loss]:.4f}"), BarColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        result = train(plan, progress)
    write(result, plan, folder)
    for name, figures in _aurocs(result).items():
        shown = ", ".join(f"{key} {value:.3f}" for key, value in figures.items())
        console.print(f"{name} of the outputs on {len(result.test.labels)} test windows: {shown}")
    console.print(f"{len(result.steps)} steps; SYNTHETIC checkpoint written to {folder / 'checkpoint.pth'}")


if __name__ == "__main__":
    main(sys.argv[1:])
