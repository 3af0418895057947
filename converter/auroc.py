"""Area under the receiver operating characteristic."""

import numpy as np
from numpy.typing import NDArray


def auroc(scores: NDArray[np.float64], labels: NDArray[np.bool_], weights: NDArray[np.float64] | None = None) -> float:
    """Share of (positive, negative) pairs in which the positive scores higher; ties count half.

    Parameters
    ----------
    scores, labels
        Shape (n,).
    weights
        Shape (n,): how often each counts; None for once.

    Returns
    -------
    float
        NaN where one class is missing.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    _, group = np.unique(scores, return_inverse=True)
    positive = np.bincount(group, weights * labels)
    negative = np.bincount(group, weights * ~labels)
    pairs = positive.sum() * negative.sum()
    won = positive * (np.cumsum(negative) - 0.5 * negative)
    return float(won.sum() / pairs) if pairs else float("nan")
