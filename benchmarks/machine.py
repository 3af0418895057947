"""What a figure was measured on: a number never travels without it."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from edge.interpreter import installed_runtimes


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and the software of a measurement.

    Parameters
    ----------
    processor, architecture
        As the kernel names them.
    n_cores
        Cores this process may use.
    memory_mb
        Physical memory, MB (10^6 bytes).
    system, python
        Kernel and interpreter releases.
    runtime
        The TFLite runtime and its version.
    anyecg
        Version of this product.
    load_average
        One-minute load when the measurement began: a busy machine widens every figure.
    """

    processor: str
    architecture: str
    n_cores: int
    memory_mb: float
    system: str
    python: str
    runtime: str
    anyecg: str
    load_average: float

    @property
    def line(self) -> str:
        """The machine in one line."""
        hardware = f"{self.processor} ({self.architecture}, {self.n_cores} cores, {self.memory_mb / 1e3:.0f} GB)"
        return f"{hardware}, {self.system}, Python {self.python}, {self.runtime}, load {self.load_average:.1f}"

    def as_json(self) -> dict[str, str | int | float]:
        """Return the fields as JSON values."""
        return asdict(self)


def this_machine() -> Machine:
    """Look at the machine; Linux."""
    runtime, release = next(iter(installed_runtimes().items()), ("none", ""))
    return Machine(
        processor=_processor(),
        architecture=platform.machine(),
        n_cores=len(os.sched_getaffinity(0)),
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        runtime=f"{runtime} {release}".strip(),
        anyecg=version("anyecg-edge"),
        load_average=os.getloadavg()[0],
    )


def _processor() -> str:
    model = Path("/proc/device-tree/model")
    if model.is_file():
        return model.read_text(encoding="ascii").rstrip("\0")
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
