"""Windows that need no label: the synthetic heart, its other rhythms, and recordings of people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.distil.truth import synthetic_truth
from converter.training.data import MAINS_HZ, TRAINING_NOISE, Cohort
from converter.windows.labelled import labelled_windows
from edge.heart import Heart, VariedHeart
from edge.heart.noise import n_noise_normals, patch_noise
from edge.manifest import Output
from edge.preprocess import Preprocessing

HEART: Final = "synthetic heart"
RHYTHMS: Final = "synthetic heart, other rhythms"
RECORDED: Final = "recordings"
LABELLED: Final = "labelled windows"
KINDS: Final = (HEART, RHYTHMS, RECORDED)

_BATCH: Final = 64
_FIRST_SEED: Final = 700_000
"""Hearts of a seed from here on are the students': none that a teacher is likely to have been trained on."""
_NOISE_STREAM: Final = 7
_TENTH: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Windows as the teacher reads them, before its preprocessing.

    Parameters
    ----------
    millivolts
        ``NDArray[float32]``, shape (n, window_samples), mV, at the teacher's rate.
    kind
        What they are: `HEART`, `RHYTHMS`, `RECORDED` or `LABELLED`.
    subjects
        ``NDArray[int64]``, shape (n,): whose each is; different kinds share no number.
    labels
        ``NDArray[float32]``, shape (n, n_outputs): the truth, NaN where it is not known.
    """

    millivolts: NDArray[np.float32]
    kind: str
    subjects: NDArray[np.int64]
    labels: NDArray[np.float32]


def labelled_batch(source: Path, contract: Preprocessing, n_outputs: int) -> Batch:
    """Read windows with their truth, as `converter.windows.labelled.labelled_windows` does; each is a subject's own."""
    windows = labelled_windows(source, contract, n_outputs)
    unknown = np.full((len(windows.millivolts), n_outputs), np.nan, np.float32)
    labels = unknown if windows.labels is None else windows.labels
    return Batch(windows.millivolts, LABELLED, np.arange(len(labels)), labels)


@dataclass(frozen=True, slots=True)
class Synthetic:
    """How many windows of the synthetic heart there are, and whose.

    Parameters
    ----------
    seed
        Of the heart: training and validation share one and no subject of it, what is held back has another.
    cohort
        Subjects of the heart in sinus rhythm, with their draws and windows.
    rhythms
        First and last but one of the windows in other rhythms, each of a subject of its own.
    """

    seed: int
    cohort: Cohort
    rhythms: range

    @property
    def n_windows(self) -> int:
        """All of them."""
        return len(self.cohort.keys) + len(self.rhythms)

    def batches(self, contract: Preprocessing, outputs: Sequence[Output]) -> Iterator[Batch]:
        """Draw them.

        Parameters
        ----------
        contract
            Rate and length of the windows.
        outputs
            Of the teacher, whose truth the heart may know.
        """
        yield from self._sinus(contract, outputs)
        yield from self._other_rhythms(contract, len(outputs))

    def _sinus(self, contract: Preprocessing, outputs: Sequence[Output]) -> Iterator[Batch]:
        heart, keys = Heart(self.seed), self.cohort.keys
        for parity, mains_hz in enumerate(MAINS_HZ):
            here = keys[keys[:, 0] % len(MAINS_HZ) == parity]
            noise = replace(TRAINING_NOISE, mains_hz=mains_hz)
            for first in range(0, len(here), _BATCH):
                some = here[first : first + _BATCH]
                drawn = heart.windows(some, noise=noise, rate_hz=contract.rate_hz, duration_s=contract.window_s)
                yield Batch(drawn.millivolts, HEART, some[:, 0], synthetic_truth(outputs, drawn.labs))

    def _other_rhythms(self, contract: Preprocessing, n_outputs: int) -> Iterator[Batch]:
        heart, length = VariedHeart(self.seed), contract.window_samples
        for first in self.rhythms[::_BATCH]:
            indices = np.arange(first, min(first + _BATCH, self.rhythms.stop))
            drawn = heart.windows(indices, rate_hz=contract.rate_hz, duration_s=contract.window_s)
            numbers = np.stack([self._noise_of(index, length) for index in indices.tolist()])
            noise, _ = patch_noise(TRAINING_NOISE, numbers, contract.rate_hz, length)
            unknown = np.full((len(indices), n_outputs), np.nan, np.float32)
            yield Batch(drawn.millivolts + noise, RHYTHMS, -1 - indices, unknown)

    def _noise_of(self, index: int, length: int) -> NDArray[np.float32]:
        draws = np.random.default_rng((self.seed, _NOISE_STREAM, index))
        return draws.standard_normal(n_noise_normals(length), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Portions:
    """Synthetic windows to learn from, to know when to stop by, and to report on.

    Parameters
    ----------
    training, validation, held_back
        Of different subjects; what is held back is of a heart of another seed.
    """

    training: Synthetic
    validation: Synthetic
    held_back: Synthetic

    @classmethod
    def of(cls, n_training: int, *, seed: int) -> "Portions":
        """Plan `n_training` windows to learn from: three of four in sinus rhythm, and a tenth of them for validation.

        What is held back are 150 subjects with 4 draws of 2 windows each, so that what tells a subject's draws apart
        can be seen, and 400 windows in other rhythms; fewer where little is learned from.

        Parameters
        ----------
        n_training
            At least 40.
        seed
            Not negative.
        """
        heart_seed = _FIRST_SEED + 2 * seed
        n_sinus = n_training * 3 // 4
        n_other, n_checked = n_training - n_sinus, max(n_training // _TENTH, 8)
        n_subjects = max(n_sinus // 2, 1)
        held = max(min(150, n_training // 40), 1)
        return cls(
            Synthetic(heart_seed, Cohort(0, n_subjects, 2, 1), range(n_other)),
            Synthetic(heart_seed, Cohort(n_subjects, n_checked, 1, 1), range(n_other, n_other + n_checked // 3)),
            Synthetic(heart_seed + 1, Cohort(0, held, 4, 2), range(min(400, n_training // 10))),
        )
