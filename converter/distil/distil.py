"""Teacher to student, in the order it happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np

from converter.distil.architecture import Architecture
from converter.distil.contract import contract_beside
from converter.distil.course import Course, Epoch, Taught, Teach
from converter.distil.errors import DistilError, DistilFault
from converter.distil.family import family, largest_that_fits
from converter.distil.figures import Loss, loss_of
from converter.distil.lesson import Lesson, ask
from converter.distil.material import Material, gather, n_windows
from converter.distil.recorded import People
from converter.distil.scale import Scale
from converter.distil.student import (
    Quantised,
    StudentIdentity,
    packed,
    parity_of,
    quantised,
    self_test_windows,
    untaught,
)
from converter.distil.truth import Answer, answers
from converter.distil.windows import KINDS, Batch, Portions
from converter.parity import Parity
from converter.windows.window_set import WindowSet
from edge.boards import Room, fits
from edge.manifest import Output, PatchNeeds
from edge.model import Model, open_model
from edge.pack import ModelPack
from edge.preprocess import Preprocessing

FEWEST_WINDOWS: Final = 80
"""Windows below which there is nothing to learn."""
EVERY_KIND: Final = "all held-back windows"

_CALIBRATION_WINDOWS: Final = 512
_PARITY_WINDOWS: Final = 512


class Watch(Protocol):
    """Who is told how far it is."""

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        """Begin a stage of so many windows; what is returned is told of each number of them that is done."""
        ...

    def tell(self, epoch: Epoch) -> None:
        """Take note of a pass over the windows."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done, and for how much room.

    Parameters
    ----------
    room
        What the patch has for the pack.
    n_windows
        Of the synthetic heart, to learn from; at least 80.
    seed
        Of the windows, the first weights and the order.
    course
        Of the teaching.
    """

    room: Room
    n_windows: int
    seed: int
    course: Course


@dataclass(frozen=True, slots=True, eq=False)
class Distilled:
    """What came of it.

    Parameters
    ----------
    pack
        The student.
    architecture, needs
        What it consists of, and what it asks of a patch.
    epochs
        Of the teaching.
    losses
        What was lost on held-back windows: on all of them, and on each kind.
    synthetic, labelled
        Where the truth is known: on held-back synthetic subjects, and on labelled windows that were given.
    parity
        What int8 kept of the student's own float.
    seconds
        By stage.
    """

    pack: ModelPack
    architecture: Architecture
    needs: PatchNeeds
    epochs: tuple[Epoch, ...]
    losses: tuple[Loss, ...]
    synthetic: tuple[Answer, ...]
    labelled: tuple[Answer, ...]
    parity: Parity
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        began_s = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - began_s


def distil(
    teacher: ModelPack,
    plan: Plan,
    identity: Callable[[Material], StudentIdentity],
    *,
    people: People,
    labelled: Batch | None,
    teach: Teach,
    needs_of: Callable[[ModelPack], PatchNeeds],
    watch: Watch,
) -> Distilled:
    """Teach a student what a pack says, and report what was lost.

    Parameters
    ----------
    teacher
        The pack; its network may be of any size.
    plan
        How much.
    identity
        Says what the pack's manifest does beside the measurements, of what the student has learned from.
    people
        Windows of recordings; without them it learns from the synthetic heart alone.
    labelled
        Windows at the teacher's rate with the truth, to measure both on; it is never learned from.
    teach
        Does the teaching.
    needs_of
        Works out what a pack asks of a patch.
    watch
        Told how far it is.

    Raises
    ------
    DistilError
        If no student has room, or the teacher has nothing to teach.
    PackError
        If the teacher's pack, or the student's, does not pass its own self-test.
    """
    stopwatch, model = _Stopwatch(), open_model(teacher)
    outputs, contract = teacher.manifest.outputs, contract_beside(model.contract)
    with stopwatch.timing("choosing"):
        architecture, _ = largest_that_fits(
            plan.room,
            family(len(outputs), contract.window_samples),
            lambda student: needs_of(untaught(teacher, student, contract)),
        )
    portions = Portions.of(plan.n_windows, seed=plan.seed)
    with stopwatch.timing("asking"):
        advance = watch.stage("asking the teacher", n_windows(portions, people))
        material = gather(model, portions, people, contract, advance)
    scale = Scale.of(material.training.logits)
    with stopwatch.timing("teaching"):
        taught = _taught(architecture, material, scale, outputs, plan, teach, watch)
    with stopwatch.timing("quantising"):
        student = quantised(taught.weights, architecture, scale, _calibration(material.training, plan.seed))
    with stopwatch.timing("measuring"):
        losses, synthetic = _measured(student, material.held_back, outputs)
        parity = _parity(student, scale, material.held_back, outputs)
        known = _on_labelled(student, model, labelled, contract) if labelled else ()
    rows = [_row(output, losses[0], synthetic) for output in outputs]
    self_test = self_test_windows(material.held_back.millivolts)
    pack = packed(student, identity(material), rows, contract, self_test, parity)
    needs = needs_of(pack)
    _refuse_too_large(needs, plan.room)
    pack = replace(
        pack,
        manifest=pack.manifest.model_copy(update={"patch": needs}),
        parity={**pack.parity, **_facts(teacher, taught, losses, synthetic, known)},
    )
    open_model(pack)  # it says what its self-test says, or is not written
    return Distilled(pack, architecture, needs, taught.epochs, losses, synthetic, known, parity, stopwatch.seconds)


def _taught(
    architecture: Architecture,
    material: Material,
    scale: Scale,
    outputs: tuple[Output, ...],
    plan: Plan,
    teach: Teach,
    watch: Watch,
) -> Taught:
    task = material.task(scale, outputs)
    advance = watch.stage("teaching the student", plan.course.epochs * len(task.training))
    return teach(architecture, task, plan.course, seed=plan.seed, advance=advance, tell=watch.tell)


def _calibration(lesson: Lesson, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).permutation(len(lesson))[:_CALIBRATION_WINDOWS]
    return lesson.inputs[np.sort(rows)]


def _refuse_too_large(needs: PatchNeeds, room: Room) -> None:
    fit = fits(needs, room)
    if not fit:
        raise DistilError(
            DistilFault.DOES_NOT_FIT,
            f"the student needs {fit.flash.needed_bytes:,} bytes of flash and {fit.ram.needed_bytes:,} of RAM, which "
            f"is {-min(fit.flash.spare_bytes, fit.ram.spare_bytes):,} too many",
            advice="give a little less as --budget, so that a smaller student is chosen",
        )


def _measured(
    student: Quantised, held_back: Lesson, outputs: tuple[Output, ...]
) -> tuple[tuple[Loss, ...], tuple[Answer, ...]]:
    said = student.logits(held_back.inputs)
    losses = [loss_of(held_back.logits, said, outputs, EVERY_KIND)]
    for kind in KINDS:
        here = held_back.of(kind)
        if here.any():
            losses.append(loss_of(held_back.logits[here], said[here], outputs, kind))
    return tuple(losses), answers(held_back.logits, said, held_back.labels, held_back.subjects, outputs)


def _parity(student: Quantised, scale: Scale, held_back: Lesson, outputs: tuple[Output, ...]) -> Parity:
    windows = WindowSet(held_back.millivolts[:_PARITY_WINDOWS], EVERY_KIND)
    return parity_of(student, scale, windows, held_back.inputs[:_PARITY_WINDOWS], outputs)


def _on_labelled(student: Quantised, teacher: Model, labelled: Batch, contract: Preprocessing) -> tuple[Answer, ...]:
    lesson = ask(teacher, [labelled], contract)
    outputs = teacher.pack.manifest.outputs
    return answers(lesson.logits, student.logits(lesson.inputs), lesson.labels, lesson.subjects, outputs)


def _row(output: Output, loss: Loss, truth: tuple[Answer, ...]) -> Output:
    """Copy the teacher's row, with the student's own figures."""
    lost = next(row for row in loss.outputs if row.output_id == output.id)
    known = next((answer for answer in truth if answer.output_id == output.id), None)
    within = known.student_within if known else None
    return output.model_copy(
        update={
            "auroc_pooled": round(known.student.value, 4) if known else None,
            "auroc_within_subject": round(within.value, 4) if within else None,
            "accepted_loss": f"beside its teacher on {loss.n_windows} held-back windows: {lost.in_words()}",
        }
    )


def _facts(
    teacher: ModelPack,
    taught: Taught,
    losses: tuple[Loss, ...],
    synthetic: tuple[Answer, ...],
    labelled: tuple[Answer, ...],
) -> dict[str, Any]:
    """What the pack keeps of its making, as JSON values."""
    return {
        "student_of": {
            "teacher": teacher.manifest.label,
            "model_sha256": teacher.manifest.model_sha256,
            "model_bytes": teacher.manifest.model_size_bytes,
        },
        "losses": [loss.as_json() for loss in losses],
        "truth_synthetic": [answer.as_json() for answer in synthetic],
        "truth_labelled": [answer.as_json() for answer in labelled],
        "epochs": [
            {"training_loss": round(epoch.training_loss, 5), "validation_loss": round(epoch.validation_loss, 5)}
            for epoch in taught.epochs
        ],
    }
