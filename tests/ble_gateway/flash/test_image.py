import hashlib
import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.flash.bench import UNSIGNED, Bench, virtually
from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.flash.flash import Flashed, Sent, Skipped, Stage
from ble_gateway.flash.objections import Allow, Policy
from ble_gateway.flash.offer import content_of
from ble_gateway.flash.state import ImageOffer
from ble_gateway.simulator.smp.mcuboot import write_image
from ble_gateway.simulator.smp.mishaps import Plan
from edge.errors import EdgeError

BODY = hashlib.shake_128(b"firmware").digest(60_000)
FACTORY = "1.0.0"


def firmware(version=(1, 1, 0), body=BODY, tlvs=()):
    """An image as imgtool writes it, with these records beside its hash."""
    image = write_image(body, version)
    hashed, trailer = image[: 32 + len(body)], image[32 + len(body) + 4 :]
    trailer += b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in tlvs)
    return hashed + struct.pack("<HH", 0x6907, 4 + len(trailer)) + trailer


NEW = content_of(firmware(), "firmware.bin")


def versions(bench):
    """Of the image that runs, and whether it is confirmed."""
    (runs, *_) = bench.host.device._images._listed()
    return runs.version, runs.confirmed


def test_an_image_is_known_by_its_beginning_and_says_what_it_is():
    assert NEW.offer == ImageOffer("1.1.0", len(NEW.data), hashlib.sha256(NEW.data[:60_032]).digest(), signed=False)
    assert content_of(firmware(tlvs=[(0x24, bytes(64))]), "signed.bin").offer.signed
    assert content_of(firmware((1, 2, 300)), "firmware.bin").label == "firmware 1.2.300"


@pytest.mark.parametrize("damage", [
    lambda image: image[:20], lambda image: image[:5000], lambda image: image[:-40] + bytes(40),
    lambda image: image[:100] + b"?" + image[101:], lambda image: image[: 32 + 60_000] + struct.pack("<HH", 0x6907, 4),
])  # fmt: skip
def test_a_damaged_image_is_refused_before_anything_is_asked(damage):
    with pytest.raises(FlashError) as refused:
        content_of(damage(NEW.data), "firmware.bin")
    assert refused.value.fault is FlashFault.BAD_IMAGE


@given(st.binary(max_size=200))
def test_whatever_follows_its_first_bytes_it_is_read_or_refused(data):
    with pytest.raises(FlashError):
        content_of(NEW.data[:4] + data, "firmware.bin")


def test_an_image_is_uploaded_started_and_kept():
    bench, events = Bench(), []
    done = virtually(bench.flash(NEW, tell=events.append))
    assert isinstance(done, Flashed)
    assert done.sending.sent_bytes == len(NEW.data)
    assert versions(bench) == ("1.1.0", True)
    assert [event for event in events if isinstance(event, Stage)] == [
        Stage.UPLOADING, Stage.RESTARTING, Stage.CONFIRMING,
    ]  # fmt: skip
    bench.host.reset()
    assert versions(bench) == ("1.1.0", True)
    assert isinstance(virtually(bench.flash(NEW)), Skipped)


def test_an_image_that_does_not_start_is_swapped_back_and_said_to_be():
    class Locked(Bench):
        """Its boot loader starts nothing new."""

    bench = Locked()
    images = bench.host.device._images
    images._swap = lambda: None

    def reset():
        images._upload_going = None
        images._memory["image-mark"] = b""

    images.reset = reset
    with pytest.raises(FlashError) as failed:
        virtually(bench.flash(NEW))
    assert failed.value.fault is FlashFault.NOT_STARTED
    assert "the device runs 1.0.0" in failed.value.problem
    assert versions(bench) == (FACTORY, True)


def test_what_is_uploaded_is_not_uploaded_again():
    bench, events = Bench(), []
    bench.memory["image1"] = NEW.data
    virtually(bench.flash(NEW, tell=events.append))
    assert not [event for event in events if isinstance(event, Sent)]
    assert versions(bench) == ("1.1.0", True)


def test_an_image_on_trial_is_kept_without_another_reset():
    bench, events = Bench(), []
    bench.memory["image1"] = NEW.data
    bench.memory["image-mark"] = b"try"
    bench.host.reset()
    assert versions(bench) == ("1.1.0", False)
    virtually(bench.flash(NEW, tell=events.append))
    assert versions(bench) == ("1.1.0", True)


@pytest.mark.parametrize("seed", range(12))
def test_an_upload_that_is_cut_goes_on_and_the_image_is_kept(seed):
    plan = Plan(seed=seed, cut_at=(seed * 5_000,), reset_at=(seed * 4_000 + 9_000,), lost=0.02, refused=0.02)
    bench = Bench(plan=plan)
    for _ in range(5):
        try:
            virtually(bench.flash(NEW))
        except EdgeError:
            assert versions(bench)[0] in {FACTORY, "1.1.0"}
            continue
        break
    assert versions(bench) == ("1.1.0", True)


def test_an_interrupted_upload_goes_on_where_the_device_is():
    bench, events = Bench(plan=Plan(cut_at=(30_000,))), []
    virtually(bench.flash(NEW, tell=events.append))
    sent = [event.at_bytes for event in events if isinstance(event, Sent)]
    assert all(after >= at for at, after in itertools.pairwise(sent) if after)
    assert sent[-1] == len(NEW.data)


def test_an_upload_that_a_reset_forgot_begins_anew():
    bench, events = Bench(plan=Plan(reset_at=(55_000,))), []
    done = virtually(bench.flash(NEW, tell=events.append))
    sent = [event.at_bytes for event in events if isinstance(event, Sent)]
    assert done.sending.sent_bytes > len(NEW.data)
    assert max(sent[: sent.index(0, 1)]) > 50_000
    assert versions(bench) == ("1.1.0", True)


def test_an_image_too_large_is_said_to_be():
    with pytest.raises(FlashError) as failed:
        virtually(Bench().flash(content_of(firmware(body=bytes(500_000)), "firmware.bin")))
    assert failed.value.fault is FlashFault.DEVICE_FULL


def test_an_unsigned_image_wants_to_be_allowed():
    with pytest.raises(FlashError, match="not signed"):
        virtually(Bench().flash(NEW, Policy()))
    assert UNSIGNED.allow == {Allow.UNSIGNED}
