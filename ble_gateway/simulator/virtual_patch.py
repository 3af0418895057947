"""A virtual patch on a radio that can be flashed: SMP beside its stream."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ble_gateway.simulator.peripheral import Peripheral, in_background
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.frames import SMP_CHARACTERISTIC, FrameJoiner
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.twin import Sent
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.wearables.patch_outcome import OUTCOME


class VirtualPatch(VirtualWearable):
    """A patch that takes samples from when a stream is started, or a pack runs, until the play is over.

    Parameters
    ----------
    twin
        What it is.
    peripheral
        Its radio.
    samples, script, clock, n_samples
        As `VirtualWearable` has them.
    host
        What is flashed, and its other links.
    tell
        Called with what happens to its packs, one clause for people.
    """

    def __init__(
        self,
        twin: FlashedPatchTwin,
        peripheral: Peripheral,
        samples: Iterable[NDArray[np.int32]],
        script: Script,
        *,
        clock: Callable[[], float],
        host: Host,
        n_samples: int | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(twin, peripheral, samples, script, clock=clock, n_samples=n_samples)
        self._patch, self._host, self._tell = twin, host, tell
        self._joiner = FrameJoiner(host.device.buffer_bytes)
        self._told = ""
        self._outcomes_told = 0
        host.links.append(self)
        host.on_reset = self._began_anew
        host.on_change = self._changed

    @property
    def n_outcomes(self) -> int:
        """Windows that a pack gave an outcome for."""
        return self._patch.n_outcomes

    async def power_on(self) -> None:
        """Wake up, run the pack that is confirmed, and advertise."""
        self._changed()
        await super().power_on()

    async def power_off(self) -> None:
        """Leave the air."""
        await super().power_off()
        self._patch.at_work.close()

    def restart(self) -> None:
        """Begin anew, with all links broken."""
        self._host.reset()

    def break_off(self) -> None:
        """Break the radio's link; the patch advertises again after the script's outage."""
        in_background(self._tasks, self.peripheral.drop())

    def _on_written(self, characteristic: str, data: bytes) -> None:
        if characteristic != SMP_CHARACTERISTIC:
            super()._on_written(characteristic, data)
            return
        for frame in self._joiner.feed(data):
            in_background(self._tasks, self._answer(frame))

    def _on_disconnected(self, properly: bool) -> None:  # noqa: FBT001 - as `Ears` has it
        self._joiner.clear()
        super()._on_disconnected(properly)

    def _put(self, sending: Iterable[Sent], *, spared: bool) -> None:
        room = self.peripheral.largest_value_bytes
        fitting = [sent for sent in sending if sent.characteristic != OUTCOME or len(sent.value) <= room]
        super()._put(fitting, spared=spared)
        outcome = self._patch.last_outcome
        if outcome and self._patch.n_outcomes > self._outcomes_told:
            self._outcomes_told = self._patch.n_outcomes
            what = self._host.device.packs.words(self._host.device.running_file(), outcome)
            end = outcome.first + outcome.n_samples
            self._tell(f"gives for samples {outcome.first} to {end}: {what}")
        if self._patch.at_work.why:
            self._say_once(f"runs no pack: {self._patch.at_work.why}")

    async def _answer(self, frame: bytes) -> None:
        reaction = await self._host.react(frame)
        answer, size = reaction.answer or b"", self.peripheral.largest_value_bytes
        for at in range(0, len(answer), size):
            self.say(Sent(SMP_CHARACTERISTIC, answer[at : at + size]))
        self._host.follow(reaction, self)

    def _began_anew(self) -> None:
        super().restart()
        self._changed()

    def _changed(self) -> None:
        """Run what is to run now, and say so."""
        at_work = self._patch.at_work
        packs = self._host.device.packs
        if at_work.refresh():
            what = packs.label(self._host.device.running_file()) if at_work.works else "no pack"
            self._say_once(f"runs {what}" + (f": {at_work.why}" if at_work.why else ""))
        if packs.why:
            self._say_once(f"has not taken a pack: {packs.why}")
        if at_work.works:
            self._begin()

    def _say_once(self, what: str) -> None:
        if what and what != self._told:
            self._told = what
            self._tell(what)
