import os
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.keys import read_private_key, read_public_key, trusted_folder, trusted_keys, write_new_pair
from edge.signature import SignatureError, SignatureFault


def fault_of(read, path):
    with pytest.raises(SignatureError) as refused:
        read(path)
    return refused.value.fault


def pem(key, password=None):
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def test_a_new_pair_belongs_together_and_the_private_key_is_its_owners_alone(tmp_path):
    private, public, key = write_new_pair(tmp_path / "lab.v2")
    assert (private.name, public.name) == ("lab.v2.key", "lab.v2.pub")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert read_private_key(private).public_key().public_bytes_raw() == key == read_public_key(public)


@pytest.mark.parametrize("suffix", [".key", ".pub"])
def test_no_key_is_written_over(tmp_path, suffix):
    (tmp_path / f"lab{suffix}").write_text("precious")
    assert fault_of(write_new_pair, tmp_path / "lab") is SignatureFault.EXISTS
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    assert fault_of(write_new_pair, tmp_path / "nowhere" / "lab") is SignatureFault.UNWRITABLE


def test_a_private_key_that_others_can_read_is_not_used(tmp_path):
    private, _, _ = write_new_pair(tmp_path / "lab")
    private.chmod(0o640)
    assert fault_of(read_private_key, private) is SignatureFault.EXPOSED


@pytest.mark.parametrize("read", [read_private_key, read_public_key])
@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_told(tmp_path, read, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert fault_of(read, path) is SignatureFault.NOT_A_KEY


def test_keys_of_another_kind_and_keys_in_each_others_place_are_told(tmp_path):
    private, public, _ = write_new_pair(tmp_path / "lab")
    curve = generate_private_key(SECP256R1())
    (tmp_path / "ec.key").write_bytes(pem(curve))
    (tmp_path / "ec.key").chmod(0o600)
    (tmp_path / "ec.pub").write_bytes(
        curve.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert fault_of(read_private_key, tmp_path / "ec.key") is SignatureFault.NOT_A_KEY
    assert fault_of(read_public_key, tmp_path / "ec.pub") is SignatureFault.NOT_A_KEY
    assert fault_of(read_private_key, public) is SignatureFault.NOT_A_KEY
    assert fault_of(read_public_key, private) is SignatureFault.NOT_A_KEY


def test_a_key_under_a_passphrase_is_told(tmp_path):
    path = tmp_path / "locked.key"
    path.write_bytes(pem(Ed25519PrivateKey.generate(), b"secret"))
    path.chmod(0o600)
    assert fault_of(read_private_key, path) is SignatureFault.LOCKED


def test_a_key_that_is_not_there_is_told(tmp_path):
    assert fault_of(read_private_key, tmp_path / "none.key") is SignatureFault.NO_SUCH_KEY
    assert fault_of(read_public_key, tmp_path) is SignatureFault.NO_SUCH_KEY


def test_keys_in_the_trusted_folder_are_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", os.fspath(tmp_path))
    assert trusted_keys() == {}
    trusted_folder().mkdir(parents=True)
    _, public, key = write_new_pair(tmp_path / "lab")
    (trusted_folder() / "lab.pub").write_bytes(public.read_bytes())
    (trusted_folder() / "README").write_text("keys of the laboratory")
    assert trusted_keys() == {key: str(trusted_folder() / "lab.pub")}
    (trusted_folder() / "broken.pub").write_text("?")
    assert fault_of(lambda _: trusted_keys(), None) is SignatureFault.NOT_A_KEY
