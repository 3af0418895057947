"""Samples one revision with py-spy, in a process of its own that runs the loop and nothing else."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from statistics import fmean
from typing import Final

from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.flame.profile import Profile, fold
from benchmarks.machine import this_machine
from edge.pack import SHIPPED, read_pack

_PROGRAM: Final = Path(__file__).with_name("windows.py")
_SAMPLES_HZ: Final = 1000


def record(root: Path, pack: Path | None, n_windows: int) -> Profile:
    """Time windows, then sample as many.

    The sampler stops the process for each sample. So times come from a run without it, and only the shares from it.

    Parameters
    ----------
    root
        A checkout of any revision; its `edge` is run.
    pack
        The pack; the shipped one of this revision by default.
    n_windows
        Windows to time and to sample.

    Raises
    ------
    BenchError
        If there is no such checkout, py-spy is not installed or may not look into another process, or the loop fails.
    PackError
        If the pack cannot be read.
    """
    if not (root / "edge" / "loop.py").is_file():
        raise BenchError(
            BenchFault.MISSING, f"{root} holds no edge/loop.py", advice="give a checkout: git worktree add"
        )
    sampler = which("py-spy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if sampler is None:
        raise BenchError(BenchFault.MISSING, "py-spy is not installed", advice="pip install 'anyecg-edge[profile]'")
    pack = pack or SHIPPED
    label = read_pack(pack).manifest.label
    with tempfile.TemporaryDirectory() as folder:
        times, stacks = Path(folder, "times.json"), Path(folder, "stacks.txt")
        program = [sys.executable, "-P", str(_PROGRAM), str(times), str(n_windows), str(pack)]
        _run(program, root)
        window_ms = 1e3 * fmean(json.loads(times.read_text(encoding="utf-8")))
        asked = ["--format", "raw", "--full-filenames", "--rate", str(_SAMPLES_HZ), "--output", str(stacks)]
        _run([sampler, "record", *asked, "--", *program], root)
        try:
            tree, samples = fold(stacks.read_text(encoding="utf-8"), window_ms)
        except ValueError as error:
            raise BenchError(BenchFault.NOTHING_ALIKE, str(error), advice="sample more windows") from error
    return Profile(
        revision=_revision(root),
        pack=label,
        machine=this_machine().line,
        date=datetime.now(UTC).date().isoformat(),
        windows=n_windows,
        samples=samples,
        root=tree,
    )


def _run(command: list[str], root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(root.resolve()), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise BenchError(
            BenchFault.CHILD_FAILED,
            f"{Path(command[0]).name} ended with {done.returncode} on {root} ({said})",
            advice="py-spy must be allowed to trace (sysctl kernel.yama.ptrace_scope), and the checkout must run",
        )


def _revision(root: Path) -> str:
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
