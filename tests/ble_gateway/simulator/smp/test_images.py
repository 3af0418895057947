"""The ways of Zephyr's image group and of MCUboot, as they were observed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smp import image_management as image
from smp.error import MGMT_ERR
from smp.image_management import IMG_MGMT_ERR
from smp.image_management import ImageManagementErrorV1 as ErrorV1
from smp.image_management import ImageManagementErrorV2 as ErrorV2

from ble_gateway.simulator.smp.device import IMAGE_BYTES
from ble_gateway.simulator.smp.images import FACTORY_IMAGE
from ble_gateway.simulator.smp.mcuboot import read_image, write_image
from tests.ble_gateway.simulator.smp.asking import patch, sha

NEW = write_image(bytes(range(256)) * 8, (1, 1, 0))
FACTORY_SHA, NEW_SHA = read_image(FACTORY_IMAGE).sha256, read_image(NEW).sha256


def first(data=NEW, size=None, **options):
    options = {"sha": sha(data), **options}
    return image.ImageUploadWriteRequest(off=0, data=data[:500], len=size or len(data), **options)


def sent(asked, data=NEW, **options):
    """Upload an image; the last answer."""
    answer = asked.ask(first(data, **options), image.ImageUploadWriteResponse)
    while answer.off < len(data):
        request = image.ImageUploadWriteRequest(off=answer.off, data=data[answer.off : answer.off + 500])
        answer = asked.ask(request, image.ImageUploadWriteResponse)
    return answer


def states(asked):
    """Slot, version and what is set of each image."""
    flags = ("pending", "confirmed", "active", "permanent")
    listed = asked.ask(image.ImageStatesReadRequest(), image.ImageStatesReadResponse).images
    return [(i.slot, i.version, {flag for flag in flags if getattr(i, flag)}) for i in listed]


def mark(asked, **fields):
    return asked.ask(image.ImageStatesWriteRequest(**fields), image.ImageStatesWriteResponse)


def test_a_new_patch_runs_the_image_of_the_factory():
    assert states(patch()) == [(0, "1.0.0", {"confirmed", "active"})]


def test_an_image_is_tried_and_comes_back_unless_it_is_confirmed():
    asked = patch()
    assert sent(asked).match
    mark(asked, hash=NEW_SHA)
    assert states(asked)[1] == (1, "1.1.0", {"pending"})
    asked.device.reset()
    assert states(asked) == [(0, "1.1.0", {"active"}), (1, "1.0.0", {"confirmed"})]
    assert asked.status().firmware == "1.1.0"
    asked.device.reset()
    assert states(asked) == [(0, "1.0.0", {"confirmed", "active"}), (1, "1.1.0", set())]


@pytest.mark.parametrize("fields", [{"confirm": True}, {"confirm": True, "hash": NEW_SHA}])
def test_an_image_that_is_confirmed_stays(fields):
    asked = patch()
    sent(asked)
    mark(asked, hash=NEW_SHA)
    asked.device.reset()
    mark(asked, **fields)
    asked.device.reset()
    assert states(asked)[0] == (0, "1.1.0", {"confirmed", "active"})


def test_an_image_can_be_confirmed_unseen():
    asked = patch()
    sent(asked)
    mark(asked, hash=NEW_SHA, confirm=True)
    assert states(asked)[1] == (1, "1.1.0", {"pending", "permanent"})
    for _ in range(2):
        asked.device.reset()
        assert states(asked)[0] == (0, "1.1.0", {"confirmed", "active"})


def test_an_upload_that_was_interrupted_goes_on_with_the_same_hash():
    asked = patch()
    asked.ask(first(), image.ImageUploadWriteResponse)
    assert asked.ask(first(), image.ImageUploadWriteResponse).off == 500
    assert sent(asked).match


def test_an_upload_of_another_hash_begins_anew():
    asked, other = patch(), write_image(b"other" * 400, (1, 2, 0))
    asked.ask(first(), image.ImageUploadWriteResponse)
    asked.ask(image.ImageUploadWriteRequest(off=500, data=NEW[500:900]), image.ImageUploadWriteResponse)
    assert asked.ask(first(other), image.ImageUploadWriteResponse).off == 500


def test_a_reset_forgets_an_upload():
    asked = patch()
    asked.ask(first(), image.ImageUploadWriteResponse)
    asked.device.reset()
    rest = image.ImageUploadWriteRequest(off=500, data=NEW[500:900])
    assert asked.refused(rest, ErrorV2) == IMG_MGMT_ERR.INVALID_OFFSET


def test_a_wrong_offset_is_answered_with_the_right_one():
    asked = patch()
    asked.ask(first(), image.ImageUploadWriteResponse)
    wrong = image.ImageUploadWriteRequest(off=700, data=b"x")
    assert asked.ask(wrong, image.ImageUploadWriteResponse).off == 500


def test_a_damaged_image_is_taken_and_refused_only_by_the_boot_loader():
    asked, damaged = patch(), NEW[:900] + bytes([NEW[900] ^ 1]) + NEW[901:]
    assert sent(asked, damaged).match
    mark(asked, hash=NEW_SHA)
    asked.device.reset()
    assert states(asked) == [(0, "1.0.0", {"confirmed", "active"}), (1, "1.1.0", set())]


def test_what_was_uploaded_under_a_wrong_hash_does_not_match():
    assert sent(patch(), sha=bytes(32)).match is False
    assert sent(patch(), sha=None).match is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (image.ImageUploadWriteRequest(off=0, data=NEW[:500]), IMG_MGMT_ERR.INVALID_LENGTH),
        (image.ImageUploadWriteRequest(off=0, data=NEW[:31], len=100), IMG_MGMT_ERR.INVALID_IMAGE_HEADER),
        (image.ImageUploadWriteRequest(off=0, data=bytes(64), len=100), IMG_MGMT_ERR.INVALID_IMAGE_HEADER_MAGIC),
        (first(size=IMAGE_BYTES + 1), IMG_MGMT_ERR.INVALID_IMAGE_TOO_LARGE),
        (first(size=499), IMG_MGMT_ERR.INVALID_IMAGE_DATA_OVERRUN),
        (first(FACTORY_IMAGE, upgrade=True), IMG_MGMT_ERR.CURRENT_VERSION_IS_NEWER),
        (image.ImageStatesWriteRequest(hash=bytes(32)), IMG_MGMT_ERR.HASH_NOT_FOUND),
        (image.ImageStatesWriteRequest(hash=FACTORY_SHA), IMG_MGMT_ERR.IMAGE_SETTING_TEST_TO_ACTIVE_DENIED),
        (image.ImageEraseRequest(slot=0), IMG_MGMT_ERR.NO_FREE_SLOT),
        (image.ImageEraseRequest(slot=2), IMG_MGMT_ERR.INVALID_SLOT),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_cannot_be_done_is_refused_by_its_own_number(request_, error):
    assert patch().refused(request_, ErrorV2) == error


def test_neither_a_hash_nor_a_word_marks_nothing():
    assert patch().refused(image.ImageStatesWriteRequest(), ErrorV1) == MGMT_ERR.EINVAL


def test_while_an_image_waits_or_is_on_trial_none_is_uploaded_or_erased():
    asked = patch()
    sent(asked)
    mark(asked, hash=NEW_SHA)
    assert asked.refused(first(), ErrorV2) == IMG_MGMT_ERR.IMAGE_ALREADY_PENDING
    asked.device.reset()
    assert asked.refused(first(), ErrorV2) == IMG_MGMT_ERR.NO_FREE_SLOT
    assert asked.refused(image.ImageEraseRequest(), ErrorV2) == IMG_MGMT_ERR.NO_FREE_SLOT


def test_an_image_that_waits_for_nothing_is_erased():
    asked = patch()
    sent(asked)
    asked.ask(image.ImageEraseRequest(), image.ImageEraseResponse)
    assert len(states(asked)) == 1


@given(body=st.binary(max_size=200), version=st.tuples(*[st.integers(0, 255)] * 2, st.integers(0, 65535)))
def test_an_image_that_is_written_is_read_as_sound(body, version):
    read = read_image(write_image(body, version))
    assert (read.version, read.sound) == (version, True)


@given(data=st.binary(max_size=120) | st.binary(max_size=120).map(FACTORY_IMAGE[:40].__add__))
def test_any_bytes_are_an_image_or_none(data):
    read = read_image(data)
    assert read is None or not read.sound


@given(at=st.integers(0, len(NEW) - 40), bit=st.integers(0, 7))
def test_a_changed_bit_of_header_or_body_makes_an_image_unsound(at, bit):
    changed = read_image(NEW[:at] + bytes([NEW[at] ^ 1 << bit]) + NEW[at + 1 :])
    assert changed is None or not changed.sound
