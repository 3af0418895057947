"""How far each variant is from the network it was made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.peers.variants import Variant

_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """A variant against the reference, over windows no calibration has seen.

    Parameters
    ----------
    spearman_median, spearman_min
        Rank correlation of each output over the windows: of the middle and of the worst output. Ties share their rank;
        an output that says the same of every window has none, and counts as 0.
    noise, noise_worst
        Root-mean-square difference, the output's mean difference apart, in standard deviations of the reference's
        output: over all outputs (root mean square), and of the worst one.
    max_abs_logit
        Largest difference of all.
    sign_flips, n_logits
        Logits on the other side of zero, of how many.
    """

    spearman_median: float
    spearman_min: float
    noise: float
    noise_worst: float
    max_abs_logit: float
    sign_flips: int
    n_logits: int


Agreements: TypeAlias = dict[str, dict[str, Agreement]]
"""By kind of windows (``clean``, ``artefacts``) and by variant."""


def agreements(variants: Sequence[Variant], reference: str, windows: dict[str, NDArray[np.float32]]) -> Agreements:
    """Compare every variant with one of them.

    Parameters
    ----------
    variants
        What to run.
    reference
        The name of the one that is right.
    windows
        Preprocessed windows of each kind, shape (n, window_samples), n divisible by every batch.
    """
    found = {}
    for kind, of_kind in windows.items():
        logits = {variant.name: logits_of(variant, of_kind) for variant in variants}
        found[kind] = {name: agreement(logits[reference], of_one) for name, of_one in logits.items()}
    return found


def logits_of(variant: Variant, windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of all windows, shape (n, n_outputs); n is divisible by the variant's batch."""
    run = variant.open(_THREADS)
    return np.concatenate([run(windows[i : i + variant.batch]) for i in range(0, len(windows), variant.batch)])


def agreement(reference: NDArray[np.float32], logits: NDArray[np.float32]) -> Agreement:
    """Compare logits, both of shape (n, n_outputs)."""
    correlations = [_spearman(p, q) for p, q in zip(reference.T, logits.T, strict=True)]
    errors = logits.astype(np.float64) - reference
    noise = errors.std(axis=0) / np.maximum(reference.std(axis=0, dtype=np.float64), np.finfo(np.float32).tiny)
    return Agreement(
        spearman_median=float(np.median(correlations)),
        spearman_min=float(np.min(correlations)),
        noise=float(np.sqrt(np.mean(noise**2))),
        noise_worst=float(noise.max()),
        max_abs_logit=float(np.abs(errors).max()),
        sign_flips=int(np.count_nonzero((logits > 0) != (reference > 0))),
        n_logits=reference.size,
    )


def _spearman(p: NDArray[np.float32], q: NDArray[np.float32]) -> float:
    if np.ptp(p) == 0 or np.ptp(q) == 0:
        return 0.0
    return float(stats.spearmanr(p, q).statistic)
