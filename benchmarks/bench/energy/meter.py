"""What every meter of energy can do."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from benchmarks.bench.energy.energy import Energy


class EnergyMeter(Protocol):
    """A meter of what this machine draws, or a part of it; a context that opens and closes it.

    A meter that samples does so in a thread of the process that owns it: own it in another process than the one whose
    energy is asked for, so that its own work is the same while idle and under load, and falls out of the difference.
    """

    @property
    def source(self) -> str:
        """What measures, of what, how often and how well: one line for people."""
        ...

    @property
    def shortest_s(self) -> float:
        """An interval shorter than this says nothing."""
        ...

    def start(self) -> None:
        """Begin an interval; one that has begun is begun anew.

        Raises
        ------
        EnergyError
            If the meter cannot be read.
        """
        ...

    def stop(self) -> Energy:
        """End the interval that was begun last.

        Raises
        ------
        EnergyError
            If the meter could not be read, or not for all of the interval.
        """
        ...

    def close(self) -> None:
        """Stop reading and let go of it; a closed meter may be closed again."""
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def over(meter: EnergyMeter, work: Callable[[], object]) -> Energy:
    """Measure a piece of work, or of idleness: ``over(meter, lambda: sleep(30))`` is the baseline.

    Parameters
    ----------
    meter
        Open.
    work
        What to do meanwhile.
    """
    meter.start()
    work()
    return meter.stop()
