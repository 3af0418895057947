"""The guest's kernel: Linux as an ordinary program of this machine, built once from Debian's source and kept.

``python -m tests.bluez.kernel`` builds it where it is missing.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

SOURCE: Final = "linux-source-6.12"
"""Debian's package of it: Raspberry Pi OS has the same series."""
_CONFIG: Final = Path(__file__).with_name("kernel.config")
_BUILD_TOOLS: Final = ("apt-get", "bc", "bison", "dpkg-deb", "flex", "gcc", "make", "perl", "strip", "tar", "xz")
_INSTALL: Final = "sudo apt-get install bc binutils bison bluez dbus flex gcc libc6-dev make perl xz-utils"


def kernel_path() -> Path:
    """Where the kernel lies, built or not; another source or configuration lies elsewhere."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made_of = hashlib.sha256(SOURCE.encode() + _CONFIG.read_bytes()).hexdigest()
    return cache / "anyecg-edge" / f"{SOURCE.replace('source', 'um')}-{made_of[:16]}"


def build(kernel: Path) -> None:
    """Build the kernel, without touching anything but `kernel` and a folder beside it that is gone afterwards.

    Raises
    ------
    SystemExit
        With the reason, if it cannot be built here.
    """
    if missing := [tool for tool in _BUILD_TOOLS if shutil.which(tool) is None]:
        sys.exit(f"the kernel cannot be built: {', '.join(missing)} not found - {_INSTALL}")
    kernel.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kernel.parent) as scratch:
        source = _unpacked(Path(scratch))
        make = ["nice", "make", "--silent", f"--jobs={os.cpu_count() or 1}", "ARCH=um"]
        _run([*make, f"KCONFIG_ALLCONFIG={_CONFIG}", "allnoconfig"], source)
        _require_all_options(source / ".config")
        _run([*make, "linux"], source)
        _run(["strip", "linux"], source)
        (source / "linux").replace(kernel)


def _unpacked(folder: Path) -> Path:
    """Fetch the source as this machine's package sources have it; apt checks its signature."""
    _run(["apt-get", "--quiet", "--option=APT::Sandbox::User=root", "download", SOURCE], folder)
    (package,) = folder.glob("*.deb")
    _run(["dpkg-deb", "--extract", str(package), "package"], folder)
    _run(["tar", "--extract", "--file", f"package/usr/src/{SOURCE}.tar.xz"], folder)
    return folder / SOURCE


def _require_all_options(config: Path) -> None:
    """An option that this source does not know, or whose conditions are not met, is left out without a word."""
    known = set(config.read_text().splitlines())
    wanted = [line for line in _CONFIG.read_text().splitlines() if line.startswith("CONFIG_")]
    if missing := [line for line in wanted if line not in known]:
        sys.exit(f"{SOURCE} does not take {', '.join(missing)}")


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-5:]
        sys.exit("\n".join([f"the kernel cannot be built: {' '.join(command)} failed", *said]))


def main() -> None:
    """Build the kernel unless it is there."""
    kernel = kernel_path()
    if kernel.is_file():
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.exit("user-mode Linux runs on x86-64 Linux only")
    sys.stderr.write(f"building {kernel} once (4 minutes of processor time)\n")
    began_s = time.monotonic()
    build(kernel)
    sys.stderr.write(f"built in {time.monotonic() - began_s:.0f} s\n")


if __name__ == "__main__":
    main()
