"""Teacher to student, in the order it happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from converter.distil.architecture import Architecture
from converter.distil.contract import contract_beside
from converter.distil.course import Course, Epoch, Taught, Teach
from converter.distil.errors import DistilError, DistilFault
from converter.distil.family import family, largest_that_fits
from converter.distil.identity import StudentNames, provenance_of
from converter.distil.lesson import Lesson, ask
from converter.distil.material import Material, gather, n_windows
from converter.distil.measure import Measured, measure
from converter.distil.recorded import People
from converter.distil.scale import Scale
from converter.distil.student import packed, quantised, self_test_of, untaught
from converter.distil.windows import Batch, Portions
from edge.boards import Room, fits
from edge.manifest import Output, PatchNeeds
from edge.model import open_model
from edge.pack import ModelPack

FEWEST_WINDOWS: Final = 80
"""Windows below which there is nothing to learn."""

_CALIBRATION_WINDOWS: Final = 512


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
    """Who is taught, how much, and for how much room.

    Parameters
    ----------
    room
        What the patch has for the pack.
    architecture
        Of the student, as `choose` returns it.
    n_windows
        Of the synthetic heart, to learn from; at least 80.
    seed
        Of the windows, the first weights and the order.
    course
        Of the teaching.
    """

    room: Room
    architecture: Architecture
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
    measured
        How it does.
    seconds
        By stage.
    """

    pack: ModelPack
    architecture: Architecture
    needs: PatchNeeds
    epochs: tuple[Epoch, ...]
    measured: Measured
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        began_s = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - began_s


def choose(teacher: ModelPack, room: Room, needs_of: Callable[[ModelPack], PatchNeeds]) -> Architecture:
    """Choose the largest student of a teacher that has room.

    Parameters
    ----------
    teacher
        Whose outputs it will have, over windows as long.
    room
        What the patch has for the pack.
    needs_of
        Works out what a pack asks of a patch.

    Raises
    ------
    DistilError
        If none has room, or no patch reads windows as long.
    """
    manifest = teacher.manifest
    contract = contract_beside(manifest.preprocessing.as_preprocessing())
    among = family(len(manifest.outputs), contract.window_samples)
    return largest_that_fits(room, among, lambda student: needs_of(untaught(teacher, student, contract)))[0]


def distil(
    teacher: ModelPack,
    plan: Plan,
    names: StudentNames,
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
    names
        Of the pack and its board.
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
        If the teacher has nothing to teach, or what was taught needs more than was foreseen.
    PackError
        If the teacher's pack, or the student's, does not pass its own self-test.
    """
    stopwatch, model = _Stopwatch(), open_model(teacher)
    outputs, contract = teacher.manifest.outputs, contract_beside(model.contract)
    portions = Portions.of(plan.n_windows, seed=plan.seed)
    with stopwatch.timing("asking"):
        advance = watch.stage("asking the teacher", n_windows(portions, people))
        material = gather(model, portions, people, contract, advance)
    scale = Scale.of(material.training.logits)
    with stopwatch.timing("teaching"):
        taught = _taught(material, scale, outputs, plan, teach, watch)
    with stopwatch.timing("quantising"):
        student = quantised(taught.weights, plan.architecture, scale, _calibration(material.training, plan.seed))
    with stopwatch.timing("measuring"):
        known = ask(model, [labelled], contract) if labelled else None
        measured = measure(student, scale, material.held_back, known, outputs)
    rows = [measured.row(output) for output in outputs]
    self_test = self_test_of(student, measured.parity, material.held_back.millivolts, contract)
    provenance = provenance_of(teacher.manifest, _learned_from(material, people))
    pack = packed(student, teacher.manifest, names, rows, contract, provenance, self_test)
    needs = needs_of(pack)
    _refuse_too_large(needs, plan.room)
    pack = replace(
        pack,
        manifest=pack.manifest.model_copy(update={"patch": needs}),
        parity={"student_of": _whose(teacher), **measured.as_json(), "epochs": _losses(taught)},
    )
    open_model(pack)  # it says what its self-test says, or is not written
    return Distilled(pack, plan.architecture, needs, taught.epochs, measured, stopwatch.seconds)


def _taught(
    material: Material,
    scale: Scale,
    outputs: tuple[Output, ...],
    plan: Plan,
    teach: Teach,
    watch: Watch,
) -> Taught:
    task = material.task(scale, outputs)
    advance = watch.stage("teaching the student", plan.course.epochs * len(task.training))
    return teach(plan.architecture, task, plan.course, seed=plan.seed, advance=advance, tell=watch.tell)


def _calibration(lesson: Lesson, seed: int) -> NDArray[np.float32]:
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


def _learned_from(material: Material, people: People) -> str:
    synthetic = f"{material.n_synthetic:,} windows of the synthetic heart of anyecg-edge"
    return f"{synthetic} and {people.origin}" if people.origin else synthetic


def _whose(teacher: ModelPack) -> dict[str, Any]:
    said = teacher.manifest
    return {"teacher": said.label, "model_sha256": said.model_sha256, "model_bytes": said.model_size_bytes}


def _losses(taught: Taught) -> list[dict[str, float]]:
    return [
        {"training_loss": round(epoch.training_loss, 5), "validation_loss": round(epoch.validation_loss, 5)}
        for epoch in taught.epochs
    ]
