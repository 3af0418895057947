"""A file to be flashed, read and understood: a pack, or a firmware image of MCUboot."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from smpclient.mcuboot import (
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    IMAGE_TLV,
    IMAGE_TLV_INFO_MAGIC,
    ImageHeader,
    ImageTLVInfo,
    MCUBootImageError,
)

from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.flash.state import ImageOffer, Offer, PackOffer
from edge.errors import PackError, PackFault
from edge.pack import parse_pack
from edge.signature import check

_MAGIC: Final = struct.pack("<I", IMAGE_MAGIC)
_SIGNED: Final = frozenset(
    (IMAGE_TLV.RSA2048_PSS, IMAGE_TLV.ECDSA224, IMAGE_TLV.ECDSA_SIG, IMAGE_TLV.RSA3072_PSS, IMAGE_TLV.ED25519)
)
_HASHES: Final[dict[int, Callable[[bytes], Any]]] = {
    IMAGE_TLV.SHA256: hashlib.sha256,
    IMAGE_TLV.SHA384: hashlib.sha384,
    IMAGE_TLV.SHA512: hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be flashed.

    Parameters
    ----------
    label
        For people.
    data
        The file's bytes.
    offer
        What it is.
    """

    label: str
    data: bytes
    offer: Offer


def read_content(path: Path) -> Content:
    """Read a file and say what it is.

    Raises
    ------
    PackError
        If it is neither an image nor a pack, or a damaged pack.
    FlashError
        ``BAD_IMAGE`` for a damaged image.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PackError(
            PackFault.MISSING, f"{path} cannot be read ({error.strerror})", advice="check the path"
        ) from error
    return content_of(data, path.name)


def content_of(data: bytes, name: str) -> Content:
    """Say what a file's bytes are; see `read_content`."""
    if data.startswith(_MAGIC):
        image = _image(data, name)
        return Content(f"firmware {image.version}", data, image)
    manifest = parse_pack(data, name).manifest
    offer = PackOffer(
        name=manifest.name,
        version=manifest.version,
        board=manifest.board,
        needs=manifest.patch,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).digest(),
        signing=check(data),
    )
    return Content(manifest.label, data, offer)


def _image(data: bytes, name: str) -> ImageOffer:
    """Read an image: MCUboot's ``docs/design.md``, "Image format"."""
    try:
        header = ImageHeader.loads(data[:IMAGE_HEADER_SIZE])
        known = dict(_tlvs(header, data))
    except (MCUBootImageError, struct.error, ValueError, TypeError) as error:
        raise _bad_image(name, str(error).partition("\n")[0]) from error
    kind = next((kind for kind in _HASHES if kind in known), None)
    if kind is None:
        raise _bad_image(name, "it carries no hash")
    hashed = data[: header.hdr_size + header.img_size + header.protect_tlv_size]
    if _HASHES[kind](hashed).digest() != known[kind]:
        raise _bad_image(name, "its hash is not that of its bytes")
    numbers = [header.ver.major, header.ver.minor, header.ver.revision]
    if header.ver.build_num:
        numbers.append(header.ver.build_num)
    return ImageOffer(".".join(map(str, numbers)), len(data), known[kind], signed=not known.keys().isdisjoint(_SIGNED))


def _tlvs(header: ImageHeader, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read what stands behind the image: its hash and its signature, each under its number."""
    file = BytesIO(data)
    file.seek(header.hdr_size + header.img_size + header.protect_tlv_size)
    for tlv in ImageTLVInfo.load_from(file, IMAGE_TLV_INFO_MAGIC).load_tlvs_from(file):
        yield int(tlv.header.type), tlv.value


def _bad_image(name: str, why: str) -> FlashError:
    return FlashError(
        FlashFault.BAD_IMAGE,
        f"{name} begins as an image of MCUboot and is none: {why}",
        advice="build it again, and sign it with imgtool",
    )
