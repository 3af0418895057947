import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.link import Link, LinkState
from ble_gateway.radio import ADAPTER, Wanted
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.virtual_h10 import Identity, VirtualH10
from ble_gateway.stream import H10Stream
from ble_gateway.wearables import polar_h10
from ble_gateway.wearables.polar_h10 import Response, Status, Stopped
from edge.signal import GapReason
from tests.ble_gateway.scenes import on_virtual_time, play_through, ramp, scene

START, STOP = polar_h10.start_ecg(), polar_h10.stop_ecg()


def _assert_samples_are_in_their_places(blocks, n_samples):
    end_index = 0
    truth = ramp(n_samples)
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
        np.testing.assert_array_equal(block.counts, truth[block.first_index : block.end_index])
    assert end_index == n_samples


@on_virtual_time
async def test_every_sample_arrives_in_its_place_and_stop_is_sent():
    async with scene() as on_air:
        link = on_air.link()
        blocks = await play_through(on_air, link)
        assert on_air.strap.commands == [START, STOP]
    _assert_samples_are_in_their_places(blocks, 3900)
    assert (link.state, link.connections, link.battery_percent) == (LinkState.CLOSED, 1, 87)
    assert not any(block.gap_before for block in blocks)


@pytest.mark.parametrize("seed", range(3))
def test_through_loss_jitter_drift_and_disconnects_all_that_was_sent_is_received_or_counted(seed):
    @on_virtual_time
    async def play():
        script = Script(seed=seed, loss=0.05, jitter_s=0.03, drift_ppm=-150, disconnect_every_s=31)
        stream = H10Stream()
        async with scene(script, duration_s=200) as on_air:
            link = on_air.link()
            blocks = await play_through(on_air, link, stream)
            assert on_air.strap.samples_sent == stream.samples_received + stream.samples_lost
        _assert_samples_are_in_their_places(blocks, 26_000)
        assert link.connections == 6
        assert stream.lost[GapReason.DISCONNECTED] > 5 * 2 * 130

    play()


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
    stream = H10Stream()
    async with scene(script, duration_s=400) as on_air:
        blocks = await play_through(on_air, on_air.link(find_s=20), stream)
    _assert_samples_are_in_their_places(blocks, 52_000)
    assert stream.lost[GapReason.DISCONNECTED] > 200 * 130


@on_virtual_time
async def test_a_reader_that_falls_behind_loses_whole_frames_and_knows_how_many():
    async with scene(duration_s=60) as on_air, on_air.link(queue_frames=20) as link:
        await asyncio.sleep(40)
        closing = asyncio.create_task(_close_after(on_air, link))
        stream = H10Stream()
        blocks = [block async for received in link if (block := stream.feed(received))]
        await closing
    _assert_samples_are_in_their_places(blocks, 7800)
    assert stream.lost == {GapReason.QUEUE_OVERFLOW: 73 * link.dropped_frames}
    assert link.dropped_frames > 40


async def _close_after(on_air, link):
    await on_air.strap.over.wait()
    await link.aclose()


async def _fail_at_the_first_frame(link):
    async with link:
        async for _ in link:
            raise ZeroDivisionError


@on_virtual_time
async def test_stop_is_sent_when_the_reader_fails():
    async with scene() as on_air:
        with pytest.raises(ZeroDivisionError):
            await _fail_at_the_first_frame(on_air.link())
        assert on_air.strap.commands == [START, STOP]
        assert not on_air.strap.device.connections


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
        assert on_air.strap.commands == [START, STOP]


@on_virtual_time
async def test_a_strap_that_stops_of_its_own_accord_is_started_again():
    async with scene(duration_s=60) as on_air:

        async def stop():
            await asyncio.sleep(20)
            on_air.strap.answer(STOP)
            await on_air.strap.indicate(polar_h10.encode_control(Stopped((0,))))

        stopping = asyncio.create_task(stop())
        blocks = await play_through(on_air, on_air.link())
        await stopping
        assert on_air.strap.commands == [START, STOP, START, STOP]
    _assert_samples_are_in_their_places(blocks, 7800)


@on_virtual_time
async def test_a_strap_that_is_connected_and_silent_is_started_again():
    async with scene(duration_s=120) as on_air:

        async def fall_silent():
            await asyncio.sleep(20)
            on_air.strap.answer(STOP)

        silence = asyncio.create_task(fall_silent())
        stream = H10Stream()
        blocks = await play_through(on_air, on_air.link(), stream)
        await silence
    _assert_samples_are_in_their_places(blocks, 15_600)
    assert 9 * 130 < stream.samples_lost < 14 * 130


@on_virtual_time
async def test_a_link_whose_strap_is_out_of_reach_is_closed_at_once():
    async with scene(Script(disconnect_every_s=20, outage_s=500), duration_s=600) as on_air:
        async with on_air.link() as link:
            await asyncio.sleep(60)
            assert link.state in {LinkState.CONNECTING, LinkState.SEARCHING, LinkState.WAITING}
            began_s = on_air.clock()
            await link.aclose()
            assert on_air.clock() - began_s < 1
            assert [received async for received in link][-1].after is None
        assert link.state is LinkState.CLOSED


@on_virtual_time
async def test_a_strap_that_moves_away_is_not_asked_without_end():
    async with scene(Script(disconnect_every_s=20, outage_s=500), duration_s=600) as on_air:
        states = []
        async with on_air.link(find_s=5) as link:
            for _ in range(4000):
                await asyncio.sleep(0.1)
                states.append(link.state)
    assert LinkState.WAITING in states
    assert states.count(LinkState.STREAMING) < 250


class _Refusing(VirtualH10):
    refusal = Status.INVALID_STATE

    def answer(self, command):
        return Response(command[0], 0, self.refusal)


class _Mute(VirtualH10):
    async def indicate(self, packet):
        pass


@on_virtual_time
async def test_a_strap_that_refuses_is_an_error_that_says_so():
    async with scene() as on_air:
        on_air.strap.__class__ = _Refusing
        with pytest.raises(GatewayError, match=r"does not start the ECG .invalid state") as refused:
            async with on_air.link():
                pass
        assert refused.value.fault is GatewayFault.REFUSED
        await asyncio.sleep(1)  # for the strap to hear of it, on virtual time
        assert not on_air.strap.device.connections


@on_virtual_time
async def test_a_strap_that_does_not_answer_is_an_error_after_a_while():
    async with scene() as on_air:
        on_air.strap.__class__ = _Mute
        with pytest.raises(GatewayError, match=r"does not hold the connection \(no answer in time\)") as lost:
            async with on_air.link():
                pass
        assert lost.value.fault is GatewayFault.LINK_LOST
        assert on_air.strap.commands[-1] == STOP


@on_virtual_time
async def test_a_strap_that_is_not_there_is_not_found():
    async with scene() as on_air:
        with pytest.raises(GatewayError, match=r"no Polar H10 AAAA\* was seen within 5 s") as missing:
            async with Link(on_air.radio, Wanted("Polar H10 AAAA"), find_s=5):
                pass
        assert missing.value.fault is GatewayFault.NOT_FOUND


@on_virtual_time
async def test_a_strap_is_found_by_its_address_in_any_case():
    async with scene(duration_s=5) as on_air:
        blocks = await play_through(on_air, Link(on_air.radio, Wanted(address="f0:5e:ed:00:00:01")))
    _assert_samples_are_in_their_places(blocks, 650)


@on_virtual_time
async def test_a_name_that_would_drive_the_terminal_is_made_safe_to_print():
    async with scene(identity=Identity(name="Polar H10 \x1b[2J\n[/]")) as on_air, on_air.link() as link:
        assert link.peer == "Polar H10 [2J[/]"


def test_random_bytes_on_every_characteristic_are_survived_and_cost_no_sample():
    @given(st.lists(st.binary(max_size=244), min_size=1, max_size=8))
    @settings(max_examples=15, deadline=None)
    def survive(packets):
        @on_virtual_time
        async def play():
            async with scene(duration_s=20) as on_air:
                strap = on_air.strap

                async def babble():
                    await asyncio.sleep(5)
                    for packet in packets:
                        for characteristic in (strap.data, strap.heart_rate):
                            await strap.notify(characteristic, packet)
                        # The word that ECG has stopped is no noise, and is tried elsewhere.
                        if packet[:1] != b"\x01":
                            await strap.indicate(packet)
                        await asyncio.sleep(0.2)

                babbling = asyncio.create_task(babble())
                stream = H10Stream()
                blocks = await play_through(on_air, on_air.link(), stream)
                await babbling
            _assert_samples_are_in_their_places(blocks, 2600)
            assert stream.bad_frames == len(packets)

        play()

    survive()


def test_without_an_adapter_one_line_says_what_to_do():
    if _adapters():
        pytest.skip("this machine has a Bluetooth adapter")

    async def find():
        async with Link(ADAPTER, Wanted(), find_s=0.5):
            pass

    with pytest.raises(GatewayError, match=r"no Bluetooth adapter can be used .*anyecg demo") as missing:
        asyncio.run(find())
    assert missing.value.fault is GatewayFault.NO_ADAPTER


def _adapters():
    bluetooth = Path("/sys/class/bluetooth")
    return bluetooth.is_dir() and list(bluetooth.iterdir())
