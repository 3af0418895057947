"""The device's side of a protocol: what a virtual wearable offers, answers and sends. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Property(Flag):
    """What a characteristic can be asked for."""

    READ = auto()
    WRITE = auto()
    WRITE_WITHOUT_RESPONSE = auto()
    NOTIFY = auto()
    INDICATE = auto()


@dataclass(frozen=True, slots=True)
class Offered:
    """A characteristic; `value` is what a read gives where the twin does not say otherwise."""

    uuid: str
    properties: Property
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service with its characteristics."""

    uuid: str
    characteristics: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a twin advertises; at most 31 bytes in all.

    Parameters
    ----------
    name
        Complete local name.
    services
        UUIDs, 128 bits, lower case; those with the Bluetooth base are sent as 16 bits.
    maker
        Company identifier and what follows it.
    """

    name: str
    services: tuple[str, ...] = ()
    maker: tuple[int, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A notification or indication; longer than 244 bytes it would be cut short."""

    characteristic: str
    value: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Samples that the device has just taken.

    Parameters
    ----------
    counts
        ``NDArray[int32]``, shape (n_samples,), in the twin's counts.
    first_index
        Of the first one, among all that were taken since the device was switched on or reset.
    last_ns
        Time of the last one on the device's own clock, ns since it was switched on or reset.
    """

    counts: NDArray[np.int32]
    first_index: int
    last_ns: int


class Twin(Protocol):
    """A device without its radio: told what happens, it says what it sends.

    Attributes
    ----------
    advertisement, services
        What it shows.
    rate_hz
        Sample rate of its own clock.
    millivolts_per_count
        Of the counts in `Taken`.
    rails
        Lowest and highest count it can give.
    frame_samples
        How many samples it takes between two calls of `taken`.
    """

    advertisement: Advertisement

    @property
    def services(self) -> tuple[OfferedService, ...]: ...  # noqa: D102 - above

    @property
    def rate_hz(self) -> float: ...  # noqa: D102

    @property
    def millivolts_per_count(self) -> float: ...  # noqa: D102

    @property
    def rails(self) -> tuple[int, int]: ...  # noqa: D102

    @property
    def frame_samples(self) -> int: ...  # noqa: D102

    @property
    def streaming(self) -> bool:
        """Whether a gateway has started the stream, and not stopped it."""
        ...

    def read(self, characteristic: str) -> bytes | None:
        """Value of a characteristic; None: the one it was offered with."""
        ...

    def subscribed(self, characteristic: str) -> Iterable[Sent]:
        """A gateway has asked for notifications."""
        ...

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """A gateway has written; the answers."""
        ...

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Samples were taken, whether anyone listens or not; what goes out now."""
        ...

    def disconnected(self) -> None:
        """The gateway is gone; most devices end the stream."""
        ...

    def reset(self) -> None:
        """The device begins anew: what it had stored is gone, `Taken` counts from 0 again."""
        ...

    def ended(self) -> Iterable[Sent]:
        """The play is over: what it says of that, if anything."""
        ...
