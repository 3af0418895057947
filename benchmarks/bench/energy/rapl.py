"""Energy as the processor itself counts it: RAPL, by the kernel's power capping framework."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import hypot, sqrt
from pathlib import Path
from typing import Final

from benchmarks.bench.energy.energy import Energy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.meter import EnergyMeter
from benchmarks.bench.energy.sampling import Ticker

POWERCAP: Final = Path("/sys/class/powercap")
"""Linux, Documentation/power/powercap/powercap.rst."""
_COUNTED: Final = ("package", "dram")
"""What zones are added up. ``core`` and ``uncore`` are within a package; ``psys`` is the same and more, but its counter
is wired up on few machines."""
_RENEWED_S: Final = 1e-3
"""How often the processor renews its counters: Intel 64 SDM volume 3B, 16.10.3 of 2023 ("approximately 1 ms")."""
_LOOK_EVERY_S: Final = 60.0
"""Far more often than a counter comes round: 262 kJ last 4 minutes at 1 kW."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A counter.

    Parameters
    ----------
    name
        As the kernel has it: ``package-0``, ``dram``.
    file
        Of the counter, microjoules.
    range_uj
        The highest it can say; then it begins anew.
    """

    name: str
    file: Path
    range_uj: int


class RaplMeter(EnergyMeter):
    """What the processor's packages, and memory where it is counted, have drawn; not the rest of the machine.

    Intel since Sandy Bridge and AMD since Zen; no ARM processor has it, and few virtual machines show it. Not tried on
    a machine that has it: the reading is tested on trees of files as the kernel documents them.

    Parameters
    ----------
    powercap
        Folder of the kernel's zones.
    now_s
        A clock that never runs backwards, s.

    Raises
    ------
    EnergyError
        If there is no counter, or it may not be read.
    """

    def __init__(self, powercap: Path = POWERCAP, now_s: Callable[[], float] = time.monotonic) -> None:
        self._zones = tuple(_zones(powercap))
        self._now_s = now_s
        if not self._zones:
            raise EnergyError(
                EnergyFault.NO_METER,
                f"no RAPL counter is in {powercap}",
                advice="use a meter at the supply: ARM processors and most virtual machines count no energy",
            )
        self._seen_uj = self._read()
        self._total_uj = 0
        self._began_s, self._began_uj, self._looks = now_s(), 0, 0
        self._ticker = Ticker(self.look, _LOOK_EVERY_S)

    @property
    def source(self) -> str:
        """What is counted, for people."""
        return (
            f"RAPL, {' + '.join(zone.name for zone in self._zones)}: the processor's own count, not the whole machine"
        )

    @property
    def shortest_s(self) -> float:
        """So long that a renewal of the counters no longer matters."""
        return 100 * _RENEWED_S

    def start(self) -> None:
        """Begin an interval."""
        self.look()
        self._began_s, self._began_uj, self._looks = self._now_s(), self._total_uj, 0

    def stop(self) -> Energy:
        """End it."""
        self._ticker.check()
        self.look()
        duration_s = self._now_s() - self._began_s
        joules = (self._total_uj - self._began_uj) / 1e6
        # Each end is up to one renewal late.
        late_j = joules / duration_s * _RENEWED_S / sqrt(12)
        return Energy(joules, duration_s, hypot(late_j, late_j), self._looks)

    def close(self) -> None:
        """Stop looking."""
        self._ticker.stop()

    def look(self) -> None:
        """Read the counters; a counter that came round since the last look is counted on."""
        now_uj = self._read()
        self._total_uj += sum(
            (now - before) % (zone.range_uj + 1)
            for zone, now, before in zip(self._zones, now_uj, self._seen_uj, strict=True)
        )
        self._seen_uj = now_uj
        self._looks += 1

    def _read(self) -> tuple[int, ...]:
        return tuple(_number(zone.file) for zone in self._zones)


def _zones(powercap: Path) -> Iterator[Zone]:
    """Counters to add up; those that the memory-mapped interface shows are the packages' again."""
    for folder in sorted(powercap.glob("intel-rapl:*")):
        name = _text(folder / "name")
        if name.startswith(_COUNTED) and (folder / "energy_uj").exists():
            yield Zone(name, folder / "energy_uj", _number(folder / "max_energy_range_uj"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except PermissionError as error:
        raise EnergyError(
            EnergyFault.NOT_ALLOWED,
            f"{file} may be read by root only, as since Linux 5.10",
            advice=f"run as root, or let your group read it: sudo chgrp $(id -gn) {file} && sudo chmod g+r {file}",
        ) from error
    except OSError as error:
        raise EnergyError(
            EnergyFault.SILENT, f"{file} cannot be read ({error.strerror})", advice="look at dmesg"
        ) from error


def _number(file: Path) -> int:
    text = _text(file)
    if not text.isdecimal():
        raise EnergyError(
            EnergyFault.NONSENSE, f"{file} says {text[:40]!r} where a count is expected", advice="look at dmesg"
        )
    return int(text)
