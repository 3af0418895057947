"""A virtual wearable: a twin on a radio. It plays a script and keeps the truth that a receiver can only estimate."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.simulator.peripheral import Ears, Peripheral, in_background
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import frames
from ble_gateway.simulator.twin import Sent, Taken, Twin

_WARM_UP_S: Final = 0.5
TAIL_S: Final = 3.0
"""After its last sample a wearable stays so long, for what is polled or asked for again."""


@dataclass(frozen=True, slots=True)
class Truth:
    """When samples were taken.

    Parameters
    ----------
    start_s
        True time of sample 0, s since the Unix epoch.
    period_s
        True sample period, s.
    """

    start_s: float
    period_s: float

    def times_s(self, first_index: int, n_samples: int) -> NDArray[np.float64]:
        """True times of samples in a row, s since the Unix epoch, shape (n_samples,)."""
        return self.start_s + np.arange(first_index, first_index + n_samples, dtype=np.float64) * self.period_s


class VirtualWearable:
    """A wearable that begins its play when a stream is first started, and leaves when the play is over.

    While no one listens it goes on taking samples, as a worn one does.

    Parameters
    ----------
    twin
        What it is.
    peripheral
        Its radio.
    samples
        In the twin's counts, at the rate of its own clock, in chunks of any size.
    script
        What happens to it.
    clock
        True Unix time, s.
    n_samples
        End after so many samples; None: with the source. Disconnects keep clear of the end only where it is known.
    leaving_stops
        Whether a gateway stops the stream by disconnecting, where the protocol has no word for it.
    """

    def __init__(
        self,
        twin: Twin,
        peripheral: Peripheral,
        samples: Iterable[NDArray[np.int32]],
        script: Script,
        *,
        clock: Callable[[], float],
        n_samples: int | None = None,
        leaving_stops: bool = False,
    ) -> None:
        self._leaving_stops = leaving_stops
        self.twin, self.peripheral = twin, peripheral
        self._script, self._clock = script, clock
        self._fates = script.fates()
        self._frames = frames(samples, twin.frame_samples, n_samples)
        self._ends_s = float("inf") if n_samples is None else n_samples / twin.rate_hz
        self._tasks: set[asyncio.Task[None]] = set()
        self._outgoing: asyncio.Queue[tuple[float, Sent]] = asyncio.Queue()
        self._connected = self._stopped = False
        self._began_s: float | None = None
        self._first_went = self._spare_all = False
        self._since_reset = 0
        self.over = asyncio.Event()
        """Set when the play has ended."""
        self.samples_sent = 0
        """Samples taken, whether they arrived or not."""
        self.truth: Truth | None = None
        """When they were taken; None before the play."""
        self.written: list[tuple[str, bytes]] = []
        """What the gateway wrote, the latest."""
        peripheral.ears = Ears(
            read=twin.read,
            written=self._on_written,
            subscribed=self._on_subscribed,
            connected=self._on_connected,
            disconnected=self._on_disconnected,
        )

    @property
    def was_stopped(self) -> bool:
        """Whether a gateway has started the stream, and stopped it since."""
        return self._began_s is not None and self._stopped and not self.twin.streaming

    async def power_on(self) -> None:
        """Wake up and advertise."""
        in_background(self._tasks, self._send_in_order())
        await self.peripheral.power_on()

    async def power_off(self) -> None:
        """Leave the air."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.peripheral.power_off()

    def restart(self) -> None:
        """Begin anew, as a reset does; samples count from 0 again."""
        self.twin.reset()
        self._since_reset = 0

    def say(self, sent: Sent) -> None:
        """Send something out of turn."""
        self._put([sent], spared=True)

    def _on_connected(self) -> None:
        self._connected = True

    def _on_disconnected(self, properly: bool) -> None:  # noqa: FBT001 - as `Ears` has it
        self._connected = False
        self._stopped |= properly and self._leaving_stops
        self.twin.disconnected()
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
        if not self.over.is_set():
            in_background(self._tasks, self._return_after(self._script.outage_s))

    def _on_written(self, characteristic: str, data: bytes) -> None:
        self.written = [*self.written[-99:], (characteristic, data)]
        streamed = self.twin.streaming
        self._put(self.twin.written(characteristic, data), spared=not streamed)
        self._stopped |= streamed and not self.twin.streaming
        self._begin_if_started()

    def _on_subscribed(self, characteristic: str) -> None:
        self._put(self.twin.subscribed(characteristic), spared=True)
        self._begin_if_started()

    def _begin_if_started(self) -> None:
        self._stopped &= not self.twin.streaming
        if self.twin.streaming:
            self._begin()

    def _begin(self) -> None:
        """Begin the play, if it has not begun."""
        if self._began_s is None:
            self._began_s = asyncio.get_running_loop().time() + _WARM_UP_S
            in_background(self._tasks, self._play(self._began_s))

    async def _return_after(self, outage_s: float) -> None:
        await asyncio.sleep(outage_s)
        await self.peripheral.advertise()

    async def _play(self, began_s: float) -> None:
        """Take samples and send them, until they end."""
        true_period_s = 1 / self.twin.rate_hz / (1 + self._script.drift_ppm * 1e-6)
        loop = asyncio.get_running_loop()
        self.truth = Truth(self._clock() + began_s - loop.time(), true_period_s)
        before_s = 0.0
        for samples, last in self._frames:
            self.samples_sent += samples.size
            taken_s = (self.samples_sent - 1) * true_period_s
            await _sleep_until(began_s + taken_s)
            if self._script.resets_within(before_s, taken_s):
                self.restart()
            if self._script.disconnects_within(before_s, taken_s, ends_s=self._ends_s):
                await self.peripheral.drop()
            before_s = taken_s
            first = self._since_reset
            self._since_reset += samples.size
            last_ns = round((self._since_reset - 1) / self.twin.rate_hz * 1e9)
            self._spare_all = last
            self._put(self.twin.taken(Taken(samples, first, last_ns)), spared=last)
        await asyncio.sleep(TAIL_S)
        self._put(self.twin.ended(), spared=True)
        await asyncio.sleep(0)
        self.over.set()

    def _put(self, sending: Iterable[Sent], *, spared: bool) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for sent in sending:
            first = self.twin.streaming and not self._first_went and not spared
            self._first_went |= first
            at_s = now_s - (self._began_s if self._began_s is not None else now_s)
            fate = self._fates.next(at_s, spared=spared or first or self._spare_all)
            if fate.arrives and self._connected:
                self._outgoing.put_nowait((now_s + fate.delay_s, sent))

    async def _send_in_order(self) -> None:
        while True:
            due_s, sent = await self._outgoing.get()
            await _sleep_until(due_s)
            if self._connected:
                await self.peripheral.send(sent)


async def _sleep_until(due_s: float) -> None:
    await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
