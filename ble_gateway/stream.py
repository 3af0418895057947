"""Notifications of a Polar H10 to blocks: decode, place in time, count what is missing. Pure."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from ble_gateway.clock import SampleClock
from ble_gateway.errors import FrameError
from ble_gateway.wearables import polar_h10
from edge.signal import Gap, GapReason, SampleBlock, Scale

SCALE: Final = Scale(polar_h10.MILLIVOLTS_PER_COUNT, rails=polar_h10.RAILS_MICROVOLTS)

_BLAME: Final = (
    GapReason.DEVICE_RESET,
    GapReason.DISCONNECTED,
    GapReason.QUEUE_OVERFLOW,
    GapReason.FRAME_LOST,
)
"""Where several things happened in one gap, the first of these is its reason."""


@dataclass(frozen=True, slots=True)
class Received:
    """A notification, as the radio gave it.

    Parameters
    ----------
    data
        Its bytes.
    arrival_s
        When it arrived, s since the Unix epoch.
    after
        What happened between the notification before and this one that may have cost samples.
    contact
        What the strap last said about its electrodes; None where it did not.
    """

    data: bytes
    arrival_s: float
    after: GapReason | None = None
    contact: bool | None = None


class H10Stream:
    """The stream of one Polar H10: feed it notifications in the order they came, get blocks.

    Nothing that arrives ends it: a frame that cannot be read is counted, and its samples are missing in
    front of the next good one.
    """

    def __init__(self) -> None:
        self._clock = SampleClock(polar_h10.RATE_HZ)
        self._end_index = 0
        self._happened: set[GapReason] = set()
        self.frames = 0
        """Frames that became blocks."""
        self.bad_frames = 0
        """Frames that could not be read."""
        self.repeated_frames = 0
        """Frames that came twice; the second is dropped."""
        self.lost: Counter[GapReason] = Counter()
        """Samples known to be missing, by reason."""

    @property
    def samples_received(self) -> int:
        """Samples in the blocks so far."""
        return self._end_index - self.samples_lost

    @property
    def samples_lost(self) -> int:
        """Samples known to be missing before or between the blocks so far."""
        return self.lost.total()

    def feed(self, received: Received) -> SampleBlock | None:
        """Take the next notification.

        Returns
        -------
        SampleBlock or None
            Counts in microvolts; None for a frame that is bad or came twice.
        """
        if received.after:
            self._happened.add(received.after)
        try:
            frame = polar_h10.decode_ecg(received.data)
        except FrameError:
            self.bad_frames += 1
            return None
        placed = self._clock.place(frame.timestamp_ns, frame.microvolts.size, received.arrival_s)
        if placed is None:
            self.repeated_frames += 1
            return None
        self.frames += 1
        gap = self._gap(placed.n_lost, device_reset=placed.device_reset)
        first_index = self._end_index + placed.n_lost
        self._end_index = first_index + frame.microvolts.size
        return SampleBlock(
            counts=frame.microvolts,
            scale=SCALE,
            rate_hz=polar_h10.RATE_HZ,
            first_index=first_index,
            start_s=placed.start_s,
            period_s=placed.period_s,
            time_uncertainty_s=placed.uncertainty_s,
            gap_before=gap,
            contact=received.contact,
        )

    def _gap(self, n_lost: int, *, device_reset: bool) -> Gap | None:
        happened = self._happened | {GapReason.FRAME_LOST} | ({GapReason.DEVICE_RESET} if device_reset else set())
        self._happened = set()
        if n_lost == 0:
            return None
        reason = next(reason for reason in _BLAME if reason in happened)
        self.lost[reason] += n_lost
        return Gap(self._end_index, n_lost, reason)
