"""tflite-runtime 2.14, which cannot load beside numpy 2: in an environment of its own, made once and kept.

``python -m benchmarks.peers.older`` makes it.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.peers.errors import PeerUnavailable

REQUIREMENTS: Final = ("tflite-runtime==2.14.0", "numpy<2")
"""The last release of tflite-runtime, and what its wheels were built with."""
_PYTHON: Final = (3, 11)
"""The newest Python it has wheels for."""
_DONE: Final = "installed.txt"
"""Written last: an environment without it was left half made."""


def folder() -> Path:
    """Where the environment is, or will be; another list of requirements lies elsewhere."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made_of = "\n".join((*REQUIREMENTS, sys.executable))
    return cache / "anyecg-edge" / f"tflite-runtime-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"


def python_of_it() -> Path | None:
    """Its Python; None where it has not been made."""
    return folder() / "bin" / "python" if (folder() / _DONE).is_file() else None


def make() -> Path:
    """Make the environment, unless it is there; return its Python.

    Raises
    ------
    PeerUnavailable
        If this Python has no wheel of it, or it cannot be installed.
    """
    if made := python_of_it():
        return made
    if sys.version_info[:2] != _PYTHON:
        raise PeerUnavailable(
            f"tflite-runtime 2.14 has no wheel for Python {sys.version_info[0]}.{sys.version_info[1]}",
            advice="run the benchmark with Python 3.11, or go without this peer",
        )
    python = folder() / "bin" / "python"
    _run("its environment cannot be made", sys.executable, "-m", "venv", "--clear", folder())
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run("it cannot be installed", *pip, *REQUIREMENTS)
    (folder() / _DONE).write_text("\n".join(REQUIREMENTS) + "\n", encoding="ascii")
    return python


def _run(problem: str, *command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise PeerUnavailable(
            f"tflite-runtime: {problem} ({said})", advice="check the network, or go without this peer"
        )


if __name__ == "__main__":
    try:
        print(make())
    except PeerUnavailable as error:
        sys.exit(str(error))
