"""Questions without medical meaning: as many outputs as a published head has, each with something SYNTHETIC to learn.

A network whose outputs all answer to something has weights with structure, which random weights lack. What is asked
is whether a quantity of the synthetic heart, or two of them together, lies beyond a limit; chance is mixed in, more
for one question and less for another, so that some are easy and some hardly to be answered.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.training.data import MAINS_HZ, TRAINING_NOISE, WAVE_FEATURES, Cohort, wave_features
from edge.heart import Heart, Windows
from edge.preprocess import ECGFOUNDER, preprocess

Kind: TypeAlias = Literal["single", "sum", "product"]
Floats: TypeAlias = NDArray[np.float64]

LAB_QUANTITIES: Final = ("potassium_mmol_per_l", "calcium_mg_per_dl")
"""The laboratory values that move the waves; the others would be questions that nothing answers."""
QUANTITIES: Final = (*LAB_QUANTITIES, *WAVE_FEATURES)
"""What is asked about."""
POSITIVE_SHARES: Final = (0.1, 0.5)
CHANCE: Final = (0.1, 1.5)
"""Least and most chance in an answer, as standard deviations of what is asked about."""
_KINDS: Final[tuple[Kind, ...]] = ("single", "sum", "product")
_FAR: Final = 3.0
"""Standard deviations beyond which a quantity counts no further."""
_CHANCE_STREAM: Final = 108
"""Keeps the answers' random numbers apart from the heart's own."""


@dataclass(frozen=True, slots=True)
class Question:
    """One SYNTHETIC question: whether a score, with chance added, lies above a limit.

    Parameters
    ----------
    kind
        The score: one standardised quantity, or the sum or the product of two.
    quantities, signs
        Two of `QUANTITIES`, and 1 or -1 for each; a single one is the first.
    chance
        Standard deviation of what is added at random to the standardised score.
    centre, spread, limit
        Of the score over a reference cohort; the limit is one of the standardised score with its chance.
    """

    kind: Kind
    quantities: tuple[str, str]
    signs: tuple[int, int]
    chance: float
    centre: float = 0.0
    spread: float = 1.0
    limit: float = 0.0

    def score(self, standardised: Floats) -> Floats:
        """Score of windows, shape (n,), from their standardised quantities, shape (n, len(QUANTITIES))."""
        first, second = (
            sign * standardised[:, QUANTITIES.index(name)]
            for name, sign in zip(self.quantities, self.signs, strict=True)
        )
        raw = {"single": first, "sum": first + second, "product": first * second}[self.kind]
        return np.asarray((raw - self.centre) / self.spread, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Questionnaire:
    """Questions, and what standardises the quantities they ask about.

    Parameters
    ----------
    seed
        Of the chance in the answers.
    questions
        One for each output.
    mean, deviation
        Of `QUANTITIES` over a reference cohort, shape (len(QUANTITIES),).
    """

    seed: int
    questions: tuple[Question, ...]
    mean: Floats
    deviation: Floats

    def labels(self, windows: Windows) -> NDArray[np.uint8]:
        """Answers, 0 or 1, shape (n, n_questions); a window's own depend on its key and the seed alone."""
        standardised = _standardised(quantities(windows), self.mean, self.deviation)
        chance = _chance(self.seed, windows.keys, len(self.questions))
        columns = [
            q.score(standardised) + q.chance * c > q.limit for q, c in zip(self.questions, chance.T, strict=True)
        ]
        return np.stack(columns, axis=1).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Windows with their answers.

    Parameters
    ----------
    millivolts
        ``NDArray[float32]``, shape (n, 5000), mV: as a wearable measures them.
    inputs
        ``NDArray[float32]``, shape (n, 5000): as `edge.preprocess.preprocess` leaves them.
    labels
        ``NDArray[uint8]``, shape (n, n_questions).
    subjects
        ``NDArray[int64]``, shape (n,).
    """

    millivolts: NDArray[np.float32]
    inputs: NDArray[np.float32]
    labels: NDArray[np.uint8]
    subjects: NDArray[np.int64]


def quantities(windows: Windows) -> Floats:
    """Look up what is asked about, shape (n, len(QUANTITIES))."""
    labs = [getattr(windows.labs, name) for name in LAB_QUANTITIES]
    return np.column_stack([*labs, wave_features(windows.truth)]).astype(np.float64)


def draw_questions(heart: Heart, n_questions: int, reference: Cohort) -> Questionnaire:
    """Draw as many different questions, with limits that a share of a cohort lies beyond.

    Parameters
    ----------
    heart
        Whose subjects they are about; its seed draws the questions.
    n_questions
        How many.
    reference
        The cohort that limits and standard deviations are taken from; of no training, validation or test.
    """
    random = np.random.default_rng((heart.seed, _CHANCE_STREAM))
    found = np.concatenate([quantities(batch) for batch in heart.batches(reference.keys)])
    mean, deviation = found.mean(axis=0), found.std(axis=0)
    standardised = _standardised(found, mean, deviation)
    chance = _chance(heart.seed, reference.keys, n_questions)
    questions = tuple(
        _limited(question, standardised, chance[:, i], random.uniform(*POSITIVE_SHARES))
        for i, question in enumerate(_drawn(random, n_questions))
    )
    return Questionnaire(heart.seed, questions, mean, deviation)


def _drawn(random: np.random.Generator, n_questions: int) -> Iterator[Question]:
    """Kinds and quantities in turn, so that each is asked about equally often."""
    chances = random.permutation(np.geomspace(*CHANCE, n_questions)).tolist()
    for i, chance in enumerate(chances):
        first = (i // len(_KINDS)) % len(QUANTITIES)
        second = (first + int(random.integers(1, len(QUANTITIES)))) % len(QUANTITIES)
        signs = tuple(random.choice([-1, 1], 2).tolist())
        yield Question(_KINDS[i % len(_KINDS)], (QUANTITIES[first], QUANTITIES[second]), signs, chance)


def _limited(question: Question, standardised: Floats, chance: Floats, positive_share: float) -> Question:
    raw = question.score(standardised)
    centred = replace(question, centre=float(raw.mean()), spread=float(raw.std()))
    noisy = centred.score(standardised) + centred.chance * chance
    return replace(centred, limit=float(np.quantile(noisy, 1.0 - positive_share)))


def record(heart: Heart, keys: NDArray[np.int64], questionnaire: Questionnaire) -> Examples:
    """Record windows with the noise of training, and answer the questions about them.

    Parameters
    ----------
    heart
        Whose subjects they are.
    keys
        ``NDArray[int64]``, shape (n, 3): subject, draw and index of each window.
    questionnaire
        What is asked.
    """
    shape = (len(keys), ECGFOUNDER.window_samples)
    millivolts, inputs = np.empty(shape, np.float32), np.empty(shape, np.float32)
    labels = np.empty((len(keys), len(questionnaire.questions)), np.uint8)
    for parity, mains_hz in enumerate(MAINS_HZ):
        rows = np.flatnonzero(keys[:, 0] % len(MAINS_HZ) == parity)
        noise, done = replace(TRAINING_NOISE, mains_hz=mains_hz), 0
        for batch in heart.batches(keys[rows], noise=noise):
            here = rows[done : done + len(batch.keys)]
            millivolts[here], labels[here] = batch.millivolts, questionnaire.labels(batch)
            inputs[here] = preprocess(batch.millivolts, ECGFOUNDER)
            done += len(here)
    return Examples(millivolts, inputs, labels, keys[:, 0])


def _standardised(found: Floats, mean: Floats, deviation: Floats) -> Floats:
    return np.clip((found - mean) / deviation, -_FAR, _FAR)


def _chance(seed: int, keys: NDArray[np.int64], n_questions: int) -> Floats:
    """Standard normal, shape (n, n_questions); of fewer questions it is the beginning."""
    return np.stack(
        [np.random.default_rng((seed, _CHANCE_STREAM, *key)).standard_normal(n_questions) for key in keys.tolist()]
    )
