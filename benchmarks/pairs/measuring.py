"""Many short results of one commit, one after the other, and some of the same made slower on purpose."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench.comparing.comparison import Named
from benchmarks.bench.measuring.measure import measure
from benchmarks.bench.measuring.plan import Step
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.slowdown import VARIABLE
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.result import Result


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    n_pairs
        Pairs of the same commit.
    n_slow
        Of these, so many from the first are followed by a third result: the same, slower.
    slow_percent
        By so much.
    settings
        Of each result.
    everything
        Whether a result is whole, as `anyecg bench` makes it; else the networks are measured and nothing else.
    """

    n_pairs: int
    n_slow: int
    slow_percent: float
    settings: Settings
    everything: bool

    @property
    def n_results(self) -> int:
        """Results in all."""
        return 2 * self.n_pairs + self.n_slow


@dataclass(frozen=True, slots=True)
class Trio:
    """Results measured one after the other.

    Parameters
    ----------
    first, second
        Of the same commit: nothing differs.
    slow
        The same again with every run of a network made slower; it is held against `second`. None where not measured.
    """

    first: Named
    second: Named
    slow: Named | None


def trios(subjects: Sequence[Subject], plan: Plan) -> Iterator[Trio]:
    """Measure one trio after the other."""
    for i in range(1, plan.n_pairs + 1):
        first = Named(f"{i}a", _result(subjects, plan))
        second = Named(f"{i}b", _result(subjects, plan))
        slow = None
        if i <= plan.n_slow:
            with _slowed(plan.slow_percent):
                slow = Named(f"{i}slow", _result(subjects, plan))
        yield Trio(first, second, slow)


def keep(folder: Path, trio: Trio) -> None:
    """Write each result of a trio, as `anyecg bench --json` does."""
    folder.mkdir(parents=True, exist_ok=True)
    for named in (trio.first, trio.second, trio.slow):
        if named is not None:
            (folder / f"{named.name}.json").write_text(named.result.model_dump_json() + "\n", encoding="utf-8")


def _result(subjects: Sequence[Subject], plan: Plan) -> Result:
    return measure(subjects, plan.settings, plan.settings.line, iter if plan.everything else _networks)


def _networks(steps: list[Step]) -> Iterator[Step]:
    return (step for step in steps if ": network" in step.what)


@contextmanager
def _slowed(percent: float) -> Iterator[None]:
    """Make networks slower in the processes that are started meanwhile."""
    os.environ[VARIABLE] = f"{percent:g}"
    try:
        yield
    finally:
        del os.environ[VARIABLE]
