"""What runs in which order: so many rounds, in each of which every measurement has a process of its own.

Rounds go over all packs and conditions, so that a machine that wanders wanders for all of them.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.bench.energy import Energy, EnergyMeter, over
from benchmarks.bench.errors import BenchError
from benchmarks.bench.measuring.asks import (
    Draw,
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
from benchmarks.bench.measuring.processes import asked, drawn, first_outcome_s
from benchmarks.bench.measuring.settings import Settings
from benchmarks.bench.measuring.subject import Subject

_COLD_START_MINUTES: Final = 0.5
_PARTS: Final = 6
"""Values of processor time that a stream gives."""
_START_S: Final = 1.0
"""About what a process takes before it measures, and after."""
_STREAM_MINUTES_A_S: Final = 40.0
"""About how much stream a second of a server's core takes."""


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
    meter
        What measures energy; None: nothing does.

    Attributes
    ----------
    collected
        What was found of each pack, in the order of `subjects`.
    peaks
        By number of threads.
    """

    def __init__(
        self, subjects: Sequence[Subject], settings: Settings, folder: Path, meter: EnergyMeter | None = None
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._meter = meter
        self._idle: Energy | None = None
        self.collected = [Collected(subject) for subject in subjects]
        self.peaks: dict[int, PeakFound] = {}
        n_cores = len(os.sched_getaffinity(0))
        self._threads = tuple(n for n in settings.threads if n <= n_cores) or (n_cores,)
        for n in settings.threads:
            if n not in self._threads:
                self._note(f"{_threads(n)} left out: there are {n_cores} cores")

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
        steps = [self._peak_step(n) for n in self._threads]
        if self._meter:
            steps.append(Step("energy: idle", self._draw_s(self._meter), self._rest))
        for _ in range(self._settings.processes):
            for one in self.collected:
                steps.extend(self._round(one))
        return steps + [self._profile_step(one) for one in self.collected]

    def _round(self, one: Collected) -> Iterator[Step]:
        settings, pack = self._settings, one.subject.manifest.name
        yield Step(f"{pack}: cold start", 2 * _START_S, partial(self._cold_start, one))
        for cold in (True, False):
            words = f"{pack}: load, {'cold' if cold else 'warm'}"
            yield Step(words, _START_S, partial(_load, one, Load(pack=one.subject.path, cold=cold)))
        for n in self._threads:
            seconds = settings.seconds / len(self._threads)
            ask = Infer(pack=one.subject.path, threads=n, batches=settings.batches, seconds=seconds)
            yield Step(f"{pack}: network, {_threads(n)}", seconds + _START_S, partial(_infer, one, ask))
        if settings.loop_minutes:
            seconds = _START_S + settings.loop_minutes / _STREAM_MINUTES_A_S
            yield Step(f"{pack}: loop", seconds, partial(self._loop, one))
        for n in settings.streams:
            seconds = _START_S + n * settings.streams_minutes / _STREAM_MINUTES_A_S
            yield Step(f"{pack}: {n} wearable{'s' * (n > 1)}", seconds, partial(self._streams, one, n))
        if self._meter:
            seconds = _START_S + self._draw_s(self._meter)
            yield Step(f"{pack}: energy", seconds, partial(self._draw, one, self._meter))

    def _cold_start(self, one: Collected, watch: Watch) -> None:
        estimates, waves = one.subject.loop_packs(self._settings.waves)
        one.cold_start(first_outcome_s(estimates, waves, self._folder / "start.npy", watch))

    def _loop(self, one: Collected, watch: Watch) -> None:
        streamed = self._streamed(one, 1, "loop.npy", watch)
        one.looped(streamed, threads=1, hop_s=self._settings.hop_s)

    def _streams(self, one: Collected, n: int, watch: Watch) -> None:
        streamed = self._streamed(one, n, "streams.npy", watch)
        one.streamed(streamed, threads=1, streams=n, hop_s=self._settings.hop_s)

    def _streamed(self, one: Collected, n: int, hearts: str, watch: Watch) -> Streamed:
        estimates, waves = one.subject.loop_packs(self._settings.waves)
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

    def _rest(self, watch: Watch) -> None:
        """Measure what the machine draws while nothing of ours runs."""
        if self._meter:
            seconds = self._draw_s(self._meter)
            self._idle = over(self._meter, lambda: time.sleep(seconds))
        watch.look()

    def _draw(self, one: Collected, meter: EnergyMeter, watch: Watch) -> None:
        ask = Draw(pack=one.subject.path, threads=self._threads[0], seconds=self._draw_s(meter))
        energy, windows = drawn(ask, meter, watch)
        if self._idle:
            one.drew(energy.above(self._idle).each(windows), ask.threads)

    def _draw_s(self, meter: EnergyMeter) -> float:
        """How long a meter is read: what is asked for, and no shorter than says something."""
        return max(self._settings.seconds, 2.0 * meter.shortest_s)

    def _peak_step(self, n: int) -> Step:
        ask = FindPeak(threads=n, seconds=self._settings.peak_s)
        return Step(f"peak, {_threads(n)}", 2 * ask.seconds + _START_S, partial(self._peak, ask))

    def _peak(self, ask: FindPeak, watch: Watch) -> None:
        self.peaks[ask.threads] = asked(ask, PeakFound, watch)

    def _profile_step(self, one: Collected) -> Step:
        ask = Profile(pack=one.subject.path, seconds=self._settings.peak_s)
        return Step(f"{one.subject.manifest.name}: operators", ask.seconds + _START_S, partial(_profile, one, ask))

    def _note(self, what: str) -> None:
        for one in self.collected:
            one.note(what)


def _load(one: Collected, ask: Load, watch: Watch) -> None:
    one.loaded(asked(ask, Loaded, watch), cold=ask.cold)


def _infer(one: Collected, ask: Infer, watch: Watch) -> None:
    inferred = asked(ask, Inferred, watch)
    watch.timed(f"{ask.pack}, {_threads(ask.threads)}", inferred.yardstick_ms)
    one.inferred(ask, inferred)


def _profile(one: Collected, ask: Profile, watch: Watch) -> None:
    """Ask for the operators; a profiler that brings its process down is no reason to lose the rest."""
    try:
        one.profiled(asked(ask, Profiled, watch))
    except BenchError as error:
        one.profiled(Profiled(operators=(), source=f"this runtime tells nothing of single operators: {error.problem}"))


def _threads(n: int) -> str:
    return f"{n} thread{'s' * (n > 1)}"
