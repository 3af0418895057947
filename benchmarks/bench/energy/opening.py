"""Which meter a user means."""

from pathlib import Path
from typing import Final

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.hwmon import HWMON, find_hwmon, hwmon_meter
from benchmarks.bench.energy.ina import Calibration, Chip
from benchmarks.bench.energy.meter import EnergyMeter
from benchmarks.bench.energy.pmic import has_pmic, pmic_meter
from benchmarks.bench.energy.rapl import POWERCAP, RaplMeter
from benchmarks.bench.energy.readings import FileMeter
from benchmarks.bench.energy.wires import I2cRegisters, ina_meter, um_meter

FORMS: Final = (
    "auto",
    "rapl",
    "hwmon",
    "pmic",
    "ina219:/dev/i2c-1:0x40:0.1",
    "ina226:/dev/i2c-1:0x40:0.01",
    "um25c:/dev/rfcomm0",
    "file:readings.csv",
    "file:readings.csv,offset=-2.5",
)
"""What may be asked for: chip, bus, address and shunt in ohms; model and port; a file, and what to add to its times."""
_DEVICE: Final = "/dev/i2c-1"
_ADDRESS: Final = "0x40"
_OHMS: Final = "0.1"
_LARGEST_ADDRESS: Final = 0x7F
_OFFSET: Final = ",offset="


def open_meter(asked: str, *, powercap: Path = POWERCAP, hwmon: Path = HWMON) -> EnergyMeter:
    """Open a meter of energy.

    Parameters
    ----------
    asked
        One of `FORMS`, with other names and numbers. ``auto`` is what is there: an INA at the
        supply that the kernel drives, or else a Raspberry Pi 5's own power chip, or else the processor's own count.
    powercap, hwmon
        Folders of the kernel.

    Raises
    ------
    EnergyError
        If nothing is called that, or the meter cannot be opened.
    """
    kind, _, rest = asked.partition(":")
    match kind.lower():
        case "auto" if not rest:
            return _what_is_there(powercap, hwmon)
        case "rapl" if not rest:
            return RaplMeter(powercap)
        case "hwmon" if not rest:
            return hwmon_meter(hwmon)
        case "pmic" if not rest:
            return pmic_meter()
        case "ina219" | "ina226" as chip:
            return _ina(Chip(chip), rest, asked)
        case "um24c" | "um25c" | "um34c" if rest:
            return um_meter(rest)
        case "file" if rest:
            return _file(rest, asked)
        case _:
            raise _unknown(asked)


def _what_is_there(powercap: Path, hwmon: Path) -> EnergyMeter:
    if find_hwmon(hwmon):
        return hwmon_meter(hwmon)
    if has_pmic():
        return pmic_meter()
    try:
        return RaplMeter(powercap)
    except EnergyError as error:
        if error.fault is not EnergyFault.NO_METER:
            raise
        raise EnergyError(
            EnergyFault.NO_METER,
            "nothing here measures energy: there is no RAPL, no INA219 or INA226 and no Pi 5's power chip",
            advice=f"name a meter: {', '.join(FORMS[4:])}",
        ) from error


def _ina(chip: Chip, rest: str, asked: str) -> EnergyMeter:
    parts = rest.split(":") if rest else []
    defaults = (_DEVICE, _ADDRESS, _OHMS)
    if len(parts) > len(defaults):
        raise _unknown(asked)
    device, address_text, ohms_text = (*parts, *defaults[len(parts) :])
    try:
        address, ohms = int(address_text, 0), float(ohms_text)
    except ValueError as error:
        raise _unknown(asked) from error
    if not 0 < address <= _LARGEST_ADDRESS:
        raise _unknown(asked)
    calibration = Calibration.of(chip, ohms)
    return ina_meter(I2cRegisters(device, address), calibration, f"{device} {address:#04x}")


def _file(rest: str, asked: str) -> EnergyMeter:
    name, found, offset = rest.rpartition(_OFFSET)
    if not found:
        return FileMeter(Path(rest))
    try:
        return FileMeter(Path(name), offset_s=float(offset))
    except ValueError as error:
        raise _unknown(asked) from error


def _unknown(asked: str) -> EnergyError:
    return EnergyError(EnergyFault.UNKNOWN_METER, f"{asked!r} names no meter", advice=f"give one of {', '.join(FORMS)}")
