"""Which result is which on the page: each has a letter, a name and a sign, and packs are found across them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from benchmarks.bench.comparing.comparison import Named
from benchmarks.bench.measurement import Conditions, Measurement, Quantity
from benchmarks.bench.result import PackResult, Peak, Result
from edge.page.axes import Shape, Sign

MOST: Final = len(ascii_uppercase)
"""Results on one page: as many as there are letters."""
N_COLOURS: Final = 6
"""Classes ``c0`` to ``c5`` of the page's style."""
_SHAPES: Final = tuple(Shape)
_COMMIT: Final = 10
"""Letters of a commit that tell it from others."""


def sign(i: int) -> Sign:
    """How the points of the i-th of several series look: no two of the first 24 are alike."""
    return Sign(f"c{i % N_COLOURS}", _SHAPES[(i + i // N_COLOURS) % len(_SHAPES)])


@dataclass(frozen=True, slots=True)
class Series:
    """One result, as the page names and draws it.

    Parameters
    ----------
    letter
        Empty where it is the only one.
    sign
        Its points.
    named
        What was measured, and its file's name.
    """

    letter: str
    sign: Sign
    named: Named

    @property
    def result(self) -> Result:
        """What was measured."""
        return self.named.result

    @property
    def name(self) -> str:
        """The machine, with the letter before it where there are several."""
        processor = self.result.machine.processor
        return f"{self.letter}: {processor}" if self.letter else processor

    @property
    def commit(self) -> str:
        """The source, shortened; the release where there is no commit."""
        commit = self.result.commit
        changed = " with changes" if commit.endswith("+") else ""
        return f"commit {commit.rstrip('+')[:_COMMIT]}{changed}" if commit else f"release {self.result.machine.anyecg}"

    def peak(self, threads: int) -> Peak | None:
        """What the machine could do with so many threads; None where that was not measured."""
        return next((peak for peak in self.result.peaks if peak.threads == threads), None)

    def before(self, said: str) -> str:
        """Put the letter before something, where there is one."""
        return f"{self.letter}: {said}" if self.letter else said


@dataclass(frozen=True, slots=True)
class Subject:
    """One pack, in every result that has it.

    Parameters
    ----------
    label
        Of the pack.
    entries
        At least one.
    """

    label: str
    entries: tuple[tuple[Series, PackResult], ...]

    def find(self, quantity: Quantity, **conditions: float | str) -> Iterator[tuple[Series, Measurement]]:
        """Give the measurements of a quantity in every result, those with fewer threads, batch and streams first."""
        for series, pack in self.entries:
            found = sorted(pack.find(quantity, **conditions), key=lambda m: _order(m.conditions))
            yield from ((series, measurement) for measurement in found)


def _order(conditions: Conditions) -> tuple[int, int, int, float]:
    return conditions.threads, conditions.batch, conditions.streams, conditions.hop_s


def series_of(results: Sequence[Named]) -> tuple[Series, ...]:
    """Name results in their order, at most `MOST`."""
    letters = ascii_uppercase if len(results) > 1 else ("",)
    return tuple(
        Series(letter, sign(i), named) for i, (letter, named) in enumerate(zip(letters, results, strict=False))
    )


def subjects_of(series: Sequence[Series]) -> tuple[Subject, ...]:
    """Gather the packs by label, in the order they come."""
    entries: dict[str, list[tuple[Series, PackResult]]] = {}
    for one in series:
        for pack in one.result.packs:
            entries.setdefault(pack.label, []).append((one, pack))
    return tuple(Subject(label, tuple(found)) for label, found in entries.items())


def threads_said(n: int) -> str:
    """Say how many threads."""
    return f"{n} thread" if n == 1 else f"{n} threads"
