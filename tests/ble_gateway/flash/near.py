"""Packs to flash, and a virtual patch in this process to flash them to, on virtual time."""

import hashlib
import math
from dataclasses import dataclass, field, replace
from functools import cache

from ble_gateway.flash.conversation import Conversation
from ble_gateway.flash.flash import flash
from ble_gateway.flash.messages import SlotState
from ble_gateway.flash.objections import Allow, Policy
from ble_gateway.flash.offer import Content, content_of
from ble_gateway.simulator.smp.device import PatchDevice
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.mishaps import CALM, Mishaps, Plan
from ble_gateway.simulator.smp.near import NearTransport
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, SelfTested
from ble_gateway.simulator.virtual_time import run_virtually
from edge.manifest import PatchNeeds
from edge.pack import SHIPPED, ModelPack, SelfTest, read_pack

NEEDS = PatchNeeds(
    operators=("CONV_2D", "FULLY_CONNECTED"),
    macs={"conv": 5_000_000},
    interpreter_arena_bytes=40_000,
    flash_bytes=180_000,
    ram_bytes=18_000,
    stack_bytes=600,
)
UNSIGNED = Policy(allow=frozenset({Allow.UNSIGNED}))


@cache
def _shipped():
    return read_pack(SHIPPED)


def pack_bytes(version="1.0.0", model_bytes=40_000, **changes) -> bytes:
    """The demonstration pack with another version and what it needs of a patch, and cut short: nobody runs it.

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
def content(version="1.0.0", **changes) -> Content:
    return content_of(pack_bytes(version, **changes), "pack.tflite")


class QuickRunner:
    """Tells that every self-test passed: what is tested is the way there. `fails` names packs that do not."""

    def __init__(self, fails=()):
        self.fails = fails

    def self_test(self, pack):
        return SelfTested(3, 2 if pack in self.fails else 0)

    def start(self, pack):  # noqa: ARG002 - the runner's signature
        return CannotRun("it only tests")


@dataclass
class NearLine:
    host: Host
    name: str = "the virtual patch"
    address: str = "near"

    def __post_init__(self):
        self._transport = NearTransport(self.host)

    def transport(self):
        return self._transport


@dataclass
class Bench:
    """A virtual patch, and whoever flashes it.

    What it keeps is in `memory`; `plan` is what goes wrong.
    """

    plan: Plan = CALM
    memory: dict[str, bytes] = field(default_factory=dict)
    identity: Identity = field(default_factory=Identity)
    runner: QuickRunner = field(default_factory=QuickRunner)
    outage_s: float = 1.0
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        device = PatchDevice(self.memory, self.runner, self.identity, mishaps=Mishaps(self.plan), **self.options)
        self.host = Host(device, outage_s=self.outage_s)

    def talk(self, **patience) -> Conversation:
        return Conversation(NearLine(self.host), **patience)

    async def flash(self, content, policy=UNSIGNED, events=None, patience=None):
        talk = Conversation(
            NearLine(self.host), patience, tell=lambda event: events is not None and events.append(event)
        )
        await talk.open()
        try:
            return await flash(talk, content, policy, lambda event: events is not None and events.append(event))
        finally:
            await talk.close()

    @property
    def running(self):
        """SHA-256 of what the patch runs; None: what it left the factory with."""
        running = self.host.device.slots.running
        return running and running.sha256

    @property
    def confirmed(self):
        return next(
            (slot.sha256 for slot in self.host.device.slots.listed() if slot.state is SlotState.CONFIRMED), None
        )


def virtually(main):
    """Run a coroutine with no wait at all."""
    return run_virtually(main, speed=math.inf)


def with_identity(**changes):
    return replace(Identity(), **changes)
