"""Scores of records put together: what is counted adds up, what is listed is strung together.

A score is a frozen dataclass whose fields `record` and `patient` say whose it is. Its other fields are numbers and
arrays, which add; tuples, which are strung together; and words, which must be the same for all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Times: TypeAlias = NDArray[np.int64]


class Score(Protocol):
    """What can be pooled: any dataclass of scores."""

    @property
    def record(self) -> str:
        """Which record it is of."""

    @property
    def patient(self) -> str:
        """Whose record it is."""


S = TypeVar("S", bound=Score)


@dataclass(frozen=True, slots=True, eq=False)
class Stack(Generic[S]):
    """Scores laid out so that any selection of them is pooled at once.

    Parameters
    ----------
    scores
        At least one, all of a kind.
    columns
        Of each field its values, numbers and arrays stacked along the first axis.
    """

    scores: tuple[S, ...]
    columns: dict[str, Any]

    def pool(self, times: Times | None = None) -> S:
        """Pool them, each as often as `times` says, shape (n,); once without it."""
        weights = np.ones(len(self.scores), np.int64) if times is None else times
        first: Any = self.scores[0]
        pooled = {name: _pooled(column, weights) for name, column in self.columns.items()}
        for name in ("record", "patient"):
            pooled[name] = _named(self.columns[name], name)
        return type(first)(**pooled)


def stack(scores: Sequence[S]) -> Stack[S]:
    """Lay out scores for pooling.

    Raises
    ------
    ValueError
        Without any, or where their words differ.
    """
    if not scores:
        raise ValueError("no scores to pool")
    first: Any = scores[0]
    return Stack(tuple(scores), {f.name: _column(f.name, [getattr(s, f.name) for s in scores]) for f in fields(first)})


def pool(scores: Sequence[S]) -> S:
    """Put scores together as one, whichever packs read the records.

    Raises
    ------
    ValueError
        Without any, or where their words differ.
    """
    return stack(scores).pool()


def by_patient(scores: Sequence[S]) -> list[S]:
    """Pool the records of each patient; in the order in which patients first appear."""
    groups: dict[str, list[S]] = defaultdict(list)
    for score in scores:
        groups[score.patient].append(score)
    return [pool(group) for group in groups.values()]


def _column(name: str, values: list[Any]) -> Any:
    match values[0]:
        case str():
            if name not in {"record", "patient"} and len(set(values)) > 1:
                raise ValueError(f"scores whose {name} differs do not pool: {', '.join(sorted(set(values)))}")
            return values
        case tuple():
            return values
        case _:
            return np.stack([np.asarray(value) for value in values])


def _pooled(column: Any, weights: Times) -> Any:
    if isinstance(column, np.ndarray):
        total = np.tensordot(weights, column, axes=1)
        return total if total.ndim else total.item()
    if isinstance(column[0], str):
        return column[0]
    return tuple(item for value, n in zip(column, weights, strict=True) for _ in range(n) for item in value)


def _named(names: list[str], word: str) -> str:
    different = list(dict.fromkeys(names))
    return different[0] if len(different) == 1 else f"{len(different)} {word}s"
