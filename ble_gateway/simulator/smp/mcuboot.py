"""MCUboot's image format: header, body and the hash at its end. Pure.

Source: MCUboot, ``docs/design.md`` ("Image format") and ``boot/bootutil/include/bootutil/image.h``.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

MAGIC: Final = 0x96F3B83D
_HEADER: Final = struct.Struct("<IIHHIIBBHII")
HEADER_SIZE: Final = _HEADER.size
_TLVS: Final = struct.Struct("<HH")
_TLV: Final = struct.Struct("<HH")
_TLVS_MAGIC: Final = 0x6907
_TLV_SHA256: Final = 0x10


@dataclass(frozen=True, slots=True)
class Image:
    """A firmware image.

    Parameters
    ----------
    version
        Major, minor, revision.
    sha256
        What its trailer says; empty where it has none.
    sound
        Whether the hash is that of header and body, as the boot loader checks.
    """

    version: tuple[int, int, int]
    sha256: bytes
    sound: bool

    @property
    def version_text(self) -> str:
        """Version as MCUmgr writes it."""
        return ".".join(map(str, self.version))


def read_version(data: bytes) -> tuple[int, int, int] | None:
    """Read the version out of an image's first bytes; None where they are no header."""
    if len(data) < HEADER_SIZE:
        return None
    magic, _, _, _, _, _, major, minor, revision, _, _ = _HEADER.unpack_from(data)
    return (major, minor, revision) if magic == MAGIC else None


def read_image(data: bytes) -> Image | None:
    """Read an image; None where it has no header."""
    version = read_version(data)
    if version is None:
        return None
    _, _, header_size, protected_size, body_size, *_ = _HEADER.unpack_from(data)
    end = header_size + body_size + protected_size
    sha256 = _trailer_sha256(data, end)
    return Image(version, sha256, bool(sha256) and hashlib.sha256(data[:end]).digest() == sha256)


def write_image(body: bytes, version: tuple[int, int, int]) -> bytes:
    """Write an unsigned image, of version and body."""
    header = _HEADER.pack(MAGIC, 0, HEADER_SIZE, 0, len(body), 0, *version, 0, 0)
    hashed = header + body
    tlv = _TLV.pack(_TLV_SHA256, 32) + hashlib.sha256(hashed).digest()
    return hashed + _TLVS.pack(_TLVS_MAGIC, _TLVS.size + len(tlv)) + tlv


def _trailer_sha256(data: bytes, at: int) -> bytes:
    """Find the hash among what follows an image's body; empty where there is none."""
    if len(data) < at + _TLVS.size:
        return b""
    magic, size = _TLVS.unpack_from(data, at)
    end = min(at + size, len(data)) if magic == _TLVS_MAGIC else at
    at += _TLVS.size
    while at + _TLV.size <= end:
        kind, length = _TLV.unpack_from(data, at)
        at += _TLV.size
        if kind == _TLV_SHA256:
            return data[at : at + length]
        at += length
    return b""
