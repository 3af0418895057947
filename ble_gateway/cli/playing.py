"""What `demo` and `simulate` share: what a virtual strap plays."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import numpy as np
import typer
from numpy.typing import NDArray

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import microvolts
from ble_gateway.wearables.polar_h10 import RATE_HZ
from edge.heart.stream import HeartStream
from edge.recording import open_recording

RecordingOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Play this recording (WFDB, EDF, CSV) instead of a synthetic heart.")
]
ChannelOption: TypeAlias = Annotated[str | None, typer.Option(help="Channel of the recording.")]
LossOption: TypeAlias = Annotated[float, typer.Option(help="Share of frames the radio loses.", min=0.0, max=0.99)]
JitterOption: TypeAlias = Annotated[float, typer.Option(help="Mean delay of a frame, ms.", min=0.0)]
DriftOption: TypeAlias = Annotated[float, typer.Option(help="How fast the strap's clock runs, ppm.")]
DisconnectOption: TypeAlias = Annotated[float, typer.Option(help="Break the link this often, s; 0: never.", min=0.0)]
OutageOption: TypeAlias = Annotated[float, typer.Option(help="Stay out of reach this long each time, s.", min=0.0)]
SeedOption: TypeAlias = Annotated[int, typer.Option(help="The same seed gives the same play.", min=0)]


@dataclass(frozen=True, slots=True)
class Play:
    """Samples for a virtual strap.

    Parameters
    ----------
    name
        What they are, for people.
    samples
        Microvolts at the strap's rate.
    n_samples
        How many at most; None: without end.
    """

    name: str
    samples: Iterator[NDArray[np.int32]]
    n_samples: int | None


def open_play(recording: Path | None, channel: str | None, *, duration_s: float | None, seed: int) -> Play:
    """Open a recording, or a synthetic heart where none is given.

    Raises
    ------
    RecordingError
        If the recording cannot be played.
    """
    n_samples = None if duration_s is None else max(1, round(duration_s * RATE_HZ))
    if recording is None:
        heart = HeartStream(seed, rate_hz=RATE_HZ)
        return Play(f"synthetic heart, seed {seed}", microvolts(heart, RATE_HZ), n_samples)
    opened = open_recording(recording, channel)
    available = int(opened.n_samples / opened.rate_hz * RATE_HZ)
    wanted = available if n_samples is None else min(available, n_samples)
    # A recording may end in what was not measured: the strap then sends zeros, up to its length.
    samples = itertools.chain(microvolts(opened.blocks(), RATE_HZ), itertools.repeat(np.zeros(73, np.int32)))
    return Play(f"{opened.name} {opened.channel}", samples, max(1, wanted))


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
