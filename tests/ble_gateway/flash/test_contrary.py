"""Devices that are not as they should be: groups they do not serve, words they do not keep, answers that are none."""

from dataclasses import dataclass
from io import StringIO

import pytest
from rich.console import Console
from smp import file_management as fs
from smp import image_management as image
from smp import os_management as system
from smp.error import MGMT_ERR
from smp.file_management import FS_MGMT_ERR
from smp.header import GroupId
from smp.image_management import IMG_MGMT_ERR

from benchmarks.flash.bench import UNSIGNED, Bench, content, virtually
from ble_gateway.cli.flash_screen import FlashScreen, plan_json
from ble_gateway.flash import messages
from ble_gateway.flash.conversation import Conversation, Patience
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault
from ble_gateway.flash.flash import Flashed, Planned, flash
from ble_gateway.flash.messages import GROUP, PatchError
from ble_gateway.flash.objections import Refusal
from ble_gateway.flash.offer import content_of
from ble_gateway.flash.words import FlashRefused
from ble_gateway.simulator.smp.mcuboot import write_image
from ble_gateway.simulator.smp.near import NearTransport
from ble_gateway.simulator.smp.server import Refusal as No
from ble_gateway.simulator.smp.server import encode_reply, read_header

OLD, NEW = content("1.0.0"), content("1.1.0")
FIRMWARE = content_of(write_image(bytes(9_000), (1, 1, 0)), "firmware.bin")
NOT_SERVED = No(MGMT_ERR.ENOTSUP)
QUICK = Patience(answer_s=0.5, work_s=1.0, asks=2, pauses_s=(0.1, 0.2), restart_s=(0.2, 0.4))


@dataclass
class Instead:
    """What is answered in place of the patch's own answer, None: nothing.

    `obeys`: it obeys all the same; `after`: so many times it first answers as it should; `times`: so often.
    """

    reply: object
    obeys: bool = False
    after: int = 0
    times: int = 1_000_000

    def is_now(self):
        if self.after or not self.times:
            self.after = max(0, self.after - 1)
            return False
        self.times -= 1
        return True


class Contrary(NearTransport):
    def __init__(self, host, ways):
        super().__init__(host)
        self._ways = ways

    async def send(self, data):
        asked, _ = read_header(data)
        way = self._ways.get((asked.group, asked.command, asked.op))
        if way is None or not way.is_now():
            await super().send(data)
            return
        if way.obeys:
            reaction = await self._host.react(data)
            self._host.follow(reaction, self)
        if way.reply is not None:
            self._answers.put_nowait(way.reply if isinstance(way.reply, bytes) else encode_reply(asked, way.reply))


@dataclass
class ContraryLine:
    host: object
    ways: dict
    name: str = "the contrary patch"
    address: str = "near"

    def transport(self):
        return Contrary(self.host, self.ways)


def ways(**by_name):
    """Ways by the name of the request's class, such as ``Try=Instead(...)``."""
    known = {
        "Status": messages.StatusRequest,
        "Try": messages.TryRequest,
        "Confirm": messages.ConfirmRequest,
        "Parameters": system.MCUMgrParametersReadRequest,
        "Reset": system.ResetWriteRequest,
        "Images": image.ImageStatesReadRequest,
        "Mark": image.ImageStatesWriteRequest,
        "ImageUpload": image.ImageUploadWriteRequest,
        "Close": fs.FileCloseRequest,
        "FileStatus": fs.FileStatusRequest,
        "Hash": fs.FileHashChecksumRequest,
        "Upload": fs.FileUploadRequest,
    }
    return {
        (int(request._GROUP_ID), int(request._COMMAND_ID), int(request._OP)): by_name[name]
        for name, request in known.items()
        if name in by_name
    }


def patch_that_runs(pack=OLD):
    before = Bench()
    virtually(before.flash(pack))
    return Bench(memory=before.memory)


def flashed(bench, what, tell=lambda _: None, **contrary):
    async def main():
        talk = Conversation(ContraryLine(bench.host, ways(**contrary)), QUICK)
        await talk.open()
        try:
            return await flash(talk, what, UNSIGNED, tell)
        finally:
            await talk.close()

    return virtually(main())


def failure(bench, what, **contrary):
    with pytest.raises(FlashError) as failed:
        flashed(bench, what, **contrary)
    return failed.value


def test_a_device_that_keeps_no_packs_takes_firmware_and_refuses_packs():
    bench, told = Bench(), []
    refused = failure(bench, NEW, Status=Instead(NOT_SERVED))
    assert isinstance(refused, FlashRefused)
    assert refused.refuse.reason is Refusal.NOT_A_PATCH
    assert isinstance(flashed(bench, FIRMWARE, told.append, Status=Instead(NOT_SERVED)), Flashed)
    planned = next(event for event in told if isinstance(event, Planned))
    console = Console(file=StringIO(), width=100)
    FlashScreen(console, FIRMWARE).tell(planned)
    assert "speaks SMP, and keeps no packs" in console.file.getvalue()
    assert "firmware 1.0.0" in console.file.getvalue()
    assert plan_json(planned, FIRMWARE)["device"] is None


def test_a_device_that_takes_no_firmware_takes_packs():
    bench = Bench()
    assert failure(bench, FIRMWARE, Images=Instead(NOT_SERVED)).refuse.reason is Refusal.NOT_A_PATCH
    assert isinstance(flashed(bench, NEW, Images=Instead(NOT_SERVED)), Flashed)


@pytest.mark.parametrize("name", ["Status", "Images"])
def test_another_error_than_that_it_has_no_such_group_is_told(name):
    failed = failure(Bench(), NEW, **{name: Instead(No(MGMT_ERR.ECORRUPT))})
    assert isinstance(failed, DeviceRefused)
    assert "corrupt" in failed.problem


def test_a_device_that_does_not_tell_its_buffers_is_flashed():
    assert isinstance(flashed(Bench(), NEW, Parameters=Instead(NOT_SERVED)), Flashed)
    assert isinstance(flashed(Bench(), NEW, Parameters=Instead(No(MGMT_ERR.EBUSY), times=1)), Flashed)


def test_an_older_server_that_closes_and_hashes_nothing_is_not_believed():
    bench = patch_that_runs()
    assert isinstance(flashed(bench, NEW, Close=Instead(NOT_SERVED)), Flashed)
    failed = failure(patch_that_runs(), NEW, Hash=Instead(NOT_SERVED))
    assert "does not hash the file" in failed.problem


def test_a_pack_that_failed_and_is_on_trial_all_the_same_is_taken_off_it():
    bench = patch_that_runs()
    lie = Instead(messages.TryResponse(windows=3, differing=1), obeys=True)
    failed = failure(bench, NEW, Try=lie)
    assert failed.fault is FlashFault.SELF_TEST_FAILED
    assert failed.problem.endswith("the device runs demonstration 1.0.0")
    assert bench.running == bench.confirmed == OLD.offer.sha256


def test_a_confirmation_that_is_not_kept_is_found_out():
    bench = patch_that_runs()
    failed = failure(bench, NEW, Confirm=Instead(messages.ConfirmResponse()))
    assert failed.fault is FlashFault.NOT_CONFIRMED
    assert bench.running == bench.confirmed == OLD.offer.sha256


def test_a_confirmation_that_was_kept_and_is_denied_is_found_out_too():
    bench = patch_that_runs()
    denied = Instead(No(PatchError.NOT_ON_TRIAL, GROUP), obeys=True)
    assert isinstance(flashed(bench, NEW, Confirm=denied), Flashed)
    assert bench.confirmed == NEW.offer.sha256


def test_a_confirmation_that_is_refused_leaves_the_old_pack():
    bench = patch_that_runs()
    failed = failure(bench, NEW, Confirm=Instead(No(PatchError.UNKNOWN, GROUP)))
    assert isinstance(failed, DeviceRefused)
    assert bench.running == bench.confirmed == OLD.offer.sha256


def test_a_patch_that_tries_nothing_twice_is_believed_when_it_lists_the_trial():
    bench = patch_that_runs()
    in_use = Instead(No(PatchError.SLOT_IN_USE, GROUP), obeys=True)
    done = flashed(bench, NEW, Try=in_use)
    assert done.self_test.windows == 0
    assert bench.confirmed == NEW.offer.sha256


def test_a_trial_that_a_reset_does_not_end_ends_the_flash():
    bench, left = patch_that_runs(), content("1.0.5")
    bench.memory["pack1"] = left.data

    async def leave_on_trial():
        talk = bench.talk()
        await talk.open()
        await talk.ask(messages.Try(path="/packs/1", sha256=left.offer.sha256), "try")

    virtually(leave_on_trial())
    failed = failure(bench, NEW, Reset=Instead(system.ResetWriteResponse()))
    assert "the pack on trial runs on" in failed.problem
    assert bench.confirmed == OLD.offer.sha256


def test_a_device_that_falls_silent_when_it_should_say_what_it_runs_is_told():
    bench = patch_that_runs()
    failed = failure(bench, NEW, Try=Instead(No(PatchError.CANNOT_RUN, GROUP)), Status=Instead(None, after=1))
    assert failed.problem.endswith("what it runs now cannot be told: it does not answer")


@pytest.mark.parametrize("reply", [
    b"\x0b\x00\x00\x01\x00\xa5", b"\x0b\x00\x00\x03\x00\xa5\x00\x00abc", fs.FileStatusResponse(len=3), None,
])  # fmt: skip
def test_whatever_a_device_answers_a_question_ends(reply):
    failed = failure(Bench(), NEW, Status=Instead(reply))
    assert failed.fault in {FlashFault.GARBLED, FlashFault.NO_SMP}
    assert "was asked 2 times to tell what it is" in failed.problem


def test_an_upload_that_gets_nowhere_ends():
    failed = failure(Bench(), NEW, Upload=Instead(fs.FileUploadResponse(off=0)))
    assert failed.fault is FlashFault.LINK_LOST
    assert "no further than 0 of" in failed.problem
    nowhere = failure(Bench(), FIRMWARE, ImageUpload=Instead(image.ImageUploadWriteResponse(off=None)))
    assert nowhere.fault is FlashFault.LINK_LOST


def test_an_upload_that_is_refused_is_told():
    refused = failure(Bench(), NEW, Upload=Instead(No(FS_MGMT_ERR.READ_ONLY_FILESYSTEM, GroupId.FILE_MANAGEMENT)))
    assert "read only filesystem" in refused.problem
    denied = failure(Bench(), FIRMWARE, ImageUpload=Instead(No(IMG_MGMT_ERR.NO_FREE_SLOT, GroupId.IMAGE_MANAGEMENT)))
    assert "no free slot" in denied.problem
    unknown = failure(Bench(), NEW, Upload=Instead(No(99, 77)))
    assert "an error nobody listed (error 99 of group 77)" in unknown.problem


def test_an_image_that_the_device_says_is_another_is_not_started():
    lie = Instead(image.ImageUploadWriteResponse(off=len(FIRMWARE.data), match=False))
    assert failure(Bench(), FIRMWARE, ImageUpload=lie).fault is FlashFault.NOT_VERIFIED
    lost = Instead(image.ImageUploadWriteResponse(off=len(FIRMWARE.data)))
    assert failure(Bench(), FIRMWARE, ImageUpload=lost).fault is FlashFault.NOT_VERIFIED
