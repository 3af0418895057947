"""Teaching a student: its numbers follow the teacher's, most of all where decisions are made."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from converter.distil.architecture import Architecture
from converter.distil.course import Course, Epoch, Targets, Task, Taught
from converter.distil.network import Student

_STEEPNESS: Final = 2.0
"""Of the decision that is taught beside the number, in spreads of the teacher's logit."""
_WARM_UP: Final = 0.2
_LARGEST_GRADIENT: Final = 1.0


def teach(
    architecture: Architecture,
    task: Task,
    course: Course,
    *,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
    tell: Callable[[Epoch], None] = lambda _: None,
) -> Taught:
    """Teach a student from nothing; see `converter.distil.course.Teach`."""
    torch.set_num_threads(course.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    student = Student(architecture)
    epochs = []
    for epoch in fit(student, task, course, seed=seed, advance=advance):
        epochs.append(epoch)
        tell(epoch)
    return Taught(student.weights(), tuple(epochs))


def following_loss(said: Tensor, wanted: Tensor, thresholds: Tensor, decision_weight: float) -> Tensor:
    """How far a student is from its teacher: a rounded square of the distance, and the cross-entropy of the decision.

    The decision is soft: a logistic function of the distance from the threshold, so that a window near it counts for
    the side it leans to and one far from it is settled (after Hinton et al. 2015, arXiv 1503.02531, with the threshold
    in place of even odds). The entropy of the teacher's own decision is taken off: who says the same loses nothing.

    Parameters
    ----------
    said, wanted
        Shape (n, n_outputs), both on the student's scale.
    thresholds
        Shape (n_outputs,).
    decision_weight
        Of the decision beside the number.
    """
    distance = functional.smooth_l1_loss(said, wanted)
    leaning = _STEEPNESS * (wanted - thresholds)
    decided = torch.sigmoid(leaning)
    crossed = functional.binary_cross_entropy_with_logits(_STEEPNESS * (said - thresholds), decided)
    entropy = functional.binary_cross_entropy_with_logits(leaning, decided)
    loss: Tensor = distance + decision_weight * (crossed - entropy)
    return loss


def fit(
    student: Student, task: Task, course: Course, *, seed: int, advance: Callable[[int], None] = lambda _: None
) -> Iterator[Epoch]:
    """Teach a student in place; at the end it is as it was after its best pass.

    Parameters
    ----------
    student
        Taught in place.
    task, course, seed, advance
        As `teach` takes them.

    Yields
    ------
    Epoch
        After each pass.
    """
    random = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(student.parameters(), lr=course.learning_rate, weight_decay=course.weight_decay)
    steps = max(1, len(task.training) // course.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, course.learning_rate, total_steps=course.epochs * steps, pct_start=_WARM_UP
    )
    thresholds = torch.from_numpy(task.thresholds)

    def learn(rows: NDArray[np.int64]) -> float:
        said, wanted = student(torch.from_numpy(task.training.inputs[rows])), torch.from_numpy(task.training.said[rows])
        loss = following_loss(said, wanted, thresholds, course.decision_weight)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), _LARGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        advance(len(rows))
        return float(loss.item())

    lowest, kept, waited = np.inf, student.state_dict(), 0
    for number in range(1, course.epochs + 1):
        began = perf_counter()
        student.train()
        losses = [learn(rows) for rows in np.array_split(random.permutation(len(task.training)), steps)]
        checked = _loss_on(student, task.validation, thresholds, course)
        is_best = checked < lowest
        if is_best:
            lowest, waited = checked, 0
            kept = {name: values.clone() for name, values in student.state_dict().items()}
        else:
            waited += 1
        yield Epoch(number, float(np.mean(losses)), checked, is_best, perf_counter() - began)
        if waited >= course.patience:
            break
    student.load_state_dict(kept)
    student.eval()


def _loss_on(student: Student, targets: Targets, thresholds: Tensor, course: Course) -> float:
    said = torch.from_numpy(said_of(student, targets.inputs))
    return float(following_loss(said, torch.from_numpy(targets.said), thresholds, course.decision_weight).item())


def said_of(student: Student, inputs: NDArray[np.float32], batch_size: int = 256) -> NDArray[np.float32]:
    """What a student says of windows, float32, shape (n, n_outputs)."""
    student.eval()
    with torch.inference_mode():
        batches = [student(torch.from_numpy(inputs[i : i + batch_size])) for i in range(0, len(inputs), batch_size)]
    return np.asarray(torch.cat(batches).numpy(), np.float32)
