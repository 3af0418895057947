"""What a pack on the patch makes of a window, bytes to values and back.

Source: ``ble_gateway/PATCH_PROTOCOL.md``, version 1, "Outcome".
"""

import math
import struct
from typing import Final

import numpy as np

from ble_gateway.errors import FrameError
from ble_gateway.wearables.patch_stream import COUNT_MODULUS, MAX_FRAME_SIZE, VERSION
from ble_gateway.wearables.wearable import OwnOutcome

OUTCOME: Final = "f9600005-1ebf-4dde-a5b8-6d8c54390df7"
"""Notifies: `OwnOutcome`."""

_HEADER: Final = struct.Struct("<BBHII8sfb")
MAX_OUTPUTS: Final = MAX_FRAME_SIZE - _HEADER.size

_SIMULATED: Final = 0x01
_LEAD_OFF: Final = 0x02
_ON_TRIAL: Final = 0x04
_FLAGS: Final = _SIMULATED | _LEAD_OFF | _ON_TRIAL


def decode_outcome(frame: bytes) -> OwnOutcome:
    """Read one notification of an outcome.

    Raises
    ------
    FrameError
        If it is of another version or length, without a window, or of outputs that mean nothing.
    """
    if not _HEADER.size < len(frame) <= MAX_FRAME_SIZE:
        raise FrameError(f"an outcome has {_HEADER.size + 1} to {MAX_FRAME_SIZE} bytes", frame)
    version, flags, epoch, first, n_samples, pack, scale, zero_point = _HEADER.unpack_from(frame)
    if version != VERSION or flags & ~_FLAGS:
        raise FrameError(f"an outcome of version {version} with the flags {flags:#04x}", frame)
    if not 1 <= n_samples <= COUNT_MODULUS - first:
        raise FrameError(f"an outcome of {n_samples} samples from {first}", frame)
    if not (math.isfinite(scale) and scale > 0):
        raise FrameError(f"outputs in steps of {scale}", frame)
    outputs = np.frombuffer(frame, np.int8, offset=_HEADER.size)
    return OwnOutcome(
        epoch,
        first,
        n_samples,
        pack,
        outputs,
        scale,
        zero_point,
        contact=not flags & _LEAD_OFF,
        on_trial=bool(flags & _ON_TRIAL),
        simulated=bool(flags & _SIMULATED),
    )


def encode_outcome(outcome: OwnOutcome) -> bytes:
    """Write one notification of an outcome of 1 to `MAX_OUTPUTS` outputs."""
    flags = outcome.simulated * _SIMULATED | (not outcome.contact) * _LEAD_OFF | outcome.on_trial * _ON_TRIAL
    head = _HEADER.pack(
        VERSION,
        flags,
        outcome.epoch,
        outcome.first,
        outcome.n_samples,
        outcome.pack,
        outcome.scale,
        outcome.zero_point,
    )
    return head + outcome.outputs.astype(np.int8).tobytes()
