"""Pairs what was found with what was marked: one to one, in order, no pair further apart than a tolerance.

EC57 (and WFDB's ``bxb``) pairs each beat with the nearest one within 150 ms. Where two claim the same one, as many
pairs as possible are made here, and of those the nearest: the best pairing there is, not that of one pass.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]

TOLERANCE_S: Final = 0.15
"""EC57's window for a beat, s."""


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Pairs, and what has none.

    Parameters
    ----------
    reference, found
        Shape (n_pairs,): indices of what belongs together, both increasing.
    missed
        Indices of the reference without a partner.
    extra
        Indices of what was found without a partner.
    """

    reference: Indices
    found: Indices
    missed: Indices
    extra: Indices


def match(reference_s: Floats, found_s: Floats, tolerance_s: float = TOLERANCE_S) -> Matching:
    """Make as many pairs as possible and, of those, the nearest in sum.

    Parameters
    ----------
    reference_s, found_s
        Shape (n,) and (m,), s, not decreasing, finite.
    tolerance_s
        Furthest that a pair may be apart, s.
    """
    pairs_r, pairs_f = [], []
    for refs, founds in _clusters(reference_s, found_s, tolerance_s):
        r, f = _best_pairs(reference_s[refs], found_s[founds], tolerance_s)
        pairs_r.append(r + refs.start)
        pairs_f.append(f + founds.start)
    reference = np.concatenate(pairs_r) if pairs_r else np.empty(0, np.int64)
    found = np.concatenate(pairs_f) if pairs_f else np.empty(0, np.int64)
    return Matching(reference, found, _others(reference_s.size, reference), _others(found_s.size, found))


def _others(n: int, taken: Indices) -> Indices:
    return np.setdiff1d(np.arange(n), taken, assume_unique=True)


def _clusters(reference_s: Floats, found_s: Floats, tolerance_s: float) -> list[tuple[slice, slice]]:
    """Split where nothing lies for longer than the tolerance: no pair spans such a gap. Both sides have members."""
    together = np.concatenate([reference_s, found_s])
    order = np.argsort(together, kind="stable")
    breaks = np.flatnonzero(np.diff(together[order]) > tolerance_s) + 1
    bounds = np.concatenate([[0], breaks, [together.size]])
    n_references = np.concatenate([[0], np.cumsum(order < reference_s.size)])[bounds]
    n_found = bounds - n_references
    both = np.flatnonzero((np.diff(n_references) > 0) & (np.diff(n_found) > 0))
    return [
        (slice(int(n_references[i]), int(n_references[i + 1])), slice(int(n_found[i]), int(n_found[i + 1])))
        for i in both
    ]


def _best_pairs(reference_s: Floats, found_s: Floats, tolerance_s: float) -> tuple[Indices, Indices]:
    """Align two short sequences, a row of the table at a time."""
    if reference_s.size == 1 or found_s.size == 1:
        return _nearest_pair(reference_s, found_s)
    apart = np.abs(reference_s[:, None] - found_s[None, :])
    per_pair = 1.0 + tolerance_s * min(apart.shape)  # one pair more outweighs every distance
    gain = np.where(apart <= tolerance_s, per_pair - apart, -np.inf)
    best = np.zeros((reference_s.size + 1, found_s.size + 1))
    for i, row in enumerate(gain):
        best[i + 1, 1:] = np.maximum(best[i, 1:], best[i, :-1] + row)
        np.maximum.accumulate(best[i + 1], out=best[i + 1])
    pairs = _trace(best)
    return np.array([i for i, _ in pairs], np.int64), np.array([j for _, j in pairs], np.int64)


def _trace(best: Floats) -> list[tuple[int, int]]:
    """Walk back from the end of the table: a value that neither neighbour has was won by a pair."""
    i, j = best.shape[0] - 1, best.shape[1] - 1
    pairs = []
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _nearest_pair(reference_s: Floats, found_s: Floats) -> tuple[Indices, Indices]:
    """Pair the one with the nearest of the others, its neighbour in the cluster and so within the tolerance."""
    at, one = np.array([np.argmin(np.abs(reference_s - found_s))], np.int64), np.zeros(1, np.int64)
    return (one, at) if reference_s.size == 1 else (at, one)
