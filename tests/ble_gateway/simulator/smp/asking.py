"""A virtual patch of this process, asked frame by frame with the library's own requests."""

import hashlib
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from smp import file_management as fs

from ble_gateway.flash import messages
from ble_gateway.flash.messages import SlotState
from ble_gateway.simulator.smp.device import PatchDevice, Reaction, Then
from ble_gateway.simulator.smp.mishaps import Mishaps, Plan
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, Feed, SelfTested
from edge.manifest import PatchNeeds
from edge.pack import SHIPPED, ModelPack, SelfTest, read_pack

NEEDS = PatchNeeds(
    operators=("CONV_2D",),
    macs={"conv": 1},
    interpreter_arena_bytes=40_000,
    flash_bytes=180_000,
    ram_bytes=18_000,
    stack_bytes=600,
)


@cache
def shipped() -> ModelPack:
    return read_pack(SHIPPED)


@cache
def pack_of(
    version: str = "1.0.0", *, board: str | None = None, ram_bytes: int = 18_000, flash_bytes: int = 180_000
) -> bytes:
    """A pack with the demonstration's network and one window to test itself with."""
    pack = shipped()
    needs = NEEDS.model_copy(update={"ram_bytes": ram_bytes, "flash_bytes": flash_bytes})
    manifest = pack.manifest.model_copy(update={"version": version, "board": board, "patch": needs})
    test = pack.self_test
    outputs = {family: output[:1] for family, output in test.outputs.items()}
    return ModelPack(manifest, pack.model, SelfTest(test.windows_uv[:1], test.inputs[:1], outputs, 2.0), {}).to_bytes()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@dataclass
class TableRunner:
    """Says of each pack what its table says, and runs those that pass: they give the mean of a window, in counts."""

    says: dict[bytes, SelfTested | CannotRun] = field(default_factory=dict)
    tested: list[bytes] = field(default_factory=list)

    def self_test(self, pack):
        self.tested.append(pack)
        return self.says.get(pack, SelfTested(2, 0))

    def start(self, _):
        return Mean()


class Mean:
    feed = Feed(window_samples=500, rate_hz=250.0, picovolts_per_count=500_000, scale=0.5, zero_point=-1)

    def run(self, counts):
        return np.array([counts.mean() // 100], np.int8)

    def close(self):
        pass


@dataclass
class Patch:
    """Asks a device one request after the other."""

    device: PatchDevice
    now_s: float = 0.0

    def react(self, request) -> Reaction:
        return self.device.receive(bytes(request.BYTES), self.now_s)

    def ask(self, request, kind):
        """The answer as the library reads it, where it is one of `kind`."""
        return kind.loads(self.react(request).answer)

    def refused(self, request, error) -> int:
        """The number of the error that a request is answered with."""
        answer = error.loads(self.react(request).answer)
        return int(answer.rc if hasattr(answer, "rc") else answer.err.rc)

    def upload(self, data: bytes, path: str = "/packs/0", *, begin: int = 0, step: int = 1500) -> None:
        for off in range(begin, len(data), step):
            size = len(data) if off == 0 else None
            request = fs.FileUploadRequest(off=off, data=data[off : off + step], name=path, len=size)
            assert self.ask(request, fs.FileUploadResponse).off == min(off + step, len(data))

    def status(self) -> messages.StatusResponse:
        return self.ask(messages.StatusRequest(), messages.StatusResponse)

    def states(self) -> list[SlotState]:
        return [slot.state for slot in self.status().slots]

    def run_on_trial(self, data: bytes, path: str = "/packs/0") -> None:
        self.upload(data, path)
        tried = self.ask(messages.TryRequest(path=path, sha256=sha(data)), messages.TryResponse)
        assert tried.differing == 0

    def confirm(self, data: bytes) -> None:
        self.ask(messages.ConfirmRequest(sha256=sha(data)), messages.ConfirmResponse)


def patch(runner=None, plan: Plan | None = None, identity: Identity | None = None, memory=None, **options) -> Patch:
    memory = {} if memory is None else memory
    device = PatchDevice(memory, runner or TableRunner(), identity, mishaps=Mishaps(plan or Plan()), **options)
    return Patch(device)


__all__ = ["NEEDS", "Mean", "Patch", "TableRunner", "Then", "pack_of", "patch", "sha", "shipped"]
