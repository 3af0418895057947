"""Flashing over a pseudo-terminal, with pyserial and the library's framing."""

import asyncio
import contextlib
import errno
import os
import tty

import pytest
from serial import Serial, SerialException

from benchmarks.flash.bench import UNSIGNED, Bench, content
from ble_gateway.flash.conversation import Conversation, Patience, Reconnecting
from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.flash.flash import flash
from ble_gateway.flash.transport import PortLine, _port_trouble
from ble_gateway.simulator.smp.mishaps import Plan
from ble_gateway.simulator.smp.wire import wired

SHORT = Patience(answer_s=0.3, connect_s=1.0, pauses_s=(0.05, 0.2, 0.5))
NEW = content()


async def flashed(path, events):
    talk = Conversation(PortLine(str(path)), SHORT, tell=events.append)
    await talk.open()
    try:
        return await flash(talk, NEW, UNSIGNED, events.append)
    finally:
        await talk.close()


async def fault_at(path):
    talk = Conversation(PortLine(str(path)), SHORT)
    with pytest.raises(FlashError) as failed:
        await talk.open()
    await talk.close()
    return failed.value


@contextlib.contextmanager
def terminal(says=b""):
    """A pseudo-terminal with something at the other end that speaks no SMP; it says this to whatever it hears."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: os.read(ours, 65536) and os.write(ours, says))
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("plan", [
    Plan(), Plan(cut_at=(25_000,)), Plan(seed=1, garbled=0.03, cut_at=(25_000,)),
], ids=["calm", "cut", "garbled"])  # fmt: skip
async def test_a_pack_is_flashed_over_a_serial_port(plan, tmp_path):
    bench, events = Bench(plan=plan, outage_s=0.05), []
    async with wired(bench.host, tmp_path / "patch"):
        await flashed(tmp_path / "patch", events)
    assert bench.confirmed == NEW.offer.sha256
    assert any(isinstance(event, Reconnecting) for event in events) == bool(plan.cut_at)


async def test_a_device_that_drops_bursts_is_sent_less_at_once(tmp_path):
    bench = Bench(plan=Plan(burst_lines=2))
    async with wired(bench.host, tmp_path / "patch"):
        await flashed(tmp_path / "patch", [])
    assert bench.confirmed == NEW.offer.sha256


async def test_a_port_that_is_not_there_is_told(tmp_path):
    assert (await fault_at(tmp_path / "none")).fault is FlashFault.NO_PORT


async def test_a_file_that_is_no_port_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    failed = await fault_at(tmp_path / "file")
    assert failed.fault is FlashFault.NO_PORT
    assert "is no serial port" in failed.problem


async def test_a_port_that_another_program_uses_is_told():
    with terminal() as path, Serial(path, exclusive=True):
        assert (await fault_at(path)).fault is FlashFault.PORT_BUSY


def test_a_port_that_this_user_may_not_open_is_told():
    failed = _port_trouble("/dev/ttyACM0", SerialException(errno.EACCES, "could not open port"))
    assert failed.fault is FlashFault.PORT_DENIED


async def test_a_device_that_says_nothing_is_told():
    with terminal() as path:
        failed = await fault_at(path)
    assert failed.fault is FlashFault.NO_SMP
    assert "answers nothing" in failed.problem


@pytest.mark.parametrize(
    "says", [b"\x06\x09AAAA\n", b"\x06\x09!!!\n", b"\x04\x14zz\n", b"\x06\x09AAxhYmNkZWZnaGlqAAA=\n"]
)
async def test_a_device_that_says_what_is_no_smp_is_told(says):
    with terminal(says) as path:
        failed = await fault_at(path)
    assert failed.fault is FlashFault.GARBLED
    assert "answers no SMP" in failed.problem


async def test_a_device_that_only_logs_is_told():
    with terminal(b"[00:00:01.000,000] <inf> app: hello\r\n") as path:
        assert (await fault_at(path)).fault is FlashFault.NO_SMP
