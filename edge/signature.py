"""The signature of a pack: Ed25519 (RFC 8032) over all of the file but itself.

It is the zip's last member, ``signature``, stored as it is: one line, ``ed25519``, the public key and the signature in
hex. What is signed is `PREFIX` and the SHA-256 of the pack **as it was before it was signed**, which anyone can make of
the signed one: leave the member's record out, and the directory's record of it. Nothing else may follow or lie between,
so there is one signed file for a pack and a key, and no byte of it can change unseen.
"""

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from edge.errors import FaultError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MEMBER: Final = "signature"
"""Name of the member."""
PREFIX: Final = b"anyecg-edge pack signature 1\n"
"""Signed before the digest, so that no signature of anything else is one of a pack."""

_LINE: Final = re.compile(rb"ed25519 ([0-9a-f]{64}) ([0-9a-f]{128})\n")
_MEMBER: Final = struct.Struct("<4s5H3L2H")
"""Local file header, APPNOTE.TXT 4.3.7."""
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
"""Central directory header, APPNOTE.TXT 4.3.12."""
_END: Final = struct.Struct("<4s4H2LH")
"""End of central directory record, APPNOTE.TXT 4.3.16; ours has no comment."""
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_FIRST_OF_1980: Final = (0, 0x21)
"""Time and date, as MS-DOS has them: the earliest, as all of a pack's members have."""


class SignatureFault(StrEnum):
    """Why a pack cannot be signed, or a key not used."""

    NEEDS_EXTRA = "needs_extra"
    NOT_A_PACK = "not_a_pack"
    NO_SUCH_KEY = "no_such_key"
    NOT_A_KEY = "not_a_key"
    LOCKED = "locked"
    """The private key is kept under a passphrase."""
    EXPOSED = "exposed"
    """Others on this machine can read the private key."""
    EXISTS = "exists"
    UNWRITABLE = "unwritable"


class SignatureError(FaultError[SignatureFault]):
    """A pack cannot be signed, or a key cannot be used; `fault` says why."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The pack has no signature."""


@dataclass(frozen=True, slots=True)
class SignedBy:
    """The pack is as it was when the owner of the key signed it; whether that key is trusted is another question.

    Parameters
    ----------
    key
        Ed25519 public key, 32 bytes.
    """

    key: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, in hex."""
        return fingerprint(self.key)


@dataclass(frozen=True, slots=True)
class BadlySigned:
    """The pack has a signature, and it does not hold.

    Parameters
    ----------
    why
        One clause.
    """

    why: str


Signing: TypeAlias = Unsigned | SignedBy | BadlySigned
"""What the signature of a pack came to."""


def fingerprint(key: bytes) -> str:
    """SHA-256 of a public key's 32 bytes, in hex: how a key is named."""
    return hashlib.sha256(key).hexdigest()


def signed_bytes(unsigned: bytes) -> bytes:
    """Return what is signed of a pack: `PREFIX` and the SHA-256 of the unsigned file."""
    return PREFIX + hashlib.sha256(unsigned).digest()


def sign(pack: bytes, key: "Ed25519PrivateKey") -> bytes:
    """Return the pack with a signature; one that it had is gone. The same pack and key give the same bytes.

    Raises
    ------
    SignatureError
        ``NOT_A_PACK`` if no zip lies behind the model.
    """
    try:
        unsigned = without_signature(pack)
    except ValueError as error:
        raise SignatureError(
            SignatureFault.NOT_A_PACK,
            f"this is no pack that can be signed: {error}",
            advice="give a .tflite that anyecg made, as it was made",
        ) from error
    public = key.public_key().public_bytes_raw()
    return _with_member(unsigned, _line(public, key.sign(signed_bytes(unsigned))))


def check(pack: bytes) -> Signing:
    """Say what the signature of a pack came to.

    Parameters
    ----------
    pack
        The whole file, any bytes.

    Raises
    ------
    SignatureError
        ``NEEDS_EXTRA`` if there is a signature and nothing to check it with.
    """
    try:
        unsigned = without_signature(pack)
    except ValueError as error:
        return BadlySigned(str(error))
    if unsigned == pack:
        return Unsigned()
    directory = _directory(pack)
    line = pack[directory.members[MEMBER].starts + _MEMBER.size + len(MEMBER) : directory.starts]
    parts = _LINE.fullmatch(line)
    if parts is None:
        return BadlySigned("its signature is not written as one")
    public, signature = (bytes.fromhex(part.decode()) for part in parts.groups())
    if _with_member(unsigned, line) != pack:
        return BadlySigned("there are bytes beside its signature that nobody signed")
    if not _holds(public, signature, signed_bytes(unsigned)):
        return BadlySigned("it was altered after it was signed, or the signature is of another pack")
    return SignedBy(public)


def without_signature(pack: bytes) -> bytes:
    """Return the file as it was before it was signed; unsigned, it is the same bytes.

    Raises
    ------
    ValueError
        If its zip is not one as packs have it.
    """
    directory = _directory(pack)
    if MEMBER not in directory.members:
        return pack
    *kept, last = directory.members
    if last != MEMBER:
        raise ValueError("its signature is not the zip's last member")
    signature = directory.members[last]
    if signature.starts > directory.starts:
        raise ValueError("its zip directory points nowhere")
    records = pack[directory.starts : signature.record_starts]
    return pack[: signature.starts] + records + _end(len(kept), len(records), signature.starts)


@dataclass(frozen=True, slots=True)
class _Member:
    starts: int
    record_starts: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """Where the zip's central directory starts, and its members in their order."""

    starts: int
    members: dict[str, _Member]


def _directory(pack: bytes) -> _Directory:
    if len(pack) < _END.size:
        raise ValueError("there is no zip at its end")
    magic, disk, first_disk, here, total, size, starts, comment = _END.unpack(pack[-_END.size :])
    if magic != b"PK\5\6" or disk or first_disk or here != total or comment:
        raise ValueError("there is no zip at its end")
    end = len(pack) - _END.size
    if starts + size != end:
        raise ValueError("its zip directory is not where it says")
    members: dict[str, _Member] = {}
    at = starts
    for _ in range(total):
        if at + _ENTRY.size > end:
            raise ValueError("its zip directory is cut off")
        fields = _ENTRY.unpack_from(pack, at)
        name_size, extra_size, comment_size, member_at = *fields[10:13], fields[16]
        name = pack[at + _ENTRY.size : at + _ENTRY.size + name_size].decode("latin-1")
        if fields[0] != b"PK\1\2" or name in members:
            raise ValueError("its zip directory is not readable")
        members[name] = _Member(member_at, at)
        at += _ENTRY.size + name_size + extra_size + comment_size
    if at != end:
        raise ValueError("its zip directory is not where it says")
    return _Directory(starts, members)


def _line(public: bytes, signature: bytes) -> bytes:
    return f"ed25519 {public.hex()} {signature.hex()}\n".encode()


def _with_member(unsigned: bytes, line: bytes) -> bytes:
    """Write the member and its record byte by byte: a library's would change with its version and the system."""
    directory = _directory(unsigned)
    name, at = MEMBER.encode(), directory.starts
    facts = (*_FIRST_OF_1980, zlib.crc32(line), len(line), len(line), len(name), 0)
    member = _MEMBER.pack(b"PK\3\4", _VERSION, 0, 0, *facts) + name + line
    record = _ENTRY.pack(b"PK\1\2", _UNIX | _VERSION, _VERSION, 0, 0, *facts, 0, 0, 0, 0o600 << 16, at) + name
    records = unsigned[at : -_END.size] + record
    end = _end(len(directory.members) + 1, len(records), at + len(member))
    return unsigned[:at] + member + records + end


def _end(n_members: int, size_bytes: int, starts: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, n_members, n_members, size_bytes, starts, 0)


def _holds(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - heavy, and not always there
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SignatureError(
            SignatureFault.NEEDS_EXTRA, "signatures need cryptography", advice="pip install 'anyecg-edge[flash]'"
        ) from error
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
