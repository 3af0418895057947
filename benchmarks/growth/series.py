"""One cost against one size: what was measured in each round, and the law of it."""

import gc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench.measuring.yardstick import Yardstick
from benchmarks.growth.law import TOLERANCE, Law, Verdict, fit

Costs: TypeAlias = Mapping[str, float]
"""By the name of the series, in its unit."""
FEWEST_ROUNDS: Final = 5
"""An interval rests on at least so many."""
_YARDS: Final = 5


class What(StrEnum):
    """What cost is measured against."""

    WEARABLES = "wearables"
    HOP = "hop"
    OUTPUTS = "outputs"
    HOURS = "hours"
    STORE = "store"


class Measure(StrEnum):
    """What a cost is measured with."""

    CPU = "processor time"
    """Set right by the yardstick: how fast the machine was just then."""
    WALL = "time"
    """By the clock on the wall, disk and scheduler in it."""
    SPACE = "space"
    """Bytes, in memory or on disk."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a series is of.

    Parameters
    ----------
    name
        What costs, unlike any other of the same `What`.
    unit
        Of the cost.
    measure
        What it is measured with.
    asked
        The most that is allowed: reading all of something takes longer the more it is, and what needs only the end of
        it is to be constant.
    why
        Why it grows as it does; empty where that is plain.
    """

    name: str
    unit: str
    measure: Measure
    asked: Verdict = Verdict.LINEAR_OR_BETTER
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A cost against a size.

    Parameters
    ----------
    what
        What the size is.
    size_unit
        In words: ``wearables``.
    kind
        What costs.
    sizes
        Ascending.
    rounds
        ``NDArray[float64]``, shape (n_rounds, n_sizes).
    """

    what: What
    size_unit: str
    kind: Kind
    sizes: tuple[float, ...]
    rounds: NDArray[np.float64]

    @property
    def law(self) -> Law:
        """How it grows."""
        return fit(self.sizes, self.rounds)

    @property
    def medians(self) -> tuple[float, ...]:
        """Cost of each size."""
        return tuple(np.median(self.rounds, axis=0).tolist())

    @property
    def as_asked(self) -> bool:
        """Whether nothing shows that it grows faster than it may."""
        law = self.law
        if self.kind.asked is Verdict.CONSTANT:
            return max(law.exponent.low, law.late.low) <= TOLERANCE
        return law.verdict is not Verdict.WORSE

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        law = self.law
        return {
            "what": self.what.value,
            "size_unit": self.size_unit,
            **asdict(self.kind),
            "sizes": list(self.sizes),
            "rounds": np.round(self.rounds, 9).tolist(),
            "law": asdict(law),
            "verdict": law.verdict.value,
            "as_asked": self.as_asked,
        }


def measure_rounds(
    sizes: Sequence[float], cost_of: Callable[[float], Costs], *, n_rounds: int, n_warmup: int = 1, seed: int = 0
) -> "Rounds":
    """Measure every size once a round, each round in another order.

    Parameters
    ----------
    sizes
        What to measure.
    cost_of
        Measures one size; the same names for each.
    n_rounds, n_warmup
        Rounds that count, after rounds that do not.
    seed
        Of the orders.
    """
    draws, stick = np.random.default_rng(seed), Yardstick(time.process_time)
    costs: list[list[Costs]] = [[{} for _ in sizes] for _ in range(n_warmup + n_rounds)]
    yards_ms = np.ones((n_warmup + n_rounds, len(sizes)))
    for i, costs_of_round in enumerate(costs):
        for k in draws.permutation(len(sizes)):
            gc.collect()
            around_ms = [stick.measure() for _ in range(_YARDS)]
            costs_of_round[k] = cost_of(sizes[k])
            around_ms += [stick.measure() for _ in range(_YARDS)]
            yards_ms[i, k] = np.median(around_ms)
    return Rounds(tuple(sizes), tuple(map(tuple, costs[n_warmup:])), yards_ms[n_warmup:])


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """What rounds have measured.

    Parameters
    ----------
    sizes
        Ascending.
    costs
        Round by round, one for each size.
    yards_ms
        ``NDArray[float64]``, shape (n_rounds, n_sizes): time of the yardstick before and after each.
    """

    sizes: tuple[float, ...]
    costs: tuple[tuple[Costs, ...], ...]
    yards_ms: NDArray[np.float64]

    def series(self, what: What, size_unit: str, kinds: Iterable[Kind]) -> list[Series]:
        """Put what was measured together with what it is of."""
        return [Series(what, size_unit, kind, self.sizes, self._rounds(kind)) for kind in kinds]

    def _rounds(self, kind: Kind) -> NDArray[np.float64]:
        measured = np.array([[cost[kind.name] for cost in row] for row in self.costs])
        match kind.measure:
            case Measure.CPU:
                return measured * np.median(self.yards_ms) / self.yards_ms
            case Measure.WALL | Measure.SPACE:
                return measured
