import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.link import Link, steady_clock
from ble_gateway.radio import Wanted, find_one
from ble_gateway.simulator.air import Air, radio_at, read_place
from ble_gateway.simulator.peripheral import BumblePeripheral
from ble_gateway.simulator.script import Script
from ble_gateway.simulator.twins.polar_h10 import H10Twin
from ble_gateway.simulator.virtual_wearable import VirtualWearable
from ble_gateway.stream import Stream
from ble_gateway.wearables import polar_h10
from tests.ble_gateway.scenes import ADDRESS, ramp

H10 = polar_h10.wearable()


def _strap(air, clock, script=None):
    twin = H10Twin()
    peripheral = BumblePeripheral(air.controller(), twin.advertisement, twin.services, ADDRESS)
    return VirtualWearable(twin, peripheral, [ramp(7800)], script or Script(), clock=clock)


async def _link(radio, clock):
    return Link(radio, await find_one(radio, Wanted(ADDRESS), timeout_s=5), H10, clock=clock)


@given(st.integers(0, 65535))
def test_a_place_is_read_as_it_was_written(port):
    assert read_place(f"tcp:some.host:{port}") == ("some.host", port)


@given(st.text(max_size=30))
def test_any_text_is_a_place_or_is_refused_with_an_example(text):
    try:
        host, port = read_place(text)
    except GatewayError as error:
        assert error.fault is GatewayFault.BAD_REQUEST  # noqa: PT017 - either way is right
    else:
        assert text == f"tcp:{host}:{text.rpartition(':')[2]}"
        assert 0 <= port < 65536


async def test_a_port_that_is_taken_is_an_error_that_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(GatewayError, match="choose another port"):
            async with Air().served("127.0.0.1", port):
                pass


async def test_a_radio_that_is_not_served_says_how_to_serve_it():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(GatewayError, match=f"anyecg simulate --radio tcp:127.0.0.1:{port}"):
        async with radio_at(f"tcp:127.0.0.1:{port}"):
            pass


async def test_two_gateways_one_after_the_other_hear_the_same_strap_over_tcp():
    air, clock = Air(), steady_clock()
    strap = _strap(air, clock, Script(outage_s=0.2))
    async with air.served("127.0.0.1", 0) as port:
        await strap.power_on()
        for _ in range(2):
            async with radio_at(f"tcp:127.0.0.1:{port}") as radio, await _link(radio, clock) as link:
                stream = Stream(H10)
                async for received in link:
                    if stream.feed(received):
                        break
            assert stream.samples_received == 73
        assert strap.was_stopped
        await strap.power_off()


async def test_random_bytes_on_the_served_port_disturb_no_one():
    air, clock = Air(), steady_clock()
    strap = _strap(air, clock)
    async with air.served("127.0.0.1", 0) as port:
        await strap.power_on()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bytes(range(256)) * 8)
        await writer.drain()
        async with radio_at(f"tcp:127.0.0.1:{port}") as radio, await _link(radio, clock) as link:
            assert link.peer.startswith("Polar H10")
        writer.close()
        await writer.wait_closed()
        await strap.power_off()
