"""Reading a meter again and again, beside what is measured."""

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from benchmarks.bench.energy.energy import Accuracy, Energy, Reading, integrate
from benchmarks.bench.energy.errors import EnergyError
from benchmarks.bench.energy.meter import EnergyMeter


class Ticker:
    """Does something again and again in a thread, until it is stopped or it fails.

    Parameters
    ----------
    work
        What to do.
    period_s
        From the beginning of one time to the beginning of the next; what takes longer is followed by the next at once.
    """

    def __init__(self, work: Callable[[], None], period_s: float) -> None:
        self._work = work
        self._period_s = period_s
        self._stopped = Event()
        self._error: EnergyError | None = None
        self._thread = Thread(target=self._run, name="energy meter", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise what the work failed with, if it did."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = time.monotonic() + self._period_s
        while not self._stopped.wait(max(0.0, due_s - time.monotonic())):
            try:
                self._work()
            except EnergyError as error:
                self._error = error
                return
            due_s = max(due_s + self._period_s, time.monotonic())


class SamplingMeter(EnergyMeter):
    """A meter that says power when it is asked, and is asked periodically while an interval lasts.

    Parameters
    ----------
    watts
        Asks it.
    period_s
        How often; a meter that takes longer to answer is asked as often as it can be.
    accuracy
        Of an answer.
    source
        The meter, for people.
    now_s
        A clock that never runs backwards, s.
    let_go
        Is called when it is closed.
    """

    def __init__(
        self,
        watts: Callable[[], float],
        *,
        period_s: float,
        accuracy: Accuracy,
        source: str,
        now_s: Callable[[], float] = time.monotonic,
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        self._watts = watts
        self._period_s = period_s
        self._accuracy = accuracy
        self._source = source
        self._now_s = now_s
        self._let_go = let_go
        self._asking = Lock()
        self._readings: list[Reading] = []
        self._ticker: Ticker | None = None

    @property
    def source(self) -> str:
        """The meter and how often it is asked, for people."""
        return f"{self._source}, read every {self._period_s:g} s"

    @property
    def shortest_s(self) -> float:
        """Twenty readings."""
        return 20 * self._period_s

    def start(self) -> None:
        """Ask once, and begin to ask periodically."""
        self._end_ticking()
        self._readings = []
        self.read()
        self._ticker = Ticker(self.read, self._period_s)

    def stop(self) -> Energy:
        """Ask a last time, and integrate."""
        if self._ticker is None:
            raise RuntimeError("no interval was begun")
        self._ticker.check()
        self._end_ticking()
        self.read()
        return integrate(self._readings, self._readings[0].time_s, self._readings[-1].time_s, self._accuracy)

    def close(self) -> None:
        """Stop asking and let go of it."""
        self._end_ticking()
        self._let_go()
        self._let_go = lambda: None

    def read(self) -> None:
        """Ask once, and keep the answer at the middle of the time it took."""
        with self._asking:
            asked_s = self._now_s()
            watts = self._watts()
            self._readings.append(Reading((asked_s + self._now_s()) / 2, watts))

    def _end_ticking(self) -> None:
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
