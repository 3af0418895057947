"""All that is asked of the teacher, once: what the student learns, what it is checked and what it is reported on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from converter.distil import recorded
from converter.distil.course import Targets, Task
from converter.distil.errors import DistilError, DistilFault
from converter.distil.lesson import Lesson, ask
from converter.distil.recorded import People, Person
from converter.distil.scale import Scale
from converter.distil.windows import RECORDED, Portions
from edge.manifest import Output
from edge.model import Model
from edge.preprocess import Preprocessing

_ENOUGH_PEOPLE: Final = 5
_ONE_IN: Final = 10
_LEAST_SPREAD: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Three lessons without a common subject.

    Parameters
    ----------
    training, validation, held_back
        To learn from, to stop by, and to report on.
    """

    training: Lesson
    validation: Lesson
    held_back: Lesson

    @property
    def n_synthetic(self) -> int:
        """Windows of the synthetic heart to learn from."""
        return int(np.count_nonzero(~self.training.of(RECORDED)))

    def task(self, scale: Scale, outputs: Sequence[Output]) -> Task:
        """Say what the student should, on its own scale."""
        training, validation = (
            Targets(lesson.inputs, scale.standardised(lesson.logits)) for lesson in (self.training, self.validation)
        )
        return Task(training, validation, scale.thresholds(outputs))


def gather(
    teacher: Model,
    portions: Portions,
    people: People,
    contract: Preprocessing,
    advance: Callable[[int], None] = lambda _: None,
) -> Material:
    """Ask the teacher about every window.

    Parameters
    ----------
    teacher
        The large model.
    portions, people
        Synthetic windows, and those of recordings.
    contract
        The student's.
    advance
        Told the number of windows after each batch.

    Raises
    ------
    DistilError
        If the teacher says the same of every window, or something that is not a number.
    """
    outputs = teacher.pack.manifest.outputs
    learning, checking = _apart(people.training)
    lessons = [
        ask(
            teacher,
            chain(synthetic.batches(teacher.contract, outputs), recorded.batches(some, len(outputs))),
            contract,
            advance,
        )
        for synthetic, some in (
            (portions.training, learning),
            (portions.validation, checking),
            (portions.held_back, people.held_back),
        )
    ]
    material = Material(*lessons)
    _refuse_unteachable(material.training)
    return material


def n_windows(portions: Portions, people: People) -> int:
    """Count all windows that the teacher is asked about."""
    synthetic = sum(each.n_windows for each in (portions.training, portions.validation, portions.held_back))
    return synthetic + sum(len(person.windows) for person in (*people.training, *people.held_back))


def _apart(people: Sequence[Person]) -> tuple[Sequence[Person], Sequence[Person]]:
    """Set one person in ten aside to check by, where there are enough of them."""
    if len(people) < _ENOUGH_PEOPLE:
        return people, ()
    return [person for i, person in enumerate(people) if i % _ONE_IN], people[::_ONE_IN]


def _refuse_unteachable(lesson: Lesson) -> None:
    if not np.isfinite(lesson.logits).all():
        raise DistilError(
            DistilFault.UNTEACHABLE, "the teacher gives something that is not a number", advice="give another teacher"
        )
    if (lesson.logits.std(axis=0) < _LEAST_SPREAD).all():
        raise DistilError(
            DistilFault.UNTEACHABLE,
            f"the teacher says the same of {len(lesson)} different windows",
            advice="give a teacher that has been trained",
        )
