"""Values of a wearable to blocks: decode, place in time, count what is missing, mend what can be mended. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, assert_never

import numpy as np

from ble_gateway.beat_stream import BeatStream
from ble_gateway.clock import Placement, SampleClock, Stale
from ble_gateway.errors import FrameError
from ble_gateway.mending import Hole, Mender, Ordered, Piece
from ble_gateway.wearables.heart_rate import decode_vitals
from ble_gateway.wearables.wearable import (
    Beats,
    Charge,
    Counted,
    Ended,
    Event,
    Gives,
    Missing,
    OwnOutcome,
    Received,
    Samples,
    Unplaced,
    Wearable,
    Write,
)
from edge.signal import BeatBlock, Gap, GapReason, SampleBlock

Block: TypeAlias = SampleBlock | BeatBlock

_BLOCK_S: Final = 0.5
"""Frames shorter than this are put together: fewer, larger blocks cost less all the way to the store."""

_BLAME: Final = (
    GapReason.DEVICE_RESET,
    GapReason.DISCONNECTED,
    GapReason.QUEUE_OVERFLOW,
    GapReason.INVALID_SAMPLES,
    GapReason.INFERRED,
    GapReason.FRAME_LOST,
)
"""Where several things happened in one gap, the first of these is its reason."""


class Stream:
    """The stream of one wearable: feed it values in the order they came, get blocks.

    Nothing that arrives ends it: what cannot be read is counted, and its samples are missing in front of the next good
    ones. The blocks depend only on what was fed.

    Parameters
    ----------
    wearable
        What sends it.
    """

    def __init__(self, wearable: Wearable) -> None:
        self.wearable = wearable
        self._decoder = wearable.decoder()
        self._clock = SampleClock(wearable.rate_hz) if wearable.gives is Gives.WAVES else None
        self._beats = BeatStream() if wearable.gives is Gives.RHYTHM else None
        self._mender = Mender(wearable.rate_hz)
        self._assembler = _Assembler(wearable.rate_hz)
        self._end_index = 0
        self._unplaced = False
        self._happened: set[GapReason] = set()
        self._requests: list[Write] = []
        self.frames = 0
        """Frames of samples, or measurements of beats, that were read."""
        self.bad_frames = 0
        """Values that could not be read."""
        self.stale_frames = 0
        """Frames that came twice, or too late; they are dropped."""
        self.ended = 0
        """How often the wearable ended the stream of its own accord."""
        self.lost: Counter[GapReason] = Counter()
        """Samples (or intervals) known to be missing, by reason; those that may still come back are not among them."""
        self.samples_received = 0
        """Samples (or intervals between beats) that arrived and were placed, those sent again included."""
        self.heart: Beats | None = None
        """What the wearable itself says of the heart, the latest."""
        self.battery_percent: int | None = None
        """Charge of the wearable, the latest."""
        self.own_outcomes = 0
        """Windows that a pack on the wearable itself gave an outcome for."""
        self.own_outcome: OwnOutcome | None = None
        """What it gave, the latest."""

    @property
    def samples_lost(self) -> int:
        """Samples known to be missing before or between the blocks so far."""
        return self.lost.total()

    @property
    def samples_mended(self) -> int:
        """Samples that were lost and sent again."""
        return self._mender.mended

    def feed(self, received: Received) -> list[Block]:
        """Take the next value; the blocks that it completes."""
        if received.after:
            self._happened.add(received.after)
            if received.after is GapReason.DISCONNECTED:
                self._decoder = self.wearable.decoder()
                self._mender.reconnected()
        blocks: list[Block] = []
        for event in self._events(received):
            blocks += self._take(event, received.arrival_s)
        self._ask(received.arrival_s)
        blocks += self._blocks(self._mender.take())
        return blocks

    def finish(self) -> list[Block]:
        """End the stream; what was held back, and what is still missing in front of it is lost."""
        beats = self._counted(self._beats.finish()) if self._beats else []
        return [*self._blocks(self._mender.finish()), *self._assembler.finish(), *beats]

    def requests(self) -> list[Write]:
        """What to write to the wearable so that it sends lost samples again; each is given once."""
        requests, self._requests = self._requests, []
        return requests

    def _events(self, received: Received) -> Iterator[Event]:
        try:
            yield from decode_vitals(received)
        except FrameError:
            self.bad_frames += 1
        try:
            yield from self._decoder.feed(received)
        except FrameError:
            self.bad_frames += 1
            if self._unplaced:  # no count and no time will tell of its samples later
                self._happened.add(GapReason.FRAME_LOST)

    def _take(self, event: Event, arrival_s: float) -> list[Block]:
        match event:
            case Samples():
                self._place(event, arrival_s)
            case Beats():
                self.heart = event
                return self._take_beats(event, arrival_s)
            case Charge(percent):
                self.battery_percent = percent
            case Ended():
                self.ended += 1
            case Missing(first, n_samples):
                self._mender.give_up(first, n_samples)
            case OwnOutcome():
                self.own_outcomes += 1
                self.own_outcome = event
            case _:
                assert_never(event)
        return []

    def _take_beats(self, beats: Beats, arrival_s: float) -> list[Block]:
        if self._beats is None:
            return []
        self.frames += 1
        reason = _worst(self._happened) if self._happened else None
        self._happened = set()
        return self._counted(self._beats.feed(beats, arrival_s, reason))

    def _counted(self, block: BeatBlock | None) -> list[Block]:
        if block is None:
            return []
        self.samples_received += block.n_intervals
        if block.gap_before:
            self.lost[block.gap_before.reason] += block.gap_before.n_samples
        return [block]

    def _place(self, samples: Samples, arrival_s: float) -> None:
        if self._clock is None or self._came_back(samples, arrival_s):
            return
        n_samples = int(samples.counts.size)
        self._unplaced = isinstance(samples.position, Unplaced)
        placed = self._clock.place(samples.position, n_samples, arrival_s, broken=bool(self._happened))
        if isinstance(placed, Stale):
            self.stale_frames += 1
            return
        self.frames += 1
        self.samples_received += n_samples
        if placed.n_lost:
            self._mender.put(self._hole(samples, placed))
        self._happened = set()
        first_index = self._end_index + placed.n_lost
        self._end_index = first_index + n_samples
        self._mender.put(self._piece(samples, first_index, placed.start_s, placed.period_s, placed.uncertainty_s))

    def _came_back(self, samples: Samples, arrival_s: float) -> bool:
        """Whether these are samples that were asked for again."""
        if self._clock is None or not self._mender.holes or not isinstance(samples.position, Counted):
            return False
        recalled = self._clock.recall(samples.position, int(samples.counts.size))
        if recalled is None:
            return False
        first_index = self._end_index - recalled.n_before
        piece = self._piece(samples, first_index, recalled.start_s, recalled.period_s, recalled.uncertainty_s)
        mended = self._mender.mended
        if not self._mender.mend(piece, arrival_s):
            return False
        self.samples_received += self._mender.mended - mended
        return True

    def _hole(self, samples: Samples, placed: Placement) -> Hole | Gap:
        happened = self._happened | {GapReason.INFERRED if placed.estimated else GapReason.FRAME_LOST}
        reason = _worst(happened | ({GapReason.DEVICE_RESET} if placed.device_reset else set()))
        position = samples.position
        kept = self.wearable.backfill and isinstance(position, Counted)
        if not kept or placed.device_reset or placed.estimated or not isinstance(position, Counted):
            return Gap(self._end_index, placed.n_lost, reason)
        device_first = (position.first - placed.n_lost) % position.modulus
        return Hole(self._end_index, placed.n_lost, reason, device_first, position.modulus)

    def _piece(
        self, samples: Samples, first_index: int, start_s: float, period_s: float, uncertainty_s: float
    ) -> Piece:
        contact = samples.contact
        if contact is None and self.heart is not None:
            contact = self.heart.contact
        return Piece(first_index, samples.counts, samples.scale, start_s, period_s, uncertainty_s, contact)

    def _ask(self, now_s: float) -> None:
        hole = self._mender.to_ask(now_s)
        if hole and self.wearable.backfill:
            self._requests.append(self.wearable.backfill(hole.device_first, hole.n_samples))

    def _blocks(self, ordered: Iterable[Ordered]) -> Iterator[Block]:
        for item in ordered:
            if isinstance(item, Gap):
                self.lost[item.reason] += item.n_samples
            yield from self._assembler.put(item)


class _Assembler:
    """Puts pieces together into blocks of at least half a second."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._fewest = _BLOCK_S * rate_hz
        self._pieces: list[Piece] = []
        self._n_samples = 0
        self._gap: Gap | None = None

    def put(self, item: Ordered) -> Iterator[SampleBlock]:
        """Take the next piece or gap; the blocks it completes."""
        if isinstance(item, Gap):
            yield from self.finish()
            self._gap = _joined(self._gap, item)
            return
        if self._pieces and not _alike(self._pieces[0], item):
            yield from self.finish()
        self._pieces.append(item)
        self._n_samples += item.counts.size
        if self._n_samples >= self._fewest:
            yield from self.finish()

    def finish(self) -> Iterator[SampleBlock]:
        """Make a block of what there is."""
        if not self._pieces:
            return
        pieces, self._pieces, self._n_samples = self._pieces, [], 0
        gap, self._gap = self._gap, None
        first, last = pieces[0], pieces[-1]
        n_samples = last.end_index - first.first_index
        yield SampleBlock(
            counts=np.concatenate([piece.counts for piece in pieces]),
            scale=first.scale,
            rate_hz=self._rate_hz,
            first_index=first.first_index,
            start_s=first.start_s,
            period_s=(last.end_s - first.start_s) / n_samples,
            time_uncertainty_s=max(piece.uncertainty_s for piece in pieces),
            gap_before=gap,
            contact=first.contact,
        )


def _alike(a: Piece, b: Piece) -> bool:
    return a.contact is b.contact and a.scale == b.scale


def _joined(before: Gap | None, gap: Gap) -> Gap:
    """One gap of two that follow each other."""
    if before is None:
        return gap
    return Gap(before.first_index, before.n_samples + gap.n_samples, _worst({before.reason, gap.reason}))


def _worst(reasons: set[GapReason]) -> GapReason:
    return next(reason for reason in _BLAME if reason in reasons)
