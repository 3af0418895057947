"""Power meters that the kernel drives already: INA219, INA226 and their kin in /sys/class/hwmon."""

from pathlib import Path
from typing import Final

from benchmarks.bench.energy.energy import Accuracy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.ina import FACTS, Chip
from benchmarks.bench.energy.sampling import SamplingMeter

HWMON: Final = Path("/sys/class/hwmon")
"""Linux, Documentation/hwmon/sysfs-interface.rst and ina2xx.rst."""
_KIN: Final = frozenset({"ina209", "ina219", "ina220", "ina226", "ina230", "ina231", "ina238", "ina260", "ina2xx"})
_PERIOD_S: Final = 0.05
_SHARE_UNKNOWN: Final = 0.01


def find_hwmon(hwmon: Path = HWMON) -> Path | None:
    """Return the folder of the first such meter; None: the kernel drives none."""
    for folder in sorted(hwmon.glob("hwmon*")):
        name = folder / "name"
        if name.is_file() and name.read_text(encoding="ascii").strip() in _KIN and (folder / "power1_input").exists():
            return folder
    return None


def hwmon_meter(hwmon: Path = HWMON) -> SamplingMeter:
    """Open the first such meter.

    The kernel knows the shunt's resistance from the device tree (``shunt-resistor``) or from what was written to
    ``shunt_resistor``; where that is wrong, so is the power. Not tried on hardware: the reading is tested on trees of
    files as the kernel documents them.

    Parameters
    ----------
    hwmon
        Folder of the kernel's meters.

    Raises
    ------
    EnergyError
        If there is none, or it cannot be read.
    """
    folder = find_hwmon(hwmon)
    if folder is None:
        raise EnergyError(
            EnergyFault.NO_METER,
            f"the kernel drives no INA219 or INA226 in {hwmon}",
            advice="let it be read without the kernel: ina219:/dev/i2c-1:0x40:0.1 (bus, address, shunt in ohms)",
        )
    chip = (folder / "name").read_text(encoding="ascii").strip()
    share = FACTS[Chip(chip)].share if chip in set(Chip) else _SHARE_UNKNOWN
    meter = SamplingMeter(
        lambda: microwatts(folder / "power1_input") / 1e6,
        period_s=_PERIOD_S,
        accuracy=Accuracy(_step_w(folder, chip), share),
        source=f"{chip} by the kernel ({folder.name}){_shunt(folder)}",
    )
    microwatts(folder / "power1_input")
    return meter


def microwatts(file: Path) -> int:
    """Read one figure of a meter.

    Raises
    ------
    EnergyError
        If it cannot be read, or is no number.
    """
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise EnergyError(
            EnergyFault.SILENT,
            f"{file} cannot be read ({error.strerror})",
            advice="check the wires; an INA's address shows with i2cdetect -y 1",
        ) from error
    try:
        return int(text)
    except ValueError as error:
        raise EnergyError(
            EnergyFault.NONSENSE, f"{file} says {text[:40]!r} where microwatts are expected", advice="look at dmesg"
        ) from error


def _shunt_ohms(folder: Path) -> float | None:
    file = folder / "shunt_resistor"
    return microwatts(file) / 1e6 if file.is_file() else None


def _shunt(folder: Path) -> str:
    ohms = _shunt_ohms(folder)
    return "" if ohms is None else f", shunt of {ohms:g} ohms"


def _step_w(folder: Path, chip: str) -> float:
    """A step of the power, W: the kernel's driver keeps the chip's calibration register at 4096 or 2048."""
    ohms = _shunt_ohms(folder)
    if ohms is None or ohms <= 0 or chip not in set(Chip):
        return 0.0
    facts = FACTS[Chip(chip)]
    register = 4096 if chip == Chip.INA219 else 2048
    return facts.power_steps * facts.calibration_volts / (register * ohms)
