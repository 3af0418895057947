"""What lies between one frame of a stream and the next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from ble_gateway.clock.arrival_line import ArrivalLine
from ble_gateway.wearables.wearable import Counted, Position


class Stale(StrEnum):
    """A frame that is no news: to be dropped, and counted."""

    REPEATED = "repeated"
    """The frame before, again."""
    LATE = "late"
    """One from before that."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What arrived, as `SampleClock.place` has it."""

    position: Position
    n_samples: int
    arrival_s: float
    broken: bool


@dataclass(frozen=True, slots=True)
class Step:
    """From the frame before to this one.

    Parameters
    ----------
    device_s
        Device time of its last sample, s.
    n_lost
        Samples missing in between; means nothing where it is a reset.
    reset
        Whether the device's clock or count began anew or jumped.
    estimated
        Whether `n_lost` was worked out from arrivals.
    adrift
        Whether the offset of the arrival line may no longer hold.
    leaps
        Whether time ran on without samples: the device took none.
    """

    device_s: float
    n_lost: int = 0
    reset: bool = False
    estimated: bool = False
    adrift: bool = False
    leaps: bool = False


Reckoned: TypeAlias = Step | Stale | None


class Reckoner(Protocol):
    """Keeps the place of the newest frame."""

    device_s: float
    """Device time of its last sample, s."""
    rate_hz: float
    """Samples per second of device time, as far as it is known."""

    @property
    def unit_samples(self) -> int:
        """Losses of whole multiples of this many samples may go unseen; 0 where none do."""
        ...

    def step(self, frame: Frame, line: ArrivalLine) -> Reckoned:
        """Take the next frame, unless it is stale, or of a kind or count that this is not for (None)."""
        ...

    def add_lost(self, n_samples: int) -> None:
        """Take note that so many samples more were lost before the next frame."""
        ...

    def before(self, position: Counted, n_samples: int) -> tuple[int, float] | None:
        """Where samples that came again begin: how many before the end of the newest frame, and device time, s.

        None where that is not certain.
        """
        ...
