"""`anyecg doctor`: what this machine has, and what that allows."""

import os
import platform
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from edge.cli.console import output, print_json
from edge.errors import EdgeError
from edge.interpreter import installed_runtimes
from edge.model import open_model
from edge.pack import SHIPPED, SHIPPED_WAVES, read_pack, read_waves_pack
from edge.waves.network import open_waves_model

_ADAPTERS: Final = Path("/sys/class/bluetooth")
_SYSTEM_BUS: Final = Path("/run/dbus/system_bus_socket")
_EXTRAS: Final = {
    "recordings": ("wfdb", "edfio"),
    "ble": ("bleak", "bleak-retry-connector"),
    "simulator": ("bumble",),
    "flash": ("smpclient", "pyserial", "cryptography"),
    "convert": ("ai-edge-quantizer",),
    "train": ("torch",),
}
_OLDEST_PYTHON: Final = (3, 11)
_NEWER_PYTHON: Final = (3, 14)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    what
        What was looked at.
    found
        What is there.
    ok
        Whether it is what its users need.
    advice
        What to do where it is not.
    """

    what: str
    found: str
    ok: bool
    advice: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Say what this machine has: Python, runtimes, the pack's self-test, Bluetooth, extras.

    Exits with 1 where not even a replay would run. Example: anyecg doctor
    """
    essential = [_python(), *_runtimes(), _shipped_pack(), _waves_pack()]
    optional = [*_bluetooth(), *_extras()]
    if as_json:
        print_json({"findings": [asdict(f) for f in (*essential, *optional)], "ready": all(f.ok for f in essential)})
    else:
        output.print(_table((*essential, *optional)))
    if not all(finding.ok for finding in essential):
        raise typer.Exit(1)


def _python() -> Finding:
    supported = _OLDEST_PYTHON <= sys.version_info[:2] < _NEWER_PYTHON
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release()}"
    found = f"Python {platform.python_version()}, {platform.machine()}, {cores} cores, {system}"
    return Finding("machine", found, supported, "use Python 3.11 to 3.13")


def _runtimes() -> Iterator[Finding]:
    runtimes = installed_runtimes()
    if not runtimes:
        yield Finding("TFLite runtime", "none", False, "pip install ai-edge-litert")
    for name, release in runtimes.items():
        yield Finding("TFLite runtime", f"{name} {release}", True)


def _shipped_pack() -> Finding:
    try:
        model = open_model(read_pack(SHIPPED))
    except EdgeError as error:
        return Finding("demonstration pack", error.problem, False, error.advice)
    return Finding("demonstration pack", f"self-test passed on {model.kernel_family}", True)


def _waves_pack() -> Finding:
    try:
        model = open_waves_model(read_waves_pack(SHIPPED_WAVES))
    except EdgeError as error:
        return Finding("waves pack", error.problem, False, error.advice)
    return Finding("waves pack", f"self-test passed on {model.kernel_family}", True)


def _bluetooth() -> Iterator[Finding]:
    adapters = sorted(path.name for path in _ADAPTERS.glob("hci*")) if _ADAPTERS.is_dir() else []
    yield Finding(
        "Bluetooth adapter",
        ", ".join(adapters) or "none",
        bool(adapters),
        "plug one in or enable it; 'anyecg demo' needs none",
    )
    yield Finding(
        "system D-Bus (BlueZ)",
        "answers" if _bus_answers() else "does not answer",
        _bus_answers(),
        "install and start bluez and dbus",
    )


def _bus_answers() -> bool:
    with socket.socket(socket.AF_UNIX) as bus:
        try:
            bus.connect(str(_SYSTEM_BUS))
        except OSError:
            return False
    return True


def _extras() -> Iterator[Finding]:
    for extra, packages in _EXTRAS.items():
        versions = {package: _version(package) for package in packages}
        found = ", ".join(f"{package} {release or 'missing'}" for package, release in versions.items())
        yield Finding(f"extra {extra}", found, all(versions.values()), f"pip install 'anyecg-edge[{extra}]'")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark = "[green]yes[/]" if finding.ok else "[yellow]no[/]"
        advice = "" if finding.ok else f" [dim]- {escape(finding.advice)}[/]"
        table.add_row(finding.what, mark, escape(finding.found) + advice)
    return table
