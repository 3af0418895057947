"""What the comparison says of results whose truth is known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from benchmarks.bench.comparing.comparison import Comparison, Named, compare_results
from benchmarks.bench.comparing.verdict import Row, Verdict
from benchmarks.bench.comparing.words import what
from benchmarks.bench.measurement import Quantity
from benchmarks.pairs.measuring import Trio


@dataclass(frozen=True, slots=True)
class Count:
    """So many of so many."""

    found: int
    of: int

    def __str__(self) -> str:
        return f"{self.found} of {self.of}"


@dataclass(frozen=True, slots=True)
class Spread:
    """The ratios that one quantity had in comparisons of the same truth.

    Parameters
    ----------
    name
        Pack and quantity.
    low, middle, high
        Smallest, median and largest ratio.
    half_width
        Median half width of the interval, as a share.
    covered
        Intervals that hold the truth.
    called
        Rows called worse or better.
    """

    name: str
    low: float
    middle: float
    high: float
    half_width: float
    covered: Count
    called: Count


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was asked.

    Parameters
    ----------
    called_different
        Pairs of the same commit, measured one after the other, in which anything was called worse or better.
    any_two
        The same of any two results of the same commit, up to the whole measurement apart; they share results, and are
        not so many independent trials.
    caught
        Slow-downs that were called a regression.
    caught_rows
        Rows of networks made slower that were called worse.
    noisy
        Results that call their machine noisy.
    same, slow
        Row by row.
    """

    called_different: Count
    any_two: Count
    caught: Count
    caught_rows: Count
    noisy: Count
    same: tuple[Spread, ...]
    slow: tuple[Spread, ...]


def count(trios: Sequence[Trio], *, slow_percent: float, threshold: float) -> Counted:
    """Compare each pair and each slow-down with the shipped comparison, and count.

    Parameters
    ----------
    trios
        At least one.
    slow_percent
        By how much the slow ones are slower.
    threshold
        The least change of practical weight, as a share.
    """
    alike = [named for trio in trios for named in (trio.first, trio.second)]
    everyone = [*alike, *(trio.slow for trio in trios if trio.slow)]
    same = [compare_results(trio.first, trio.second, threshold=threshold) for trio in trios]
    slow = [compare_results(trio.second, trio.slow, threshold=threshold) for trio in trios if trio.slow]
    steady = [row for one in slow for row in one.rows if row.base.quantity is Quantity.INFERENCE]
    return Counted(
        called_different=_count(map(differs, same)),
        any_two=_count(differs(one) for one in _any_two(alike, threshold)),
        caught=_count(one.regressed for one in slow),
        caught_rows=_count(row.verdict is Verdict.WORSE for row in steady),
        noisy=_count(named.noisy for named in everyone),
        same=tuple(_spreads(same, 1.0)),
        slow=tuple(_spreads(slow, 1.0 + slow_percent / 100.0)),
    )


def differs(comparison: Comparison) -> bool:
    """Whether anything is called worse or better."""
    return comparison.count(Verdict.WORSE) + comparison.count(Verdict.BETTER) > 0


def _any_two(named: Sequence[Named], threshold: float) -> Iterator[Comparison]:
    return (compare_results(a, b, threshold=threshold) for a, b in combinations(named, 2))


def _count(answers: Iterable[bool]) -> Count:
    said = list(answers)
    return Count(sum(said), len(said))


def _spreads(comparisons: Sequence[Comparison], truth: float) -> Iterator[Spread]:
    """Gather each quantity's rows over all comparisons; only the networks' steady runs are made slower."""
    gathered: dict[str, list[Row]] = {}
    for comparison in comparisons:
        for pack in comparison.packs:
            for row in pack.rows:
                gathered.setdefault(f"{pack.base.label}: {what(row.base)}", []).append(row)
    for name, rows in gathered.items():
        ratios = [row.ratio for row in rows if row.ratio is not None]
        ends = [(one.low, one.high) for one in ratios if one.low is not None and one.high is not None]
        if not ends:
            continue
        of_row = truth if rows[0].base.quantity is Quantity.INFERENCE else 1.0
        yield Spread(
            name=name,
            low=min(one.value for one in ratios),
            middle=median(one.value for one in ratios),
            high=max(one.value for one in ratios),
            half_width=median((high / low) ** 0.5 - 1.0 for low, high in ends),
            covered=_count(low <= of_row <= high for low, high in ends),
            called=_count(row.verdict in {Verdict.WORSE, Verdict.BETTER} for row in rows),
        )
