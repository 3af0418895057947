"""What is asked of a measurement, and how long that takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from benchmarks.bench.errors import BenchError, BenchFault

_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured.

    Parameters
    ----------
    threads, batches
        Of the network, each with each.
    streams
        Wearables at once; empty: none.
    hop_s
        From one window's start to the next one's.
    seconds
        For all conditions of one pack's network in one round.
    processes
        Rounds: of each, every measurement has a process of its own.
    loop_minutes
        Of the one wearable that the whole loop is measured with; 0: the loop is not measured.
    streams_minutes
        Of each of several.
    waves
        The pack that reads the waves in the loop.
    """

    threads: tuple[int, ...]
    batches: tuple[int, ...]
    streams: tuple[int, ...]
    hop_s: float
    seconds: float
    processes: int
    loop_minutes: float
    streams_minutes: float
    waves: Path

    @property
    def line(self) -> str:
        """What was asked for, in one line."""
        said = [
            f"--threads {_listed(self.threads)} --batch {_listed(self.batches)}",
            f"--seconds {self.seconds:g} --processes {self.processes} --hop {self.hop_s:g}",
        ]
        if self.loop_minutes:
            said.append(f"--loop ({self.loop_minutes:g} minutes)")
        if self.streams:
            said.append(f"--streams {_listed(self.streams)} ({self.streams_minutes:g} minutes)")
        return " ".join(said)

    @property
    def peak_s(self) -> float:
        """For each half of a peak."""
        return min(1.0, self.seconds)

    def quick(self) -> Self:
        """The same, as short as it still says something."""
        return type(self)(
            threads=self.threads[:1],
            batches=self.batches[:1],
            streams=self.streams,
            hop_s=self.hop_s,
            seconds=min(1.0, self.seconds),
            processes=min(2, self.processes),
            loop_minutes=min(5.0, self.loop_minutes),
            streams_minutes=min(2.0, self.streams_minutes),
            waves=self.waves,
        )


def numbers(text: str) -> tuple[int, ...]:
    """Read a list of numbers above 0, such as ``1,2,4``; sorted, each once.

    Raises
    ------
    BenchError
        If it is none.
    """
    try:
        found = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        found = []
    if not found or found[0] < 1 or found[-1] > _MOST:
        raise BenchError(
            BenchFault.BAD_SETTING,
            f"{text!r} is no list of numbers",
            advice=f"give numbers from 1 to {_MOST} with commas between them, such as 1,2,4",
        )
    return tuple(found)


def _listed(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))
