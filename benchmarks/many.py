"""`python -m benchmarks.many`: the shipped commands with many wearables of 500 Hz at once, in real time.

`anyecg simulate` serves the wearables from one process; `anyecg run` listens to them in another, which is the one that
is measured. What it costs to simulate so many is the other's, and is told apart.
"""

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any, Final

import numpy as np
import typer

from benchmarks.machine import this_machine
from ble_gateway.simulator.catalogue import address_of

_RATE_HZ: Final = 500
_ANYECG: Final = (sys.executable, "-m", "edge.cli.main")
_PATIENCE_S: Final = 120.0
_SETTLE_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.5
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_HEADING: Final = (
    "| wearables | streams | CPU of the gateway, % of a core (a stream) | of the simulator | RSS, MB "
    "| stored in real time | lost | sample to disk, p50 / p99 / max, s |\n" + "|---" * 8 + "|"
)


@dataclass(frozen=True, slots=True)
class Many:
    """What so many streams came to.

    Parameters
    ----------
    mix, n
        Which wearables, how many.
    seconds
        How long they were watched.
    gateway_cpu, simulator_cpu
        Processor seconds a second.
    rss_mb
        Of the gateway in the end, MB.
    kept_up
        Samples that reached the store in that time, over those that were taken.
    lost_by_reason
        Samples stated as missing over the whole run.
    age_s
        ``{"p50": s, "p99": s, "max": s}``: how old the newest sample on disk is, looked at twice a second.
    """

    mix: str
    n: int
    seconds: float
    gateway_cpu: float
    simulator_cpu: float
    rss_mb: float
    kept_up: float
    lost_by_reason: dict[str, int]
    age_s: dict[str, float]

    @property
    def row(self) -> str:
        """A row of a Markdown table."""
        ages = " / ".join(f"{age:.2f}" for age in self.age_s.values())
        cells = (
            self.mix,
            f"{self.n}",
            f"{self.gateway_cpu:.1%} ({self.gateway_cpu / self.n:.1%})",
            f"{self.simulator_cpu:.1%}",
            f"{self.rss_mb:.0f}",
            f"{self.kept_up:.1%}",
            f"{sum(self.lost_by_reason.values()):,}",
            ages,
        )
        return f"| {' | '.join(cells)} |"


class _Process:
    """A command whose lines are read as they come."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            [*_ANYECG, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.told: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self.told.append(line.rstrip())

    def wait_for(self, pattern: str, times: int = 1) -> list[str]:
        """Wait until so many lines were told that have it; what they have."""
        until_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until_s and self._process.poll() is None:
            found = [match[0] for line in list(self.told) if (match := re.search(pattern, line))]
            if len(found) >= times:
                return found
            time.sleep(0.1)
        raise RuntimeError(f"{times} times {pattern!r} was not told:\n" + "\n".join(self.told[-20:]))

    def cpu_s(self) -> float:
        """Processor time so far, s."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def rss_mb(self) -> float:
        """Resident memory, MB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def interrupt(self) -> dict[str, Any]:
        """End it as Ctrl-C does; the JSON it ends with."""
        self._process.send_signal(signal.SIGINT)
        stdout = self._process.stdout
        printed = stdout.read() if stdout else ""
        if self._process.wait(_PATIENCE_S):
            raise RuntimeError("\n".join(self.told[-20:]))
        result: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return result

    def close(self) -> None:
        """Make sure that it is gone."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[_Process]:
    process = _Process(list(arguments))
    try:
        yield process
    finally:
        process.close()


def measure(kinds: list[str], mix: str, seconds: float, folder: Path) -> Many:
    """Listen to wearables, one of each kind named, for so long after all of them have begun."""
    devices = [argument for kind in kinds for argument in ("--device", kind)]
    addresses = [address_of(number) for number in range(1, len(kinds) + 1)]
    store, rate = folder / f"{mix}-{len(kinds)}.db".replace(" ", "-"), ("--rate", f"{_RATE_HZ}")
    with _running("simulate", *devices, *rate, "--radio", "tcp:127.0.0.1:0", "--json") as simulator:
        (place,) = simulator.wait_for(r"tcp:[\d.:]+")
        listening = ("run", *addresses, *rate, "--radio", place, "--store", str(store), "--json")
        with _running(*listening) as gateway:
            gateway.wait_for("first samples have arrived", len(kinds))
            time.sleep(_SETTLE_S)
            began_s, before, cpu_s = time.monotonic(), _stored(store), (gateway.cpu_s(), simulator.cpu_s())
            ages_s = list(_ages_s(store, began_s + seconds))
            lasted_s = time.monotonic() - began_s
            gateway_s, simulator_s = gateway.cpu_s() - cpu_s[0], simulator.cpu_s() - cpu_s[1]
            taken = lasted_s * _RATE_HZ * len(kinds)
            stored, rss_mb = _stored(store) - before, gateway.rss_mb()
            result = gateway.interrupt()
        simulator.interrupt()
    p50, p99, most = np.percentile(ages_s, [50, 99, 100]).tolist()
    return Many(
        mix,
        len(kinds),
        round(lasted_s, 1),
        round(gateway_s / lasted_s, 4),
        round(simulator_s / lasted_s, 4),
        round(rss_mb, 1),
        round(stored / taken, 4),
        _lost(result.get("runs", [result])),
        {"p50": round(p50, 3), "p99": round(p99, 3), "max": round(most, 3)},
    )


def _lost(runs: list[dict[str, Any]]) -> dict[str, int]:
    reasons = sorted({reason for run in runs for reason in run["lost_by_reason"]})
    return {reason: sum(run["lost_by_reason"].get(reason, 0) for run in runs) for reason in reasons}


def _stored(store: Path) -> int:
    """Samples on disk: blocks lie end to end where none are lost, and gaps count as taken."""
    with contextlib.closing(sqlite3.connect(store)) as database:
        ends = database.execute("SELECT max(first_index) FROM block GROUP BY run_id").fetchall()
    return sum(end for (end,) in ends)


def _ages_s(store: Path, until_s: float) -> Iterator[float]:
    """Look again and again how old the newest sample of each run is that is on disk, s."""
    newest = "SELECT start_s + n_samples * period_s, max(first_index) FROM block GROUP BY run_id"
    with contextlib.closing(sqlite3.connect(store)) as database:
        while time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
            for end_s, _ in database.execute(newest).fetchall():
                yield time.time() - end_s


def main(
    streams: Annotated[list[int] | None, typer.Argument(help="How many at once; 1 2 4 8 16 by default.")] = None,
    seconds: Annotated[float, typer.Option(help="Watch each number so long.", min=5.0)] = 60.0,
    patches: Annotated[bool, typer.Option(help="Again with every third one a patch.")] = True,
    output: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
) -> None:
    """Measure the gateway with many wearables of 500 Hz at once, in real time."""
    machine = this_machine()
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}; {seconds:g} s each\n\n{_HEADING}")
    measured: list[Many] = []
    mixes = {
        "npg-lite": ["npg-lite"],
        "npg-lite, every third an anyecg-patch": ["npg-lite", "npg-lite", "anyecg-patch"],
    }
    with tempfile.TemporaryDirectory() as folder:
        for mix, repeated in list(mixes.items())[: 2 if patches else 1]:
            for n in streams or [1, 2, 4, 8, 16]:
                kinds = [repeated[number % len(repeated)] for number in range(n)]
                measured.append(one := measure(kinds, mix, seconds, Path(folder)))
                print(one.row, flush=True)
    print("\n".join(_growth(mix, [one for one in measured if one.mix == mix]) for mix in mixes))
    if output:
        result = {"machine": machine.as_json(), "many": [asdict(one) for one in measured]}
        output.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _growth(mix: str, measured: list[Many]) -> str:
    """How processor time and memory grow with the number of streams, in words."""
    if len({one.n for one in measured}) < 2:  # noqa: PLR2004 - a line needs two points
        return ""
    n = [one.n for one in measured]
    cpu, cpu_at_0 = np.polyfit(n, [one.gateway_cpu for one in measured], 1)
    mb, mb_at_0 = np.polyfit(n, [one.rss_mb for one in measured], 1)
    return f"\n{mix}: {cpu_at_0:.1%} of a core + {cpu:.2%} a stream; {mb_at_0:.0f} MB + {mb:.1f} MB a stream"


if __name__ == "__main__":
    typer.run(main)
