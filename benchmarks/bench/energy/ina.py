"""Texas Instruments INA219 and INA226: a shunt in the supply line, read over I2C. Bytes and values; no I/O.

Sources: INA219 data sheet SBOS448G (registers: table 2 and section 8.6; equations 1 to 5) and INA226 data sheet
SBOS547A (section 7.6; equations 1 to 4). Registers are 16 bits, most significant byte first.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Final

from benchmarks.bench.energy.errors import EnergyError, EnergyFault

CONFIGURATION: Final = 0x00
BUS_VOLTAGE: Final = 0x02
POWER: Final = 0x03
CALIBRATION: Final = 0x05
_CURRENT_STEPS: Final = 1 << 15
_OVERFLOW: Final = 1
"""Bit 0 of the INA219's bus voltage register: the power or current does not fit."""


class Chip(StrEnum):
    """A chip that is known."""

    INA219 = "ina219"
    INA226 = "ina226"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a data sheet says.

    Parameters
    ----------
    configuration
        Register value: shunt and bus measured continuously, and averaged.
    period_s
        How often a new average is there under that configuration.
    calibration_volts
        The constant of the calibration equation: ``calibration = calibration_volts / (current step x shunt)``.
    power_steps
        Current steps in a step of power, per volt.
    shunt_volts
        The most across the shunt.
    calibration_bits
        Those of the register that count: the INA219 ignores its lowest bit, the INA226 has 15.
    share
        Gain error that is the most the data sheet allows, current's and voltage's together; the shunt's comes on top.
    """

    configuration: int
    period_s: float
    calibration_volts: float
    power_steps: int
    shunt_volts: float
    calibration_bits: int
    share: float


FACTS: Final = {
    # 32 V range, +-320 mV, 16 averages of 12 bits for each of both: 8.51 ms and 8.51 ms.
    Chip.INA219: Facts(0x3E67, 0.01702, 0.04096, 20, 0.320, 0xFFFE, 0.010),
    # 16 averages, 1.1 ms for each of both, continuous.
    Chip.INA226: Facts(0x4527, 0.0352, 0.00512, 25, 0.08192, 0x7FFF, 0.002),
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a chip with its shunt is set up, and what its figures mean then.

    Parameters
    ----------
    chip
        Which.
    shunt_ohms
        Of the resistor on the board: 0.1 on most INA219 boards, 0.1 or 0.01 on INA226 ones.
    register
        What its calibration register is given.
    """

    chip: Chip
    shunt_ohms: float
    register: int

    @classmethod
    def of(cls, chip: Chip, shunt_ohms: float) -> "Calibration":
        """Set a chip up so that the most it can measure across this shunt just fits its current register.

        Raises
        ------
        EnergyError
            If no shunt of that resistance can be used.
        """
        facts = FACTS[chip]
        if isfinite(shunt_ohms) and shunt_ohms > 0:
            largest_amps = facts.shunt_volts / shunt_ohms
            register = int(facts.calibration_volts / (largest_amps / _CURRENT_STEPS * shunt_ohms))
            return cls(chip, shunt_ohms, min(register, 0xFFFF) & facts.calibration_bits)
        raise EnergyError(
            EnergyFault.UNKNOWN_METER,
            f"a shunt of {shunt_ohms:g} ohms measures nothing",
            advice="read the resistor on the board: R100 is 0.1 ohms, R010 is 0.01",
        )

    @property
    def amps_step(self) -> float:
        """A step of the current register, A: the calibration equation turned round, so that rounding is in it."""
        return FACTS[self.chip].calibration_volts / (self.register * self.shunt_ohms)

    @property
    def watts_step(self) -> float:
        """A step of the power register, W."""
        return FACTS[self.chip].power_steps * self.amps_step

    @property
    def largest_amps(self) -> float:
        """The most that can be measured across the shunt, A."""
        return FACTS[self.chip].shunt_volts / self.shunt_ohms

    def writes(self) -> tuple[tuple[int, bytes], ...]:
        """Registers to write, in order: configuration, calibration."""
        return (
            (CONFIGURATION, word(FACTS[self.chip].configuration)),
            (CALIBRATION, word(self.register)),
        )

    def watts(self, power: bytes, bus: bytes) -> float:
        """Read power off two registers.

        Parameters
        ----------
        power, bus
            Two bytes each of `POWER` and `BUS_VOLTAGE`, as they come.

        Raises
        ------
        EnergyError
            If the chip says that the figure does not fit.
        """
        if self.chip is Chip.INA219 and number(bus) & _OVERFLOW:
            raise EnergyError(
                EnergyFault.OUT_OF_RANGE,
                f"more than {self.largest_amps:.3g} A flow through the {self.chip}'s shunt of {self.shunt_ohms:g} ohms",
                advice="use a smaller shunt",
            )
        return number(power) * self.watts_step

    def check(self, written: int, back: bytes) -> None:
        """Look whether a chip took a register that was written.

        Parameters
        ----------
        written
            Which.
        back
            What it has now.

        Raises
        ------
        EnergyError
            If it is something else: no such chip, or another one.
        """
        expected = dict(self.writes())[written]
        if back != expected:
            raise EnergyError(
                EnergyFault.NONSENSE,
                f"register {written} has {back.hex()} after {expected.hex()} was written: that is no {self.chip}",
                advice="check the chip's name and its address: i2cdetect -y 1",
            )


def word(value: int) -> bytes:
    """Return a register's two bytes as they go over the bus."""
    return value.to_bytes(2, "big")


def number(register: bytes) -> int:
    """Return the unsigned value of two bytes from the bus."""
    return int.from_bytes(register, "big")
