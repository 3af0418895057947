"""Flashing by Bluetooth, on the simulated radio."""

import contextlib

import pytest

from benchmarks.flash.bench import UNSIGNED, Bench, content
from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.flash.conversation import Conversation, Patience, Reconnecting
from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.flash.flash import Flashed, flash
from ble_gateway.flash.transport import RadioLine
from ble_gateway.simulator.air import Air
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.smp.mishaps import Plan
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.simulator.virtual_patch import VirtualPatch
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from tests.ble_gateway.scenes import on_virtual_time

NEW = content()


@contextlib.asynccontextmanager
async def on_air(bench, clock=lambda: 0.0):
    """The patch on the air, and a radio to reach it."""
    air = Air()
    twin = FlashedPatchTwin(bench.host.device, bench.runner)
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(1))
    patch = VirtualPatch(twin, peripheral, (), Script(outage_s=bench.outage_s), clock=clock, host=bench.host)
    await patch.power_on()
    try:
        yield await air.radio(), patch
    finally:
        await patch.power_off()


async def flashed(bench, events, who=None):
    async with on_air(bench) as (radio, _):
        talk = Conversation(RadioLine(who or address_of(1), radio), tell=events.append)
        await talk.open()
        try:
            return await flash(talk, NEW, UNSIGNED, events.append)
        finally:
            await talk.close()


@on_virtual_time
async def test_a_pack_is_flashed_by_its_address():
    bench = Bench()
    assert isinstance(await flashed(bench, []), Flashed)
    assert bench.confirmed == NEW.offer.sha256


@on_virtual_time
async def test_a_pack_is_flashed_by_its_name():
    bench = Bench()
    await flashed(bench, [], "ECG-")
    assert bench.confirmed == NEW.offer.sha256


@pytest.mark.parametrize("plan", [Plan(cut_at=(25_000,)), Plan(seed=3, reset_at=(30_000,)), Plan(seed=5, lost=0.1)])
def test_a_link_that_breaks_is_made_again(plan):
    @on_virtual_time
    async def play():
        bench, events = Bench(plan=plan), []
        await flashed(bench, events)
        assert bench.confirmed == NEW.offer.sha256
        assert any(isinstance(event, Reconnecting) for event in events) or plan.lost

    play()


@on_virtual_time
async def test_a_patch_that_is_out_of_reach_is_told():
    radio = await Air().radio()
    with pytest.raises(GatewayError) as failed:
        await Conversation(RadioLine(address_of(1), radio), Patience(connect_s=4.0)).open()
    assert failed.value.fault is GatewayFault.NOT_FOUND


@on_virtual_time
async def test_a_wearable_without_smp_is_told():
    air = Air()
    twin = twin_of("polar-h10")
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, address_of(1))
    strap = VirtualWearable(twin, peripheral, (), Script(), clock=lambda: 0.0)
    await strap.power_on()
    with pytest.raises(FlashError) as failed:
        await Conversation(RadioLine(address_of(1), await air.radio())).open()
    assert failed.value.fault is FlashFault.NO_SMP
    await strap.power_off()
