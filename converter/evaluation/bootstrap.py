"""How sure a pooled figure is: patients are drawn again and again, for the records of one are not independent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from converter.evaluation.pooling import Score, by_patient, stack

N_RESAMPLES: Final = 1000
S = TypeVar("S", bound=Score)
Figures: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; NaN where there is none.

    Parameters
    ----------
    value
        Of all patients, each once.
    low, high
        The 2.5 % and 97.5 % quantiles over resamples; NaN with fewer than two patients.
    """

    value: float
    low: float
    high: float


def estimates(
    scores: Sequence[S], figures: Callable[[S], Figures], *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> dict[str, Estimate]:
    """Compute figures of the pooled scores, with intervals by patient.

    Parameters
    ----------
    scores
        One for each record, or several.
    figures
        Named figures of a pooled score; the same names whatever the score, NaN where there is nothing to say.
    n_resamples, seed
        How often as many patients as there are, are drawn with replacement; resamples in which a figure is NaN are
        left out of its quantiles.
    """
    patients = stack(by_patient(scores))
    n = len(patients.scores)
    values = figures(patients.pool())
    random = np.random.default_rng(seed)
    draws = random.multinomial(n, np.full(n, 1.0 / n), size=n_resamples if n > 1 else 0)
    drawn = [figures(patients.pool(times)) for times in draws]
    return {name: Estimate(value, *_ends(np.array([row[name] for row in drawn]))) for name, value in values.items()}


def _ends(drawn: NDArray[np.float64]) -> tuple[float, float]:
    finite = drawn[np.isfinite(drawn)]
    if not finite.size:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [0.025, 0.975])
    return float(low), float(high)
