"""A virtual patch on a wire: SMP on a pseudo-terminal that any serial program opens."""

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.peripheral import in_background
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.lines import LineReader, to_lines

_READ_BYTES: Final = 1 << 16


class Wire:
    """A pseudo-terminal under a path that stays, whichever pseudo-terminal it leads to.

    A link that breaks is a plug that is pulled: whoever has it open reads an error, and opens the path again.

    Parameters
    ----------
    host
        The patch.
    path
        Where it is found: a link to the pseudo-terminal.
    """

    def __init__(self, host: Host, path: Path) -> None:
        self._host, self._path = host, path
        self._mishaps = host.device.mishaps
        self._ends: tuple[int, int] | None = None
        self._leads_to = path
        self._reader = self._new_reader()
        self._tasks: set[asyncio.Task[None]] = set()
        self._back: asyncio.TimerHandle | None = None
        self.plugged_in = asyncio.Event()
        """Set while it is there."""

    def plug_in(self) -> None:
        """Be there.

        Raises
        ------
        GatewayError
            ``BAD_REQUEST`` where no link can be made at its path.
        """
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            if self._path.exists() and not self._path.is_symlink():
                raise FileExistsError(0, "something else is there")
            self._leads_to = Path(os.ttyname(theirs))
            partial.symlink_to(self._leads_to)
            partial.replace(self._path)
        except OSError as error:
            os.close(ours)
            os.close(theirs)
            raise GatewayError(
                GatewayFault.BAD_REQUEST,
                f"no wire can be laid to {self._path} ({error.strerror or error})",
                advice="give a path that is free, for example --smp /tmp/patch",
            ) from error
        # Its own hold on the other end keeps the pseudo-terminal alive between those who open it.
        self._ends = (ours, theirs)
        self._reader = self._new_reader()
        self.plugged_in.set()
        asyncio.get_running_loop().add_reader(ours, self._on_bytes)

    def unplug(self) -> None:
        """Be gone."""
        if self._back:
            self._back.cancel()
        if self._ends is None:
            return
        ends, self._ends = self._ends, None
        self.plugged_in.clear()
        asyncio.get_running_loop().remove_reader(ends[0])
        if self._path.is_symlink() and self._path.readlink() == self._leads_to:
            self._path.unlink()
        for end in ends:
            os.close(end)

    def break_off(self) -> None:
        """Be gone, and come back when the outage is over."""
        self.unplug()
        self._back = asyncio.get_running_loop().call_later(self._host.outage_s, self.plug_in)

    async def close(self) -> None:
        """Be gone for good."""
        self.unplug()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _new_reader(self) -> LineReader:
        return LineReader(self._host.device.buffer_bytes, burst_lines=self._mishaps.plan.burst_lines)

    def _on_bytes(self) -> None:
        if self._ends is None:
            return
        try:
            data = os.read(self._ends[0], _READ_BYTES)
        except (BlockingIOError, OSError):
            return
        for frame in self._reader.feed(data):
            in_background(self._tasks, self._answer(frame, self._ends))

    async def _answer(self, frame: bytes, ends: tuple[int, int]) -> None:
        reaction = await self._host.react(frame)
        if reaction.answer is not None and self._ends == ends:
            for line in self._mishaps.garbled(to_lines(reaction.answer)):
                # Nobody reads: the bytes are lost, as on any wire without flow control.
                with contextlib.suppress(BlockingIOError):
                    os.write(ends[0], line)
        self._host.follow(reaction, self)


@contextlib.asynccontextmanager
async def wired(host: Host, path: Path) -> AsyncIterator[Wire]:
    """Serve a patch's SMP on a pseudo-terminal at `path`.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` where no link can be made at its path.
    """
    wire = Wire(host, path)
    wire.plug_in()
    host.links.append(wire)
    try:
        yield wire
    finally:
        host.links.remove(wire)
        await wire.close()
