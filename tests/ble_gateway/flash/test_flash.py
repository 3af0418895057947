import hashlib
from dataclasses import replace

import pytest
from smp.file_management import FS_MGMT_ERR
from smpclient.requests.file_management import FileUpload

from benchmarks.flash.bench import UNSIGNED, Bench, QuickRunner, content, virtually
from ble_gateway.flash.conversation import Patience, Reconnecting
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault
from ble_gateway.flash.flash import Flashed, Planned, Sent, Skipped, Stage, flash
from ble_gateway.flash.messages import Confirm, PatchError, Try
from ble_gateway.flash.objections import Refusal
from ble_gateway.flash.plan import Refuse, Upload
from ble_gateway.flash.words import FlashRefused
from ble_gateway.simulator.smp.mishaps import Plan, Wrong
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import SelfTested

OLD, NEW = content("1.0.0"), content("1.1.0")
STAGES = [Stage.UPLOADING, Stage.VERIFYING, Stage.TRYING, Stage.CONFIRMING]


def patch_that_runs(pack, **options):
    """A virtual patch on which a pack was flashed."""
    before = Bench()
    virtually(before.flash(pack))
    return Bench(memory=before.memory, **options)


def failure(bench, pack, **options):
    with pytest.raises(FlashError) as failed:
        virtually(bench.flash(pack, **options))
    return failed.value


def sent(events):
    return [event.at_bytes for event in events if isinstance(event, Sent)]


def test_a_pack_is_uploaded_verified_tried_and_confirmed():
    bench, events = Bench(), []
    done = virtually(bench.flash(NEW, tell=events.append))
    assert isinstance(done, Flashed)
    assert done.sending.sent_bytes == len(NEW.data)
    assert done.self_test.windows == 3
    assert bench.confirmed == NEW.offer.sha256
    assert [event for event in events if isinstance(event, Stage)] == STAGES
    assert sent(events) == sorted(sent(events))
    assert (sent(events)[0], sent(events)[-1]) == (0, len(NEW.data))


def test_what_is_there_is_not_sent_again():
    bench, events = patch_that_runs(NEW), []
    assert isinstance(virtually(bench.flash(NEW, tell=events.append)), Skipped)
    assert sent(events) == []


def test_what_was_refused_has_sent_no_byte():
    bench, events = patch_that_runs(NEW), []
    with pytest.raises(FlashRefused) as refused:
        virtually(bench.flash(OLD, tell=events.append))
    assert refused.value.refuse.reason is Refusal.OLDER
    assert [type(event) for event in events] == [Planned]
    assert isinstance(events[0].plan, Refuse)
    assert bench.confirmed == NEW.offer.sha256


@pytest.mark.parametrize("kind", ["cut_at", "reset_at"])
@pytest.mark.parametrize("at", [0, 1, 25_000, 51_000])
def test_an_upload_that_is_cut_goes_on_from_where_the_device_is(kind, at):
    bench, events = patch_that_runs(OLD, plan=Plan(seed=at, **{kind: (at,)})), []
    virtually(bench.flash(NEW, tell=events.append))
    assert bench.confirmed == NEW.offer.sha256
    assert any(isinstance(event, Reconnecting) for event in events)
    if kind == "cut_at":  # a reset loses what was not committed
        assert sent(events) == sorted(sent(events))


def test_a_run_after_a_run_that_was_killed_goes_on_from_where_the_device_is():
    bench, events = patch_that_runs(OLD), []

    class Kill(Exception):
        pass

    def die(event):
        if isinstance(event, Sent) and event.at_bytes > 25_000:
            raise Kill

    async def killed():
        talk = bench.talk()
        await talk.open()
        with pytest.raises(Kill):
            await flash(talk, NEW, UNSIGNED, die)

    virtually(killed())
    done = virtually(bench.flash(NEW, tell=events.append))
    assert done.sending.resumed_bytes > 25_000
    assert done.sending.resumed_bytes + done.sending.sent_bytes == len(NEW.data)
    assert bench.confirmed == NEW.offer.sha256


def test_what_is_in_the_slot_and_is_no_beginning_of_the_pack_is_written_over():
    bench = patch_that_runs(OLD)
    bench.memory["pack1"] = b"something else" * 1000
    done = virtually(bench.flash(NEW))
    assert done.sending.resumed_bytes == 0
    assert bench.confirmed == NEW.offer.sha256


def test_what_is_whole_in_the_slot_is_only_tried_and_confirmed():
    bench = patch_that_runs(OLD)
    bench.memory["pack1"] = NEW.data
    done = virtually(bench.flash(NEW))
    assert (done.sending.resumed_bytes, done.sending.sent_bytes) == (len(NEW.data), 0)
    assert bench.confirmed == NEW.offer.sha256


def test_a_pack_that_fails_its_self_test_is_not_confirmed_and_the_old_one_runs():
    bench = patch_that_runs(OLD, runner=QuickRunner(fails=(NEW.data,)))
    failed = failure(bench, NEW)
    assert failed.fault is FlashFault.SELF_TEST_FAILED
    assert "(outputs that differ: 2); the device runs demonstration 1.0.0" in failed.problem
    assert bench.running == bench.confirmed == OLD.offer.sha256


def test_a_self_test_without_windows_proves_nothing():
    class NoTest(QuickRunner):
        def self_test(self, pack):  # noqa: ARG002 - the runner's signature
            return SelfTested(0, 0)

    bench = patch_that_runs(OLD, runner=NoTest())
    assert failure(bench, NEW).fault is FlashFault.SELF_TEST_FAILED
    assert bench.running == OLD.offer.sha256


def test_a_device_whose_hash_differs_keeps_what_it_ran():
    bench = patch_that_runs(OLD, plan=Plan(wrongs=frozenset({Wrong.HASH})))
    failed = failure(bench, NEW)
    assert failed.fault is FlashFault.NOT_VERIFIED
    assert bench.running == bench.confirmed == OLD.offer.sha256


def test_flash_memory_that_flips_a_bit_is_found_out():
    bench = patch_that_runs(OLD, plan=Plan(wrongs=frozenset({Wrong.FLIP})))
    assert failure(bench, NEW).fault is FlashFault.NOT_VERIFIED
    assert bench.running == OLD.offer.sha256


def test_a_device_that_is_full_is_told_apart():
    bench = patch_that_runs(OLD, plan=Plan(space_bytes=25_000))
    failed = failure(bench, NEW)
    assert failed.fault is FlashFault.DEVICE_FULL
    assert f"of {len(NEW.data):,} bytes" in failed.problem
    assert bench.running == OLD.offer.sha256


def test_a_device_that_refuses_the_trial_says_why_and_what_runs():
    bench = patch_that_runs(OLD, signed=lambda _: False)
    failed = failure(bench, NEW)
    assert isinstance(failed, DeviceRefused)
    assert (failed.group, failed.code) == (165, PatchError.BAD_SIGNATURE)
    assert "bad signature" in failed.problem
    assert failed.problem.endswith("the device runs demonstration 1.0.0")


def test_a_trial_that_somebody_left_is_ended_where_the_slot_is_needed():
    bench, left = patch_that_runs(OLD), content("1.0.5")

    async def leave_on_trial():
        bench.memory["pack1"] = left.data
        talk = bench.talk()
        await talk.open()
        await talk.ask(Try(path="/packs/1", sha256=left.offer.sha256), "try")

    virtually(leave_on_trial())
    assert bench.running == left.offer.sha256
    events = []
    virtually(bench.flash(NEW, tell=events.append))
    assert events[0].plan == Upload("/packs/1", ends_trial=True, overridden=(Refusal.UNSIGNED,))
    assert bench.confirmed == NEW.offer.sha256


def test_a_trial_of_another_is_ended_where_the_pack_is_confirmed_already():
    bench = patch_that_runs(OLD)

    async def leave_on_trial():
        bench.memory["pack1"] = NEW.data
        talk = bench.talk()
        await talk.open()
        await talk.ask(Try(path="/packs/1", sha256=NEW.offer.sha256), "try")

    virtually(leave_on_trial())
    assert isinstance(virtually(bench.flash(OLD)), Skipped)
    assert bench.running == OLD.offer.sha256


@pytest.mark.parametrize("plan", [
    Plan(seed=1, lost=0.05), Plan(seed=2, refused=0.05), Plan(seed=3, unreadable=0.05), Plan(seed=4, slow_s=4.0),
])  # fmt: skip
def test_silence_errors_and_slowness_are_lived_through(plan):
    bench = patch_that_runs(OLD, plan=plan)
    virtually(bench.flash(NEW))
    assert bench.confirmed == NEW.offer.sha256


def test_a_device_that_is_gone_for_good_ends_the_flash_in_bounded_time():
    bench = patch_that_runs(OLD, plan=Plan(cut_at=(25_000,)), outage_s=1e6)
    failed = failure(bench, NEW, patience=Patience(pauses_s=(1.0, 2.0), connect_s=5.0))
    assert failed.fault is FlashFault.LINK_LOST
    assert "goes on from where the device is" in failed.advice


def test_a_battery_that_died_down_is_refused_by_plan_or_device():
    low = Bench(identity=replace(Identity(), battery_percent=15))
    assert failure(low, NEW).refuse.reason is Refusal.BATTERY_LOW
    assert low.running is None


def test_an_error_that_the_library_cannot_read_is_read():
    bench = patch_that_runs(OLD)

    async def wrong_offset():
        talk = bench.talk()
        await talk.open()
        await talk.ask(FileUpload(name="/packs/1", off=77, data=b"x"), "take the file")

    with pytest.raises(DeviceRefused) as refused:
        virtually(wrong_offset())
    assert (refused.value.group, refused.value.code) == (8, FS_MGMT_ERR.FILE_OFFSET_NOT_VALID)
    assert refused.value.facts == {"len": 0}


def test_confirm_without_trial_is_refused_and_changes_nothing():
    bench = patch_that_runs(OLD)

    async def confirm():
        talk = bench.talk()
        await talk.open()
        await talk.ask(Confirm(sha256=hashlib.sha256(b"").digest()), "keep the pack")

    with pytest.raises(DeviceRefused, match="not on trial"):
        virtually(confirm())
    assert bench.confirmed == OLD.offer.sha256
