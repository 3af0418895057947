"""Train the waves network: ``python -m converter.training.waves --data DIR -o DIR [STAGE ...]``.

Stages: ``pretrain`` on the synthetic heart; ``transfer-K`` and ``scratch-K`` on recordings of people but those of fold
K, from the pretrained weights and from none; ``final`` on all of them, from the pretrained weights. Without a stage,
all in this order; what is there already is not made again. Each writes float weights as ``STAGE.npz``.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from converter.training.waves.examples import Examples, People, finished, synthetic
from converter.training.waves.fit import Course, fit
from converter.training.waves.folds import N_FOLDS, fold_of_patients
from converter.training.waves.network import WaveNet
from converter.training.waves.recordings import Labelled, recordings_of_people
from edge.heart import VariedHeart


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done.

    Parameters
    ----------
    seed
        Of the heart, of the first weights and of what is drawn.
    pretraining, transfer, scratch
        The three courses; transfer and scratch see the same windows of people.
    batch
        Synthetic windows in each step of the pretraining.
    shares, n_synthetic
        Windows of each source in each step on people; synthetic ones among them keep alive what few people have.
    """

    seed: int
    pretraining: Course
    transfer: Course
    scratch: Course
    batch: int
    shares: dict[str, int]
    n_synthetic: int


PLAN: Final = Plan(
    seed=5,
    pretraining=Course(steps=2600),
    transfer=Course(steps=1800, learning_rate=2e-3),
    scratch=Course(steps=1800, learning_rate=3e-3),
    batch=48,
    shares={"ludb": 20, "mitdb": 20, "cpsc2021": 3, "cinc2021": 1, "cinc2017": 1},
    n_synthetic=8,
)


def _pretraining_batch(plan: Plan) -> Callable[[int], Examples]:
    heart, random = VariedHeart(plan.seed), np.random.default_rng([plan.seed, 1])

    def batch(step: int) -> Examples:
        first = step * plan.batch
        return finished([synthetic(heart, np.arange(first, first + plan.batch))], random)

    return batch


def _people_batch(plan: Plan, recordings: Sequence[Labelled], *, with_synthetic: bool) -> Callable[[int], Examples]:
    heart, random = VariedHeart(plan.seed + 1), np.random.default_rng([plan.seed, 2])
    people = People(recordings, plan.shares)

    def batch(step: int) -> Examples:
        windows = [people.draw(random)]
        if with_synthetic:
            first = step * plan.n_synthetic
            windows.append(synthetic(heart, np.arange(first, first + plan.n_synthetic)))
        return finished(windows, random)

    return batch


def _run(network: WaveNet, batch: Callable[[int], Examples], course: Course, name: str, path: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    losses: list[float] = []
    with Progress(*columns) as progress:
        task = progress.add_task(name, total=course.steps)

        def advance(loss: float) -> None:
            losses.append(loss)
            progress.update(task, advance=1, description=f"{name}, loss {np.mean(losses[-50:]):.4f}")
            if len(losses) % 200 == 0:
                progress.console.print(f"{name}: step {len(losses)}, loss {np.mean(losses[-200:]):.4f}")

        fitted = fit(network, batch, course, advance=advance)
    folded: dict[str, Any] = fitted.folded()
    np.savez(path, **folded)
    torch.save(fitted.state_dict(), path.with_suffix(".pt"))


def main(arguments: Sequence[str]) -> None:
    """Run the stages that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.waves")
    parser.add_argument("stages", nargs="*")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    folds = range(N_FOLDS)
    stages = options.stages or ["pretrain", *(f"{how}-{k}" for k in folds for how in ("transfer", "scratch")), "final"]
    options.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    recordings: list[Labelled] = []
    for stage in stages:
        path = options.output / f"{stage}.npz"
        if path.exists():
            continue
        torch.manual_seed(PLAN.seed)
        network = WaveNet()
        if stage == "pretrain":
            _run(network, _pretraining_batch(PLAN), PLAN.pretraining, stage, path)
            continue
        recordings = recordings or recordings_of_people(options.data)
        kind, _, fold = stage.partition("-")
        of = fold_of_patients(recordings)
        taught = [r for r in recordings if not fold or of[r.patient] != int(fold)]
        if kind != "scratch":
            network.load_state_dict(torch.load(options.output / "pretrain.pt", weights_only=True))
        course = PLAN.scratch if kind == "scratch" else PLAN.transfer
        _run(network, _people_batch(PLAN, taught, with_synthetic=kind != "scratch"), course, stage, path)


if __name__ == "__main__":
    main(sys.argv[1:])
