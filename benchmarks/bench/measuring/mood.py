"""How the machine was while it was measured: what Linux tells of load, host, frequency, heat and throttling."""

import os
import resource
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.bench.measuring.yardstick import spread
from benchmarks.bench.result import Mood

MOST_STOLEN: Final = 0.01
MOST_OTHERS: Final = 0.05
MOST_SPREAD: Final = 0.10
MOST_SLOWED: Final = 0.05
"""Above these a machine is noisy: shares of processor time, the yardstick's interquartile range over its median, and
how far the frequency fell below the highest that was seen."""

THROTTLED: Final = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}
"""Bits of a Raspberry Pi's ``get_throttled`` that hold now; 16 above each is the bit that it has happened since boot
(Raspberry Pi documentation, vcgencmd)."""
_SINCE_BOOT: Final = 16
_THROTTLED_FILE: Final = "sys/devices/platform/soc/soc:firmware/get_throttled"
_TICKS_A_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Processor time of the whole machine so far, in ticks.

    Parameters
    ----------
    busy
        Spent on anything that runs here.
    stolen
        Given to others by the host.
    total
        All of it, idle time with it.
    """

    busy: int
    stolen: int
    total: int


def processor_time(stat: str) -> ProcessorTime:
    """Read the first line of ``/proc/stat``; proc(5) names its columns. What guests take is in user's column too."""
    user, nice, system, idle, iowait, irq, softirq, steal = (int(n) for n in stat.split(maxsplit=9)[1:9])
    busy = user + nice + system + irq + softirq
    return ProcessorTime(busy, steal, busy + idle + iowait + steal)


def throttling(before: int, during: int) -> tuple[str, ...]:
    """Decode what a Raspberry Pi says of throttling.

    Parameters
    ----------
    before
        Its word at the beginning.
    during
        All words since, or-ed.

    Returns
    -------
    tuple[str, ...]
        What held or happened while it was watched; what had only happened before is no fault of this measurement.
    """
    since = during & ~before
    return tuple(name for bit, name in THROTTLED.items() if during >> bit & 1 or since >> (bit + _SINCE_BOOT) & 1)


class Watch:
    """Looks at the machine again and again, and says in the end how it was.

    Parameters
    ----------
    root
        Where ``proc`` and ``sys`` are.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._first = self._processor_time()
        self._own_s = _own_s()
        self._load = self._load_average()
        self._mhz: list[float] = []
        self._celsius: list[float] = []
        self._throttled = self._throttled_now()
        self._since = self._throttled
        self._yardsticks: dict[str, list[float]] = {}
        self.look()

    def timed(self, beside: str, yardstick_ms: Iterable[float]) -> None:
        """Take a process's times of the yardstick; those beside the same thing are of one kind."""
        self._yardsticks.setdefault(beside, []).extend(yardstick_ms)

    def look(self) -> None:
        """Look once: a few small files."""
        self._mhz += self._highest("sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq")
        self._celsius += self._highest("sys/class/thermal/thermal_zone*/temp")
        self._since |= self._throttled_now()

    def mood(self) -> Mood:
        """How it was from the beginning until now."""
        self.look()
        now = self._processor_time()
        total = max(1, now.total - self._first.total)
        own = (_own_s() - self._own_s) * _TICKS_A_S
        stolen = (now.stolen - self._first.stolen) / total
        others = (now.busy - self._first.busy - own) / total
        mood = Mood(
            load_average=(self._load, self._load_average()),
            stolen=min(1.0, max(0.0, stolen)),
            others=min(1.0, max(0.0, others)),
            yardstick_spread=spread([ms / median(kind) for kind in self._yardsticks.values() for ms in kind]),
            frequency_mhz=(min(self._mhz), max(self._mhz)) if self._mhz else None,
            governor=self._text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            temperature_c=(self._celsius[0], max(self._celsius)) if self._celsius else None,
            throttled=throttling(self._throttled, self._since),
        )
        return mood.model_copy(update={"noisy": tuple(why_noisy(mood))})

    def _processor_time(self) -> ProcessorTime:
        return processor_time(self._text("proc/stat").partition("\n")[0])

    def _load_average(self) -> float:
        return float(self._text("proc/loadavg").split()[0])

    def _throttled_now(self) -> int:
        return int(self._text(_THROTTLED_FILE) or "0", 16)

    def _highest(self, pattern: str) -> list[float]:
        """Highest number in the files of a pattern, in thousands: MHz of kHz, degrees of thousandths."""
        found = []
        for path in self._root.glob(pattern):
            try:
                found.append(int(path.read_text(encoding="ascii")) / 1e3)
            except (OSError, ValueError):  # a sensor that is asleep
                continue
        return [max(found)] if found else []

    def _text(self, name: str) -> str:
        """A small file; empty where the kernel has none."""
        try:
            return (self._root / name).read_text(encoding="ascii").strip()
        except OSError:
            return ""


def why_noisy(mood: Mood) -> Iterator[str]:
    """Say why figures taken in such a mood deserve less trust, a clause each."""
    if mood.stolen > MOST_STOLEN:
        yield f"the host took {mood.stolen:.0%} of the processor time"
    if mood.others > MOST_OTHERS:
        yield f"other processes took {mood.others:.0%} of it"
    if mood.yardstick_spread > MOST_SPREAD:
        yield f"the yardstick spread by {mood.yardstick_spread:.0%}"
    if mood.frequency_mhz and mood.frequency_mhz[0] < (1.0 - MOST_SLOWED) * mood.frequency_mhz[1]:
        low, high = mood.frequency_mhz
        yield f"the processor ran at {low:.0f} to {high:.0f} MHz"
    for what in mood.throttled:
        yield f"the board says: {what}"


def _own_s() -> float:
    """Processor time of this process and of those it has waited for, s."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
