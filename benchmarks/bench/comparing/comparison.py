"""Two results: which packs both measured, how their figures relate, and whether something became worse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.bench.comparing.around import Around
from benchmarks.bench.comparing.matching import PackPair, pair_packs, same_machine
from benchmarks.bench.comparing.verdict import DEFAULT_THRESHOLD, Judged, Row, Verdict, compare, judge
from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.measurement import Measurement
from benchmarks.bench.result import PackResult, Result


@dataclass(frozen=True, slots=True)
class Named:
    """A result and what it is called.

    Parameters
    ----------
    name
        Of its file.
    result
        What it says.
    """

    name: str
    result: Result

    @property
    def noisy(self) -> bool:
        """Whether it says that its machine was."""
        return bool(self.result.mood.noisy)


@dataclass(frozen=True, slots=True)
class PackComparison:
    """One model in both results.

    Parameters
    ----------
    base, other
        The pack as each measured it.
    judged
        Whether its rows may end in a regression.
    rows
        What both measured, in the order of the base.
    only_base, only_other
        What has no partner.
    """

    base: PackResult
    other: PackResult
    judged: Judged
    rows: tuple[Row, ...]
    only_base: tuple[Measurement, ...]
    only_other: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results side by side.

    Parameters
    ----------
    base, other
        The results.
    same_machine
        Whether they are from one machine.
    threshold
        The least change of practical weight, as a share.
    packs
        The models that both measured.
    only_base, only_other
        Packs that have no partner.
    """

    base: Named
    other: Named
    same_machine: bool
    threshold: float
    packs: tuple[PackComparison, ...]
    only_base: tuple[PackResult, ...]
    only_other: tuple[PackResult, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row of every pack."""
        return tuple(row for pack in self.packs for row in pack.rows)

    @property
    def noisy(self) -> bool:
        """Whether either machine was, so that intervals are wider."""
        return self.base.noisy or self.other.noisy

    def count(self, verdict: Verdict) -> int:
        """Return how many rows have this verdict."""
        return sum(row.verdict is verdict for row in self.rows)

    @property
    def regressed(self) -> bool:
        """Whether something became worse beyond noise."""
        return self.count(Verdict.WORSE) > 0


def compare_results(base: Named, other: Named, *, threshold: float = DEFAULT_THRESHOLD) -> Comparison:
    """Put two results side by side.

    Parameters
    ----------
    base
        What the other is measured against.
    other
        Another commit, runtime or setting on the same machine, or another machine.
    threshold
        The least change of practical weight, as a share.
    """
    pairs, only_base, only_other = pair_packs(base.result, other.result)
    same = same_machine(base.result.machine, other.result.machine)
    packs = [_pack(pair, base, other, same=same) for pair in pairs]
    return Comparison(
        base=base,
        other=other,
        same_machine=same,
        threshold=threshold,
        packs=tuple(_judged(packs, threshold)),
        only_base=tuple(only_base),
        only_other=tuple(only_other),
    )


def compare_all(results: Sequence[Named], *, threshold: float = DEFAULT_THRESHOLD) -> list[Comparison]:
    """Compare each further result with the first.

    Raises
    ------
    BenchError
        If nothing in any of them is like anything in the first.
    """
    base, *others = results
    comparisons = [compare_results(base, other, threshold=threshold) for other in others]
    if not any(comparison.rows for comparison in comparisons):
        raise BenchError(
            BenchFault.NOTHING_ALIKE,
            f"nothing in {', '.join(other.name for other in others)} can be compared with {base.name}",
            advice="only the same model, quantity and conditions are compared: measure the same packs with the same "
            "options",
        )
    return comparisons


def _pack(pair: PackPair, base: Named, other: Named, *, same: bool) -> PackComparison:
    judged = Judged.YES if pair.same_kernels else Judged.OTHER_KERNELS
    if not same:
        judged = Judged.OTHER_MACHINE
    paces = _pace(pair.base), _pace(pair.other)
    known = (0.0, 0.0) if paces[0] is None or paces[1] is None else (paces[0], paces[1])
    around = _around(base.result, known[0]), _around(other.result, known[1])
    noisy = base.noisy or other.noisy
    rows = tuple(compare(a, b, judged=judged, noisy=noisy, around=around) for a, b in pair.measurements())
    only_base, only_other = pair.lonely()
    return PackComparison(pair.base, pair.other, judged, rows, tuple(only_base), tuple(only_other))


def _around(result: Result, pace: float) -> Around:
    return Around(pace=pace, taken=min(1.0, result.mood.others + result.mood.stolen), n_cores=result.machine.n_cores)


def _pace(pack: PackResult) -> float | None:
    """Logarithm of the yardstick over all processes that timed it beside this pack; None where none did."""
    runs = [run for one in pack.measurements for run in one.runs]
    logs = [math.log(run.yardstick_ms) for run in runs if run.yardstick_ms is not None]
    return median(logs) if logs else None


def _judged(packs: Sequence[PackComparison], threshold: float) -> list[PackComparison]:
    """Give the rows of all packs their verdicts together: they are one table."""
    rows = judge([row for pack in packs if pack.judged is Judged.YES for row in pack.rows], threshold=threshold)
    given = iter(rows)
    return [
        PackComparison(
            pack.base,
            pack.other,
            pack.judged,
            tuple(next(given) for _ in pack.rows) if pack.judged is Judged.YES else pack.rows,
            pack.only_base,
            pack.only_other,
        )
        for pack in packs
    ]
