import asyncio
from pathlib import Path

import pytest
from bleak.exc import BleakError
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.link import LinkState
from ble_gateway.radio import Wanted, adapter, find_one
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twin import Sent
from ble_gateway.simulator.twins.polar_h10 import H10Twin
from ble_gateway.stream import Stream
from ble_gateway.wearables import heart_rate
from ble_gateway.wearables import polar_pmd as pmd
from edge.signal import GapReason
from tests.ble_gateway.scenes import (
    ADDRESS,
    assert_all_are_in_their_places,
    close_after,
    on_virtual_time,
    play_through,
    read_to_the_end,
    scene,
)

ASK, START, STOP = pmd.ask_settings(), pmd.start_ecg(), pmd.stop_ecg()
END = [LinkState.SILENT, LinkState.CLOSED]
"""A virtual wearable stays for some seconds after its last sample."""


def _states(link):
    """All states that the link enters from now on."""
    entered = []
    link.on_state = entered.append
    return entered


async def _after(delay_s, *actions):
    await asyncio.sleep(delay_s)
    for action in actions:
        action()


@on_virtual_time
async def test_every_sample_arrives_in_its_place_and_stop_is_sent():
    async with scene() as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        blocks = await play_through(on_air, link, stream)
        assert on_air.commands == [ASK, START, STOP]
    assert_all_are_in_their_places(blocks, 3900)
    assert (link.state, link.connections, stream.battery_percent) == (LinkState.CLOSED, 1, 87)
    assert not any(block.gap_before for block in blocks)


@pytest.mark.parametrize("seed", range(3))
def test_through_loss_jitter_drift_and_disconnects_all_that_was_sent_is_received_or_counted(seed):
    @on_virtual_time
    async def play():
        script = Script(seed=seed, loss=0.05, jitter_s=0.03, drift_ppm=-150, disconnect_every_s=31)
        async with scene(script, duration_s=200) as on_air:
            link, stream = on_air.link(), Stream(on_air.wearable)
            blocks = await play_through(on_air, link, stream)
            assert on_air.virtual.samples_sent == stream.samples_received + stream.samples_lost
        assert_all_are_in_their_places(blocks, 26_000)
        assert link.connections == 6
        assert stream.lost[GapReason.DISCONNECTED] > 5 * 2 * 130

    play()


@on_virtual_time
async def test_what_the_wearable_keeps_is_sent_again_after_loss_and_disconnects():
    script = Script(loss=0.05, disconnect_every_s=31)
    async with scene(script, kind="anyecg-patch", duration_s=100) as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        blocks = await play_through(on_air, link, stream)
    assert_all_are_in_their_places(blocks, 25_000)
    assert (link.connections, stream.samples_lost) == (3, 0)
    assert stream.samples_mended > 2 * 2 * 250


@on_virtual_time
async def test_a_wearable_that_only_answers_is_asked_again_and_again():
    async with scene(kind="viatom-er1", duration_s=30) as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        blocks = await play_through(on_air, link, stream)
    assert_all_are_in_their_places(blocks, 3750)
    assert stream.samples_lost == 0


@on_virtual_time
async def test_blocks_say_what_the_strap_says_about_its_electrodes():
    async with scene(duration_s=110) as on_air:
        blocks = await play_through(on_air, on_air.link())
    said = [block.contact for block in blocks]
    assert said[0] is None
    assert said[30] is True
    assert said[-1] is False


@on_virtual_time
async def test_a_strap_out_of_reach_for_minutes_is_found_again():
    script = Script(disconnect_every_s=150, outage_s=200)
    async with scene(script, duration_s=400) as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        blocks = await play_through(on_air, link, stream)
    assert_all_are_in_their_places(blocks, 52_000)
    assert 200 * 130 < stream.lost[GapReason.DISCONNECTED] < 215 * 130
    assert link.connections == 2


class _Silent(H10Twin):
    """A strap that says nothing of the heart."""

    def taken(self, taken):
        return [sent for sent in super().taken(taken) if sent.characteristic == pmd.PMD_DATA]


@on_virtual_time
async def test_a_reader_that_falls_behind_loses_whole_frames_and_knows_how_many():
    async with scene(duration_s=60, twin=_Silent()) as on_air, on_air.link(queue_values=20) as link:
        await asyncio.sleep(40)
        closing = asyncio.create_task(close_after(on_air, link))
        stream = Stream(on_air.wearable)
        blocks = await read_to_the_end(link, stream)
        await closing
    assert_all_are_in_their_places(blocks, 7800)
    assert stream.lost == {GapReason.QUEUE_OVERFLOW: 73 * link.dropped_values}
    assert link.dropped_values > 40


async def _fail_at_the_first_value(link):
    async with link:
        async for _ in link:
            raise ZeroDivisionError


@on_virtual_time
async def test_stop_is_sent_when_the_reader_fails():
    async with scene() as on_air:
        with pytest.raises(ZeroDivisionError):
            await _fail_at_the_first_value(on_air.link())
        assert on_air.commands == [ASK, START, STOP]
        assert on_air.virtual.was_stopped
        assert not on_air.virtual.peripheral.device.connections


@on_virtual_time
async def test_stop_is_sent_when_the_reader_is_cancelled():
    async with scene() as on_air:

        async def read():
            async with on_air.link() as link:
                async for _ in link:
                    pass

        reading = asyncio.create_task(read())
        await asyncio.sleep(10)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert on_air.commands == [ASK, START, STOP]


@on_virtual_time
async def test_a_strap_that_stops_of_its_own_accord_is_started_again():
    async with scene(duration_s=60) as on_air:
        virtual, link, stream = on_air.virtual, on_air.link(), Stream(on_air.wearable)
        word = Sent(pmd.PMD_CONTROL_POINT, pmd.encode_control(pmd.Stopped((pmd.Measurement.ECG,))))
        stopping = asyncio.create_task(_after(20, lambda: virtual.twin.answer(STOP), lambda: virtual.say(word)))
        blocks = await play_through(on_air, link, stream)
        await stopping
        assert on_air.commands == [ASK, START, STOP, ASK, START, STOP]
    assert_all_are_in_their_places(blocks, 7800)
    assert (stream.ended, link.connections) == (2, 2)
    assert 0 < stream.samples_lost < 5 * 130


@on_virtual_time
async def test_a_strap_that_is_connected_and_silent_is_started_again():
    async with scene(duration_s=120) as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        entered = _states(link)
        silence = asyncio.create_task(_after(20, lambda: on_air.virtual.twin.answer(STOP)))
        blocks = await play_through(on_air, link, stream)
        await silence
    assert_all_are_in_their_places(blocks, 15_600)
    assert 9 * 130 < stream.samples_lost < 14 * 130
    begin = [LinkState.SEARCHING, LinkState.CONNECTING, LinkState.STREAMING]
    assert entered == [*begin[1:], LinkState.SILENT, LinkState.WAITING, *begin, *END]


@on_virtual_time
async def test_a_strap_that_falls_silent_for_less_is_said_to_be_and_left_alone():
    async with scene(duration_s=60) as on_air:
        link, stream = on_air.link(), Stream(on_air.wearable)
        entered = _states(link)
        silence = asyncio.create_task(_after(20, lambda: on_air.virtual.twin.answer(STOP)))
        speech = asyncio.create_task(_after(27, lambda: on_air.virtual.twin.answer(START)))
        blocks = await play_through(on_air, link, stream)
        await asyncio.gather(silence, speech)
        assert on_air.commands == [ASK, START, STOP]
    assert_all_are_in_their_places(blocks, 7800)
    assert entered[2:] == [LinkState.SILENT, LinkState.STREAMING, *END]
    assert stream.lost.keys() == {GapReason.FRAME_LOST}


@on_virtual_time
async def test_a_silence_is_said_after_two_seconds_and_ended_after_ten():
    async with scene(duration_s=120) as on_air, on_air.link() as link:
        entered_s = []
        link.on_state = lambda state: entered_s.append((state, on_air.clock()))
        await asyncio.sleep(20)
        heard_s = on_air.virtual.truth.times_s(on_air.virtual.samples_sent - 74, 1)[0]  # of the last frame
        on_air.virtual.twin.answer(STOP)
        await asyncio.sleep(15)
        assert (link.state, link.trouble) == (LinkState.STREAMING, None)
    assert [state for state, _ in entered_s[:2]] == [LinkState.SILENT, LinkState.WAITING]
    assert [at_s - heard_s for _, at_s in entered_s[:2]] == pytest.approx([2, 10], abs=0.1)


@on_virtual_time
async def test_a_link_whose_strap_is_out_of_reach_is_closed_at_once():
    async with scene(Script(disconnect_every_s=20, outage_s=500), duration_s=600) as on_air:
        async with on_air.link() as link:
            await asyncio.sleep(60)
            assert link.state in {LinkState.CONNECTING, LinkState.SEARCHING, LinkState.WAITING}
            assert "has gone out of reach" in str(link.trouble)
            began_s = on_air.clock()
            await link.aclose()
            assert on_air.clock() - began_s < 1
            assert [received async for received in link][-1].after is None
        assert link.state is LinkState.CLOSED


@on_virtual_time
async def test_a_strap_that_moves_away_is_not_asked_without_end():
    async with scene(Script(disconnect_every_s=20, outage_s=500), duration_s=600) as on_air:
        states = []
        async with on_air.link() as link:
            for _ in range(4000):
                await asyncio.sleep(0.1)
                states.append(link.state)
    assert LinkState.WAITING in states
    assert states.count(LinkState.STREAMING) < 250


@on_virtual_time
async def test_a_link_that_is_closed_before_it_was_opened_is_closed():
    async with scene() as on_air:
        link = on_air.link()
        await link.aclose()
        assert on_air.commands == []


class _Refusing(H10Twin):
    def answer(self, command):
        return pmd.Response(command[0], 0, pmd.Status.INVALID_STATE)


class _Mute(H10Twin):
    def written(self, _characteristic, _data):
        return ()


@on_virtual_time
async def test_a_strap_that_refuses_is_an_error_that_says_so():
    async with scene(twin=_Refusing()) as on_air:
        link = on_air.link()
        with pytest.raises(GatewayError, match=r"5EED0001: it does not start the ECG .invalid state") as refused:
            await link.open()
        assert refused.value.fault is GatewayFault.REFUSED
        await asyncio.sleep(1)  # for the strap to hear of it, on virtual time
        assert not on_air.virtual.peripheral.device.connections


@on_virtual_time
async def test_a_strap_that_does_not_answer_is_an_error_after_a_while():
    async with scene(twin=_Mute()) as on_air:
        with pytest.raises(GatewayError, match=r"5EED0001 does not answer in time") as lost:
            await on_air.link().open()
        assert lost.value.fault is GatewayFault.LINK_LOST
        assert on_air.commands == [ASK, STOP] * 3


@on_virtual_time
async def test_a_strap_that_is_not_there_is_not_found():
    async with scene() as on_air:
        with pytest.raises(GatewayError, match=r"no Polar H10 AAAA was seen within 5 s") as missing:
            await find_one(on_air.radio, Wanted("Polar H10 AAAA"), timeout_s=5)
        assert missing.value.fault is GatewayFault.NOT_FOUND


@on_virtual_time
async def test_a_strap_that_left_after_it_was_found_is_out_of_reach():
    async with scene() as on_air:
        await on_air.virtual.power_off()
        with pytest.raises(GatewayError, match=r"5EED0001 has gone out of reach") as lost:
            await on_air.link().open()
        assert lost.value.fault is GatewayFault.LINK_LOST


@on_virtual_time
async def test_a_strap_is_found_by_its_address_in_any_case():
    async with scene() as on_air:
        seen = await find_one(on_air.radio, Wanted(ADDRESS.lower()), timeout_s=5)
    assert (seen.address, seen.wearable.kind) == (ADDRESS, "polar-h10")


@on_virtual_time
async def test_a_name_that_would_drive_the_terminal_is_made_safe_to_print():
    async with scene(twin=H10Twin("Polar H10 \x1b[2J\n[/]")) as on_air, on_air.link() as link:
        assert link.peer == "Polar H10 [2J[/]"


class _Reserved(H10Twin):
    """A strap that lets no one read its charge."""

    def read(self, characteristic):
        if characteristic == heart_rate.BATTERY_LEVEL:
            raise BleakError("not permitted")
        return super().read(characteristic)


@on_virtual_time
async def test_a_strap_that_keeps_its_charge_to_itself_streams():
    async with scene(twin=_Reserved(), packets=False) as on_air:
        stream = Stream(on_air.wearable)
        blocks = await play_through(on_air, on_air.link(), stream)
    assert_all_are_in_their_places(blocks, 3900)
    assert stream.battery_percent is None


def _refused(decode, value):
    try:
        decode(value)
    except FrameError:
        return True
    return False


def test_random_bytes_on_every_characteristic_are_survived_and_cost_no_sample():
    decoders = {
        pmd.PMD_DATA: pmd.decode_ecg,
        pmd.PMD_CONTROL_POINT: pmd.decode_control,
        heart_rate.HEART_RATE_MEASUREMENT: heart_rate.decode_heart_rate,
    }
    # A frame of ECG, the word that it has stopped, and what the strap can stream are no noise, and are tried elsewhere.
    noise = st.binary(max_size=244).filter(lambda value: value[:1] not in {b"\x00", b"\x01", pmd.FEATURES_MARK})

    @given(st.lists(noise, min_size=1, max_size=8))
    @settings(max_examples=15, deadline=None)
    def survive(packets):
        @on_virtual_time
        async def play():
            async with scene(duration_s=20) as on_air:

                async def babble():
                    await asyncio.sleep(5)
                    for packet in packets:
                        for characteristic in decoders:
                            on_air.virtual.say(Sent(characteristic, packet))
                        await asyncio.sleep(0.2)

                babbling = asyncio.create_task(babble())
                stream = Stream(on_air.wearable)
                blocks = await play_through(on_air, on_air.link(), stream)
                await babbling
            assert_all_are_in_their_places(blocks, 2600)
            assert stream.samples_lost == 0
            assert stream.bad_frames == sum(_refused(d, packet) for packet in packets for d in decoders.values())

        play()

    survive()


def test_without_an_adapter_one_line_says_what_to_do():
    if _adapters():
        pytest.skip("this machine has a Bluetooth adapter")

    async def find():
        await find_one(adapter(), Wanted(), timeout_s=0.5)

    with pytest.raises(GatewayError, match=r"no Bluetooth adapter can be used .*anyecg demo") as missing:
        asyncio.run(find())
    assert missing.value.fault is GatewayFault.NO_ADAPTER


def _adapters():
    bluetooth = Path("/sys/class/bluetooth")
    return bluetooth.is_dir() and list(bluetooth.iterdir())
