"""What a Raspberry Pi 5's own power chip says of its rails: no meter needed."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

from benchmarks.bench.energy.energy import Accuracy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.sampling import SamplingMeter

_COMMAND: Final = ("vcgencmd", "pmic_read_adc")
_LINE: Final = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([0-9.]+)[AV]\s*$", re.MULTILINE)
_CORE: Final = "VDD_CORE"
"""The rail that the processor is on: an answer without it is no answer."""
_PERIOD_S: Final = 0.1
_PATIENCE_S: Final = 5.0


def has_pmic() -> bool:
    """Whether this machine has the command, and it tells rails."""
    try:
        return shutil.which(_COMMAND[0]) is not None and bool(rails_w(_said()))
    except EnergyError:
        return False


def pmic_meter() -> SamplingMeter:
    """Open the power chip of a Raspberry Pi 5.

    It measures what it gives to its rails: not what is lost in it, nor what USB and other things on 5 V draw. By one
    published comparison with a meter at the supply (github.com/jfikar/RPi5-power) the supply gives 1.145 times as much
    and 0.59 W more. Not tried on hardware: tested on two answers that people have published.

    Raises
    ------
    EnergyError
        If this is no Raspberry Pi 5, or the command does not answer.
    """
    rails = rails_w(_said())
    return SamplingMeter(
        lambda: sum(rails_w(_said()).values()),
        period_s=_PERIOD_S,
        accuracy=Accuracy(),
        source=f"the Pi 5's power chip, {len(rails)} rails (the supply gives about 1.145 times as much and 0.6 W more)",
    )


def rails_w(said: str) -> Mapping[str, float]:
    """Work out the power on each rail whose current and voltage are both told.

    Parameters
    ----------
    said
        By ``vcgencmd pmic_read_adc``.

    Raises
    ------
    EnergyError
        If the processor's rail is not among them.
    """
    told: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for rail, unit, figure in _LINE.findall(said):
        told[unit][rail] = float(figure)
    rails = {rail: amps * told["V"][rail] for rail, amps in told["A"].items() if rail in told["V"]}
    if _CORE not in rails:
        raise EnergyError(
            EnergyFault.NO_METER,
            f"{' '.join(_COMMAND)} tells nothing of {_CORE} ({said.strip()[:60] or 'no answer'})",
            advice="only a Raspberry Pi 5 measures its own rails; use a meter at the supply",
        )
    return rails


def _said() -> str:
    try:
        done = subprocess.run(_COMMAND, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    except FileNotFoundError as error:
        raise EnergyError(
            EnergyFault.NO_METER,
            "vcgencmd is not installed, as it is on Raspberry Pi OS",
            advice="only a Raspberry Pi 5 measures its own rails; use a meter at the supply",
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnergyError(EnergyFault.SILENT, f"vcgencmd does not answer ({error})", advice="look at dmesg") from error
    return done.stdout or done.stderr
