"""Boards that are emulated, and what their kernel says of the processor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_N_CORES: Final = 4


@dataclass(frozen=True, slots=True)
class Board:
    """A Raspberry Pi.

    Parameters
    ----------
    name
        Ours, short.
    machine
        ``aarch64`` or ``armv7l``: a board can run either, by the system that is on its card.
    core
        QEMU's name of its core.
    part
        The core's number at ARM, as it stands in ``/proc/cpuinfo``.
    features
        What ``/proc/cpuinfo`` says it can do.
    """

    name: str
    machine: str
    core: str
    part: str
    features: str

    def files(self) -> Mapping[str, str]:
        """The kernel's files about the processor, by their path.

        Programs would otherwise read those of the machine that emulates: XNNPACK chooses kernels by them, and LiteRT
        2.2 and later fall over an x86-64 ``/proc/cpuinfo``.
        """
        every = f"0-{_N_CORES - 1}\n"
        cpus = "sys/devices/system/cpu"
        lines = {
            "BogoMIPS": "108.00", "Features": self.features, "CPU implementer": "0x41", "CPU architecture": "8",
            "CPU variant": "0x0", "CPU part": self.part, "CPU revision": "3",
        }  # fmt: skip
        facts = "".join(f"{key}\t: {value}\n" for key, value in lines.items())
        files = {"proc/cpuinfo": "".join(f"processor\t: {n}\n{facts}\n" for n in range(_N_CORES))}
        files |= {f"{cpus}/{name}": every for name in ("possible", "present", "online")}
        for n in range(_N_CORES):
            files |= {
                f"{cpus}/cpu{n}/topology/physical_package_id": "0\n",
                f"{cpus}/cpu{n}/topology/cluster_cpus_list": every,
                f"{cpus}/cpu{n}/cache/index2/level": "2\n",
                f"{cpus}/cpu{n}/cache/index2/size": "512K\n",
                f"{cpus}/cpu{n}/cache/index2/shared_cpu_list": every,
            }
        return files


_ARMV8: Final = "fp asimd evtstrm crc32 cpuid"

BOARDS: Final = (
    Board("pi-zero-2-w", "aarch64", "cortex-a53", "0xd03", _ARMV8),
    Board("pi-4", "aarch64", "cortex-a72", "0xd08", _ARMV8),
    Board(
        "pi-5", "aarch64", "cortex-a76", "0xd0b", f"{_ARMV8} aes pmull sha1 sha2 atomics asimdhp asimdrdm lrcpc asimddp"
    ),
    Board(
        "pi-2", "armv7l", "cortex-a7", "0xc07", "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32"
    ),
)
"""Pi Zero 2 W and 3 have the same core. QEMU emulates no 64-bit core in its 32-bit mode: the Pi 2's stands for all
32-bit systems."""
