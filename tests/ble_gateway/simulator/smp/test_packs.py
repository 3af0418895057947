"""What a patch does before it lets a pack run."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ble_gateway.flash import messages
from ble_gateway.flash.messages import ErrorV2, PatchError, SlotState
from ble_gateway.simulator.smp.mishaps import Plan, Wrong
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, SelfTested
from ble_gateway.simulator.smp.trust import signed_by_any
from edge.boards.fitting import Room
from edge.boards.shelf import read_board
from edge.signature import fingerprint, sign
from tests.ble_gateway.simulator.smp.asking import TableRunner, pack_of, patch, sha

PACK = pack_of()
OURS, OTHERS = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
OUR_KEY = bytes.fromhex(fingerprint(OURS.public_key().public_bytes_raw()))
CONFIRMED, EMPTY, STORED, TRIAL = SlotState.CONFIRMED, SlotState.EMPTY, SlotState.STORED, SlotState.TRIAL


def trying(asked, data=PACK, path="/packs/0", sha256=None):
    asked.upload(data, path)
    return messages.TryRequest(path=path, sha256=sha256 or sha(data))


def refusal(asked, *args, **kwargs):
    return PatchError(asked.refused(trying(asked, *args, **kwargs), ErrorV2))


def test_a_new_patch_has_two_empty_slots_and_runs_what_it_left_the_factory_with():
    asked = patch(factory=PACK)
    status = asked.status()
    assert [slot.state for slot in status.slots] == [EMPTY, EMPTY]
    assert (status.protocol, status.board, status.firmware, status.battery_percent) == (1, "nrf52840", "1.0.0", 87)
    assert asked.device.running_file() == PACK
    assert patch().device.running_file() is None


def test_a_slot_tells_name_and_version_of_its_pack_and_nothing_of_a_part_of_one():
    asked = patch()
    asked.upload(PACK)
    asked.upload(PACK[:1000], "/packs/1")
    whole, part = asked.status().slots
    assert (whole.name, whole.version, whole.sha256) == ("demonstration", "1.0.0", sha(PACK))
    assert (part.name, part.version, part.sha256, part.state) == ("", "", sha(PACK[:1000]), STORED)


def test_a_pack_on_trial_runs_until_the_next_reset():
    asked = patch()
    asked.run_on_trial(PACK)
    assert asked.states() == [TRIAL, EMPTY]
    assert asked.device.running_file() == PACK
    asked.device.reset()
    assert asked.states() == [STORED, EMPTY]
    assert asked.device.running_file() is None


def test_a_confirmed_pack_runs_after_a_reset_and_while_another_is_on_trial():
    asked, newer = patch(), pack_of("1.1.0")
    asked.run_on_trial(PACK)
    asked.confirm(PACK)
    asked.device.reset()
    assert asked.states() == [CONFIRMED, EMPTY]
    asked.run_on_trial(newer, "/packs/1")
    assert asked.states() == [CONFIRMED, TRIAL]
    asked.device.reset()
    assert asked.device.running_file() == PACK


def test_a_newer_pack_that_is_confirmed_frees_the_slot_of_the_older_one():
    asked, newer = patch(), pack_of("1.1.0")
    asked.run_on_trial(PACK)
    asked.confirm(PACK)
    asked.run_on_trial(newer, "/packs/1")
    asked.confirm(newer)
    assert asked.states() == [STORED, CONFIRMED]
    asked.upload(b"something else")


def test_asked_again_it_tests_again_and_says_again_that_it_is_confirmed():
    runner = TableRunner()
    asked = patch(runner)
    asked.run_on_trial(PACK)
    asked.ask(messages.TryRequest(path="/packs/0", sha256=sha(PACK)), messages.TryResponse)
    assert runner.tested == [PACK, PACK]
    asked.confirm(PACK)
    asked.confirm(PACK)
    assert asked.states() == [CONFIRMED, EMPTY]


def test_what_is_not_on_trial_is_not_confirmed():
    asked = patch()
    asked.upload(PACK)
    assert asked.refused(messages.ConfirmRequest(sha256=sha(PACK)), ErrorV2) == PatchError.NOT_ON_TRIAL


def test_an_empty_slot_and_one_that_is_not_there_are_not_tried():
    for path in ("/packs/0", "/packs/7"):
        request = messages.TryRequest(path=path, sha256=bytes(32))
        assert patch().refused(request, ErrorV2) == PatchError.NO_SUCH_SLOT


def test_a_file_of_another_hash_is_not_tried():
    assert refusal(patch(), sha256=bytes(32)) is PatchError.HASH_MISMATCH


def test_a_part_of_a_pack_is_none():
    assert refusal(patch(), PACK[: len(PACK) // 2]) is PatchError.NOT_A_PACK


@pytest.mark.parametrize("percent", [0, 9])
def test_with_a_low_battery_nothing_is_tried(percent):
    assert refusal(patch(identity=Identity(battery_percent=percent))) is PatchError.BATTERY_LOW


def test_a_patch_that_is_fed_by_wire_has_no_low_battery():
    patch(identity=Identity(battery_percent=-1)).run_on_trial(PACK)


def test_a_pack_for_another_board_does_not_fit_and_one_for_this_board_does():
    patch().run_on_trial(pack_of(board="nrf52840"))
    assert refusal(patch(), pack_of(board="esp32s3")) is PatchError.DOES_NOT_FIT


def test_a_pack_that_needs_more_memory_than_there_is_does_not_fit():
    needs = 18_000 + 600
    patch(identity=Identity(ram_bytes=needs)).run_on_trial(PACK)
    assert refusal(patch(identity=Identity(ram_bytes=needs - 1))) is PatchError.DOES_NOT_FIT


def test_a_pack_whose_code_is_larger_than_a_slot_does_not_fit():
    asked = patch(slot_bytes=300_000)
    assert refusal(asked, pack_of(flash_bytes=300_001)) is PatchError.DOES_NOT_FIT
    assert asked.device.packs.why == "it needs 300001 bytes of flash, and there are 300000"


def test_a_patch_has_what_the_profile_of_its_board_leaves_a_pack():
    room = Room.on(read_board("nrf52840"))
    status = patch().status()
    assert (status.ram_bytes, {slot.size_bytes for slot in status.slots}) == (room.ram_bytes, {room.flash_bytes})


@pytest.mark.parametrize(
    "data",
    [PACK, sign(PACK, OTHERS), sign(PACK, OURS).replace(b"ed25519 ", b"ed25519 0", 1)],
    ids=["unsigned", "by others", "altered"],
)
def test_with_trusted_keys_only_what_they_signed_is_tried(data):
    options = {"identity": Identity(keys=(OUR_KEY,)), "signed": signed_by_any((OUR_KEY,))}
    assert refusal(patch(**options), data) in {PatchError.BAD_SIGNATURE, PatchError.NOT_A_PACK}
    patch(**options).run_on_trial(sign(PACK, OURS))
    assert patch(**options).status().keys == (OUR_KEY,)


def test_without_keys_any_pack_is_tried():
    assert signed_by_any(())(PACK)


def test_a_pack_that_cannot_be_run_is_refused_and_told_why():
    asked = patch(TableRunner({PACK: CannotRun("there is no cc here")}))
    assert refusal(asked) is PatchError.CANNOT_RUN
    assert asked.device.packs.why == "there is no cc here"


@pytest.mark.parametrize("tested", [SelfTested(2, 1), SelfTested(0, 0)], ids=["a difference", "no window"])
def test_a_pack_that_does_not_prove_itself_does_not_run(tested):
    asked = patch(TableRunner({PACK: tested}))
    answer = asked.ask(trying(asked), messages.TryResponse)
    assert (answer.windows, answer.differing) == (tested.windows, tested.differing)
    assert asked.states() == [STORED, EMPTY]
    assert asked.refused(messages.ConfirmRequest(sha256=sha(PACK)), ErrorV2) == PatchError.NOT_ON_TRIAL


def test_a_bit_that_flips_in_flash_is_found_before_the_pack_runs():
    assert refusal(patch(plan=Plan(wrongs=frozenset({Wrong.FLIP})))) is PatchError.HASH_MISMATCH


def test_a_confirmed_pack_that_was_damaged_since_does_not_run_after_a_reset():
    memory = {}
    asked = patch(memory=memory, factory=b"factory")
    asked.run_on_trial(PACK)
    asked.confirm(PACK)
    memory["pack0"] = PACK[:-1] + bytes([PACK[-1] ^ 1])
    asked.device.reset()
    assert asked.device.running_file() == b"factory"
    asked.run_on_trial(PACK)


def test_the_label_of_a_pack_says_that_it_is_a_demonstration():
    packs = patch().device.packs
    assert (packs.label(PACK), packs.label(None)) == ("demonstration 1.0.0 DEMONSTRATION", "no pack")


def test_the_word_for_another_pack_does_not_confirm_the_one_on_trial():
    asked = patch()
    asked.run_on_trial(PACK)
    assert asked.refused(messages.ConfirmRequest(sha256=bytes(32)), ErrorV2) == PatchError.NOT_ON_TRIAL
    asked.device.reset()
    assert asked.device.running_file() is None
