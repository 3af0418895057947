"""The link to a Polar H10 through bleak's public API: connect, stream, reconnect, and always say stop."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError
from bleak_retry_connector import BleakNotFoundError, establish_connection

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.radio import Radio, Wanted, find, in_words
from ble_gateway.stream import Received
from ble_gateway.wearables import heart_rate, polar_h10
from edge.signal import GapReason

_LOG: Final = logging.getLogger(__name__)

_RETRY_FIRST_S: Final = 0.5
_RETRY_LONGEST_S: Final = 30.0
_ANSWER_S: Final = 10.0
"""How long a command may go unanswered."""
_GOODBYE_S: Final = 3.0
"""How long stop and disconnect may take together."""
_FIRST_FRAME_S: Final = 45.0
"""A strap may take 30 s from the start command to the first frame."""
_SILENCE_S: Final = 10.0
"""A stream this silent is dead, whatever the link says."""


class LinkState(StrEnum):
    """Where the link stands."""

    SEARCHING = "searching"
    CONNECTING = "connecting"
    STREAMING = "streaming"
    WAITING = "waiting to reconnect"
    CLOSED = "closed"


def steady_clock() -> Callable[[], float]:
    """Unix time on the running event loop's clock, s: that of now, and never set afterwards.

    A gateway without a battery-backed clock has its time set by hours after it starts; sample times must not jump.
    """
    loop = asyncio.get_running_loop()
    offset_s = time.time() - loop.time()
    return lambda: loop.time() + offset_s


class Link:
    """A stream of notifications that outlives the connections it comes through.

    Use it as a context, in which it streams, and iterate over it::

        async with Link(radio, wanted) as link:
            async for received in link:
                ...

    The queue between radio and reader is bounded: what does not fit is dropped, and the next notification says so.

    Parameters
    ----------
    radio, wanted
        What to connect to.
    clock
        Unix time, s; of the event loop by default.
    find_s
        How long to search, at the begin and after each loss of a strap that moved away.
    queue_frames
        How many notifications may wait for the reader.
    """

    def __init__(
        self,
        radio: Radio,
        wanted: Wanted,
        *,
        clock: Callable[[], float] | None = None,
        find_s: float = 30.0,
        queue_frames: int = 256,
    ) -> None:
        self._radio, self._wanted, self._find_s = radio, wanted, find_s
        self._clock = clock
        self._queue: asyncio.Queue[Received | None] = asyncio.Queue(queue_frames + 1)
        self._queue_frames = queue_frames
        self._answers: asyncio.Queue[polar_h10.Response] = asyncio.Queue(8)
        self._after: GapReason | None = None
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._stopped_by_device = False
        self._task: asyncio.Task[None] | None = None
        self._device: BLEDevice | None = None
        self._heard_s = 0.0  # or later, where the first frame is awaited
        self.state = LinkState.SEARCHING
        """Where the link stands."""
        self.on_state: Callable[[LinkState], None] = lambda _: None
        """Called when it stands elsewhere."""
        self.connections = 0
        """How often a stream was started."""
        self.dropped_frames = 0
        """Notifications that found the queue full."""
        self.strange_packets = 0
        """Packets on other characteristics that could not be read."""
        self.strap_says: heart_rate.HeartRateMeasurement | None = None
        """The strap's own heart rate, the latest."""
        self.battery_percent: int | None = None
        """Charge of the strap."""

    @property
    def peer(self) -> str:
        """Name of the strap as it advertises it, safe to print; its address where it has none."""
        if self._device is None:
            return str(self._wanted)
        name = "".join(filter(str.isprintable, self._device.name or ""))
        return name or self._device.address

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Find the strap and start the stream, as entering the context does.

        Raises
        ------
        GatewayError
            If there is no adapter or no such strap, or if it cannot stream.
        """
        self._clock = self._clock or steady_clock()
        client = await self._connect()
        self._task = asyncio.create_task(self._keep_streaming(client), name="link")

    async def aclose(self) -> None:
        """Stop the stream and disconnect; what was received can still be read. Safe to call twice."""
        self._closing.set()
        self._wake.set()
        if self._task is None:
            return
        if self.state is not LinkState.STREAMING:
            self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Iterate over the notifications, in the order they came, until the link is closed."""
        while (received := await self._queue.get()) is not None:
            yield received

    async def _keep_streaming(self, client: BleakClient) -> None:
        """Hold the stream up until the link is closed; every exit from a connection says stop."""
        connected: BleakClient | None = client
        retry_s = _RETRY_FIRST_S
        try:
            while not self._closing.is_set():
                try:
                    connected = connected or await self._connect()
                    retry_s = _RETRY_FIRST_S
                    await self._watch(connected)
                except (GatewayError, BleakError, OSError, EOFError) as error:
                    _LOG.info("%s: %s", self.peer, error)
                finally:
                    await self._say_goodbye(connected)
                    connected = None
                    self._note(GapReason.DISCONNECTED)
                if not self._closing.is_set():
                    self._enter(LinkState.WAITING)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._closing.wait(), retry_s)
                    retry_s = min(2 * retry_s, _RETRY_LONGEST_S)
        finally:
            self._enter(LinkState.CLOSED)
            self._queue.put_nowait(None)

    async def _connect(self) -> BleakClient:
        """Connect and start the stream."""
        if self._device is None:
            self._enter(LinkState.SEARCHING)
            self._device = await find(self._radio, self._wanted, timeout_s=self._find_s)
        self._enter(LinkState.CONNECTING)
        self._wake.clear()
        self._stopped_by_device = False
        self.strap_says = None
        client: BleakClient | None = None
        try:
            client = await establish_connection(
                BleakClient,
                self._device,
                self.peer,
                disconnected_callback=lambda _: self._wake.set(),
                backend=self._radio.client,
            )
            await self._start(client)
        except BleakNotFoundError as error:
            self._device = None
            raise self._lost("has gone out of reach", error) from error
        except (BleakError, OSError, EOFError) as error:
            await self._say_goodbye(client)
            raise self._lost("does not hold the connection", error) from error
        except BaseException:
            await self._say_goodbye(client)
            raise
        return client

    async def _start(self, client: BleakClient) -> None:
        features = polar_h10.decode_features(bytes(await client.read_gatt_char(polar_h10.PMD_CONTROL_POINT)))
        if polar_h10.Feature.ECG not in features:
            raise GatewayError(
                GatewayFault.REFUSED,
                f"{self.peer} offers no ECG",
                advice="check that it is a Polar H10; other straps send only the heart rate",
            )
        await client.start_notify(polar_h10.PMD_CONTROL_POINT, self._on_control)
        await client.start_notify(polar_h10.PMD_DATA, self._on_data)
        await self._take_extras(client)
        answer = await self._command(client, polar_h10.start_ecg())
        if answer.status not in {polar_h10.Status.OK, polar_h10.Status.ALREADY_IN_STATE}:
            raise GatewayError(
                GatewayFault.REFUSED,
                f"{self.peer} does not start the ECG ({answer.status.name.lower().replace('_', ' ')})",
                advice="take it off the strap for a minute, so that it starts anew, and wear it again",
            )
        self._heard_s = asyncio.get_running_loop().time() + _FIRST_FRAME_S - _SILENCE_S
        self.connections += 1
        self._enter(LinkState.STREAMING)

    async def _take_extras(self, client: BleakClient) -> None:
        """Take what is nice to have: the strap's own heart rate and its charge."""
        if client.services.get_characteristic(heart_rate.HEART_RATE_MEASUREMENT):
            await client.start_notify(heart_rate.HEART_RATE_MEASUREMENT, self._on_heart_rate)
        if client.services.get_characteristic(heart_rate.BATTERY_LEVEL):
            charge = await client.read_gatt_char(heart_rate.BATTERY_LEVEL)
            self.battery_percent = charge[0] if len(charge) == 1 else None

    async def _command(self, client: BleakClient, command: bytes) -> polar_h10.Response:
        """Write a command and wait for the answer to it."""
        while not self._answers.empty():
            self._answers.get_nowait()
        async with asyncio.timeout(_ANSWER_S):
            await client.write_gatt_char(polar_h10.PMD_CONTROL_POINT, command, response=True)
            while True:
                answer = await self._answers.get()
                if answer.opcode == command[0]:
                    return answer

    async def _watch(self, client: BleakClient) -> None:
        """Return when the stream has ended, for whatever reason."""
        loop = asyncio.get_running_loop()
        while client.is_connected and not self._closing.is_set() and not self._stopped_by_device:
            patience_s = self._heard_s + _SILENCE_S - loop.time()
            if patience_s <= 0:
                raise GatewayError(
                    GatewayFault.LINK_LOST,
                    f"{self.peer} is connected and silent",
                    advice="check that the strap is worn and wet",
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(patience_s, _SILENCE_S / 4))
                self._wake.clear()

    async def _say_goodbye(self, client: BleakClient | None) -> None:
        """Stop the stream and disconnect: a strap that is not told stays on until its battery is empty."""
        if client is None or not client.is_connected:
            return
        with contextlib.suppress(BleakError, OSError, EOFError):
            async with asyncio.timeout(_GOODBYE_S):
                await client.write_gatt_char(polar_h10.PMD_CONTROL_POINT, polar_h10.stop_ecg(), response=True)
        with contextlib.suppress(BleakError, OSError, EOFError):
            async with asyncio.timeout(_GOODBYE_S):
                await client.disconnect()

    def _on_data(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        if self._clock is None:
            return
        self._heard_s = asyncio.get_running_loop().time()
        if self._queue.qsize() >= self._queue_frames:
            self.dropped_frames += 1
            self._note(GapReason.QUEUE_OVERFLOW)
            return
        contact = self.strap_says.contact if self.strap_says else None
        self._queue.put_nowait(Received(bytes(data), self._clock(), self._after, contact))
        self._after = None

    def _on_control(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        try:
            packet = polar_h10.decode_control(bytes(data))
        except FrameError:
            self.strange_packets += 1
            return
        match packet:
            case polar_h10.Response():
                if not self._answers.full():
                    self._answers.put_nowait(packet)
            case polar_h10.Stopped(measurements):
                if polar_h10.Measurement.ECG in measurements:
                    self._stopped_by_device = True
                    self._wake.set()

    def _on_heart_rate(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        try:
            self.strap_says = heart_rate.decode_heart_rate(bytes(data))
        except FrameError:
            self.strange_packets += 1

    def _enter(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            self.on_state(state)

    def _note(self, reason: GapReason) -> None:
        """Say with the next notification what may have cost samples; a disconnect is the stronger reason."""
        if self._after is not GapReason.DISCONNECTED:
            self._after = reason

    def _lost(self, what: str, error: Exception) -> GatewayError:
        return GatewayError(
            GatewayFault.LINK_LOST,
            f"{self.peer} {what} ({in_words(error)})",
            advice="bring it nearer, and disconnect it from other devices",
        )
