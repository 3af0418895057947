from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.flash.messages import Slot, SlotState
from ble_gateway.flash.objections import ALLOWED_BY, LEAST_BATTERY_PERCENT, Allow, Policy, Refusal
from ble_gateway.flash.plan import PROTOCOL, Refuse, Skip, Upload, UploadImage, plan_flash
from ble_gateway.flash.state import DeviceState, Image, ImageOffer, PackOffer, Patch
from ble_gateway.flash.words import FlashRefused
from edge.manifest import PatchNeeds
from edge.signature import BadlySigned, SignedBy, Unsigned, fingerprint

OURS, THEIRS = b"\x01" * 32, b"\x02" * 32
NEEDS = PatchNeeds(
    operators=("CONV_2D", "MEAN"),
    macs={"conv": 1},
    interpreter_arena_bytes=40_000,
    flash_bytes=100_000,
    ram_bytes=18_000,
    stack_bytes=1_000,
)
OFFER = PackOffer("heart", "1.2.0", None, NEEDS, 120_000, b"\xaa" * 32, SignedBy(OURS))
RUNS = Slot(
    path="/a", size_bytes=200_000, state=SlotState.CONFIRMED, sha256=b"\xbb" * 32, name="heart", version="1.1.0"
)
FREE = Slot(path="/b", size_bytes=200_000, state=SlotState.EMPTY)
PATCH = Patch(PROTOCOL, "nrf52840", "1.0.0", 80, 19_000, frozenset(), (RUNS, FREE), frozenset())
POLICY = Policy(trusted=frozenset({OURS}))
EVERYTHING = frozenset(Allow)


def device(**changes):
    return DeviceState(replace(PATCH, **changes), None)


def offer(**changes):
    return replace(OFFER, **changes)


def needs(**changes):
    return NEEDS.model_copy(update=changes)


def slot(state, sha256=b"\xcc" * 32, path="/b", size_bytes=200_000, name="heart", version="1.0.0"):
    return Slot(path=path, size_bytes=size_bytes, state=state, sha256=sha256, name=name, version=version)


REFUSED = {
    "speaks SMP and keeps no packs": (DeviceState(None, None), OFFER, POLICY, Refusal.NOT_A_PATCH),
    "speaks a later protocol": (device(protocol=2), OFFER, POLICY, Refusal.NEWER_PROTOCOL),
    "is another board than --board says": (device(), OFFER, replace(POLICY, board="nrf5340"), Refusal.NOT_THAT_BOARD),
    "is another board than --board says, and has the pack": (
        device(), offer(sha256=RUNS.sha256), replace(POLICY, board="nrf5340"), Refusal.NOT_THAT_BOARD,
    ),
    "pack is for another board": (device(), offer(board="nrf5340"), POLICY, Refusal.OTHER_BOARD),
    "pack does not say what it needs": (device(), offer(needs=None), POLICY, Refusal.NEEDS_UNKNOWN),
    "too little RAM": (device(ram_bytes=18_999), OFFER, POLICY, Refusal.DOES_NOT_FIT),
    "slot too small for the C": (device(), offer(needs=needs(flash_bytes=200_001)), POLICY, Refusal.DOES_NOT_FIT),
    "slot too small for the file": (device(), offer(size_bytes=200_001), POLICY, Refusal.DOES_NOT_FIT),
    "an operator that the patch lacks": (device(operators=frozenset({"CONV_2D"})), OFFER, POLICY, Refusal.DOES_NOT_FIT),
    "no slot but the one that runs": (device(slots=(RUNS,)), OFFER, POLICY, Refusal.NO_FREE_SLOT),
    "no slot at all": (device(slots=()), OFFER, POLICY, Refusal.NO_FREE_SLOT),
    "altered after it was signed": (device(), offer(signing=BadlySigned("altered")), POLICY, Refusal.BADLY_SIGNED),
    "not signed": (device(), offer(signing=Unsigned()), POLICY, Refusal.UNSIGNED),
    "signed by nobody we trust": (device(), offer(signing=SignedBy(THEIRS)), POLICY, Refusal.UNKNOWN_KEY),
    "signed by a key the device does not know": (
        device(keys=frozenset({bytes.fromhex(fingerprint(THEIRS))})), OFFER, POLICY, Refusal.NOT_FOR_THIS_DEVICE,
    ),
    "not signed, and the device wants a key": (
        device(keys=frozenset({bytes.fromhex(fingerprint(OURS))})),
        offer(signing=Unsigned()),
        POLICY,
        Refusal.NOT_FOR_THIS_DEVICE,
    ),
    "older": (device(), offer(version="1.0.9"), POLICY, Refusal.OLDER),
    "older than the confirmed one, though a still older one is on trial": (
        device(slots=(RUNS, slot(SlotState.TRIAL))), offer(version="1.0.9"), POLICY, Refusal.OLDER,
    ),
    "a version that cannot be ordered": (device(), offer(version="latest"), POLICY, Refusal.UNORDERED),
    "a running version that cannot be ordered": (
        device(slots=(RUNS.model_copy(update={"version": "blue"}), FREE)), OFFER, POLICY, Refusal.UNORDERED,
    ),
    "battery low": (device(battery_percent=LEAST_BATTERY_PERCENT - 1), OFFER, POLICY, Refusal.BATTERY_LOW),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_for_the_reason_that_is_so(case):
    state, offered, policy, reason = REFUSED[case]
    plan = plan_flash(state, offered, policy)
    assert isinstance(plan, Refuse)
    assert plan.reason is reason


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_what_is_so_and_what_to_do(case):
    state, offered, policy, reason = REFUSED[case]
    said = str(FlashRefused("heart 1.2.0", plan_flash(state, offered, policy)))
    assert said.startswith("heart 1.2.0 is not flashed: ")
    assert ("--allow-" in said) == (reason in ALLOWED_BY)
    assert "{" not in said


def test_the_table_has_every_reason():
    assert {reason for *_, reason in REFUSED.values()} == set(Refusal)


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_user_may_allow_is_let_pass_and_nothing_else(case):
    state, offered, policy, reason = REFUSED[case]
    for allow in Allow:
        plan = plan_flash(state, offered, replace(policy, allow=frozenset({allow})))
        assert isinstance(plan, Upload) == (ALLOWED_BY.get(reason) is allow)
        if isinstance(plan, Upload):
            assert plan.overridden == (reason,)


PASSES = {
    "newer": (device(), OFFER),
    "the same version made again": (device(), offer(version="1.1.0")),
    "another pack, whatever its version": (device(), offer(name="other", version="0.1")),
    "the factory's model runs": (device(slots=(FREE,)), OFFER),
    "fed from a wire": (device(battery_percent=None), OFFER),
    "just enough charge": (device(battery_percent=LEAST_BATTERY_PERCENT), OFFER),
    "made for this board": (device(), offer(board="nrf52840")),
    "an operator list that has all": (device(operators=frozenset({"CONV_2D", "MEAN", "ADD"})), OFFER),
    "the device knows the key": (device(keys=frozenset({bytes.fromhex(fingerprint(OURS))})), OFFER),
    "fits to the byte": (device(), offer(size_bytes=200_000, needs=needs(flash_bytes=200_000))),
}


@pytest.mark.parametrize("case", PASSES)
def test_it_is_uploaded_into_the_slot_that_does_not_run(case):
    state, offered = PASSES[case]
    assert plan_flash(state, offered, POLICY) == Upload("/b")


def test_what_is_there_and_confirmed_is_skipped_whoever_signed_it_and_however_old_it_is():
    same = offer(sha256=RUNS.sha256, version="0.1", signing=Unsigned())
    assert plan_flash(device(battery_percent=1), same, POLICY) == Skip("/a")


def test_what_is_confirmed_while_another_is_on_trial_is_skipped_after_a_reset():
    state = device(slots=(RUNS, slot(SlotState.TRIAL)))
    assert plan_flash(state, offer(sha256=RUNS.sha256), POLICY) == Skip("/a", ends_trial=True)


def test_what_is_on_trial_is_tested_again_and_confirmed():
    state = device(slots=(RUNS, slot(SlotState.TRIAL, OFFER.sha256)))
    assert plan_flash(state, OFFER, POLICY) == Upload("/b")


def test_a_trial_that_holds_the_only_other_slot_is_ended():
    state = device(slots=(RUNS, slot(SlotState.TRIAL)))
    assert plan_flash(state, OFFER, POLICY) == Upload("/b", ends_trial=True)


def test_a_free_slot_is_taken_before_one_on_trial_and_the_one_that_has_the_pack_before_any():
    third = slot(SlotState.STORED, OFFER.sha256, "/c")
    state = device(slots=(RUNS, slot(SlotState.TRIAL), slot(SlotState.EMPTY, b"", "/d"), third))
    assert plan_flash(state, OFFER, POLICY) == Upload("/c")
    assert plan_flash(device(slots=state.patch.slots[:3]), OFFER, POLICY) == Upload("/d")


def test_what_else_is_wrong_is_told_with_the_first_thing():
    plan = plan_flash(device(battery_percent=3), offer(signing=Unsigned(), version="1.0"), POLICY)
    assert (plan.reason, plan.also) == (Refusal.UNSIGNED, (Refusal.OLDER, Refusal.BATTERY_LOW))


sizes = st.integers(1, 400_000)
sha256s = st.sampled_from([b"", b"\xaa" * 32, b"\xbb" * 32])
versions = st.sampled_from(["0.9", "1.1.0", "1.2.0", "2.0rc1", "latest", ""])
slots = st.builds(
    Slot,
    path=st.sampled_from(["/a", "/b", "/c"]),
    size_bytes=sizes,
    state=st.sampled_from(SlotState),
    sha256=sha256s,
    name=st.sampled_from(["heart", ""]),
    version=versions,
)
keys = st.frozensets(st.sampled_from([bytes.fromhex(fingerprint(key)) for key in (OURS, THEIRS)]))
operators = st.frozensets(st.sampled_from(["CONV_2D", "MEAN", "ADD"]))
patches = st.builds(
    Patch,
    protocol=st.sampled_from([PROTOCOL, 2]),
    board=st.sampled_from(["nrf52840", "nrf5340"]),
    firmware=st.just("1.0.0"),
    battery_percent=st.none() | st.integers(0, 100),
    ram_bytes=sizes,
    operators=operators,
    slots=st.lists(slots, max_size=3, unique_by=lambda slot: slot.path).map(tuple),
    keys=keys,
)
offers = st.builds(
    PackOffer,
    name=st.sampled_from(["heart", "other"]),
    version=versions,
    board=st.sampled_from([None, "nrf52840", "nrf5340"]),
    needs=st.none()
    | st.builds(
        lambda flash, ram, operators: needs(flash_bytes=flash, ram_bytes=ram, operators=tuple(sorted(operators))),
        sizes,
        sizes,
        operators,
    ),
    size_bytes=sizes,
    sha256=st.just(OFFER.sha256),
    signing=st.sampled_from([Unsigned(), SignedBy(OURS), SignedBy(THEIRS), BadlySigned("altered")]),
)
policies = st.builds(
    Policy,
    trusted=st.frozensets(st.sampled_from([OURS, THEIRS])),
    allow=st.frozensets(st.sampled_from(Allow)),
    board=st.sampled_from([None, "nrf52840", "nrf5340"]),
)


@given(patches, offers, policies)
def test_whatever_is_allowed_what_is_uploaded_fits_and_was_not_altered(patch, offered, policy):
    plan = plan_flash(DeviceState(patch, None), offered, policy)
    if isinstance(plan, Upload):
        (chosen,) = (slot for slot in patch.slots if slot.path == plan.path)
        assert chosen.size_bytes >= max(offered.size_bytes, offered.needs.flash_bytes)
        assert offered.needs.ram_bytes + offered.needs.stack_bytes <= patch.ram_bytes
        assert not patch.operators or set(offered.needs.operators) <= patch.operators
        assert not isinstance(offered.signing, BadlySigned)


@given(patches, offers, policies)
def test_nothing_is_uploaded_over_what_runs(patch, offered, policy):
    plan = plan_flash(DeviceState(patch, None), offered, policy)
    if isinstance(plan, Upload):
        (chosen,) = (slot for slot in patch.slots if slot.path == plan.path)
        assert chosen.state is not SlotState.CONFIRMED
        assert (chosen.state is not SlotState.TRIAL) or plan.ends_trial or chosen.sha256 == offered.sha256


@given(patches, offers, policies)
def test_what_passes_under_a_policy_passes_under_one_that_allows_more_and_lists_what_was_allowed(
    patch, offered, policy
):
    plan = plan_flash(DeviceState(patch, None), offered, policy)
    generous = plan_flash(DeviceState(patch, None), offered, replace(policy, allow=EVERYTHING))
    if isinstance(plan, Upload):
        assert generous == plan
        assert {ALLOWED_BY[reason] for reason in plan.overridden} <= policy.allow


ACTIVE = Image(0, "1.1.0", b"\xbb" * 32, active=True, confirmed=True, pending=False)
IMAGE = ImageOffer("1.2.0", 300_000, b"\xaa" * 32, signed=True)


def updatable(*others, active=ACTIVE, patch=None):
    return DeviceState(patch, (active, *others))


IMAGES_REFUSED = {
    "takes no firmware": (DeviceState(PATCH, None), IMAGE, POLICY, Refusal.NOT_A_PATCH),
    "lists no image that runs": (DeviceState(PATCH, ()), IMAGE, POLICY, Refusal.NOT_A_PATCH),
    "is another board": (updatable(patch=PATCH), IMAGE, replace(POLICY, board="x"), Refusal.NOT_THAT_BOARD),
    "does not say which board it is": (updatable(), IMAGE, replace(POLICY, board="x"), Refusal.NOT_THAT_BOARD),
    "another image waits": (
        updatable(Image(1, "1.3.0", b"\xdd" * 32, active=False, confirmed=False, pending=True)),
        IMAGE, POLICY, Refusal.NO_FREE_SLOT,
    ),
    "another image is on trial": (
        updatable(active=replace(ACTIVE, confirmed=False)), IMAGE, POLICY, Refusal.NO_FREE_SLOT,
    ),
    "not signed": (updatable(), replace(IMAGE, signed=False), POLICY, Refusal.UNSIGNED),
    "older": (updatable(), replace(IMAGE, version="1.0.0"), POLICY, Refusal.OLDER),
    "battery low": (updatable(patch=replace(PATCH, battery_percent=5)), IMAGE, POLICY, Refusal.BATTERY_LOW),
}  # fmt: skip


@pytest.mark.parametrize("case", IMAGES_REFUSED)
def test_an_image_is_refused_for_the_reason_that_is_so(case):
    state, offered, policy, reason = IMAGES_REFUSED[case]
    assert plan_flash(state, offered, policy).reason is reason
    let_pass = plan_flash(state, offered, replace(policy, allow=EVERYTHING))
    assert isinstance(let_pass, UploadImage) == (reason in ALLOWED_BY)


def test_a_newer_image_is_uploaded_and_the_same_one_skipped():
    assert plan_flash(updatable(), IMAGE, POLICY) == UploadImage()
    assert plan_flash(updatable(active=replace(ACTIVE, sha256=IMAGE.sha256)), IMAGE, POLICY) == Skip("image slot 0")


def test_an_image_that_runs_and_is_not_confirmed_is_not_uploaded_over():
    on_trial = replace(ACTIVE, sha256=IMAGE.sha256, confirmed=False)
    assert plan_flash(updatable(active=on_trial), IMAGE, POLICY) == UploadImage()
