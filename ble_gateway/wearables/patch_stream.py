"""The patch's stream, bytes to values and back: frames that say which samples they hold, and when they were taken.

Source: ``ble_gateway/PATCH_PROTOCOL.md``, version 1.
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.errors import FrameError

STREAM: Final = "f9600002-1ebf-4dde-a5b8-6d8c54390df7"
"""Notifies: `Frame`."""

VERSION: Final = 1
TICK_HZ: Final = 32_768
COUNT_MODULUS: Final = 1 << 32
MAX_FRAME_SIZE: Final = 244
"""What an MTU of 247 leaves; a larger frame would not fit one packet of the link layer."""

_HEADER: Final = struct.Struct("<BBHII")
_NARROW_SIZE: Final = 2
_WIDE_SIZE: Final = 3
MAX_SAMPLES: Final = (MAX_FRAME_SIZE - _HEADER.size) // _NARROW_SIZE
MAX_WIDE_SAMPLES: Final = (MAX_FRAME_SIZE - _HEADER.size) // _WIDE_SIZE

_WIDE: Final = 0x01
_LEAD_OFF: Final = 0x02
_BACKFILLED: Final = 0x04
_FLAGS: Final = _WIDE | _LEAD_OFF | _BACKFILLED


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One notification of ECG.

    Parameters
    ----------
    epoch
        Number of the count, 16 bits: another one where the patch has begun to count anew.
    first
        Count of the first sample, 32 bits.
    ticks
        Time of the *last* sample since the epoch began, in 1/32 768 s, modulo 2**32.
    counts
        ``NDArray[int32]``, shape (n_samples,), 1 to `MAX_SAMPLES`, each within 16 signed bits; where `wide`, to
        `MAX_WIDE_SAMPLES` within 24.
    wide
        Whether each takes three bytes.
    lead_off
        Whether an electrode was off during any of them.
    backfilled
        Whether it was asked for.
    """

    epoch: int
    first: int
    ticks: int
    counts: NDArray[np.int32]
    wide: bool = False
    lead_off: bool = False
    backfilled: bool = False

    def __post_init__(self) -> None:
        most, bits = (MAX_WIDE_SAMPLES, 24) if self.wide else (MAX_SAMPLES, 16)
        if not 1 <= self.counts.size <= most:
            raise ValueError(f"{self.counts.size} samples: such a frame holds 1 to {most}")
        if not 0 <= self.epoch < 1 << 16 or not 0 <= self.ticks < 1 << 32:
            raise ValueError(f"epoch {self.epoch}, ticks {self.ticks}: must fit 16 and 32 bits")
        if not 0 <= self.first <= COUNT_MODULUS - self.counts.size:
            raise ValueError(f"samples from {self.first}: the count must fit 32 bits")
        if np.any(self.counts >> (bits - 1) != self.counts >> 31):
            raise ValueError(f"a sample does not fit {bits} signed bits")


def decode_frame(frame: bytes) -> Frame:
    """Read one notification of ECG.

    Raises
    ------
    FrameError
        If it is of another version, if a sample is cut short, or if the count does not fit 32 bits.
    """
    if not _HEADER.size < len(frame) <= MAX_FRAME_SIZE:
        raise FrameError(f"a frame has {_HEADER.size + 1} to {MAX_FRAME_SIZE} bytes", frame)
    version, flags, epoch, first, ticks = _HEADER.unpack_from(frame)
    if version != VERSION or flags & ~_FLAGS:
        raise FrameError(f"a frame of version {version} with the flags {flags:#04x}", frame)
    sample_size = _WIDE_SIZE if flags & _WIDE else _NARROW_SIZE
    content = np.frombuffer(frame, np.uint8, offset=_HEADER.size)
    if content.size % sample_size:
        raise FrameError("the last sample is cut short", frame)
    # Into the upper bytes of an int32, so that the shift back carries the sign.
    widened = np.zeros((content.size // sample_size, 4), np.uint8)
    widened[:, -sample_size:] = content.reshape(-1, sample_size)
    counts = (widened.view("<i4").reshape(-1) >> (32 - 8 * sample_size)).astype(np.int32)
    try:
        return Frame(
            epoch, first, ticks, counts, bool(flags & _WIDE), bool(flags & _LEAD_OFF), bool(flags & _BACKFILLED)
        )
    except ValueError as error:
        raise FrameError(str(error), frame) from None


def encode_frame(frame: Frame) -> bytes:
    """Write one notification of ECG."""
    flags = frame.wide * _WIDE | frame.lead_off * _LEAD_OFF | frame.backfilled * _BACKFILLED
    sample_size = _WIDE_SIZE if frame.wide else _NARROW_SIZE
    samples = frame.counts.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :sample_size]
    return _HEADER.pack(VERSION, flags, frame.epoch, frame.first, frame.ticks) + samples.tobytes()


def unwrapped_ticks(ticks: int, last: int, rate_hz: int) -> int:
    """Ticks since the epoch began: of all that are `ticks` modulo 2**32, those nearest to where sample `last` lies.

    The count tells how often the ticks have begun anew (every 36.4 hours), so nothing has to be remembered: it holds
    across connections, and for backfilled frames among live ones. Right for an epoch's 30 days while the rate is
    within 2.5 % of the nominal one.
    """
    expected = last * TICK_HZ // rate_hz
    half = COUNT_MODULUS // 2
    return expected + (ticks - expected + half) % COUNT_MODULUS - half
