"""What `demo` and `simulate` share: what virtual wearables are, what they play, and what happens to them."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
import typer
from numpy.typing import NDArray

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import as_counts
from ble_gateway.simulator.twin import Twin
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.wearables.catalogue import KINDS, Setup, set_up
from edge.heart.stream import HeartStream
from edge.recording import open_recording

RecordingOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Play this recording (WFDB, EDF, CSV) instead of a synthetic heart.")
]
ChannelOption: TypeAlias = Annotated[str | None, typer.Option(help="Channel of the recording.")]
DevicesOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--device", help=f"Which wearable; again for more of them: {', '.join(KINDS)}.")
]
RateOption: TypeAlias = Annotated[
    float | None, typer.Option(help="Sample rate, Hz, where the wearable has a choice (see anyecg devices).")
]
LayoutOption: TypeAlias = Annotated[
    str | None, typer.Option(help="What a UART stream looks like, for example int16@250Hz,2.5uV.")
]
LossOption: TypeAlias = Annotated[float, typer.Option(help="Share of frames the radio loses.", min=0.0, max=0.99)]
JitterOption: TypeAlias = Annotated[float, typer.Option(help="Mean delay of a frame, ms.", min=0.0)]
DriftOption: TypeAlias = Annotated[float, typer.Option(help="How fast the wearable's clock runs, ppm.")]
DisconnectOption: TypeAlias = Annotated[float, typer.Option(help="Break the link this often, s; 0: never.", min=0.0)]
OutageOption: TypeAlias = Annotated[float, typer.Option(help="Stay out of reach this long each time, s.", min=0.0)]
SeedOption: TypeAlias = Annotated[int, typer.Option(help="The same seed gives the same play.", min=0)]


@dataclass(frozen=True, slots=True)
class Play:
    """Samples for virtual wearables.

    Parameters
    ----------
    name
        What they are, for people.
    recording, channel
        What to play; None: a synthetic heart for each wearable.
    duration_s
        End after so much; None: with the recording.
    seed
        Of the synthetic heart.
    """

    name: str
    recording: Path | None
    channel: str | None
    duration_s: float | None
    seed: int

    def counts(self, twin: Twin, number: int) -> tuple[Iterator[NDArray[np.int32]], int | None]:
        """Samples for one twin in its own counts, and how many; None: without end."""
        rate_hz = twin.rate_hz
        wanted = None if self.duration_s is None else max(1, round(self.duration_s * rate_hz))
        if self.recording is None:
            heart = HeartStream(self.seed + number - 1, rate_hz=rate_hz)
            return as_counts(heart, rate_hz, twin.millivolts_per_count, twin.rails), wanted
        opened = open_recording(self.recording, self.channel)
        available = max(1, int(opened.n_samples / opened.rate_hz * rate_hz))
        # A recording may end in what was not measured: the wearable then sends zeros, up to its length.
        zero = np.zeros(max(1, round(rate_hz / 2)), np.int32)
        played = as_counts(opened.blocks(), rate_hz, twin.millivolts_per_count, twin.rails)
        n_samples = available if wanted is None else min(available, wanted)
        return itertools.chain(played, itertools.repeat(zero)), n_samples


def open_play(recording: Path | None, channel: str | None, *, duration_s: float | None, seed: int) -> Play:
    """Open a recording, or a synthetic heart where none is given.

    Raises
    ------
    RecordingError
        If the recording cannot be played.
    """
    if recording is None:
        return Play(f"synthetic heart, seed {seed}", None, None, duration_s, seed)
    opened = open_recording(recording, channel)
    return Play(f"{opened.name} {opened.channel}", recording, opened.channel, duration_s, seed)


def make_wearables(
    kinds: list[str],
    setup: Setup,
    play: Play,
    script: Script,
    air: Air,
    clock: Callable[[], float],
    *,
    leave_out: str | None = None,
) -> list[VirtualWearable]:
    """Put a virtual wearable of each kind on the air but `leave_out`, several of a kind that is named several times.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for a kind there is not, or a set-up it does not have.
    """
    made = []
    for number, kind in enumerate(kinds, start=1):
        if kind == leave_out:
            continue
        twin = twin_of(kind, setup, number=number, seed=play.seed + number - 1)
        samples, n_samples = play.counts(twin, number)
        peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(number))
        silent_stop = next(set_up(kind, setup).stop(), None) is None
        made.append(
            VirtualWearable(
                twin, peripheral, samples, script, clock=clock, n_samples=n_samples, leaving_stops=silent_stop
            )
        )
    return made


def write_script(
    *, seed: int, loss: float, jitter_ms: float, drift_ppm: float, disconnect_every_s: float, outage_s: float
) -> Script:
    """Make a script of a verb's options; 0 s between disconnects: none.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` if it cannot be played.
    """
    try:
        return Script(
            seed=seed,
            loss=loss,
            jitter_s=jitter_ms * 1e-3,
            drift_ppm=drift_ppm,
            disconnect_every_s=disconnect_every_s or None,
            outage_s=outage_s,
        )
    except ValueError as error:
        raise GatewayError(
            GatewayFault.BAD_REQUEST, f"no such play ({error})", advice="see anyecg demo --help"
        ) from error
