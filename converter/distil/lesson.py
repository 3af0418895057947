"""What a teacher says of windows, and the same windows as a student reads them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.distil.windows import Batch
from edge.model import Model
from edge.preprocess import Preprocessing, preprocess
from edge.resample import PolyphaseResampler

Floats: TypeAlias = NDArray[np.float32]

_TOGETHER: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Windows with the teacher's word on each, n of them.

    Parameters
    ----------
    millivolts
        Shape (n, window_samples), mV, at the student's rate.
    inputs
        The same, as the student's preprocessing leaves them.
    logits
        The teacher's, shape (n, n_outputs).
    kinds
        What each is, as `converter.distil.windows.Batch` says.
    subjects, labels
        As `converter.distil.windows.Batch` has them.
    """

    millivolts: Floats
    inputs: Floats
    logits: Floats
    kinds: NDArray[np.str_]
    subjects: NDArray[np.int64]
    labels: Floats

    def __len__(self) -> int:
        return len(self.inputs)

    def of(self, kind: str) -> NDArray[np.bool_]:
        """Which windows are of a kind, shape (n,)."""
        return np.asarray(self.kinds == kind)


def ask(
    teacher: Model, batches: Iterable[Batch], contract: Preprocessing, advance: Callable[[int], None] = lambda _: None
) -> Lesson:
    """Ask the teacher, once, what it says of each window.

    The teacher reads the windows by its own contract. The student reads the same windows resampled to its rate as the
    gateway resamples a stream, by its own.

    Parameters
    ----------
    teacher
        The large model.
    batches
        Windows at its rate; at least one.
    contract
        The student's.
    advance
        Told the number of windows after each batch.
    """
    together = teacher.batch_of(_TOGETHER)
    parts = []
    for batch in batches:
        said = teacher.infer_all(teacher.quantise(teacher.preprocess(batch.millivolts)), together)
        millivolts = resampled(batch.millivolts, teacher.contract.rate_hz, contract)
        kinds = np.full(len(batch.millivolts), batch.kind)
        inputs = preprocess(millivolts, contract)
        parts.append((millivolts, inputs, teacher.logits(said), kinds, batch.subjects, batch.labels))
        advance(len(kinds))
    return Lesson(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def resampled(millivolts: Floats, rate_hz: float, contract: Preprocessing) -> Floats:
    """Resample windows, each by itself, to the rate and length of a contract.

    Parameters
    ----------
    millivolts
        Shape (n, samples), mV.
    rate_hz
        Their rate.
    contract
        Whose window is as long in time.
    """
    rows = []
    for window in millivolts:
        resampler = PolyphaseResampler(rate_hz, contract.rate_hz)
        rows.append(np.concatenate([resampler.push(window.astype(np.float64)), resampler.finish()]))
    return np.stack(rows).astype(np.float32)[:, : contract.window_samples]
