"""Measures packs: so many rounds, in each of which every measurement has a process of its own."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.bench.measuring.asks import (
    FindPeak,
    Infer,
    Inferred,
    Load,
    Loaded,
    PeakFound,
    Profile,
    Profiled,
    Stream,
    Streamed,
)
from benchmarks.bench.measuring.collected import Collected
from benchmarks.bench.measuring.hearts import write_hearts
from benchmarks.bench.measuring.mood import Watch
from benchmarks.bench.measuring.processes import asked, first_outcome_s
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.subject import Subject
from benchmarks.bench.result import SCHEMA_VERSION, Machine, Peak, Result
from benchmarks.machine import this_machine

_COLD_START_MINUTES: Final = 0.5
_PARTS: Final = 6
"""Values of processor time that a stream gives."""
_START_S: Final = 1.0
"""About what a process takes before it measures, and after."""


@dataclass(frozen=True, slots=True)
class Step:
    """One process.

    Parameters
    ----------
    what
        For people.
    seconds
        About how long.
    run
        Starts it and puts what it finds where it belongs.
    """

    what: str
    seconds: float
    run: Callable[[Watch], None]


class Measuring:
    """A measurement that is planned; `steps` in their order make it.

    Parameters
    ----------
    subjects
        What to measure.
    settings
        How much.
    folder
        For the hearts.
    """

    def __init__(self, subjects: Sequence[Subject], settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._collected = [Collected(subject) for subject in subjects]
        self._peaks: dict[int, PeakFound] = {}
        n_cores = len(os.sched_getaffinity(0))
        self._threads = tuple(n for n in settings.threads if n <= n_cores) or (n_cores,)
        for left_out in settings.threads:
            if left_out not in self._threads:
                self._note(f"{left_out} threads: this machine lends {n_cores} cores")

    def _note(self, what: str) -> None:
        for one in self._collected:
            one.note(what)

    def prepare(self) -> None:
        """Write the hearts."""
        settings = self._settings
        write_hearts(self._folder / "start.npy", 1, _COLD_START_MINUTES)
        if settings.loop_minutes:
            write_hearts(self._folder / "loop.npy", 1, settings.loop_minutes)
        if settings.streams:
            write_hearts(self._folder / "streams.npy", max(settings.streams), settings.streams_minutes)

    def steps(self) -> list[Step]:
        """Every process that is needed, in the order in which they run."""
        steps = [self._peak(n) for n in self._threads]
        for _ in range(self._settings.processes):
            for one in self._collected:
                steps.extend(self._round(one))
        return steps + [self._profile(one) for one in self._collected]

    def _round(self, one: Collected) -> Iterator[Step]:
        settings, pack = self._settings, one.subject.manifest.name
        yield Step(f"{pack}: cold start", 2 * _START_S, lambda watch: self._cold_start(one, watch))
        for cold in (True, False):
            ask = Load(pack=one.subject.path, cold=cold)
            yield Step(
                f"{pack}: load, {'cold' if cold else 'warm'}",
                _START_S,
                lambda watch, ask=ask: one.loaded(asked(ask, Loaded, watch), cold=ask.cold),
            )
        for n in self._threads:
            seconds = settings.seconds / len(self._threads)
            infer = Infer(pack=one.subject.path, threads=n, batches=settings.batches, seconds=seconds)
            yield Step(
                f"{pack}: network, {n} thread{'s' * (n > 1)}",
                seconds + _START_S,
                lambda watch, ask=infer: self._infer(one, ask, watch),
            )
        if settings.loop_minutes:
            seconds = _START_S + settings.loop_minutes / 20.0
            yield Step(f"{pack}: loop", seconds, lambda watch: self._loop(one, watch))
        for n in settings.streams:
            yield Step(
                f"{pack}: {n} stream{'s' * (n > 1)}",
                _START_S + n * settings.streams_minutes / 20.0,
                lambda watch, n=n: self._streams(one, n, watch),
            )

    def _cold_start(self, one: Collected, watch: Watch) -> None:
        one.cold_start(first_outcome_s(*self._loop_packs(one), self._folder / "start.npy", watch))

    def _infer(self, one: Collected, ask: Infer, watch: Watch) -> None:
        inferred = asked(ask, Inferred, watch)
        watch.timed(str(ask.pack), inferred.yardstick_ms)
        one.inferred(ask, inferred)

    def _loop(self, one: Collected, watch: Watch) -> None:
        streamed = self._streamed(one, 1, "loop.npy", watch)
        one.looped(streamed, threads=1, hop_s=self._settings.hop_s)

    def _streams(self, one: Collected, n: int, watch: Watch) -> None:
        streamed = self._streamed(one, n, "streams.npy", watch)
        one.streamed(streamed, threads=1, streams=n, hop_s=self._settings.hop_s)

    def _streamed(self, one: Collected, n: int, hearts: str, watch: Watch) -> Streamed:
        estimates, waves = self._loop_packs(one)
        ask = Stream(
            estimates=estimates,
            waves=waves,
            hearts=self._folder / hearts,
            threads=1,
            streams=n,
            hop_s=self._settings.hop_s,
            parts=_PARTS,
        )
        streamed = asked(ask, Streamed, watch)
        watch.timed("loops", streamed.yardstick_ms)
        return streamed

    def _loop_packs(self, one: Collected) -> tuple[Path, Path]:
        return one.subject.loop_packs(self._settings.waves)

    def _peak(self, n: int) -> Step:
        ask = FindPeak(threads=n, seconds=self._settings.peak_s)

        def run(watch: Watch) -> None:
            self._peaks[n] = asked(ask, PeakFound, watch)

        return Step(f"peak, {n} thread{'s' * (n > 1)}", 2 * ask.seconds + _START_S, run)

    def _profile(self, one: Collected) -> Step:
        ask = Profile(pack=one.subject.path, seconds=self._settings.peak_s)
        return Step(
            f"{one.subject.manifest.name}: operators",
            ask.seconds + _START_S,
            lambda watch: one.profiled(asked(ask, Profiled, watch)),
        )

    def result(self, watch: Watch, machine: Machine, said: str) -> Result:
        """Everything that was found.

        Parameters
        ----------
        watch
            What has looked at the machine since before the first step.
        machine
            As it was then.
        said
            The settings, as the command line has them.
        """
        return Result(
            schema_version=SCHEMA_VERSION,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            commit=commit(),
            settings=said,
            machine=machine,
            mood=watch.mood(),
            energy_source="not measured",
            peaks=tuple(
                Peak(threads=n, int8_gmacs=peak.int8_gmacs, read_gb_s=peak.read_gb_s) for n, peak in self._peaks.items()
            ),
            packs=tuple(one.result() for one in self._collected),
        )


def measure(
    subjects: Sequence[Subject], settings: Settings, said: str, plan: Callable[[list[Step]], Iterator[Step]] = iter
) -> Result:
    """Measure packs.

    Parameters
    ----------
    subjects, settings
        What, and how much.
    said
        The settings, as the command line has them.
    plan
        Is given all steps before the first one, and gives them on one after the other: a place for a progress bar.

    Raises
    ------
    BenchError
        If a process that measures ends without its figures.
    """
    machine = Machine(**asdict(this_machine()))
    with tempfile.TemporaryDirectory() as folder:
        measuring = Measuring(subjects, settings, Path(folder))
        measuring.prepare()
        watch = Watch()
        for step in plan(measuring.steps()):
            step.run(watch)
        return measuring.result(watch, machine, said)


def commit() -> str:
    """Commit of this source, with ``+`` behind it where it was changed; empty where it is no checkout."""
    source = Path(__file__).parents[3]
    if not (source / ".git").exists():
        return ""
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=source, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=source,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip() + "+" * bool(changed.stdout.strip())
