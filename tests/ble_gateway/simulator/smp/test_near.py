"""A virtual patch of this process behind a transport of smpclient, on virtual time."""

import asyncio

import pytest
from smpclient import SMPClient
from smpclient.requests.file_management import FileUpload
from smpclient.requests.os_management import EchoWrite, ResetWrite
from smpclient.transport import SMPTransportDisconnected

from ble_gateway.cli.failing import read_plan
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.near import NearTransport
from tests.ble_gateway.scenes import on_virtual_time
from tests.ble_gateway.simulator.smp.asking import patch

DATA = bytes(30_000)


def near(*words, outage_s=3.0):
    host = Host(patch(plan=read_plan(words, seed=0)).device, outage_s=outage_s)
    return NearTransport(host), host


@on_virtual_time
async def test_it_is_asked_and_answers():
    transport, host = near()
    async with SMPClient(transport, "near") as asking:
        assert (await asking.request(EchoWrite(d="hi"))).r == "hi"
        assert [offset async for offset in asking.upload_file(DATA, "/packs/0")][-1] == len(DATA)
    assert host.links == []


@on_virtual_time
async def test_a_slow_answer_takes_its_time_and_no_longer():
    transport, _ = near("slow=2")
    async with SMPClient(transport, "near", timeout_s=5) as asking:
        began_s = asyncio.get_running_loop().time()
        await asking.request(EchoWrite(d="hi"))
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(2)
        with pytest.raises(TimeoutError):
            await asking.request(EchoWrite(d="hi"), timeout_s=1)


@on_virtual_time
async def test_a_link_that_breaks_is_an_error_until_the_outage_is_over():
    transport, _ = near("cut@10000")
    asking = SMPClient(transport, "near")
    await asking.connect()
    with pytest.raises(SMPTransportDisconnected):
        [_ async for _ in asking.upload_file(DATA, "/packs/0")]
    with pytest.raises(SMPTransportDisconnected):
        await asking.request(EchoWrite(d="hi"))
    await asking.disconnect()
    with pytest.raises(TimeoutError):
        await asking.connect(connect_timeout_s=1)
    await asking.connect(connect_timeout_s=5)
    assert (await asking.request(EchoWrite(d="hi"))).r == "hi"
    await asking.disconnect()


@on_virtual_time
async def test_a_request_that_is_lost_is_not_answered_and_a_link_that_was_never_made_carries_none():
    transport, _ = near("lost=1")
    with pytest.raises(SMPTransportDisconnected):
        await transport.receive()
    async with SMPClient(transport, "near") as asking:
        with pytest.raises(TimeoutError):
            await asking.request(EchoWrite(d="hi"))


@pytest.mark.parametrize(("rest_s", "kept"), [(0.5, 0), (1.5, 10_000)])
@on_virtual_time
async def test_what_was_uploaded_and_rested_for_a_second_outlives_a_reset_and_what_did_not_is_lost(rest_s, kept):
    transport, host = near()
    async with SMPClient(transport, "near") as asking:
        for off in range(0, 10_000, 1000):
            size = len(DATA) if off == 0 else None
            await asking.request(FileUpload(off=off, data=DATA[:1000], name="/packs/0", len=size))
    await asyncio.sleep(rest_s)
    host.reset()
    assert len(host.device.slots.file(0)) == kept


@on_virtual_time
async def test_a_reset_breaks_every_link_after_the_answer():
    transport, host = near()
    other = NearTransport(host)
    async with SMPClient(transport, "near") as asking, SMPClient(other, "near") as witness:
        await asking.request(ResetWrite())
        assert (await witness.request(EchoWrite(d="still there"))).r == "still there"
        await asyncio.sleep(1)
        with pytest.raises(SMPTransportDisconnected):
            await witness.request(EchoWrite(d="hi"))
