"""A virtual patch on a pseudo-terminal, asked by smpclient's own serial transport."""

import asyncio
import contextlib
import os

import pytest
from smpclient import SMPClient
from smpclient.exceptions import SMPBadSequence
from smpclient.requests.file_management import FileHashChecksum
from smpclient.requests.image_management import ImageStatesRead
from smpclient.requests.os_management import EchoWrite, ResetWrite
from smpclient.transport import SMPTransportDisconnected
from smpclient.transport.serial import BufferParams, SMPSerialTransport

from ble_gateway.cli.failing import read_plan
from ble_gateway.errors import GatewayError
from ble_gateway.flash.messages import Confirm, ReadStatus, Try
from ble_gateway.simulator.smp.host import Host
from ble_gateway.simulator.smp.lines import to_lines
from ble_gateway.simulator.smp.mcuboot import write_image
from ble_gateway.simulator.smp.wire import wired
from tests.ble_gateway.simulator.smp.asking import pack_of, patch, sha

OUTAGE_S = 0.05
DATA = os.urandom(30_000)


@contextlib.asynccontextmanager
async def patch_at(path, *words, **options):
    """A patch at a path, which fails as the words say, and its wire."""
    host = Host(patch(plan=read_plan(words, seed=0), **options).device, outage_s=OUTAGE_S)
    async with wired(host, path) as wire:
        yield host, wire


def client(path, **options):
    return SMPClient(SMPSerialTransport(**options), str(path), timeout_s=5)


async def upload(port, data):
    """Upload a file with a client of its own; the offset it came to."""
    async with client(port) as asking:
        return [offset async for offset in asking.upload_file(data, "/packs/0")][-1]


async def test_a_pack_is_uploaded_tried_and_confirmed(tmp_path):
    port, pack = tmp_path / "patch", pack_of()
    async with patch_at(port) as (host, _), client(port) as asking:
        assert (await asking.request(EchoWrite(d="hi"))).r == "hi"
        assert (await asking.request(ImageStatesRead())).images[0].active
        assert [offset async for offset in asking.upload_file(pack, "/packs/1")][-1] == len(pack)
        assert (await asking.request(FileHashChecksum(name="/packs/1"))).output == sha(pack)
        assert await asking.download_file("/packs/1") == pack
        assert (await asking.request(Try(path="/packs/1", sha256=sha(pack)))).differing == 0
        await asking.request(Confirm(sha256=sha(pack)))
        assert [slot.state for slot in (await asking.request(ReadStatus())).slots] == ["empty", "confirmed"]
        assert host.device.running_file() == pack
    assert not port.is_symlink()


async def test_an_image_is_uploaded(tmp_path):
    port = tmp_path / "patch"
    image = write_image(DATA, (2, 0, 0))
    async with patch_at(port) as (host, _), client(port) as asking:
        assert [offset async for offset in asking.upload(image)][-1] == len(image)
        assert len((await asking.request(ImageStatesRead())).images) == 2
        assert host.device.running_file() is None


async def test_whoever_opens_it_next_is_answered_too(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port):
        for _ in range(2):
            async with client(port) as asking:
                assert (await asking.request(EchoWrite(d="hi"))).r == "hi"


@pytest.mark.parametrize("word", ["cut@10000", "reset@10000"])
async def test_a_plug_that_is_pulled_is_an_error_to_whoever_has_it_open_and_it_comes_back(tmp_path, word):
    port = tmp_path / "patch"
    async with patch_at(port, word) as (_, wire):
        with pytest.raises((OSError, SMPTransportDisconnected)):
            await upload(port, DATA)
        await wire.plugged_in.wait()
        assert await upload(port, DATA) == len(DATA)


async def test_a_reset_is_answered_before_the_plug_is_pulled_and_ends_a_trial(tmp_path):
    port, pack = tmp_path / "patch", pack_of()
    async with patch_at(port) as (host, wire):
        reset = asyncio.Event()
        host.on_reset = reset.set
        async with client(port) as asking:
            [_ async for _ in asking.upload_file(pack, "/packs/0")]
            await asking.request(Try(path="/packs/0", sha256=sha(pack)))
            await asking.request(ResetWrite())
            await reset.wait()
        await wire.plugged_in.wait()
        async with client(port) as asking:
            assert (await asking.request(ReadStatus())).slots[0].state == "stored"


async def test_a_small_wire_takes_frames_of_two_lines_only(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port, "burst=2"):
        two_lines = BufferParams(line_length=128, line_buffers=2)
        async with client(port, fragmentation_strategy=two_lines) as asking:
            assert [offset async for offset in asking.upload_file(DATA[:3000], "/packs/0")][-1] == 3000


async def test_a_bad_wire_still_carries_some_answers(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port, "garbage=0.3"):
        heard = 0
        for number in range(20):
            with contextlib.suppress(Exception):
                async with client(port) as asking:
                    heard += (await asking.request(EchoWrite(d=f"{number}"), timeout_s=0.2)).r == f"{number}"
        assert heard > 5


async def test_garbage_on_the_line_is_passed_over(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port):
        with port.open("wb", buffering=0) as noise:
            noise.write(os.urandom(3000) + b"\n")
        async with client(port) as asking:
            assert (await asking.request(EchoWrite(d="hi"))).r == "hi"


async def test_where_something_else_lies_no_wire_is_laid(tmp_path):
    (tmp_path / "patch").write_text("mine")
    with pytest.raises(GatewayError, match="something else is there"):
        async with patch_at(tmp_path / "patch"):
            pass
    assert (tmp_path / "patch").read_text() == "mine"
    with pytest.raises(GatewayError, match="give a path that is free"):
        async with patch_at(tmp_path / "nowhere" / "patch"):
            pass


async def test_a_link_that_was_left_behind_is_replaced(tmp_path):
    port = tmp_path / "patch"
    port.symlink_to("/dev/pts/no-longer")
    async with patch_at(port), client(port) as asking:
        assert (await asking.request(EchoWrite(d="hi"))).r == "hi"


async def test_a_patch_that_leaves_takes_no_other_patchs_port_with_it(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port):
        async with contextlib.AsyncExitStack() as earlier:
            await earlier.enter_async_context(patch_at(tmp_path / "other"))
            (tmp_path / "other").unlink()
            (tmp_path / "other").symlink_to(port.readlink())
        assert (tmp_path / "other").is_symlink()


async def test_nobody_who_reads_is_no_trouble(tmp_path):
    port = tmp_path / "patch"
    async with patch_at(port):
        with port.open("wb", buffering=0) as mute:
            for _ in range(300):
                mute.write(b"".join(to_lines(EchoWrite(d="anybody there?").BYTES)))
                await asyncio.sleep(0)
        for _ in range(3):  # what was not read in time is read now
            with contextlib.suppress(SMPBadSequence):
                async with client(port) as asking:
                    assert (await asking.request(EchoWrite(d="hi"))).r == "hi"
                    break
        else:
            pytest.fail("it no longer answers")
