"""Several wearables at once: what happens to one is nothing to the others."""

import asyncio

from ble_gateway.cli.streaming import Show, Streaming, stream_until
from ble_gateway.cli.work import Keeping
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Wanted, find_one
from ble_gateway.simulator.catalogue import address_of, twin_of
from ble_gateway.simulator.direct import DirectAir
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.wearables.catalogue import Setup, set_up
from edge.store import OutcomeStore
from tests.ble_gateway.scenes import on_virtual_time, ramp


def _put_on_air(air, kind, number, *, duration_s, clock, script=None):
    twin = twin_of(kind, number=number)
    peripheral = air.peripheral(twin.advertisement, twin.services, address_of(number))
    n_samples = round(duration_s * twin.rate_hz)
    return VirtualWearable(twin, peripheral, [ramp(n_samples)], script or Script(), clock=clock, n_samples=n_samples)


def _play_two(kinds, tmp_path, capsys, *, before, duration_s=40, script=None):
    """Two wearables into one store, `before` they begin; the streamings and what was said."""
    came = []

    @on_virtual_time
    async def play(keeping):
        air, clock = DirectAir(), steady_clock()
        virtual = [
            _put_on_air(air, kind, number, duration_s=duration_s, clock=clock, script=script)
            for number, kind in enumerate(kinds, start=1)
        ]
        for wearable in virtual:
            await wearable.power_on()
        radio, streamings = air.radio(), []
        for number, kind in enumerate(kinds, start=1):
            sighting = await find_one(radio, Wanted(address_of(number)), timeout_s=5)
            link = Link(radio, sighting, set_up(kind), clock=clock)
            streamings.append(Streaming.of(link, Setup(), keeping, source=kind, simulated=True))
        ended = before(virtual)
        await stream_until(streamings, ended, Show.on("test", "two wearables", as_json=True))
        for wearable in virtual:
            await wearable.power_off()
        came.append((virtual, streamings))

    with OutcomeStore.open(tmp_path / "two.db") as store, Keeping(store, None, hop_s=10) as keeping:
        play(keeping=keeping)
    return *came[0], capsys.readouterr().err


def test_a_wearable_that_cannot_begin_is_told_of_and_the_other_streams(tmp_path, capsys):
    def refuse(virtual):
        virtual[1].peripheral.ears.written = lambda _, __: None
        return virtual[0].over.wait

    virtual, streamings, said = _play_two(("polar-h10", "anyecg-patch"), tmp_path, capsys, before=refuse)
    assert streamings[0].work.run.samples_stored == virtual[0].samples_sent
    assert streamings[1].work.run.samples_stored == 0
    assert said.count("left out: ECG-5EE2 does not answer in time") == 1


def test_a_wearable_that_vanishes_for_good_costs_the_other_nothing(tmp_path, capsys):
    def vanish(virtual):
        async def ended():
            await asyncio.sleep(10)
            await virtual[1].power_off()
            await virtual[0].over.wait()

        return ended

    virtual, streamings, said = _play_two(("polar-h10", "movesense"), tmp_path, capsys, before=vanish, duration_s=300)
    run = streamings[0].work.run
    assert (run.samples_stored, run.samples_lost) == (virtual[0].samples_sent, 0)
    assert streamings[0].link.connections == 1
    gone = streamings[1].work.run
    assert gone.samples_stored > 5 * 200
    assert gone.samples_stored + gone.samples_lost <= 10 * 200
    assert "has gone out of reach" in said


def test_two_wearables_that_both_break_off_again_and_again_are_both_accounted_for(tmp_path, capsys):
    def leave_be(virtual):
        async def ended():
            await asyncio.gather(*(wearable.over.wait() for wearable in virtual))

        return ended

    script = Script(seed=5, loss=0.02, disconnect_every_s=15, outage_s=2)
    virtual, streamings, _ = _play_two(
        ("polar-h10", "anyecg-patch"), tmp_path, capsys, before=leave_be, duration_s=120, script=script
    )
    for wearable, streaming in zip(virtual, streamings, strict=True):
        run = streaming.work.run
        assert run.samples_stored + run.samples_lost == wearable.samples_sent
    assert streamings[1].work.run.samples_lost == 0, "the patch sends again what was lost"
