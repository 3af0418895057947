"""A runtime that cannot be loaded beside the others, driven in turn with them: one window over a pipe, and its time."""

import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.frames import read_array, write_array
from benchmarks.peers.timing import Elapsed

_REPOSITORY: Final = Path(__file__).parents[2]


class Elsewhere:
    """A model loaded in another process, `benchmarks.peers.worker`; it ends with this object.

    Parameters
    ----------
    python
        Of the environment that has the runtime.
    runtime, path, n_threads
        As `benchmarks.peers.runners.open_runner` takes them.

    Raises
    ------
    PeerUnavailable
        If it ends before the model is loaded.
    """

    def __init__(self, python: Path, runtime: str, path: Path, n_threads: int) -> None:
        command = [python, "-m", "benchmarks.peers.worker", runtime, path, n_threads]
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, cwd=_REPOSITORY
        )
        self.close = weakref.finalize(self, _end, self._process, self._said)
        self._runtime = runtime
        self._received()

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run windows, shape (batch, window_samples); the outputs, shape (batch, n_outputs)."""
        outputs, _ = self._run(windows)
        return np.asarray(outputs, np.float32)

    def timed(self, windows: NDArray[np.float32]) -> Elapsed:
        """Run windows; what that took there, without the way to it and back."""
        _, elapsed = self._run(windows)
        return Elapsed(*elapsed.tolist())

    def _run(self, windows: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        try:
            write_array(cast("BinaryIO", self._process.stdin), windows)
        except BrokenPipeError as error:
            raise self._ended() from error
        return self._received(), self._received()

    def _received(self) -> NDArray[Any]:
        array = read_array(cast("BinaryIO", self._process.stdout))
        if array is None:
            raise self._ended()
        return array

    def _ended(self) -> PeerUnavailable:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"exit status {self._process.returncode}"
        self.close()
        return PeerUnavailable(f"{self._runtime} has ended in its own process ({why})", advice="go without this peer")


def _end(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    """Close its input, which it takes for the end; wait."""
    for pipe in (process.stdin, process.stdout):
        if pipe:
            try:
                pipe.close()
            except BrokenPipeError:  # what was not sent any more
                continue
    process.wait()
    said.close()
