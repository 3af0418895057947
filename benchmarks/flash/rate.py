"""How fast a pack goes onto a virtual patch: `smpclient`'s own upload, and ours, in turn, over the same link."""

import contextlib
import functools
import time
from collections.abc import AsyncIterator, Iterator
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
from ble_gateway.flash.flash import Flashed, flash
from ble_gateway.flash.transport import Line, PortLine, RadioLine
from ble_gateway.radio import Radio
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.wire import wired
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.virtual_patch import VirtualPatch

_MODEL_BYTES = 190_000
_SCRATCH = "/packs/1"


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
    alone, ours, whole = [], [], []
    what = content(model_bytes=_MODEL_BYTES)
    for _ in range(times):
        bench.memory.clear()
        bench.host.device.reset()
        alone.append(await _alone(line.address, transport(), what.data))
        bench.memory.clear()
        bench.host.device.reset()
        began_s = time.perf_counter()
        talk = Conversation(line)
        await talk.open()
        done = await flash(talk, what, UNSIGNED)
        await talk.close()
        whole.append(time.perf_counter() - began_s)
        if not isinstance(done, Flashed) or bench.confirmed != what.offer.sha256:
            raise RuntimeError("the pack was not flashed")
        ours.append(done.sending.seconds)
    size = len(what.data)
    return {
        "size_bytes": size,
        "n": times,
        "smpclient_kB_s": [size / seconds / 1e3 for seconds in alone],
        "anyecg_kB_s": [size / seconds / 1e3 for seconds in ours],
        "anyecg_whole_s": whole,
    }


async def _alone(address: str, transport: SMPTransport, data: bytes) -> float:
    """Upload with the library's own loop, its own transport; s. It does not verify."""
    client = SMPClient(transport, address, timeout_s=10.0)
    await client.connect()
    try:
        began_s = time.perf_counter()
        async for _ in client.upload_file(data, _SCRATCH):
            pass
        return time.perf_counter() - began_s
    finally:
        await client.disconnect()


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
