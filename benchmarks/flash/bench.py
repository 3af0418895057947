"""Packs to flash, and a virtual patch of this process to flash them to."""

import hashlib
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

from ble_gateway.flash.conversation import Conversation, Patience
from ble_gateway.flash.flash import Done, Event, flash
from ble_gateway.flash.messages import SlotState
from ble_gateway.flash.objections import Allow, Policy
from ble_gateway.flash.offer import Content, content_of
from ble_gateway.simulator.smp.device import SLOT_BYTES, PatchDevice
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.memory import Memory
from ble_gateway.simulator.smp.mishaps import CALM, Mishaps, Plan
from ble_gateway.simulator.smp.near import NearTransport
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, SelfTested
from ble_gateway.simulator.virtual_time import run_virtually
from edge.manifest import PatchNeeds
from edge.pack import SHIPPED, ModelPack, SelfTest, read_pack

T = TypeVar("T")

NEEDS: Final = PatchNeeds(
    operators=("CONV_2D", "FULLY_CONNECTED"),
    macs={"conv": 5_000_000},
    interpreter_arena_bytes=40_000,
    flash_bytes=180_000,
    ram_bytes=18_000,
    stack_bytes=600,
)
"""Of no real model."""
UNSIGNED: Final = Policy(allow=frozenset({Allow.UNSIGNED}))


@cache
def _shipped() -> ModelPack:
    return read_pack(SHIPPED)


def pack_bytes(version: str = "1.0.0", *, model_bytes: int = 40_000, **changes: Any) -> bytes:
    """Make a pack of the demonstration pack, with another version and what it needs of a patch, cut short: none is run.

    Parameters
    ----------
    version, changes
        Of the manifest.
    model_bytes
        How much of the model is kept.
    """
    shipped = _shipped()
    model = shipped.model[:model_bytes]
    facts = {"model_sha256": hashlib.sha256(model).hexdigest(), "model_size_bytes": len(model), "patch": NEEDS}
    manifest = shipped.manifest.model_copy(update={"version": version, **facts, **changes})
    test = shipped.self_test
    outputs = {family: output[:1] for family, output in test.outputs.items()}
    one = SelfTest(test.windows_uv[:1], test.inputs[:1], outputs, test.tolerance)
    return ModelPack(manifest, model, one, {}).to_bytes()


@cache
def content(version: str = "1.0.0", *, model_bytes: int = 40_000) -> Content:
    """Make such a pack, ready to be flashed."""
    return content_of(pack_bytes(version, model_bytes=model_bytes), "pack.tflite")


@dataclass(slots=True)
class QuickRunner:
    """Tells that every self-test passed but that of the packs in `fails`: what is looked at is the way there."""

    fails: tuple[bytes, ...] = ()

    def self_test(self, pack: bytes) -> SelfTested | CannotRun:
        """Run nothing."""
        return SelfTested(3, 2 if pack in self.fails else 0)

    def start(self, pack: bytes) -> CannotRun:  # noqa: ARG002 - the runner's signature
        """Run nothing."""
        return CannotRun("it only tests")


@dataclass(slots=True)
class NearLine:
    """A way to a virtual patch without a radio or a wire in between."""

    host: Host
    name: str = "the virtual patch"
    address: str = "near"
    _transport: NearTransport = field(init=False)

    def __post_init__(self) -> None:
        self._transport = NearTransport(self.host)

    def transport(self) -> NearTransport:
        """Return the one there is: it knows how long an outage lasts."""
        return self._transport


@dataclass(slots=True)
class Bench:
    """A virtual patch, and whoever flashes it.

    Parameters
    ----------
    plan
        What goes wrong.
    memory
        The patch's flash memory.
    identity, runner
        What it is, and what tests its packs.
    outage_s
        How long a link that broke stays away, s.
    signed
        Whether it takes a pack's signature.
    """

    plan: Plan = CALM
    memory: Memory = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)
    runner: QuickRunner = field(default_factory=QuickRunner)
    outage_s: float = 1.0
    signed: Callable[[bytes], bool] = lambda _: True
    slot_bytes: int = SLOT_BYTES
    host: Host = field(init=False)

    def __post_init__(self) -> None:
        device = PatchDevice(
            self.memory,
            self.runner,
            self.identity,
            mishaps=Mishaps(self.plan),
            signed=self.signed,
            slot_bytes=self.slot_bytes,
        )
        self.host = Host(device, outage_s=self.outage_s)

    def talk(self, patience: Patience | None = None, tell: Callable[[Event], None] = lambda _: None) -> Conversation:
        """Begin a conversation with it, as a program that was just started does."""
        return Conversation(NearLine(self.host), patience, tell)

    async def flash(
        self,
        what: Content,
        policy: Policy = UNSIGNED,
        tell: Callable[[Event], None] = lambda _: None,
        patience: Patience | None = None,
    ) -> Done:
        """Flash it once."""
        talk = self.talk(patience, tell)
        await talk.open()
        try:
            return await flash(talk, what, policy, tell)
        finally:
            await talk.close()

    @property
    def running(self) -> bytes | None:
        """SHA-256 of what it runs; None: what it left the factory with."""
        running = self.host.device.slots.running
        return running.sha256 if running else None

    @property
    def confirmed(self) -> bytes | None:
        """SHA-256 of what it runs after a reset."""
        listed = self.host.device.slots.listed()
        return next((slot.sha256 for slot in listed if slot.state is SlotState.CONFIRMED), None)


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end with no wait at all."""
    return run_virtually(main, speed=math.inf)
