"""Raspberry Pi systems whose programs run under QEMU: Debian's Python, the product's wheels, and the emulator itself.

``python -m tests.arm.system`` makes those that are missing, once, in the user's cache; nothing of this machine is
changed, and no root is needed. The archive that apt knows and the package index that pip knows are asked.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tests.arm.board import BOARDS, Board

PROJECT: Final = Path(__file__).parents[2]
PLUGIN_SOURCE: Final = Path(__file__).with_name("instructions.c")
SUITE: Final = "bookworm"
"""Debian's release: Python 3.11, for which both runtimes have wheels. Its QEMU is the last that Debian links
dynamically, so that it takes plugins."""
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS: Final = ("apt-get", "dpkg-deb", "gcc", "tar")
_INSTALL: Final = "sudo apt-get install debian-archive-keyring dpkg gcc libc6-dev tar"
_FROM_DEBIAN: Final = frozenset({"numpy", "scipy"})
"""What has no wheel for 32-bit ARM on PyPI."""
_GLIBC: Final = (17, 27, 28, 34)
"""Minor versions of glibc 2 that wheels are made for, up to this Debian's."""


class Machine(StrEnum):
    """Kinds of machine, as Python and pip name them."""

    AARCH64 = "aarch64"
    ARMV7L = "armv7l"

    @property
    def debian(self) -> str:
        """Debian's name of it."""
        return "arm64" if self is Machine.AARCH64 else "armhf"

    @property
    def emulator_name(self) -> str:
        """QEMU's program for it."""
        return "qemu-aarch64" if self is Machine.AARCH64 else "qemu-arm"

    @property
    def getsid(self) -> int:
        """Number of the system call that marks where counts are read, in Linux's unistd.h."""
        return 156 if self is Machine.AARCH64 else 147

    @property
    def packages(self) -> tuple[str, ...]:
        """What is taken from Debian, with all that it depends on."""
        python = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6", "libatomic1")
        return python if self is Machine.AARCH64 else (*python, "python3-numpy", "python3-scipy")


@dataclass(frozen=True, slots=True)
class System:
    """Where the parts of an emulated system lie.

    Parameters
    ----------
    machine
        What it emulates.
    folder
        Made once; another list of packages or wheels lies elsewhere.
    """

    machine: Machine
    folder: Path

    @classmethod
    def of(cls, machine: Machine) -> "System":
        """The system of a machine, made or not."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        boards = [str(board.files()) for board in BOARDS if board.machine == machine]
        parts = (SUITE, *machine.packages, *map(str, wheels(machine)), *boards, PLUGIN_SOURCE.read_text())
        made_of = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return cls(machine, cache / "anyecg-edge" / f"{machine}-{SUITE}-{made_of[:16]}")

    def command(self, board: Board, counts: Path, *arguments: object) -> list[str]:
        """How Python is called on a board, with the checkout and the wheels before it; see `emulator`."""
        root = self.folder / "root"
        guest = {
            "PYTHONPATH": ":".join(map(str, (PROJECT, self.folder / "wheels", root / "usr/lib/python3/dist-packages"))),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",
        }
        if self.machine is Machine.ARMV7L:
            triple = root / "usr/lib/arm-linux-gnueabihf"
            guest["LD_LIBRARY_PATH"] = f"{triple}/blas:{triple}/lapack"  # Debian chooses them by links made on install
        environment = [part for name, value in guest.items() for part in ("-E", f"{name}={value}")]
        return self.emulator(board, counts, *environment, root / "usr/bin/python3.11", *arguments)

    def emulator(self, board: Board, counts: Path, *arguments: object) -> list[str]:
        """How the emulator is called; instructions run so far are written to `counts` at each call of ``getsid``."""
        emulator = self.folder / "emulator"
        libraries = emulator / "usr/lib/x86_64-linux-gnu"
        loader = [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries]
        plugin = f"{self.folder / 'instructions.so'},out={counts},mark={self.machine.getsid}"
        options = ["-cpu", board.core, "-plugin", plugin, "-L", self.folder / "boards" / board.name]
        return list(map(str, (*loader, emulator / "usr/bin" / self.machine.emulator_name, *options, *arguments)))

    def emulator_version(self) -> str:
        """What the emulator calls itself."""
        command = [*self.emulator(BOARDS[0], Path(os.devnull))[:4], "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def wheels(machine: Machine) -> tuple[Requirement, ...]:
    """What the project's own list asks for on a machine, but for what comes from Debian there."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    target = {
        "platform_machine": str(machine), "sys_platform": "linux", "platform_system": "Linux",
        "python_version": "3.11", "python_full_version": "3.11.2",
    }  # fmt: skip
    asked = (Requirement(line) for line in project["dependencies"])
    wanted = [r for r in asked if r.marker is None or r.marker.evaluate(target)]
    return tuple(r for r in wanted if machine is Machine.AARCH64 or r.name not in _FROM_DEBIAN)


def unavailable_reason(machine: Machine) -> str | None:
    """Why nothing can run on an emulated machine here; None: it can."""
    if reason := _cannot_emulate():
        return reason
    if not System.of(machine).folder.is_dir():
        return f"no {machine} system has been made: make test-arm"
    return None


def _cannot_emulate() -> str | None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return "ARM is emulated on x86-64 Linux only"
    return None


def build(system: System) -> None:
    """Make a system, without touching anything but its folder and one beside it that is gone afterwards.

    Raises
    ------
    SystemExit
        With the reason, if it cannot be made here.
    """
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        sys.exit(f"no {system.machine} system can be made: {', '.join(missing)} not found - {_INSTALL}")
    archive = _archive()
    if archive is None:
        sys.exit(f"no {system.machine} system can be made: apt knows no archive of Debian here - sudo apt-get update")
    if not _KEYRING.is_file():
        sys.exit(f"no {system.machine} system can be made: {_KEYRING} is missing - {_INSTALL}")
    system.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=system.folder.parent) as scratch:
        made = System(system.machine, Path(scratch) / "system")
        _unpack(archive, "amd64", ("qemu-user",), made.folder / "emulator", Path(scratch) / "amd64")
        _unpack(archive, made.machine.debian, made.machine.packages, made.folder / "root", Path(scratch) / "debian")
        _install_wheels(made)
        plugin = made.folder / "instructions.so"
        _run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", str(PLUGIN_SOURCE), "-o", str(plugin)])
        for board in BOARDS:
            if board.machine == made.machine:
                _make_board(made.folder / "boards" / board.name, board)
        shutil.rmtree(system.folder, ignore_errors=True)
        made.folder.replace(system.folder)


def _archive() -> str | None:
    """The archive of Debian that this machine's apt asks: any release's has the others beside it."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages"]
    found = subprocess.run([*asked, "Origin: Debian", "Label: Debian"], capture_output=True, text=True, check=False)
    return next(iter(found.stdout.splitlines()), None)


def _unpack(archive: str, architecture: str, packages: tuple[str, ...], root: Path, scratch: Path) -> None:
    """Fetch packages and all they depend on, as Debian's archive has them, and unpack them; apt checks signatures."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()
    (scratch / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {archive} {SUITE} main\n")
    options = {
        "Dir::State": scratch / "state", "Dir::State::status": scratch / "status", "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": scratch / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": architecture, "APT::Architectures": architecture, "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root", "Acquire::Languages": "none", "Debug::NoLocking": "true",
    }  # fmt: skip
    configuration = scratch / "apt.conf"
    configuration.write_text("#clear APT::Architectures;\n" + "".join(f'{k} "{v}";\n' for k, v in options.items()))
    environment = {**os.environ, "APT_CONFIG": str(configuration)}
    _run(["apt-get", "--quiet", "--option=APT::Update::Error-Mode=any", "update"], environment)
    _run(["apt-get", "--quiet", "--yes", "--download-only", "install", *packages], environment)
    for merged in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / merged).mkdir(parents=True)
        (root / merged).symlink_to(f"usr/{merged}")
    for package in sorted((scratch / "cache/archives").glob("*.deb")):
        contents = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
        unpack = ["tar", "--extract", "--keep-directory-symlink", "--no-same-owner", "--directory", str(root)]
        subprocess.run(unpack, input=contents, check=True)


def _install_wheels(system: System) -> None:
    """Unpack wheels for the machine; those whose own needs come from Debian are taken alone."""
    alone = [r for r in wheels(system.machine) if r.name == "tflite-runtime"]
    together = [r for r in wheels(system.machine) if r not in alone]
    for group, options in ((together, []), (alone, ["--no-deps"])):
        if group:
            asked = [f"{r.name}{r.specifier}" for r in group]
            _run([*_pip_install(system), *options, *asked])


def _pip_install(system: System) -> Iterator[str]:
    yield from (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade")
    yield from ("--target", str(system.folder / "wheels"), "--only-binary=:all:", "--python-version", "3.11")
    for minor in _GLIBC:
        yield from ("--platform", f"manylinux_2_{minor}_{system.machine}")
    yield from ("--platform", f"manylinux2014_{system.machine}")


def _make_board(folder: Path, board: Board) -> None:
    """A system's files as a board shows them: its own facts about the processor, beside what all boards share."""
    for shared in ("usr", "lib", "etc"):
        (folder / shared).parent.mkdir(parents=True, exist_ok=True)
        (folder / shared).symlink_to(f"../../root/{shared}")
    for name, content in board.files().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        sys.exit("\n".join([f"no emulated ARM here: {' '.join(command)} failed", *said]))


def main() -> None:
    """Make the systems that are not there."""
    if reason := _cannot_emulate():
        sys.exit(reason)
    for machine in Machine:
        system = System.of(machine)
        if system.folder.is_dir():
            continue
        sys.stderr.write(f"making an {machine} system once\n")
        began_s = time.monotonic()
        build(system)
        sys.stderr.write(f"made in {time.monotonic() - began_s:.0f} s\n")


if __name__ == "__main__":
    main()
