"""RDTech USB meters UM24C, UM25C and UM34C: what goes over their serial line. Bytes and values; no I/O.

The maker publishes nothing. The layout is what the sigrok project (https://sigrok.org/wiki/RDTech_UM_series) and the
program rdserialtool agree on: one byte is asked with, 130 bytes come back, most significant byte first.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

from benchmarks.bench.energy.errors import EnergyError, EnergyFault

REQUEST: Final = b"\xf0"
REPLY_BYTES: Final = 130
BAUD: Final = 9600
"""Over Bluetooth the rate is meaningless; the port is opened with one all the same."""
_HEAD: Final = struct.Struct(">HHHI")
"""Model, voltage, current, power."""


class Model(IntEnum):
    """Which meter, as the first two bytes of a reply say."""

    UM24C = 0x0963
    UM25C = 0x09C9
    UM34C = 0x0D4C

    @property
    def volts_step(self) -> float:
        """A step of the voltage, V."""
        return 1e-3 if self is Model.UM25C else 1e-2

    @property
    def amps_step(self) -> float:
        """A step of the current, A."""
        return 1e-4 if self is Model.UM25C else 1e-3

    @property
    def share(self) -> float:
        """The most that power may be off by, as the maker sells it: voltage's and current's share together."""
        match self:
            case Model.UM25C:
                return 0.0015
            case Model.UM24C | Model.UM34C:
                return 0.013
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Reply:
    """The part of a reply that is used.

    Parameters
    ----------
    model
        Which meter.
    volts, amps, watts
        As it says them; the power has steps of 1 mW.
    """

    model: Model
    volts: float
    amps: float
    watts: float


def reply_of(data: bytes) -> Reply:
    """Read a reply.

    Raises
    ------
    EnergyError
        If it is not 130 bytes, from none of the known meters, or its power is not the product of the others.
    """
    if len(data) != REPLY_BYTES:
        raise EnergyError(
            EnergyFault.SILENT,
            f"the meter answered {len(data)} of {REPLY_BYTES} bytes",
            advice="switch it off and on, bring it nearer, and see that nothing else is connected to it",
        )
    number, voltage, current, milliwatts = _HEAD.unpack_from(data)
    try:
        model = Model(number)
    except ValueError as error:
        raise EnergyError(
            EnergyFault.NONSENSE,
            f"the meter says it is {number:#06x}, which is no UM24C, UM25C or UM34C",
            advice="use one of these, or a file of readings",
        ) from error
    reply = Reply(model, voltage * model.volts_step, current * model.amps_step, milliwatts / 1e3)
    _check(reply)
    return reply


def _check(reply: Reply) -> None:
    """Refuse a reply that was cut and joined: its power must be near voltage times current."""
    expected_w = reply.volts * reply.amps
    slack_w = 0.02 + 0.05 * expected_w
    if abs(reply.watts - expected_w) > slack_w:
        raise EnergyError(
            EnergyFault.NONSENSE,
            f"the meter says {reply.volts:.3f} V, {reply.amps:.4f} A and {reply.watts:.3f} W, which do not agree",
            advice="measure again; if it stays so, this meter has another layout",
        )
