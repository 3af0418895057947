"""How fast a pack goes onto a virtual patch: `smpclient`'s own upload, and ours, in turn, over the same link."""

import contextlib
import functools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest import mock

import bleak
import smpclient.transport.ble
from smpclient import SMPClient
from smpclient.transport import SMPTransport
from smpclient.transport.ble import SMPBLETransport
from smpclient.transport.serial import SMPSerialTransport

from benchmarks.flash.bench import UNSIGNED, Bench, content
from ble_gateway.flash.conversation import Conversation
from ble_gateway.flash.flash import flash
from ble_gateway.flash.offer import Content
from ble_gateway.flash.transport import Line, PortLine, RadioLine
from ble_gateway.flash.upload import upload_file
from ble_gateway.radio import Radio
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.wire import wired
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.virtual_patch import VirtualPatch

_MODEL_BYTES = 190_000
_PATH = "/packs/1"


async def over_a_port(times: int) -> dict[str, Any]:
    """Measure over a pseudo-terminal: bytes a second of each way, in turn."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "patch")
        bench = Bench()
        async with wired(bench.host, path):
            return await _in_turn(bench, PortLine(str(path)), SMPSerialTransport, times)


async def over_a_radio(times: int) -> dict[str, Any]:
    """Measure over the simulated radio: bytes a second of each way, in turn."""
    bench = Bench()
    async with _on_air(bench) as radio:
        with _through(radio):
            return await _in_turn(bench, RadioLine(address_of(1), radio), SMPBLETransport, times)


async def _in_turn(
    bench: Bench, line: Line, transport: type[SMPSerialTransport] | type[SMPBLETransport], times: int
) -> dict[str, Any]:
    what = content(model_bytes=_MODEL_BYTES)
    alone: list[Spent] = []
    ours: list[Spent] = []
    whole: list[Spent] = []
    for _ in range(times):
        for spent, upload in (
            (alone, functools.partial(_alone, line.address, transport(), what.data)),
            (ours, functools.partial(_ours, line, what.data)),
            (whole, functools.partial(_whole, line, what)),
        ):
            bench.memory.clear()
            bench.host.device.reset()
            spent.append(await upload())
        if bench.confirmed != what.offer.sha256:
            raise RuntimeError("the pack was not flashed")
    size = len(what.data)
    return {
        "size_bytes": size,
        "n": times,
        "smpclient_kB_s": [size / spent.wall_s / 1e3 for spent in alone],
        "anyecg_kB_s": [size / spent.wall_s / 1e3 for spent in ours],
        "smpclient_cpu_s": [spent.cpu_s for spent in alone],
        "anyecg_cpu_s": [spent.cpu_s for spent in ours],
        "anyecg_whole_s": [spent.wall_s for spent in whole],
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """Time that an upload took: on the clock, and of the processor, the simulated device's part with it."""

    wall_s: float
    cpu_s: float


async def _spent(work: AsyncIterator[object]) -> Spent:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    async for _ in work:
        pass
    return Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


async def _alone(address: str, transport: SMPTransport, data: bytes) -> Spent:
    """Upload with the library's own loop over its own transport; it does not verify."""
    client = SMPClient(transport, address, timeout_s=10.0)
    await client.connect()
    try:
        return await _spent(client.upload_file(data, _PATH))
    finally:
        await client.disconnect()


async def _ours(line: Line, data: bytes) -> Spent:
    """Upload with our loop, which first asks what is there."""
    talk = Conversation(line)
    await talk.open()
    try:
        return await _spent(upload_file(talk, _PATH, data))
    finally:
        await talk.close()


async def _whole(line: Line, what: Content) -> Spent:
    """Connect, ask, upload, verify, try, confirm."""

    async def work() -> AsyncIterator[object]:
        talk = Conversation(line)
        await talk.open()
        try:
            yield await flash(talk, what, UNSIGNED)
        finally:
            await talk.close()

    return await _spent(work())


@contextlib.asynccontextmanager
async def _on_air(bench: Bench) -> AsyncIterator[Radio]:
    air = Air()
    twin = FlashedPatchTwin(bench.host.device, bench.runner)
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(1))
    patch = VirtualPatch(twin, peripheral, (), Script(), clock=time.monotonic, host=bench.host)
    await patch.power_on()
    try:
        yield await air.radio()
    finally:
        await patch.power_off()


@contextlib.contextmanager
def _through(radio: Radio) -> Iterator[None]:
    """Let the library's Bluetooth transport, which takes no backend, speak through a radio."""
    if radio.scanner is None:
        raise ValueError("the library speaks through the machine's adapter by itself")
    scanner = SimpleNamespace(
        find_device_by_address=functools.partial(bleak.BleakScanner.find_device_by_address, backend=radio.scanner)
    )
    with (
        mock.patch.object(
            smpclient.transport.ble, "BleakClient", functools.partial(bleak.BleakClient, backend=radio.client)
        ),
        mock.patch.object(smpclient.transport.ble, "BleakScanner", scanner),
    ):
        yield
