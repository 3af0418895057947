"""A virtual patch: it keeps the last minute of its samples, and sends what is asked for again between live frames."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent, Taken
from ble_gateway.wearables.heart_rate import BATTERY_LEVEL, BATTERY_SERVICE
from ble_gateway.wearables.patch_control import (
    CONTROL,
    INFORMATION,
    PATCH_SERVICE,
    Answer,
    Backfill,
    Farewell,
    Gone,
    Information,
    Opcode,
    Packet,
    Reason,
    Setup,
    Start,
    Status,
    Stop,
    decode_command,
    encode_information,
    encode_packet,
)
from ble_gateway.wearables.patch_stream import COUNT_MODULUS, STREAM, TICK_HZ, Frame, encode_frame

FRAME_SAMPLES: Final = {125: 25, 250: 50, 500: 75}
"""Five frames a second, as far as 24-bit samples fit one."""
PACE: Final = 4
"""Backfilled frames that may follow a request or a live frame."""
MOST_REQUESTS: Final = 16
PICOVOLTS_PER_COUNT: Final = 500_000
"""Of its converter."""
_RAIL: Final = 1 << 19
"""A quarter of a volt: what the electrodes may be apart."""
LEAD_OFF_COUNTS: Final = 20_000
"""10 mV: what no heart gives is an electrode off the skin; a real patch measures the impedance."""
_BATTERY_LOW_PERCENT: Final = 5
_WEEK_S: Final = 7 * 24 * 3600


class PatchTwin:
    """A patch that takes samples at one of the protocol's rates, and offers that one only.

    Parameters
    ----------
    rate_hz
        125, 250 or 500.
    ring_s
        How much it keeps.
    battery_percent
        Its charge when switched on.
    battery_s
        How long a full battery lasts.
    """

    def __init__(
        self, rate_hz: int = 250, *, ring_s: float = 60.0, battery_percent: int = 87, battery_s: int = _WEEK_S
    ) -> None:
        self.rate_hz: float = rate_hz
        self.millivolts_per_count = PICOVOLTS_PER_COUNT * 1e-9
        self.rails = (-_RAIL, _RAIL - 1)
        self.frame_samples = FRAME_SAMPLES[rate_hz]
        self.advertisement = Advertisement(name="ECG-5EED", services=(PATCH_SERVICE,))
        self.services: tuple[OfferedService, ...] = (
            OfferedService(
                PATCH_SERVICE,
                (
                    Offered(STREAM, Property.NOTIFY),
                    Offered(CONTROL, Property.WRITE | Property.INDICATE),
                    Offered(INFORMATION, Property.READ),
                ),
            ),
            OfferedService(BATTERY_SERVICE, (Offered(BATTERY_LEVEL, Property.READ | Property.NOTIFY),)),
        )
        self._setup = Setup(rate_hz, PICOVOLTS_PER_COUNT, self.rails, epoch=1, frame_samples=self.frame_samples)
        self._ring_samples = round(ring_s * rate_hz)
        self._ring: deque[Frame] = deque()
        self._wanted: deque[range] = deque()
        self._battery_percent = battery_percent
        self._percent_samples = battery_s * rate_hz // 100
        self._n_taken = 0
        self._battery_heard = False
        self._streaming = False

    @property
    def streaming(self) -> bool:
        """Whether a gateway has started the stream, and not stopped it."""
        return self._streaming

    @property
    def epoch(self) -> int:
        """Number of the present count."""
        return self._setup.epoch

    @property
    def kept(self) -> range:
        """Counts of the samples in the ring."""
        return range(self._ring[0].first, _end(self._ring[-1])) if self._ring else range(0)

    def read(self, characteristic: str) -> bytes | None:
        """Value of a characteristic."""
        if characteristic == INFORMATION:
            rates_hz = (self._setup.rate_hz,)
            return encode_information(Information(rates_hz, self._ring_samples, (1, 0, 0), self._setup))
        return bytes([self._charge()]) if characteristic == BATTERY_LEVEL else None

    def subscribed(self, characteristic: str) -> Iterable[Sent]:
        """Tell the charge to whoever asks for it."""
        if characteristic != BATTERY_LEVEL:
            return ()
        self._battery_heard = True
        return (Sent(BATTERY_LEVEL, bytes([self._charge()])),)

    def written(self, characteristic: str, data: bytes) -> Iterable[Sent]:
        """Answer a command, and do what it says."""
        if characteristic != CONTROL:
            return ()
        return [*(_indicate(packet) for packet in self._obey(data)), *self._again(PACE)]

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Keep the samples; send them, and behind them some of what was asked for."""
        live = self._keep(taken)
        sent = self._drain(int(taken.counts.size))
        if not self._streaming:
            return sent
        overrun = [_indicate(packet) for packet in self._forget_what_is_gone()]
        return [_notify(live), *overrun, *self._again(PACE), *sent]

    def disconnected(self) -> None:
        """Send no more; samples are taken and kept as before."""
        self._streaming = self._battery_heard = False
        self._wanted.clear()

    def reset(self) -> None:
        """Begin a new epoch with an empty ring."""
        self.disconnected()
        self._ring.clear()
        self._setup = replace(self._setup, epoch=(self._setup.epoch + 1) % (1 << 16))

    def ended(self) -> Iterable[Sent]:
        """Say farewell where a stream is on, after what was asked for."""
        return self._say_farewell(Reason.SWITCHED_OFF)

    def _obey(self, data: bytes) -> list[Packet]:
        match decode_command(data):
            case Start(rate_hz) if rate_hz not in {0, self._setup.rate_hz}:
                return [Answer(Opcode.START, Status.NO_SUCH_RATE)]
            case Start() if self._charge() <= _BATTERY_LOW_PERCENT:
                return [Answer(Opcode.START, Status.BATTERY_LOW)]
            case Start():
                self._streaming = True
                return [Answer(Opcode.START, Status.OK, self._setup)]
            case Stop():
                self._streaming = False
                self._wanted.clear()
                return [Answer(Opcode.STOP, Status.OK)]
            case Backfill() if not self._streaming:
                return [Answer(Opcode.BACKFILL, Status.NOT_STREAMING)]
            case Backfill(first, n_samples):
                asked = range(first, min(first + n_samples, COUNT_MODULUS))
                return [Answer(Opcode.BACKFILL, Status.OK), *self._want(asked)]
            case Status() as status:
                return [Answer(data[0] if data else 0, status)]

    def _want(self, wanted: range) -> list[Packet]:
        """Take a request down; every sample of it that will not come is gone."""
        there = _common(wanted, self.kept) if len(self._wanted) < MOST_REQUESTS else range(0)
        if not there:
            return _gone(wanted)
        self._wanted.append(there)
        return [*_gone(range(wanted.start, there.start)), *_gone(range(there.stop, wanted.stop))]

    def _forget_what_is_gone(self) -> list[Packet]:
        """Drop from the requests what the ring has lost since."""
        oldest = self.kept.start
        gone = [packet for wanted in self._wanted for packet in _gone(range(wanted.start, min(oldest, wanted.stop)))]
        left = (range(max(oldest, wanted.start), wanted.stop) for wanted in self._wanted)
        self._wanted = deque(wanted for wanted in left if wanted)
        return gone

    def _again(self, most: int) -> list[Sent]:
        """Send the next of the frames that were asked for."""
        frames = iter(self._next_wanted, None)
        return [_notify(frame) for frame in islice(frames, most)]

    def _next_wanted(self) -> Frame | None:
        """Cut the next backfilled frame out of a kept one."""
        if not self._wanted:
            return None
        wanted = self._wanted.popleft()
        kept = self._ring[bisect_right(self._ring, wanted.start, key=lambda frame: frame.first) - 1]
        last = min(_end(kept), wanted.stop)
        if last < wanted.stop:
            self._wanted.appendleft(range(last, wanted.stop))
        earlier = (_end(kept) - last) * TICK_HZ // self._setup.rate_hz
        return replace(
            kept,
            first=wanted.start,
            ticks=(kept.ticks - earlier) % COUNT_MODULUS,
            counts=kept.counts[wanted.start - kept.first : last - kept.first],
            backfilled=True,
        )

    def _keep(self, taken: Taken) -> Frame:
        ticks = taken.last_ns * TICK_HZ // 1_000_000_000 % COUNT_MODULUS
        narrow = np.iinfo(np.int16)
        frame = Frame(
            self._setup.epoch,
            taken.first_index,
            ticks,
            taken.counts,
            wide=bool(taken.counts.min() < narrow.min or taken.counts.max() > narrow.max),
            lead_off=bool(np.abs(taken.counts).max() >= LEAD_OFF_COUNTS),
        )
        self._ring.append(frame)
        while len(self._ring) > 1 and _end(frame) - self._ring[1].first >= self._ring_samples:
            self._ring.popleft()
        return frame

    def _charge(self) -> int:
        return max(0, self._battery_percent - self._n_taken // self._percent_samples)

    def _drain(self, n_samples: int) -> list[Sent]:
        """Age the battery; say so where its charge is another, and farewell where it is low."""
        before = self._charge()
        self._n_taken += n_samples
        if self._charge() == before:
            return []
        said = [Sent(BATTERY_LEVEL, bytes([self._charge()]))] if self._battery_heard else []
        low = self._charge() <= _BATTERY_LOW_PERCENT
        return [*said, *(self._say_farewell(Reason.BATTERY_EMPTY) if low else ())]

    def _say_farewell(self, reason: Reason) -> list[Sent]:
        said = [*self._again(len(self._ring)), _indicate(Farewell(reason))] if self._streaming else []
        self._streaming = False
        self._wanted.clear()
        return said


def _end(frame: Frame) -> int:
    return frame.first + int(frame.counts.size)


def _common(a: range, b: range) -> range:
    return range(max(a.start, b.start), min(a.stop, b.stop))


def _gone(samples: range) -> list[Packet]:
    return [Gone(samples.start, len(samples))] if samples else []


def _notify(frame: Frame) -> Sent:
    return Sent(STREAM, encode_frame(frame))


def _indicate(packet: Packet) -> Sent:
    return Sent(CONTROL, encode_packet(packet))
