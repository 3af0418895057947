"""A virtual patch without a radio or a wire in between: an `smpclient` transport, for thousands of flashes a minute."""

import asyncio

from smpclient.transport import SMPTransport, SMPTransportDisconnected

from ble_gateway.simulator.smp.host import Host


class NearTransport(SMPTransport):
    """Carries frames to a patch of this process; on virtual time no wait takes any.

    Parameters
    ----------
    host
        The patch.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._away_until_s = 0.0
        self._broken: asyncio.Event | None = None
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def connect(self, address: str, timeout_s: float) -> None:  # noqa: ARG002 - there is one only
        """Connect, once the outage is over."""
        loop = asyncio.get_running_loop()
        away_s = self._away_until_s - loop.time()
        if away_s > timeout_s:
            await asyncio.sleep(timeout_s)
            raise TimeoutError("the virtual patch is out of reach")
        await asyncio.sleep(max(0.0, away_s))
        self._broken, self._answers = asyncio.Event(), asyncio.Queue()
        self._host.links.append(self)

    async def disconnect(self) -> None:
        """Disconnect, if connected."""
        if self._broken is not None:
            self._broken = None
            self._host.links.remove(self)

    def break_off(self) -> None:
        """Be gone, and come back when the outage is over."""
        if self._broken is not None:
            self._broken.set()
        self._away_until_s = asyncio.get_running_loop().time() + self._host.outage_s

    async def send(self, data: bytes) -> None:
        """Send a frame; the patch answers in its time."""
        if self._broken is None or self._broken.is_set():
            raise SMPTransportDisconnected("the link to the virtual patch broke")
        reaction = await self._host.react(data)
        if reaction.answer is not None:
            self._answers.put_nowait(reaction.answer)
        self._host.follow(reaction, self)

    async def receive(self) -> bytes:
        """Wait for an answer."""
        broken = self._broken
        if broken is None:
            raise SMPTransportDisconnected("the link to the virtual patch is not there")
        if not self._answers.empty():
            return self._answers.get_nowait()
        answer, end = asyncio.ensure_future(self._answers.get()), asyncio.ensure_future(broken.wait())
        try:
            await asyncio.wait((answer, end), return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
            raise SMPTransportDisconnected("the link to the virtual patch broke")
        finally:
            answer.cancel()
            end.cancel()

    async def send_and_receive(self, data: bytes) -> bytes:
        """Send a frame, and wait for its answer."""
        await self.send(data)
        return await self.receive()

    @property
    def mtu(self) -> int:
        """What goes at once."""
        return self._host.device.buffer_bytes
