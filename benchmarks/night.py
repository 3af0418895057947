"""One simulated night of one wearable through the whole gateway, on virtual time, against what truly happened."""

import asyncio
import contextlib
import itertools
import math
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.watch import Watch, strap_ticks
from benchmarks.witness import Witness
from ble_gateway.cli.work import Keeping
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Wanted, find_one
from ble_gateway.session import Work, end_session, run_session
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.direct import DirectAir
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import as_counts
from ble_gateway.simulator.twin import Twin
from ble_gateway.simulator.twins.heart_rate import HeartRateTwin
from ble_gateway.simulator.virtual_time import run_virtually
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import Setup, set_up
from ble_gateway.wearables.heart_rate import INTERVAL_HZ
from ble_gateway.wearables.wearable import Gives, Received
from edge.heart.stream import HeartStream
from edge.signal import Gap, GapReason
from edge.store import OutcomeStore

_KEPT_S: Final = 900.0
"""No block comes later than this."""
_HOP_S: Final = 10.0
_FED_AGAIN: Final = 4000


@dataclass(frozen=True, slots=True)
class Night:
    """What is to be shown.

    Parameters
    ----------
    kind, setup
        The wearable.
    hours
        How long the night is.
    drift_ppm
        How fast the wearable's clock runs.
    seed
        Of heart and radio.
    """

    kind: str
    setup: Setup
    hours: float
    drift_ppm: float
    seed: int = 3

    @property
    def label(self) -> str:
        """The wearable, with its set-up where that is not the usual one."""
        return " ".join(filter(None, (self.kind, self.setup.layout)))

    @property
    def reset_at_s(self) -> float | None:
        """When it starts anew; a heart rate strap sends no clock that could."""
        return None if self.kind == "heart-rate" else self.hours * 3600 * 0.51

    def script(self) -> Script:
        """One frame in a hundred lost, 20 ms of jitter, a burst every five minutes, a disconnect every ten."""
        return Script(
            seed=self.seed,
            loss=0.01,
            jitter_s=0.02,
            drift_ppm=self.drift_ppm,
            disconnect_every_s=600.0,
            outage_s=8.0,
            burst_every_s=300.0,
            burst_s=1.5,
            reset_at_s=() if self.reset_at_s is None else (self.reset_at_s,),
        )


@dataclass(frozen=True, slots=True)
class NightFigures:
    """What a night came to. Of a heart rate strap, samples are intervals between beats.

    Parameters
    ----------
    label, drift_ppm, hours
        Which night.
    exact
        Whether the wearable says which samples it sends, or when they were taken.
    samples_sent, samples_stored, samples_mended, lost_by_reason
        Samples taken by the wearable; in the store; among them those sent again; stated as missing.
    unaccounted
        Sent, less stored and lost.
    gaps, gaps_wrong, gaps_wrong_by
        Gaps stated; places where the number of missing samples is wrong, the reset left out; by how many in all.
    reset_wrong_by
        How many samples the gap of the reset is off; None without one.
    strange_samples
        Stored samples that are not found in what was played, or too few to be found, up to 7 in a row.
    time_error_ms
        ``{"p50": ms, "p99": ms, "max": ms}`` over all samples in the store.
    windows, windows_over_gap, windows_over_unseen
        Windows ended; those that span a gap in the store, and a loss that the gateway did not see.
    connections, bad_frames, stale_frames, dropped_values
        As the gateway counts them.
    rss_mb, rss_slope_mb_per_hour
        Resident memory at 10, 50 and 100 % of the night; its slope over the last nine tenths.
    wall_s, notifications, cpu_us, stream_us
        Time it took; values received; processor time a value, all in (wearable, radio, gateway, loop, store), and of
        `Stream` alone.
    """

    label: str
    drift_ppm: float
    hours: float
    exact: bool
    samples_sent: int
    samples_stored: int
    samples_mended: int
    lost_by_reason: dict[str, int]
    unaccounted: int
    gaps: int
    gaps_wrong: int
    gaps_wrong_by: int
    reset_wrong_by: int | None
    strange_samples: int
    time_error_ms: dict[str, float]
    windows: int
    windows_over_gap: int
    windows_over_unseen: int
    connections: int
    bad_frames: int
    stale_frames: int
    dropped_values: int
    rss_mb: tuple[float, ...]
    rss_slope_mb_per_hour: float
    wall_s: float
    notifications: int
    cpu_us: float
    stream_us: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass(slots=True)
class _Stage:
    """A wearable, what it plays, and how its blocks are compared with that."""

    twin: Twin
    samples: Iterator[NDArray[np.int32]]
    witness: Witness


def _stage(night: Night) -> _Stage:
    twin = twin_of(night.kind, night.setup, seed=night.seed)
    heart = HeartStream(night.seed, rate_hz=twin.rate_hz)
    counts = as_counts(heart, twin.rate_hz, twin.millivolts_per_count, twin.rails)
    if night.kind != "heart-rate":
        witness = Witness(round(_KEPT_S * twin.rate_hz))
        return _Stage(twin, witness.listening(counts), witness)
    witness = Witness(4096, fewest=1)
    ticks = (np.array([strap_ticks(number)], np.int32) for number in itertools.count())
    return _Stage(HeartRateTwin(int(t[0]) / INTERVAL_HZ for t in witness.listening(ticks)), counts, witness)


@dataclass(slots=True)
class _Ears:
    """Counts what arrives, and keeps the first of it."""

    n: int = 0
    kept: list[Received] = field(default_factory=list)

    def record(self, received: Received) -> None:
        self.n += 1
        if len(self.kept) < _FED_AGAIN:
            self.kept.append(received)


def run_night(night: Night) -> NightFigures:
    """Play a night through the gateway into a store on disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night.db"
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        with OutcomeStore.open(path) as store, Keeping(store, None, hop_s=_HOP_S) as keeping:
            work = keeping.work(set_up(night.kind, night.setup), night.label)
            link, stream, watch, ears = run_virtually(_perform(night, work), speed=math.inf)
        wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        over_gap, over_unseen = _windows_over(path, [stated for stated, *_ in watch.breaks])
    return _figures(night, work, link, stream, watch, ears, wall_s, cpu_s, over_gap, over_unseen)


async def _perform(night: Night, work: Work) -> tuple[Link, Stream, Watch, _Ears]:
    clock, air, stage = steady_clock(), DirectAir(), _stage(night)
    twin = stage.twin
    wearable = set_up(night.kind, night.setup)
    virtual = VirtualWearable(
        twin,
        air.peripheral(twin.advertisement, twin.services, address_of(1)),
        stage.samples,
        night.script(),
        clock=clock,
        n_samples=round(night.hours * 3600 * twin.rate_hz),
    )
    watch, ears = Watch(night.hours, night.reset_at_s, virtual, stage.witness), _Ears()
    await virtual.power_on()
    radio = air.radio()
    sighting = await find_one(radio, Wanted(twin.advertisement.name, night.kind), timeout_s=10.0)
    stream = Stream(wearable)
    async with Link(radio, sighting, wearable, clock=clock) as link:
        closing = asyncio.create_task(_close_when_over(virtual, link))
        with ThreadPoolExecutor(1, "work") as worker:
            await run_session(link, stream, work, watch.observe, worker=worker, record=ears.record)
            await end_session(work, watch.observe, _missing(virtual, stream), worker=worker)
        await closing
    await virtual.power_off()
    return link, stream, watch, ears


async def _close_when_over(virtual: VirtualWearable, link: Link) -> None:
    await virtual.over.wait()
    await link.aclose()


def _missing(virtual: VirtualWearable, stream: Stream) -> Gap | None:
    known = stream.samples_received + stream.samples_lost
    missing = virtual.samples_sent - known if stream.wearable.gives is Gives.WAVES else 0
    return Gap(known, missing, GapReason.DISCONNECTED) if missing > 0 else None


def _windows_over(path: Path, unseen: list[int]) -> tuple[int, int]:
    """How many outcomes in the store span a gap of the store, and how many one of the losses that were not seen."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        gaps = database.execute("SELECT first_index, first_index + n_samples FROM gap").fetchall()
        outcomes = database.execute("SELECT first_index, first_index + n_samples FROM outcome").fetchall()
    spans = np.array(outcomes, np.int64).reshape(-1, 2)
    known = {begin for _, begin in gaps}
    inside = [(index - 1, index + 1) for index in unseen if index not in known]
    return _spanning(spans, gaps), _spanning(spans, inside)


def _spanning(spans: NDArray[np.int64], holes: list[tuple[int, int]]) -> int:
    """How many spans reach over any of the holes."""
    over = np.zeros(len(spans), bool)
    for begin, end in holes:
        over |= (spans[:, 0] < end) & (spans[:, 1] > begin)
    return int(over.sum())


def _figures(
    night: Night,
    work: Work,
    link: Link,
    stream: Stream,
    watch: Watch,
    ears: _Ears,
    wall_s: float,
    cpu_s: float,
    over_gap: int,
    over_unseen: int,
) -> NightFigures:
    run, wearable = work.run, stream.wearable
    sent = watch.virtual.samples_sent if wearable.gives is Gives.WAVES else watch.true_end
    wrong, resets = watch.wrong(), watch.resets()
    return NightFigures(
        label=night.label,
        drift_ppm=night.drift_ppm,
        hours=night.hours,
        exact=wearable.placed_by != "arrival times only",
        samples_sent=sent,
        samples_stored=run.samples_stored,
        samples_mended=stream.samples_mended,
        lost_by_reason={str(reason): n for reason, n in sorted(stream.lost.items())},
        unaccounted=sent - run.samples_stored - run.samples_lost,
        gaps=watch.gaps,
        gaps_wrong=len(wrong),
        gaps_wrong_by=sum(map(abs, wrong)),
        reset_wrong_by=sum(resets) if night.reset_at_s is not None else None,
        strange_samples=watch.strange,
        time_error_ms={
            "p50": round(1e3 * watch.errors.percentile_s(50), 2),
            "p99": round(1e3 * watch.errors.percentile_s(99), 2),
            "max": round(1e3 * watch.errors.longest_s, 2),
        },
        windows=work.loop.report().windows,
        windows_over_gap=over_gap,
        windows_over_unseen=over_unseen,
        connections=link.connections,
        bad_frames=stream.bad_frames,
        stale_frames=stream.stale_frames,
        dropped_values=link.dropped_values,
        rss_mb=watch.memory_at(0.1, 0.5, 1.0),
        rss_slope_mb_per_hour=watch.memory_slope(),
        wall_s=round(wall_s, 1),
        notifications=ears.n,
        cpu_us=round(1e6 * cpu_s / ears.n, 1),
        stream_us=round(_stream_us(night, ears.kept), 1),
    )


def _stream_us(night: Night, kept: list[Received]) -> float:
    """Processor time of `Stream` for a value, the rest left out."""
    stream = Stream(set_up(night.kind, night.setup))
    began_s = time.process_time()
    for received in kept:
        stream.feed(received)
    return 1e6 * (time.process_time() - began_s) / len(kept)
