"""A virtual patch as SMP sees it: frames in, answers out, and what then happens to it. Pure but for its memory."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from smp.error import MGMT_ERR
from smp.message import Response

from ble_gateway.errors import GatewayError
from ble_gateway.flash.messages import TryRequest
from ble_gateway.simulator.smp.files import Files
from ble_gateway.simulator.smp.images import Images
from ble_gateway.simulator.smp.memory import Memory
from ble_gateway.simulator.smp.mishaps import CALM, Mishaps, Step
from ble_gateway.simulator.smp.packs import Identity, Packs
from ble_gateway.simulator.smp.runner import Runner
from ble_gateway.simulator.smp.server import Refusal, SmpServer, encode_reply
from ble_gateway.simulator.smp.slots import PackSlots
from ble_gateway.simulator.smp.system import System

BUFFER_BYTES: Final = 2048
"""The largest frame: what a patch with a file system can afford."""
SLOT_BYTES: Final = 272 * 1024
"""What the profile of the nRF52840 leaves each of two slots."""
IMAGE_BYTES: Final = 448 * 1024


class Then(Enum):
    """What happens after an answer."""

    NOTHING = auto()
    CUT = auto()
    """The link breaks."""
    RESET = auto()
    """The patch begins anew; its links break."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a patch does at a frame.

    Parameters
    ----------
    answer
        What it sends; None: nothing.
    delay_s
        How long that takes it, s.
    then
        What happens next.
    """

    answer: bytes | None = None
    delay_s: float = 0.0
    then: Then = Then.NOTHING


class PatchDevice:
    """The patch behind its radio and its wire.

    Parameters
    ----------
    memory
        What outlives a reset.
    runner
        What runs its packs.
    identity
        What it is.
    mishaps
        What goes wrong.
    signed
        Whether a file is signed by a key that is trusted.
    buffer_bytes
        The largest frame it takes.
    slot_bytes
        The largest pack it takes.
    factory
        The pack it left the factory with: it runs where no other is confirmed. None: it runs none then.
    """

    def __init__(
        self,
        memory: Memory,
        runner: Runner,
        identity: Identity | None = None,
        *,
        mishaps: Mishaps | None = None,
        signed: Callable[[bytes], bool] = lambda _: True,
        buffer_bytes: int = BUFFER_BYTES,
        slot_bytes: int = SLOT_BYTES,
        factory: bytes | None = None,
    ) -> None:
        self.mishaps = mishaps or Mishaps(CALM)
        memory = self.mishaps.worn(memory)
        self.buffer_bytes = buffer_bytes
        self._factory = factory
        self.slots = PackSlots(memory, slot_bytes)
        self._files = Files(self.slots, buffer_bytes, space_bytes=self.mishaps.space_bytes)
        self._images = Images(memory, IMAGE_BYTES)
        self._resetting = False
        identity = self.mishaps.seen(identity or Identity())
        self.battery_percent = identity.battery_percent
        """Charge; -1 where it is fed from a wire."""
        self.packs = Packs(
            identity,
            self.slots,
            self._files,
            self.mishaps.tested(runner),
            firmware=lambda: self._images.version,
            signed=signed,
        )
        system = System(buffer_bytes, self._ask_for_reset)
        groups = (system, self._images, self._files, self.packs)
        self._server = SmpServer((command for group in groups for command in group.commands()), buffer_bytes)

    def running_file(self) -> bytes | None:
        """Return the file of the pack that runs, or is to; None: there is none."""
        running = self.slots.running
        return self._factory if running is None else self.slots.file(running.slot)

    def takes_long(self, frame: bytes) -> bool:
        """Whether a frame asks for what may take seconds."""
        return self._server.command_of(frame) is TryRequest

    def receive(self, frame: bytes, now_s: float) -> Reaction:
        """Obey one frame.

        Parameters
        ----------
        frame
            Header and body.
        now_s
            Time on any clock that goes on, s.
        """
        step = self.mishaps.next(frame)
        if not step.heard:
            return Reaction(then=_after(step))
        self.rest(now_s)
        try:
            answered = self._server.answer(frame) if step.refusal is None else self._server.refuse(frame, step.refusal)
        except GatewayError as error:  # flash memory that takes nothing any more
            self.packs.why = error.problem
            answered = self._server.refuse(frame, Refusal(MGMT_ERR.EUNKNOWN))
        if answered is None:
            return Reaction(then=_after(step))
        asked, reply = answered
        answer = encode_reply(asked, self.mishaps.distorted(reply) if isinstance(reply, Response) else reply)
        resets, self._resetting = self._resetting, False
        then = Then.RESET if resets else _after(step)
        return Reaction(answer if step.answered else None, step.delay_s, then)

    def rest(self, now_s: float) -> None:
        """Let time go by: a file that nobody writes any more is closed."""
        try:
            self._files.tick(now_s)
        except GatewayError as error:
            self.packs.why = error.problem

    def reset(self) -> None:
        """Begin anew, as after a power cut: what was not in flash memory is gone."""
        self._files.reset()
        self._images.reset()
        self.slots.reset()

    def _ask_for_reset(self) -> None:
        self._resetting = True


def _after(step: Step) -> Then:
    if step.resets:
        return Then.RESET
    return Then.CUT if step.cuts else Then.NOTHING
