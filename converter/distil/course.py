"""What is taught, and how: all that teaching takes and gives, without the library that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.distil.architecture import Architecture

Floats: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Course:
    """How a student is taught.

    Parameters
    ----------
    epochs
        Most passes over the windows; one learning-rate cycle lies over all of them.
    patience
        Passes without a better validation loss after which teaching ends.
    batch_size
        Windows in each step.
    learning_rate, weight_decay
        Peak of the cycle; AdamW's decay, which also keeps activations small for int8.
    decision_weight
        Of the decision beside the number.
    threads
        Of the CPU.
    """

    epochs: int = 10
    patience: int = 4
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    decision_weight: float = 0.5
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the windows came to; losses are means over windows."""

    number: int
    training_loss: float
    validation_loss: float
    is_best: bool
    wall_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a student reads and what it should say.

    Parameters
    ----------
    inputs
        Shape (n, window_samples), preprocessed.
    said
        Shape (n, n_outputs): the teacher's logits on the student's scale.
    """

    inputs: Floats
    said: Floats

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """All that a student is taught.

    Parameters
    ----------
    training, validation
        Of different subjects.
    thresholds
        Where each output is decided, on the student's scale, shape (n_outputs,).
    """

    training: Targets
    validation: Targets
    thresholds: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What came of it.

    Parameters
    ----------
    weights
        Of the best pass, as `converter.distil.emit.emit` takes them.
    epochs
        Every pass.
    """

    weights: dict[str, Floats]
    epochs: tuple[Epoch, ...]


class Teach(Protocol):
    """Teaches a student."""

    def __call__(
        self,
        architecture: Architecture,
        task: Task,
        course: Course,
        *,
        seed: int,
        advance: Callable[[int], None],
        tell: Callable[[Epoch], None],
    ) -> Taught:
        """Teach.

        Parameters
        ----------
        architecture, task, course
            Who, what, and how.
        seed
            Of the first weights and the order of the windows.
        advance
            Told the number of windows after each step.
        tell
            Told of each pass.
        """
        ...
