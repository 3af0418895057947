"""A virtual patch among its links: whichever brings a frame, a reset breaks them all."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, assert_never

from ble_gateway.simulator.smp.device import PatchDevice, Reaction, Then
from ble_gateway.simulator.smp.files import IDLE_CLOSE_S

RESET_DELAY_S: Final = 0.25
"""Zephyr's CONFIG_MCUMGR_GRP_OS_RESET_MS: the answer to a reset has so long to leave."""


class Link(Protocol):
    """A way to reach a patch, that breaks and comes back."""

    def break_off(self) -> None:
        """Be gone, and come back when the outage is over."""
        ...


class Host:
    """A patch, its links and the time it all takes.

    Parameters
    ----------
    device
        The patch.
    outage_s
        How long a link that broke stays away, s.
    """

    def __init__(self, device: PatchDevice, *, outage_s: float = 1.0) -> None:
        self.device = device
        self.outage_s = outage_s
        self.links: list[Link] = []
        self.on_reset: Callable[[], None] = lambda: None
        """Called with each reset."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after each command."""
        self._one_at_a_time = asyncio.Lock()
        self._resting: asyncio.TimerHandle | None = None

    async def react(self, frame: bytes) -> Reaction:
        """Let the patch obey a frame, for as long as that takes it; what follows is for `follow`."""
        device, loop = self.device, asyncio.get_running_loop()
        async with self._one_at_a_time:
            if device.takes_long(frame):
                reaction = await asyncio.to_thread(device.receive, frame, loop.time())
            else:
                reaction = device.receive(frame, loop.time())
            self.on_change()
            self._rest_later()
            if reaction.delay_s:
                await asyncio.sleep(reaction.delay_s)
        return reaction

    def _rest_later(self) -> None:
        loop = asyncio.get_running_loop()
        if self._resting:
            self._resting.cancel()
        self._resting = loop.call_later(IDLE_CLOSE_S, lambda: self.device.rest(loop.time()))

    def follow(self, reaction: Reaction, link: Link) -> None:
        """Let happen what comes after an answer on `link`."""
        match reaction.then:
            case Then.NOTHING:
                return
            case Then.CUT:
                link.break_off()
            case Then.RESET if reaction.answer is not None:
                asyncio.get_running_loop().call_later(RESET_DELAY_S, self.reset)
            case Then.RESET:
                self.reset()
            case _:
                assert_never(reaction.then)

    def reset(self) -> None:
        """Switch the patch off and on."""
        self.device.reset()
        self.on_reset()
        for link in self.links:
            link.break_off()
