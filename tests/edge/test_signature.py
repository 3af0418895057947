import io
import subprocess
import sys
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.pack import SHIPPED, parse_pack
from edge.signature import (
    BadlySigned,
    SignatureError,
    SignatureFault,
    SignedBy,
    Unsigned,
    check,
    sign,
    signed_bytes,
    without_signature,
)

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
PUBLIC = KEY.public_key().public_bytes_raw()
PACK = SHIPPED.read_bytes()
SIGNED = sign(PACK, KEY)


def test_a_signed_pack_is_the_pack_with_one_member_more():
    assert check(PACK) == Unsigned()
    assert check(SIGNED) == SignedBy(PUBLIC)
    with zipfile.ZipFile(io.BytesIO(SIGNED)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-1] == "signature"
        line = archive.read("signature")
    assert line.startswith(b"ed25519 " + PUBLIC.hex().encode())
    assert parse_pack(SIGNED).manifest == parse_pack(PACK).manifest


def test_the_signature_is_over_the_digest_of_the_file_as_it_was():
    with zipfile.ZipFile(io.BytesIO(SIGNED)) as archive:
        _, _, signature = archive.read("signature").decode().split()
    KEY.public_key().verify(bytes.fromhex(signature), signed_bytes(PACK))
    assert without_signature(SIGNED) == PACK


def test_signing_is_repeatable_and_a_new_signature_takes_the_place_of_the_old_one():
    assert sign(PACK, KEY) == SIGNED
    assert sign(SIGNED, KEY) == SIGNED
    assert check(sign(SIGNED, OTHER)) == SignedBy(OTHER.public_key().public_bytes_raw())
    assert without_signature(sign(SIGNED, OTHER)) == PACK


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_byte_of_a_signed_pack_can_change(at, by):
    assert not isinstance(check(SIGNED[:at] + bytes([SIGNED[at] ^ by]) + SIGNED[at + 1 :]), SignedBy)


@given(st.integers(1, 700), st.integers(1, 255))
def test_no_byte_of_its_signature_and_zip_directory_can_change(from_end, by):
    at = len(SIGNED) - from_end
    assert not isinstance(check(SIGNED[:at] + bytes([SIGNED[at] ^ by]) + SIGNED[at + 1 :]), SignedBy)


@given(st.binary(max_size=200), st.integers(0, 800))
def test_nothing_can_be_put_in_or_taken_out(put, from_end):
    at = len(SIGNED) - from_end
    for altered in (SIGNED[:at] + put + SIGNED[at:], SIGNED[: at - len(put)] + SIGNED[at:]):
        assert altered == SIGNED or not isinstance(check(altered), SignedBy)


@given(st.binary(max_size=400))
def test_any_bytes_come_to_something(data):
    assert isinstance(check(data), BadlySigned | Unsigned)


def test_a_signature_of_another_pack_does_not_hold():
    with zipfile.ZipFile(io.BytesIO(SIGNED)) as archive:
        line = archive.read("signature")
    altered = io.BytesIO(PACK)
    with zipfile.ZipFile(altered, "a") as archive:
        archive.comment = b""
        archive.writestr(zipfile.ZipInfo("notes", (1980, 1, 1, 0, 0, 0)), "what nobody signed")
    before = sign(altered.getvalue(), OTHER)
    stolen = before.replace(OTHER.public_key().public_bytes_raw().hex().encode(), PUBLIC.hex().encode())
    assert isinstance(check(stolen), BadlySigned)
    assert isinstance(check(before[: -len(line)] + line), BadlySigned)


@pytest.mark.parametrize("order", [("signature", "more"), ("more", "signature")])
def test_a_member_called_signature_that_is_none_is_not_taken_for_one(order):
    file = io.BytesIO(PACK)
    with zipfile.ZipFile(file, "a") as archive:
        for name in order:
            archive.writestr(name, "x")
    assert isinstance(check(file.getvalue()), BadlySigned)


@pytest.mark.parametrize("data", [b"", b"TFL3", PACK[:-1], PACK[: len(PACK) // 2], bytes(100)])
def test_what_is_no_pack_is_not_signed(data):
    with pytest.raises(SignatureError) as refused:
        sign(data, KEY)
    assert refused.value.fault is SignatureFault.NOT_A_PACK


def test_without_cryptography_a_pack_that_is_not_signed_is_told_apart_and_one_that_is_says_what_is_missing():
    script = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from edge.signature import check, SignatureError\n"
        "packs = [open(path, 'rb').read() for path in sys.argv[1:]]\n"
        "print(check(packs[0]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, SHIPPED], capture_output=True, text=True, check=True)
    assert done.stdout == "Unsigned()\n"


def test_a_signed_pack_wants_the_extra(tmp_path):
    (tmp_path / "signed.tflite").write_bytes(SIGNED)
    script = (
        "import sys; sys.modules['cryptography.exceptions'] = None\n"
        "from edge.signature import check, SignatureError\n"
        "try:\n    check(open(sys.argv[1], 'rb').read())\n"
        "except SignatureError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "signed.tflite"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "signatures need cryptography - pip install 'anyecg-edge[flash]'\n"
