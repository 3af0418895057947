"""The link to a wearable through bleak's public API: connect, talk, watch, reconnect, and always say stop."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from bleak import BleakClient
from bleak.exc import BleakError
from bleak_retry_connector import BleakClientWithServiceCache, clear_cache, establish_connection

from ble_gateway.conversation import Conversation
from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.radio import Radio, Sighting, find_again
from ble_gateway.trouble import (
    OUT_OF_REACH,
    PASSING,
    SERVICES_CHANGED,
    SILENT,
    LinkLost,
    Trouble,
    diagnose,
    needs_pairing,
)
from ble_gateway.wearables.wearable import Received, Wearable, Write
from edge.signal import GapReason

_LOG: Final = logging.getLogger(__name__)

_SEARCH_S: Final = 5.0
"""One link searches so long before the next one may."""
_SPARE: Final = 64
"""Places in the queue for what is no data: an answer that is needed to read the data must not be dropped for it."""
_ATTEMPTS: Final = 2
_FIRST_ATTEMPTS: Final = 3
_GOODBYE_S: Final = 3.0
"""How long stop and disconnect may take, each."""
_QUIET_S: Final = 2.0
"""A stream this silent is said to be."""
_SILENCE_S: Final = 10.0
"""A stream this silent is dead, whatever the link says."""
_SOONEST_S: Final = 0.01
"""Timers may fire a trifle early: a shorter wait for the moment itself could be repeated without end."""
_FAILURES: Final = (GatewayError, BleakError, OSError, EOFError)


class LinkState(StrEnum):
    """Where the link stands."""

    SEARCHING = "searching"
    CONNECTING = "connecting"
    STREAMING = "streaming"
    SILENT = "connected, no data"
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
    """A stream of values that outlives the connections it comes through.

    Use it as a context, in which it streams, and iterate over it::

        async with Link(radio, sighting, wearable) as link:
            async for received in link:
                ...

    The queue between radio and reader is bounded: what does not fit is dropped, and the next value says so.

    Parameters
    ----------
    radio, sighting
        What to connect to.
    wearable
        How to talk with it.
    clock
        Unix time, s; of the event loop by default.
    queue_values
        How many values may wait for the reader.
    """

    def __init__(
        self,
        radio: Radio,
        sighting: Sighting,
        wearable: Wearable,
        *,
        clock: Callable[[], float] | None = None,
        queue_values: int = 1024,
    ) -> None:
        self._radio, self._sighting, self.wearable = radio, sighting, wearable
        self._clock = clock or steady_clock()
        self._queue: asyncio.Queue[Received | None] = asyncio.Queue(queue_values + _SPARE + 1)
        self._queue_values = queue_values
        self._after: GapReason | None = None
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._restarting = False
        self._conversation: Conversation | None = None
        self._task: asyncio.Task[None] | None = None
        self._heard_s = 0.0
        self._hears = False
        self.state = LinkState.SEARCHING
        """Where the link stands."""
        self.on_state: Callable[[LinkState], None] = lambda _: None
        """Called when it stands elsewhere."""
        self.trouble: GatewayError | None = None
        """Why it does not stream, where it does not."""
        self.connections = 0
        """How often a stream was started."""
        self.dropped_values = 0
        """Values that found the queue full."""

    @property
    def peer(self) -> str:
        """Name of the wearable as it advertises it, safe to print; its address where it has none."""
        return self._sighting.label

    @property
    def address(self) -> str:
        """Address of the wearable."""
        return self._sighting.address

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Connect and start the stream, as entering the context does.

        Raises
        ------
        GatewayError
            If there is no adapter or the wearable is gone, or if it cannot stream.
        """
        client = await self._connect_at_first()
        self._task = asyncio.create_task(self._keep_streaming(client), name=f"link to {self.peer}")

    async def aclose(self) -> None:
        """Stop the stream and disconnect; what was received can still be read. Safe to call twice."""
        self._closing.set()
        self._wake.set()
        if self._task is None:
            return
        if self.state not in {LinkState.STREAMING, LinkState.SILENT}:
            self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Iterate over the values, in the order they came, until the link is closed."""
        while (received := await self._queue.get()) is not None:
            yield received

    def restart(self) -> None:
        """Start the stream anew: the wearable has ended it."""
        self._restarting = True
        self._wake.set()

    def write(self, step: Write) -> None:
        """Write to the wearable when it next can be, in order; forgotten where the link breaks before."""
        if self._conversation:
            self._conversation.later(step)

    async def _keep_streaming(self, client: BleakClient) -> None:
        """Hold the stream up until the link is closed; every exit from a connection says stop."""
        connected: BleakClient | None = client
        retries = 0
        try:
            while connected or not self._closing.is_set():
                trouble: Trouble | None = None
                try:
                    connected = connected or await self._connect()
                    await self._watch(connected)
                except _FAILURES as error:
                    trouble = await self._learn_from(error)
                finally:
                    retries = 0 if self._hears else retries + 1
                    self._hears = False
                    await self._say_goodbye(connected)
                    connected = None
                    self._note(GapReason.DISCONNECTED)
                if not self._closing.is_set():
                    await self._wait_before(trouble, retries)
        finally:
            self._enter(LinkState.CLOSED)
            self._queue.put_nowait(None)

    async def _connect_at_first(self) -> BleakClient:
        """Connect; what may pass is tried again."""
        attempts = 0
        while True:
            try:
                return await self._connect()
            except _FAILURES as error:
                trouble = await self._learn_from(error)
                attempts += 1
                if attempts == _FIRST_ATTEMPTS or trouble not in PASSING:
                    raise self._told(error) from error
                await self._wait_before(trouble, attempts)

    async def _wait_before(self, trouble: Trouble | None, retries: int) -> None:
        trouble = trouble or OUT_OF_REACH
        self._enter(LinkState.WAITING)
        pause_s = min(trouble.retry_first_s * 2 ** min(max(0, retries - 1), 16), trouble.retry_longest_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), pause_s)

    async def _learn_from(self, error: BaseException) -> Trouble:
        """Keep the error for whoever looks, and heal what the system remembers wrongly."""
        trouble = diagnose(error)
        self.trouble = self._told(error)
        _LOG.info("%s", self.trouble)
        if trouble is SERVICES_CHANGED and not self._radio.simulated:
            await clear_cache(self.address)
        return trouble

    def _told(self, error: BaseException) -> GatewayError:
        if isinstance(error, GatewayError):
            if error.fault in {GatewayFault.REFUSED, GatewayFault.BAD_FRAME}:
                return GatewayError(error.fault, f"{self.peer}: {error.problem}", advice=error.advice)
            return error
        return LinkLost(self.peer, diagnose(error), error)

    async def _connect(self) -> BleakClient:
        """Search, connect, and start the stream."""
        async with self._radio.one_at_a_time:
            self._enter(LinkState.SEARCHING)
            seen = await find_again(self._radio, self._sighting, timeout_s=_SEARCH_S)
            if seen is None:
                raise LinkLost(self.peer, OUT_OF_REACH)
            self._enter(LinkState.CONNECTING)
            self._wake.clear()
            client: BleakClient = await establish_connection(
                BleakClientWithServiceCache,
                seen.device,
                self.peer,
                disconnected_callback=lambda _: self._wake.set(),
                max_attempts=_ATTEMPTS,
                use_services_cache=False,
                backend=self._radio.client,
            )
        try:
            await self._start(client)
        except BaseException:
            await self._say_goodbye(client)
            raise
        return client

    async def _start(self, client: BleakClient) -> None:
        self._restarting = self._hears = False
        self._conversation = Conversation(client, self._on_value)
        try:
            await self._begin(self._conversation)
        except BleakError as error:
            if not needs_pairing(error):
                raise
            await client.pair()
            await self._begin(self._conversation)
        self._heard_s = asyncio.get_running_loop().time()
        self.connections += 1
        self.trouble = None
        self._enter(LinkState.STREAMING)

    async def _begin(self, conversation: Conversation) -> None:
        await conversation.hold(self.wearable.start())
        await conversation.take_extras()
        conversation.go_on(self.wearable.poll)

    async def _watch(self, client: BleakClient) -> None:
        """Return when the stream has ended, for whatever reason."""
        loop = asyncio.get_running_loop()
        while client.is_connected and not self._closing.is_set() and not self._restarting:
            silent_s = loop.time() - self._heard_s
            patience_s = _SILENCE_S if self._hears else self.wearable.patience_s
            if silent_s >= patience_s:
                raise LinkLost(self.peer, SILENT)
            if silent_s >= _QUIET_S and self.state is LinkState.STREAMING:
                self._enter(LinkState.SILENT)
            next_s = _QUIET_S if silent_s < _QUIET_S else patience_s
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(next_s - silent_s, _SOONEST_S))
                self._wake.clear()

    async def _say_goodbye(self, client: BleakClient | None) -> None:
        """Stop the stream and disconnect: some wearables stay on until their battery is empty if not told to stop.

        A client whose wearable is gone is disconnected too: BlueZ would go on telling it what the next one hears.
        """
        conversation, self._conversation = self._conversation, None
        if conversation:
            conversation.end()
        if client is None:
            return
        if client.is_connected:
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(_GOODBYE_S):
                    await (conversation or Conversation(client, self._on_value)).hold(self.wearable.stop())
        with contextlib.suppress(*_FAILURES):
            async with asyncio.timeout(_GOODBYE_S):
                await client.disconnect()

    def _on_value(self, characteristic: str, data: bytes) -> None:
        if characteristic == self.wearable.data:
            self._heard_s = asyncio.get_running_loop().time()
            self._hears = True
            if self.state is LinkState.SILENT:
                self._enter(LinkState.STREAMING)
        if self._queue.qsize() >= self._queue_values + (0 if characteristic == self.wearable.data else _SPARE):
            self.dropped_values += 1
            self._note(GapReason.QUEUE_OVERFLOW)
            return
        self._queue.put_nowait(Received(characteristic, data, self._clock(), self._after))
        self._after = None

    def _enter(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            self.on_state(state)

    def _note(self, reason: GapReason) -> None:
        """Say with the next value what may have cost samples; a disconnect is the stronger reason."""
        if self._after is not GapReason.DISCONNECTED:
            self._after = reason
