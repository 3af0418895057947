"""What may happen in the life of a gateway, with every wearable: nothing raises, and all samples are accounted for."""

import asyncio
import functools
import random
from dataclasses import replace

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from ble_gateway import link as link_module
from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.link import Link, LinkState
from ble_gateway.radio import Wanted, find_one, require_adapter
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Property, Sent
from ble_gateway.simulator.twins.patch import PatchTwin
from ble_gateway.simulator.twins.polar_h10 import H10Twin
from ble_gateway.stream import Stream
from ble_gateway.trouble import NOT_PAIRED, OUT_OF_REACH, SERVICES_CHANGED, LinkLost
from ble_gateway.wearables import polar_pmd
from ble_gateway.wearables.catalogue import KINDS
from edge.signal import GapReason
from tests.ble_gateway.faults import Faults, assert_all_is_accounted_for, assert_the_last_samples_came, drop, go_away
from tests.ble_gateway.scenes import on_virtual_time, play_through, scene

COUNTED = ("polar-h10", "movesense", "anyecg-patch", "health-sensor")
"""Their frames say beyond doubt which samples they hold."""
_ADAPTER_OFF = BleakBluetoothNotAvailableError("it is off", BleakBluetoothNotAvailableReason.POWERED_OFF)
_NOT_PAIRED = BleakGATTProtocolError(BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION)


def _play(kind, faults, *, duration_s=20, script=None, meanwhile=None, twin=None):
    """Play a wearable through a day; the stream and its blocks."""
    came = []

    @on_virtual_time
    async def play():
        async with scene(script, kind=kind, packets=False, duration_s=duration_s, twin=twin) as on_air:
            on_air.radio = faults(on_air).of(on_air.radio)
            link, stream = on_air.link(), Stream(on_air.wearable)
            beside = asyncio.create_task(meanwhile(on_air, link)) if meanwhile else None
            blocks = await play_through(on_air, link, stream)
            if beside:
                await beside
            assert_all_is_accounted_for(stream, blocks)
            came.append((on_air, link, stream, blocks))

    play()
    return came[0]


@functools.cache
def _n_first_steps(kind):
    """Steps of a connection until the stream is on."""
    faults, n_steps = Faults(), []

    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            on_air.radio = faults.of(on_air.radio)
            async with on_air.link():
                n_steps.append(len(faults.steps))

    play()
    return n_steps[0]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_vanishes_at_any_step_of_the_dialogue_is_found_again_and_streams(kind, when):
    for at in range(1 if when == "before" else 0, _n_first_steps(kind)):

        def faults(on_air, at=at):
            return Faults(**{when: lambda number, _: number == at and drop(on_air)})

        on_air, link, _, blocks = _play(kind, faults)
        assert_the_last_samples_came(on_air, blocks)
        assert link.state is LinkState.CLOSED
        assert link.trouble is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_vanishes_again_and_again_at_any_step_streams_when_it_is_left_alone(kind):
    chance = random.Random(kind)

    def faults(on_air):
        return Faults(before=lambda number, _: 8 < number < 40 and chance.random() < 0.2 and drop(on_air))

    on_air, link, _, blocks = _play(kind, faults, duration_s=320, script=Script(disconnect_every_s=20, outage_s=0.5))
    assert_the_last_samples_came(on_air, blocks)
    assert link.connections > 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_vanishes_while_it_streams_is_found_again_and_all_is_accounted_for(kind):
    script = Script(seed=1, loss=0.03, disconnect_every_s=6, outage_s=1)
    on_air, link, stream, blocks = _play(kind, lambda _: Faults(), duration_s=48, script=script)
    assert_the_last_samples_came(on_air, blocks)
    assert link.connections == 6
    if kind in COUNTED:
        assert stream.samples_received + stream.samples_lost == on_air.virtual.samples_sent


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_is_gone_before_it_is_searched_for_is_told_of(kind):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            await on_air.virtual.peripheral.power_off()
            with pytest.raises(LinkLost) as lost:
                async with on_air.link():
                    pass
            assert lost.value.trouble is OUT_OF_REACH
            assert on_air.sighting.name in str(lost.value)

    play()


@pytest.mark.parametrize("kind", ["polar-h10", "anyecg-patch"])
def test_a_wearable_that_vanishes_while_it_is_connected_to_is_told_of_at_first_and_found_again_later(kind):
    @on_virtual_time
    async def at_first():
        async with scene(kind=kind, packets=False) as on_air:
            on_air.radio = Faults(before=lambda _, step: step == "connect" and go_away(on_air, for_s=50)).of(
                on_air.radio
            )
            with pytest.raises(LinkLost) as lost:
                async with on_air.link():
                    pass
            assert lost.value.trouble is OUT_OF_REACH

    at_first()
    n_connects = iter(range(100))

    def faults(on_air):
        return Faults(
            before=lambda _, step: step == "connect" and next(n_connects) == 1 and go_away(on_air, for_s=50.0)
        )

    on_air, _, stream, blocks = _play(kind, faults, duration_s=200, script=Script(disconnect_every_s=60, outage_s=1))
    assert_the_last_samples_came(on_air, blocks)
    assert stream.lost[GapReason.DISCONNECTED] > 0


async def _open_for(on_air, seconds):
    link = on_air.link()
    await link.open()
    await asyncio.sleep(seconds)
    return link


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_vanishes_while_stop_is_said_does_not_keep_the_gateway(kind):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            faults = Faults()
            on_air.radio = faults.of(on_air.radio)
            link = await _open_for(on_air, 5.25)
            faults.before = lambda _, __: drop(on_air)
            began_s = on_air.clock()
            await link.aclose()
            assert on_air.clock() - began_s < 1
            assert link.state is LinkState.CLOSED

    play()


@pytest.mark.parametrize("kind", KINDS)
def test_a_radio_that_hangs_while_stop_is_said_keeps_the_gateway_for_seconds_only(kind):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            faults = Faults()
            on_air.radio = faults.of(on_air.radio)
            link = await _open_for(on_air, 5.25)
            faults.hangs_at = ("write", "disconnect")
            began_s = on_air.clock()
            await link.aclose()
            assert on_air.clock() - began_s < 7
            assert link.state is LinkState.CLOSED

    play()


@pytest.mark.parametrize("kind", ["polar-h10", "movesense", "anyecg-patch", "health-sensor"])
def test_a_wearable_that_never_answers_is_left_alone_after_three_attempts(kind):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            on_air.virtual.peripheral.ears.written = lambda _, __: None
            with pytest.raises(LinkLost):
                async with on_air.link():
                    await asyncio.sleep(60)
            assert on_air.virtual.peripheral.client is None

    play()


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_falls_silent_is_started_again(kind):
    async def fall_silent(on_air, _):
        await asyncio.sleep(15)
        send = on_air.virtual.peripheral.send
        on_air.virtual.peripheral.send = _send_nothing
        await asyncio.sleep(20)
        on_air.virtual.peripheral.send = send

    on_air, link, _, blocks = _play(kind, lambda _: Faults(), duration_s=120, meanwhile=fall_silent)
    assert_the_last_samples_came(on_air, blocks)
    assert link.connections >= 2


async def _send_nothing(_):
    pass


def test_an_adapter_that_is_switched_off_and_on_is_waited_for_and_not_asked_without_end():
    off, n_scans, troubles = [], [], []

    def scan():
        n_scans.append(bool(off))
        if off:
            raise _ADAPTER_OFF

    async def switch(on_air, link):
        await asyncio.sleep(20)
        off.append(True)
        drop(on_air)
        await asyncio.sleep(120)
        troubles.append((link.state, link.trouble))
        off.clear()

    on_air, _, stream, blocks = _play("polar-h10", lambda _: Faults(scanning=scan), duration_s=240, meanwhile=switch)
    assert_the_last_samples_came(on_air, blocks)
    ((state, trouble),) = troubles
    assert state is LinkState.WAITING
    assert trouble.fault is GatewayFault.NO_ADAPTER
    assert "Bluetooth is switched off or blocked (it is off)" in str(trouble)
    assert 115 * 130 < stream.lost[GapReason.DISCONNECTED] < 130 * 130
    assert 10 < sum(n_scans) < 35


def test_a_wearable_out_of_reach_for_long_is_searched_for_less_and_less_often_and_found_soon_when_it_returns():
    n_scans = []

    async def leave(on_air, _):
        await asyncio.sleep(20)
        drop(on_air)
        go_away(on_air, for_s=600)
        n_scans.clear()

    on_air, _, stream, blocks = _play(
        "polar-h10",
        lambda _: Faults(scanning=lambda: n_scans.append(1)),
        duration_s=700,
        script=Script(outage_s=600),
        meanwhile=leave,
    )
    assert_the_last_samples_came(on_air, blocks)
    assert stream.lost[GapReason.DISCONNECTED] < 612 * 130
    assert len(n_scans) < 75


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (_ADAPTER_OFF, "bluetoothctl power on"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["no"]), "join the group bluetooth"),
        (PermissionError(13, "Permission denied"), "join the group bluetooth"),
        (FileNotFoundError(2, "No such file or directory"), "anyecg demo"),
        (BleakDBusError("org.bluez.Error.InProgress", []), "switch it off and on"),
        (TimeoutError("no answer from the bus"), "no answer from the bus"),
    ],
    ids=repr,
)
@on_virtual_time
async def test_an_adapter_that_cannot_scan_is_told_of_whatever_is_wanted_of_it(error, says):
    def scan():
        raise error

    async with scene(packets=False) as on_air:
        radio = Faults(scanning=scan).of(on_air.radio)
        wishes = (
            lambda: require_adapter(radio),
            lambda: find_one(radio, Wanted(), timeout_s=5),
            Link(radio, on_air.sighting, on_air.wearable).open,
        )
        for wish in wishes:
            with pytest.raises(GatewayError) as told:
                await wish()
            assert told.value.fault is GatewayFault.NO_ADAPTER
            assert says in str(told.value)


class _NoEcg(H10Twin):
    def read(self, characteristic):
        return (
            polar_pmd.encode_features(polar_pmd.Feature(0)) if characteristic == polar_pmd.PMD_CONTROL_POINT else None
        )


@pytest.mark.parametrize(
    ("kind", "twin", "says"),
    [
        ("polar-h10", _NoEcg(), "Polar H10 5EED0001: it offers no ECG - check that it is a Polar H10"),
        ("anyecg-patch", PatchTwin(battery_percent=5), "ECG-5EED: it does not start (battery low) - charge it"),
        ("anyecg-patch", PatchTwin(125), "ECG-5EED: it offers 125 Hz, not 250 Hz - choose a rate that it offers"),
    ],
)
def test_a_wearable_that_refuses_is_told_of_at_once_by_its_name_and_left_alone(kind, twin, says):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, twin=twin, packets=False) as on_air:
            faults = Faults()
            on_air.radio = faults.of(on_air.radio)
            with pytest.raises(GatewayError) as refused:
                async with on_air.link():
                    pass
            assert refused.value.fault is GatewayFault.REFUSED
            assert str(refused.value).startswith(says)
            assert faults.steps.count("connect") == 1
            assert on_air.virtual.peripheral.client is None

    play()


def test_a_wearable_that_refuses_later_is_asked_again_ever_less_often():
    faults = Faults()

    @on_virtual_time
    async def play():
        twin = PatchTwin()
        async with scene(kind="anyecg-patch", twin=twin, packets=False, duration_s=1000) as on_air:
            on_air.radio = faults.of(on_air.radio)
            async with on_air.link() as link:
                await asyncio.sleep(20)
                twin._battery_percent = 5
                drop(on_air)
                await asyncio.sleep(600)
                assert link.trouble.fault is GatewayFault.REFUSED
                assert link.state is LinkState.WAITING

    play()
    assert 5 < faults.steps.count("connect") < 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_wearable_that_wants_pairing_at_any_step_is_paired_once_and_streams(kind):
    for at in range(1, _n_first_steps(kind)):
        paired = []

        def before(number, step, paired=paired, at=at):
            if step == "pair":
                paired.append(number)
            elif not paired and number >= at and step not in {"connect", "disconnect"}:
                raise _NOT_PAIRED

        faults = Faults(before=before)
        on_air, _, stream, blocks = _play(kind, lambda _, faults=faults: faults)
        assert_the_last_samples_came(on_air, blocks)
        assert faults.steps.count("connect") == 1
        assert len(paired) <= 1, "what is only nice to have is not worth it"
        assert stream.samples_lost == 0


def test_a_wearable_that_cannot_be_paired_is_told_of_with_what_to_do():
    @on_virtual_time
    async def play():
        async with scene(packets=False) as on_air:

            def before(_, step):
                if step == "pair":
                    raise BleakDBusError("org.bluez.Error.AuthenticationFailed", ["Authentication Failed"])
                if step == "read":
                    raise _NOT_PAIRED

            on_air.radio = Faults(before=before).of(on_air.radio)
            with pytest.raises(LinkLost, match=r"wants to be paired first .*bluetoothctl pair") as lost:
                await on_air.link().open()
            assert lost.value.trouble is NOT_PAIRED

    play()


class _RealRadio(link_module.Radio):
    """What holds for a radio that is none of ours: the system remembers services."""

    __slots__ = ()
    simulated = False


def _without(services, uuid):
    return tuple(replace(s, characteristics=tuple(c for c in s.characteristics if c.uuid != uuid)) for s in services)


@pytest.mark.parametrize("kind", KINDS)
def test_services_that_changed_are_forgotten_by_the_system_and_seen_anew(kind, monkeypatch):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            peripheral, cleared = on_air.virtual.peripheral, []
            true_services = peripheral.services
            peripheral.services = _without(true_services, on_air.wearable.data)

            async def clear_cache(address):
                cleared.append(address)
                peripheral.services = true_services
                return True

            monkeypatch.setattr(link_module, "clear_cache", clear_cache)
            on_air.radio = _RealRadio("as if real", on_air.radio.client, on_air.radio.scanner)
            blocks = await play_through(on_air, on_air.link())
            assert cleared == [on_air.sighting.address]
            assert_the_last_samples_came(on_air, blocks)

    play()


@pytest.mark.parametrize("kind", KINDS)
def test_services_that_are_not_those_of_the_wearable_are_told_of(kind):
    @on_virtual_time
    async def play():
        async with scene(kind=kind, packets=False) as on_air:
            peripheral = on_air.virtual.peripheral
            peripheral.services = _without(peripheral.services, on_air.wearable.data)
            with pytest.raises(LinkLost, match="update its firmware") as lost:
                await on_air.link().open()
            assert lost.value.trouble is SERVICES_CHANGED
            assert peripheral.client is None

    play()


def _spoken_on(twin):
    return [
        offered.uuid
        for service in twin.services
        for offered in service.characteristics
        if offered.properties & (Property.NOTIFY | Property.INDICATE)
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_random_bytes_on_every_characteristic_are_survived_and_the_stream_goes_on(kind, seed):
    chance = random.Random(seed)

    async def babble(on_air, _):
        await asyncio.sleep(5)
        for _ in range(60):
            for uuid in _spoken_on(on_air.virtual.twin):
                await on_air.virtual.peripheral.send(Sent(uuid, chance.randbytes(chance.randint(0, 244))))
            await asyncio.sleep(chance.uniform(0, 0.5))

    on_air, _, stream, blocks = _play(kind, lambda _: Faults(), duration_s=60, meanwhile=babble)
    assert_the_last_samples_came(on_air, blocks)
    if kind in COUNTED:
        assert stream.bad_frames > 0
