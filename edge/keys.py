"""Ed25519 keys as files: the private one as PKCS #8, the public one as SubjectPublicKeyInfo, PEM, as OpenSSL's."""

import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.signature import SignatureError, SignatureFault

PRIVATE_SUFFIX: Final = ".key"
PUBLIC_SUFFIX: Final = ".pub"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LARGEST_FILE_BYTES: Final = 1 << 16


def trusted_folder() -> Path:
    """Folder of the public keys whose packs are trusted without being named."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "anyecg" / "trusted"


def trusted_keys() -> dict[bytes, str]:
    """Read the trusted folder: public keys and the files they are from, none if there is no folder.

    Raises
    ------
    SignatureError
        If a ``.pub`` in it is no key: whoever put it there believes in it.
    """
    return {read_public_key(path): str(path) for path in sorted(trusted_folder().glob(f"*{PUBLIC_SUFFIX}"))}


def write_new_pair(stem: Path) -> tuple[Path, Path, bytes]:
    """Make a pair of keys as ``stem.key``, readable by its owner alone, and ``stem.pub``; overwrite nothing.

    Returns
    -------
    tuple[Path, Path, bytes]
        Private file, public file, public key (32 bytes).

    Raises
    ------
    SignatureError
        ``EXISTS`` or ``UNWRITABLE``.
    """
    private, public = stem.with_name(stem.name + PRIVATE_SUFFIX), stem.with_name(stem.name + PUBLIC_SUFFIX)
    for path in (private, public):
        if path.exists():
            raise SignatureError(
                SignatureFault.EXISTS, f"{path} is there already", advice="choose another name; keys are not replaced"
            )
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    shown = key.public_key().public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    _write(private, secret, 0o600)
    _write(public, shown, 0o644)
    return private, public, key.public_key().public_bytes_raw()


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key, as `write_new_pair` or ``openssl genpkey -algorithm ed25519`` wrote it.

    Raises
    ------
    SignatureError
        ``NO_SUCH_KEY``, ``EXPOSED``, ``LOCKED`` or ``NOT_A_KEY``.
    """
    content = _read(path)
    if b"PRIVATE KEY" not in content:
        raise _not_a_key(path, "private")
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        raise SignatureError(
            SignatureFault.EXPOSED,
            f"others on this machine can read the private key {path}",
            advice=f"chmod 600 {path}",
        )
    try:
        key = forms.load_pem_private_key(content, password=None)
    except TypeError as error:
        raise SignatureError(
            SignatureFault.LOCKED,
            f"the private key {path} is kept under a passphrase",
            advice=f"take a key without one: openssl pkey -in {path} -out plain.key, or anyecg keys new NAME",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _not_a_key(path, "private") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _not_a_key(path, "private")
    return key


def read_public_key(path: Path) -> bytes:
    """Read a public key; 32 bytes.

    Raises
    ------
    SignatureError
        ``NO_SUCH_KEY`` or ``NOT_A_KEY``.
    """
    try:
        key = forms.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _not_a_key(path, "public") from error
    if not isinstance(key, Ed25519PublicKey):
        raise _not_a_key(path, "public")
    return key.public_bytes_raw()


def _not_a_key(path: Path, which: str) -> SignatureError:
    suffix = PRIVATE_SUFFIX if which == "private" else PUBLIC_SUFFIX
    return SignatureError(
        SignatureFault.NOT_A_KEY,
        f"{path} is no {which} Ed25519 key in PEM",
        advice=f"give the {suffix} file that anyecg keys new wrote",
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE_BYTES)
    except OSError as error:
        raise SignatureError(
            SignatureFault.NO_SUCH_KEY, f"the key {path} cannot be read ({error.strerror})", advice="check the path"
        ) from error


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(content)
    except OSError as error:
        raise SignatureError(
            SignatureFault.UNWRITABLE, f"{path} cannot be written ({error.strerror})", advice="choose another folder"
        ) from error
