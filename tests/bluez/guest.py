"""A Linux guest with BlueZ whose files are this machine's: what it takes, and how a script runs in it."""

import contextlib
import functools
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bluez.kernel import kernel_path

_INIT: Final = Path(__file__).with_name("init.sh")
_PROJECT: Final = Path(__file__).parents[2]
_PROGRAMS: Final = ("/usr/libexec/bluetooth/bluetoothd", "/usr/bin/bluetoothctl", "/usr/bin/dbus-daemon")
_LONGEST_S: Final = 300
_MEMORY_MB: Final = 768
_SHARED_MEMORY: Final = Path("/dev/shm")


def unavailable_reason() -> str | None:
    """Why no guest can run here; None: one can."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return "user-mode Linux runs on x86-64 Linux only"
    if missing := [program for program in _PROGRAMS if not Path(program).is_file()]:
        return f"{', '.join(missing)} not found: sudo apt-get install bluez dbus"
    if not kernel_path().is_file():
        return "no kernel has been built: make test-bluez"
    return _refusal()


@functools.cache
def _refusal() -> str | None:
    """Try whether this machine lets the kernel run: one that ends at once panics, having come that far."""
    with tempfile.TemporaryDirectory() as folder:
        command = _command(Path(folder), Path("/bin/true"))
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder, timeout=30, check=False
        )
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if "Attempted to kill init" in said:
        return None
    return f"user-mode Linux does not run here: {' '.join(said.split())[-300:] or f'exit code {done.returncode}'}"


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest that is started for each script.

    Parameters
    ----------
    shared
        The folder in which scripts run, the only one of this machine that they can write to.
    """

    shared: Path

    def run(self, script: str) -> None:
        """Start the guest, run a shell script in it, and wait until it has switched itself off.

        Besides the machine's programs it has ``anyecg`` of this environment, and what `init.sh` offers.

        Raises
        ------
        AssertionError
            If a command of the script failed, or the guest did not end; with what there was to read.
        """
        path = f"export PATH={Path(sys.executable).parent}:$PATH\n"
        (self.shared / "script.sh").write_text(path + script)
        assert _boot(self.shared), self._story("the guest did not end")
        code = self.shared / "code"
        assert code.is_file(), self._story("the guest fell over")
        assert code.read_text() == "0\n", self._story("a command of the script failed")

    def text(self, name: str) -> str:
        """Read what the script wrote to a file."""
        return (self.shared / name).read_text()

    def _story(self, problem: str) -> str:
        told = [f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in _texts(self.shared)]
        return "\n".join([problem, *told])


def _texts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and ".db" not in path.name)


def _command(shared: Path, init: Path) -> list[str]:
    """Its root are this machine's files; what it is told in capitals its first process finds as variables."""
    return [
        *(str(kernel_path()), f"mem={_MEMORY_MB}M", "quiet"),
        *("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro"),
        *(f"uml_dir={shared}/uml", f"init={init}", f"SHARED={shared}"),
        *(f"PROJECT={_PROJECT}", f"ENVIRONMENT={sys.prefix}"),
    ]


def _boot(shared: Path) -> bool:
    """Run the guest; false where it had to be killed."""
    environment = os.environ | {"TMPDIR": str(_memory_folder(shared))}
    with (
        (shared / "console").open("wb") as console,
        subprocess.Popen(
            _command(shared, _INIT),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        ) as guest,
    ):
        try:
            guest.wait(_LONGEST_S)
        except subprocess.TimeoutExpired:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(guest.pid, signal.SIGKILL)
    return True


def _memory_folder(otherwise: Path) -> Path:
    """Where the guest's memory lies: a container's shared memory is often too small for it."""
    roomy = _SHARED_MEMORY.is_dir() and shutil.disk_usage(_SHARED_MEMORY).free > _MEMORY_MB << 20
    return _SHARED_MEMORY if roomy else otherwise
