"""What every wearable is to the gateway: how to find it, how to talk with it, what its bytes say. Pure.

A module of this package holds one protocol: bytes to values and back, and a `Wearable` that puts them to use. Nothing
here or there touches a radio. A dialogue is a generator that yields steps and is sent their answers; a decoder is fed
what arrived and yields events. So a wearable works alike over a radio, in a test, and over a recording of bytes.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.signal import GapReason, Scale


@dataclass(frozen=True, slots=True)
class Received:
    """A value of a characteristic, as the radio gave it.

    Parameters
    ----------
    characteristic
        UUID, 128 bits, lower case.
    data
        Its bytes.
    arrival_s
        When it arrived, s since the Unix epoch.
    after
        What happened between the value before and this one that may have cost samples.
    """

    characteristic: str
    data: bytes
    arrival_s: float
    after: GapReason | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """The device says when the samples were taken.

    Parameters
    ----------
    last_ns
        Time of the *last* sample on the device's own clock, ns since any epoch.
    resolution_ns
        Step of that clock as it is sent.
    """

    last_ns: int
    resolution_ns: int = 1


@dataclass(frozen=True, slots=True)
class Counted:
    """The device counts its samples.

    Parameters
    ----------
    first
        Count of the first sample, in ``0 .. modulus - 1``.
    modulus
        Where the count begins again at 0.
    last_ns
        Time of the last sample on the device's own clock, ns since any epoch, where it says that too.
    epoch
        Changes where the device has begun to count anew (a number of its start); 0 where it does not say.
    """

    first: int
    modulus: int
    last_ns: int | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The device says neither when nor which: only the moment of arrival tells."""


Position: TypeAlias = Timed | Counted | Unplaced


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in a row.

    Parameters
    ----------
    counts
        ``NDArray[int32]``, shape (n_samples,), at least one.
    scale
        Counts to millivolts.
    position
        What the device says of their place in the stream.
    contact
        False where it says that an electrode is off; None where it does not say.
    """

    counts: NDArray[np.int32]
    scale: Scale
    position: Position
    contact: bool | None = None


@dataclass(frozen=True, slots=True)
class Beats:
    """What a wearable says of the heart's rhythm.

    Parameters
    ----------
    bpm
        Heart rate; 0 where it found none.
    rr_s
        Intervals between beats, oldest first, s.
    contact
        As in `Samples`.
    """

    bpm: int
    rr_s: tuple[float, ...] = ()
    contact: bool | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Charge of the wearable's battery, 0 to 100 %."""

    percent: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The wearable has ended the stream of its own accord."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The wearable no longer has these samples: they cannot be sent again.

    Parameters
    ----------
    first, n_samples
        As its own count has them, modulo that of `Counted`.
    """

    first: int
    n_samples: int


@dataclass(frozen=True, slots=True, eq=False)
class OwnOutcome:
    """What a pack that runs on the wearable itself makes of a window.

    Parameters
    ----------
    epoch, first, n_samples
        Where the window lies in the wearable's own count of samples.
    pack
        The first 8 bytes of the SHA-256 of the pack's file.
    outputs
        ``NDArray[int8]``, shape (n_outputs,), as the network gave them.
    scale, zero_point
        What they mean: ``(output - zero_point) * scale``.
    contact
        False where an electrode was off during the window.
    on_trial
        Whether the pack has been flashed, and not been confirmed yet.
    simulated
        Whether no real wearable has sent it.
    """

    epoch: int
    first: int
    n_samples: int
    pack: bytes
    outputs: NDArray[np.int8]
    scale: float
    zero_point: int
    contact: bool
    on_trial: bool
    simulated: bool


Event: TypeAlias = Samples | Beats | Charge | Ended | Missing | OwnOutcome


class Decoder(Protocol):
    """Reads what one connection brings; a new one is made for each connection."""

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value; values of characteristics that say nothing of interest yield nothing.

        Raises
        ------
        FrameError
            If the protocol does not allow it. The decoder can be fed on.
        """
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; the answer is its value, None where it is not there."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for notifications or indications; without ``needed``, only where the characteristic is there."""

    characteristic: str
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Write:
    """Write a characteristic."""

    characteristic: str
    data: bytes
    response: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a characteristic and wait for the answer: the first notification of ``answers_on`` that ``is_answer``.

    What else arrives in the meantime goes to the decoder as ever; so does the answer.
    """

    write: Write
    answers_on: str
    is_answer: Callable[[bytes], bool]
    within_s: float = 10.0


Step: TypeAlias = Read | Subscribe | Write | Ask
Dialogue: TypeAlias = Generator[Step, bytes | None, None]
"""A conversation with a connected wearable. It raises `GatewayError` (``REFUSED``) where the answer is no."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A wearable that sends only what it is asked for: write this, this often."""

    write: Write
    every_s: float


@dataclass(frozen=True, slots=True)
class Advertised:
    """What an advertisement says, as far as wearables are told apart by it.

    Parameters
    ----------
    name
        Local name, empty where there is none.
    services
        UUIDs, 128 bits, lower case.
    makers
        Company identifiers of manufacturer data.
    """

    name: str = ""
    services: frozenset[str] = frozenset()
    makers: frozenset[int] = frozenset()


class Trust(StrEnum):
    """Where the knowledge of a protocol comes from."""

    VENDOR = "vendor's documents or code"
    THIRD_PARTY = "third-party code"
    OURS = "our own specification"
    UNVERIFIED = "partly unverified"


class Gives(StrEnum):
    """What a wearable streams."""

    WAVES = "ECG"
    RHYTHM = "beat intervals"


@dataclass(frozen=True, slots=True)
class Wearable:
    """One kind of wearable, set up to stream in one way.

    Parameters
    ----------
    kind
        As it is named on the command line, for example ``polar-h10``.
    title
        For people.
    gives
        Waves or rhythm.
    rate_hz
        Nominal sample rate of the stream that `start` asks for; 0 where it gives no waves.
    rates_hz
        All that can be chosen.
    placed_by
        How lost samples are found, for people: "time stamps", "a count of samples", "arrival times only".
    trust
        Where the knowledge of its protocol comes from; nothing here was tried on hardware.
    limits
        What a user must know, one sentence each; what is unverified is said here.
    recognised_by
        Whether an advertisement is of such a wearable.
    data
        UUID of the characteristic whose silence means that the stream is dead.
    start, stop
        What is said after connecting, and before disconnecting.
    decoder
        Makes a decoder for a connection.
    poll
        Where it must be asked again and again.
    backfill
        Where it keeps what was lost on the way: the step that asks for (first, n_samples) again.
    patience_s
        How long the first samples may take after `start`, s.
    """

    kind: str
    title: str
    gives: Gives
    rate_hz: float
    rates_hz: tuple[float, ...]
    placed_by: str
    trust: Trust
    limits: tuple[str, ...]
    recognised_by: Callable[[Advertised], bool]
    data: str
    start: Callable[[], Dialogue]
    stop: Callable[[], Dialogue]
    decoder: Callable[[], Decoder]
    poll: Poll | None = None
    backfill: Callable[[int, int], Write] | None = None
    patience_s: float = 10.0


def no_dialogue() -> Dialogue:
    """Say nothing."""
    yield from ()
