"""Runs packs as their generated C, compiled for this machine: exported by `anyecg export-c`, built by its Makefile."""

import hashlib
import re
import shutil
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.simulator.smp.runner import CannotRun, Feed, SelfTested
from ble_gateway.wearables.patch_outcome import MAX_OUTPUTS

_BUILD_S: Final = 300.0
"""The longest an export or a build may take, s."""
_SELF_TEST_S: Final = 60.0
_PROGRAM: Final = Path("build", "host", "anyecg_run")
_HEADER: Final = "anyecg_model.h"
_MACRO: Final = re.compile(r"^#define (ANYECG_\w+) \(?([-+.\w]+)\)?", re.MULTILINE)
_COUNT: Final = struct.Struct("<I")
_LONGEST_WORDS: Final = 200


class _Unfit(Exception):
    """A pack that this patch has no use for."""


@dataclass(frozen=True, slots=True)
class _Built:
    """A pack's program."""

    program: Path
    feed: Feed
    n_outputs: int
    windows: int


class CompiledRunner:
    """Compiles each pack once; what is compiled is kept in a folder, by the hash of the pack.

    Parameters
    ----------
    cache
        The folder; made where it is missing.
    rate_hz
        Of the patch's samples.
    picovolts_per_count
        What one of its counts means.
    """

    def __init__(self, cache: Path, *, rate_hz: float, picovolts_per_count: int) -> None:
        self.cache, self._rate_hz, self._picovolts_per_count = cache, rate_hz, picovolts_per_count
        self._known: dict[str, _Built | CannotRun] = {}

    def self_test(self, pack: bytes) -> SelfTested | CannotRun:
        """Run the pack's own windows in its own C."""
        built = self._build(pack)
        if isinstance(built, CannotRun):
            return built
        try:
            done = subprocess.run(  # noqa: S603 - what was compiled here
                [built.program], input=b"t", capture_output=True, timeout=_SELF_TEST_S, check=True
            )
            return SelfTested(built.windows, _COUNT.unpack(done.stdout)[0])
        except (OSError, subprocess.SubprocessError, struct.error) as error:
            return CannotRun(f"its C does not run ({_last_line(error)})")

    def start(self, pack: bytes) -> "CompiledPack | CannotRun":
        """Run the pack's C on windows to come."""
        built = self._build(pack)
        if isinstance(built, CannotRun):
            return built
        try:
            return CompiledPack(built.program, built.feed, built.n_outputs)
        except OSError as error:
            return CannotRun(f"its C does not run ({error})")

    def _build(self, pack: bytes) -> _Built | CannotRun:
        key = hashlib.sha256(pack).hexdigest()
        if key not in self._known:
            made_by = f"{version('anyecg-edge')}-{self._rate_hz:g}-{self._picovolts_per_count}"
            self._known[key] = self._built(pack, self.cache / f"{key[:32]}-{made_by}")
        return self._known[key]

    def _built(self, pack: bytes, folder: Path) -> _Built | CannotRun:
        try:
            if not (folder / _PROGRAM).exists():
                missing = next((name for name in ("make", "cc") if shutil.which(name) is None), None)
                if missing:
                    return CannotRun(f"there is no {missing} here to compile it with")
                self._make(pack, folder)
            return _read(folder)
        except _Unfit as unfit:
            return CannotRun(str(unfit))
        except subprocess.CalledProcessError as error:
            return CannotRun(f"no C came of it ({_last_line(error)})")
        except (OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
            return CannotRun(f"no C came of it ({error})")

    def _make(self, pack: bytes, folder: Path) -> None:
        """Export and compile beside the place it is to be in, so that what is there is whole.

        Raises
        ------
        _Unfit
            If it is not for a patch that takes samples and notifies outputs; it is not compiled then.
        """
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        file = partial.with_suffix(".tflite")
        try:
            file.write_bytes(pack)
            _run(
                *(sys.executable, "-c", "from edge.cli.main import main; main()", "export-c", str(file)),
                *("-o", str(partial)),
                *("--rate", f"{self._rate_hz:g}", "--picovolts", str(self._picovolts_per_count)),
            )
            _read(partial)
            _run("make", "-C", str(partial), "all")
            with suppress(OSError):
                partial.replace(folder)
        finally:
            file.unlink(missing_ok=True)
            shutil.rmtree(partial, ignore_errors=True)


class CompiledPack:
    """A pack's program that runs.

    Parameters
    ----------
    program
        Takes windows on stdin and gives outputs on stdout, as `anyecg_run.c` says.
    feed, n_outputs
        What it takes and gives.
    """

    def __init__(self, program: Path, feed: Feed, n_outputs: int) -> None:
        self.feed = feed
        self._n_outputs = n_outputs
        self._process = subprocess.Popen(  # noqa: S603 - what was compiled here
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def run(self, counts: NDArray[np.int32]) -> NDArray[np.int8] | None:
        """Return the outputs for one window, shape (n_outputs,); None where it has died."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return None
        try:
            stdin.write(b"w" + np.asarray(counts).astype("<i4").tobytes())
            stdin.flush()
        except (OSError, ValueError):
            return None
        outputs = stdout.read(self._n_outputs)
        return np.frombuffer(outputs, np.int8) if len(outputs) == self._n_outputs else None

    def close(self) -> None:
        """Run no more."""
        self._process.kill()
        self._process.communicate()


def _read(folder: Path) -> _Built:
    """Read what a compiled pack takes and gives out of its header."""
    macros = dict(_MACRO.findall((folder / _HEADER).read_text(encoding="utf-8")))
    window_samples, n_outputs = int(macros["ANYECG_WINDOW_SAMPLES"]), int(macros["ANYECG_OUTPUTS"])
    if not window_samples:
        raise _Unfit("it takes no samples")
    if n_outputs > MAX_OUTPUTS:
        raise _Unfit(f"its {n_outputs} outputs do not fit one notification")
    feed = Feed(
        window_samples,
        int(macros["ANYECG_RATE_MILLIHERTZ"]) / 1000,
        int(macros["ANYECG_PICOVOLTS_PER_COUNT"]),
        float(macros["ANYECG_OUTPUT_SCALE"].rstrip("f")),
        int(macros["ANYECG_OUTPUT_ZERO"]),
    )
    return _Built((folder / _PROGRAM).resolve(), feed, n_outputs, int(macros["ANYECG_SELF_TEST_CASES"]))


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_S, check=True)  # noqa: S603 - our own


def _last_line(error: Exception) -> str:
    """What a command said last."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    words = said if isinstance(said, str) else said.decode("utf-8", "replace")
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return (lines[-1] if lines else str(error))[:_LONGEST_WORDS]
