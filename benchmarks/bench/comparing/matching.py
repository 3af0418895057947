"""What in two results is alike: the same model, the same quantity, the same conditions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bench.measurement import Conditions, Measurement, Quantity
from benchmarks.bench.result import Machine, PackResult, Result

_MEMORY_TOLERANCE: Final = 0.02
"""A kernel keeps a little memory for itself, and another release of it a little more."""

SAME_MACHINE: Final = "processor, architecture, cores and board alike, memory within 2 %"
"""What makes two machines the same, in words."""


@dataclass(frozen=True, slots=True)
class PackPair:
    """One model in both results.

    Parameters
    ----------
    base, other
        The pack as each measured it.
    """

    base: PackResult
    other: PackResult

    @property
    def same_kernels(self) -> bool:
        """Whether the same kernel family ran both."""
        return self.base.kernel_family == self.other.kernel_family

    def measurements(self) -> Iterator[tuple[Measurement, Measurement]]:
        """Give what both measured, in the order of the base."""
        theirs = {_key(one): one for one in self.other.measurements}
        for one in self.base.measurements:
            if _key(one) in theirs:
                yield one, theirs[_key(one)]

    def lonely(self) -> tuple[list[Measurement], list[Measurement]]:
        """Return what only the base measured, and what only the other did."""
        ours, theirs = {_key(one) for one in self.base.measurements}, {_key(one) for one in self.other.measurements}
        return (
            [one for one in self.base.measurements if _key(one) not in theirs],
            [one for one in self.other.measurements if _key(one) not in ours],
        )


def same_machine(one: Machine, other: Machine) -> bool:
    """Say whether a difference of two results may be laid to what ran, not to where; see `SAME_MACHINE`."""
    alike = ("processor", "architecture", "n_cores", "board")
    larger = max(one.memory_mb, other.memory_mb)
    return all(getattr(one, field) == getattr(other, field) for field in alike) and (
        abs(one.memory_mb - other.memory_mb) <= _MEMORY_TOLERANCE * larger
    )


def pair_packs(base: Result, other: Result) -> tuple[list[PackPair], list[PackResult], list[PackResult]]:
    """Find the packs that both measured.

    Parameters
    ----------
    base, other
        Two results.

    Returns
    -------
    tuple[list[PackPair], list[PackResult], list[PackResult]]
        Those with the same model, by the same kernels where there is a choice; what only the base has; what only the
        other has.
    """
    pairs: list[PackPair] = []
    left = list(other.packs)
    alone: list[PackResult] = []
    for pack in _same_kernels_first(base.packs, left):
        found = _partner(pack, left)
        if found is None:
            alone.append(pack)
        else:
            left.remove(found)
            pairs.append(PackPair(pack, found))
    pairs.sort(key=lambda pair: base.packs.index(pair.base))
    return pairs, alone, left


def _same_kernels_first(packs: Sequence[PackResult], theirs: Sequence[PackResult]) -> list[PackResult]:
    exact = {(pack.model_sha256, pack.kernel_family) for pack in theirs}
    return sorted(packs, key=lambda pack: (pack.model_sha256, pack.kernel_family) not in exact)


def _partner(pack: PackResult, theirs: Sequence[PackResult]) -> PackResult | None:
    same_model = [one for one in theirs if one.model_sha256 == pack.model_sha256]
    same_kernels = [one for one in same_model if one.kernel_family == pack.kernel_family]
    return next(iter([*same_kernels, *same_model]), None)


def _key(measurement: Measurement) -> tuple[Quantity, Conditions]:
    return measurement.quantity, measurement.conditions
