"""A wearable's dialogue, held over one connection."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, assert_never

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakCharacteristicNotFoundError, BleakError

from ble_gateway.wearables import heart_rate
from ble_gateway.wearables.wearable import Ask, Dialogue, Poll, Read, Step, Subscribe, Write

_MOST_WRITES: Final = 16
_EXTRA_S: Final = 5.0
_EXTRAS: Final = (
    Subscribe(heart_rate.HEART_RATE_MEASUREMENT, needed=False),
    Read(heart_rate.BATTERY_LEVEL),
    Subscribe(heart_rate.BATTERY_LEVEL, needed=False),
)


class Conversation:
    """What is said to a wearable and heard from it, from one connect to the next disconnect.

    Parameters
    ----------
    client
        Connected.
    hear
        Called with characteristic and value for everything the wearable says, reads included; it must only take note.
    """

    def __init__(self, client: BleakClient, hear: Callable[[str, bytes], None]) -> None:
        self._client, self._hear = client, hear
        self._asked: Ask | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._writes: asyncio.Queue[Write] = asyncio.Queue(_MOST_WRITES)
        self._tasks: list[asyncio.Task[None]] = []
        self._subscribed: set[str] = set()

    async def hold(self, dialogue: Dialogue) -> None:
        """Take each step of a dialogue and give it the answer, to its end.

        Raises
        ------
        BleakError, OSError, EOFError
            What bleak raises; `TimeoutError` where an answer does not come.
        GatewayError
            Where the wearable's answer is no.
        """
        answer: bytes | None = None
        with contextlib.suppress(StopIteration):
            while True:
                answer = await self._take(dialogue.send(answer))

    async def take_extras(self) -> None:
        """Take what is nice to have, where the wearable gives it: its own heart rate, and its charge.

        Raises
        ------
        BleakError, OSError, EOFError
            Where the link broke.
        """
        for extra in _EXTRAS:
            try:
                async with asyncio.timeout(_EXTRA_S):
                    await self._take(extra)
            except (BleakError, TimeoutError):
                if not self._client.is_connected:
                    raise

    def go_on(self, poll: Poll | None) -> None:
        """From now on write what is asked for `later`, and poll."""
        self._tasks.append(asyncio.create_task(self._write_later(), name="writes"))
        if poll:
            self._tasks.append(asyncio.create_task(self._poll(poll), name="poll"))

    def later(self, step: Write) -> None:
        """Write when it can be; where too much waits, this is forgotten."""
        with contextlib.suppress(asyncio.QueueFull):
            self._writes.put_nowait(step)

    def end(self) -> None:
        """Write and poll no more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    async def _take(self, step: Step) -> bytes | None:
        match step:
            case Read(characteristic):
                return await self._read(characteristic)
            case Subscribe(characteristic, needed):
                if needed or self._notifies(characteristic):
                    await self._subscribe(characteristic)
            case Write():
                await self._write(step)
            case Ask():
                return await self._ask(step)
            case _:
                assert_never(step)
        return None

    async def _read(self, characteristic: str) -> bytes | None:
        if not self._has(characteristic):
            return None
        value = bytes(await self._client.read_gatt_char(characteristic))
        self._hear(characteristic, value)
        return value

    async def _subscribe(self, characteristic: str) -> None:
        if characteristic in self._subscribed:
            return
        if not self._has(characteristic):
            raise BleakCharacteristicNotFoundError(characteristic)

        def on_value(_: BleakGATTCharacteristic, data: bytearray) -> None:
            value = bytes(data)
            self._hear(characteristic, value)
            self._note_answer(characteristic, value)

        await self._client.start_notify(characteristic, on_value)
        self._subscribed.add(characteristic)

    async def _write(self, step: Write) -> None:
        await self._client.write_gatt_char(step.characteristic, step.data, response=step.response)

    async def _ask(self, step: Ask) -> bytes:
        self._asked, self._answer = step, asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(step.within_s):
                await self._write(step.write)
                return await self._answer
        finally:
            self._asked = self._answer = None

    def _note_answer(self, characteristic: str, value: bytes) -> None:
        asked, answer = self._asked, self._answer
        if asked is None or answer is None or answer.done():
            return
        if characteristic == asked.answers_on and asked.is_answer(value):
            answer.set_result(value)

    def _has(self, characteristic: str) -> bool:
        return self._client.services.get_characteristic(characteristic) is not None

    def _notifies(self, characteristic: str) -> bool:
        found = self._client.services.get_characteristic(characteristic)
        return found is not None and not {"notify", "indicate"}.isdisjoint(found.properties)

    async def _write_later(self) -> None:
        while True:
            step = await self._writes.get()
            with contextlib.suppress(BleakError, OSError, EOFError):
                await self._write(step)

    async def _poll(self, poll: Poll) -> None:
        """Ask at even times; one that is late is not made up for."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            with contextlib.suppress(BleakError, OSError, EOFError):
                await self._write(poll.write)
            due_s = max(due_s + poll.every_s, loop.time())
            await asyncio.sleep(due_s - loop.time())
