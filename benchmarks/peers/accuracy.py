"""How far each variant is from the network it was made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.peers.runners import Runner


@dataclass(frozen=True, slots=True)
class Agreement:
    """A variant against the reference, over windows no calibration has seen.

    Parameters
    ----------
    spearman_median, spearman_min
        Rank correlation of each output over the windows: of the middle and of the worst output. Ties share their rank;
        an output that says the same of every window has none, and counts as 0.
    max_abs_logit
        Largest difference of all.
    sign_flips, n_logits
        Logits on the other side of zero, of how many.
    """

    spearman_median: float
    spearman_min: float
    max_abs_logit: float
    sign_flips: int
    n_logits: int


def logits_of(run: Runner, windows: NDArray[np.float32], batch: int) -> NDArray[np.float32]:
    """Logits of all windows, shape (n, n_outputs), `batch` of them a call; n is divisible by it."""
    return np.concatenate([run(windows[i : i + batch]) for i in range(0, len(windows), batch)])


def agreement(reference: NDArray[np.float32], logits: NDArray[np.float32]) -> Agreement:
    """Compare logits, both of shape (n, n_outputs)."""
    correlations = [_spearman(p, q) for p, q in zip(reference.T, logits.T, strict=True)]
    return Agreement(
        spearman_median=float(np.median(correlations)),
        spearman_min=float(np.min(correlations)),
        max_abs_logit=float(np.abs(logits - reference).max()),
        sign_flips=int(np.count_nonzero((logits > 0) != (reference > 0))),
        n_logits=reference.size,
    )


def _spearman(p: NDArray[np.float32], q: NDArray[np.float32]) -> float:
    if np.ptp(p) == 0 or np.ptp(q) == 0:
        return 0.0
    return float(stats.spearmanr(p, q).statistic)
