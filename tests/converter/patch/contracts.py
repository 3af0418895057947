"""A contract's C, compiled for this machine with every check the compiler has, and what `edge` makes of a window."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import converter.patch
from converter.distil.contract import PATCH
from converter.patch.contract import PreprocessingSource, preprocessing_source
from edge.heart import PatchNoise, VariedHeart
from edge.heart.noise import n_noise_normals, patch_noise
from edge.preprocess import ECGFOUNDER, WAVES, Preprocessing, preprocess
from edge.quant import Quantisation
from edge.resample import PolyphaseResampler

COUNT_PV = 48_080
"""An ADS1292R at gain 6: 24 bits over 0.8 V."""
RAIL = 2**23 - 1

CONTRACTS = {
    "ecgfounder": (ECGFOUNDER, Quantisation(0.06114589795470238, -27)),
    "waves": (WAVES, Quantisation(0.03393479809165001, -2)),
    "student": (PATCH, Quantisation(0.05, 3)),
}

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")

KERNELS = Path(converter.patch.__file__).parent / "c"
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wundef"]
_CHECKED = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "anyecg_preprocess.h"
int main(void) {
  int8_t *memory = malloc(BEFORE + WORK);
  int32_t *window = memory == NULL ? NULL : (int32_t *)(void *)(memory + BEFORE);
  while (window != NULL && fread(window, 4, N_IN, stdin) == N_IN) {
    anyecg_preprocess(window, memory + INPUT_AT);
    if (fwrite(memory + INPUT_AT, 1, N_OUT, stdout) != N_OUT || fflush(stdout) != 0) {
      return 1;
    }
  }
  free(memory);
  return 0;
}
"""


@dataclass(frozen=True, repr=False)
class Compiled:
    """A contract's C as a program: windows of int32 in, windows of int8 out."""

    contract: Preprocessing
    quantisation: Quantisation
    rate_hz: float
    source: PreprocessingSource
    program: Path

    def run(self, counts: np.ndarray) -> np.ndarray:
        """What the C makes of windows, shape (n, window_samples)."""
        data = np.ascontiguousarray(counts, dtype="<i4").tobytes()
        done = subprocess.run([self.program], input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return np.frombuffer(done.stdout, np.int8).reshape(len(counts), self.source.input_samples)

    @contextmanager
    def open(self) -> Iterator["Asked"]:
        """The program kept running, for one window at a time."""
        with subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            yield Asked(self, process)
            process.stdin.close()
            assert process.wait() == 0

    def expected(self, counts: np.ndarray) -> np.ndarray:
        """What `edge` makes of the same windows, each resampled alone."""
        millivolts = np.stack([self._resampled(row) for row in counts * (COUNT_PV * 1e-9)])
        return self.quantisation.quantise(preprocess(millivolts, self.contract))

    def _resampled(self, millivolts: np.ndarray) -> np.ndarray:
        resampler = PolyphaseResampler(self.rate_hz, self.contract.rate_hz)
        whole = np.concatenate([resampler.push(millivolts), resampler.finish()])
        return whole[: self.contract.window_samples]


@dataclass(frozen=True, repr=False)
class Asked:
    """A running program."""

    compiled: Compiled
    process: subprocess.Popen

    def run(self, counts: np.ndarray) -> np.ndarray:
        """What the C makes of one window, shape (window_samples,)."""
        self.process.stdin.write(np.ascontiguousarray(counts, dtype="<i4").tobytes())
        self.process.stdin.flush()
        return np.frombuffer(self.process.stdout.read(self.compiled.source.input_samples), np.int8)


def compiled(
    folder: Path, contract: Preprocessing, quantisation: Quantisation, rate_hz: float, **place: int
) -> Compiled:
    """Compile a contract into `folder`; `before` bytes before the window, `input_at` bytes from there."""
    source = preprocessing_source(contract, quantisation, device_rate_hz=rate_hz, picovolts_per_count=COUNT_PV)
    write(source, folder)
    (folder / "main.c").write_text(MAIN)
    defines = [f"-D{name}={value}" for name, value in sizes(source, **place).items()]
    sources = [folder / "main.c", folder / "anyecg_contract.c"]
    subprocess.run(["gcc", *STRICT, *_CHECKED, *defines, *sources, *_kernels(), "-o", folder / "run"], check=True)
    return Compiled(contract, quantisation, rate_hz, source, folder / "run")


def sizes(source: PreprocessingSource, before: int = 0, input_at: int = 0) -> dict[str, str]:
    """What `MAIN` has to be told."""
    return {
        "N_IN": f"{source.window_samples}U",
        "N_OUT": f"{source.input_samples}U",
        "WORK": f"{source.work_bytes}U",
        "BEFORE": f"{before}U",
        "INPUT_AT": f"{input_at}U",
    }


@cache
def _kernels() -> tuple[Path, ...]:
    """The kernels' objects, compiled once: they are the same for every contract."""
    folder = Path(tempfile.mkdtemp(prefix="anyecg-kernels-"))
    atexit.register(shutil.rmtree, folder)
    sources = sorted(KERNELS.glob("anyecg_preprocess*.c"))
    subprocess.run(["gcc", *STRICT, *_CHECKED, "-c", *sources], cwd=folder, check=True)
    return tuple(folder / f"{source.stem}.o" for source in sources)


def write(source: PreprocessingSource, folder: Path) -> None:
    """Write the files of a contract."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in source.files.items():
        (folder / name).write_text(text)


def hearts(n: int, rate_hz: float, n_samples: int, *, seed: int = 0) -> np.ndarray:
    """Device counts of n synthetic hearts in every rhythm, worn: noise, wander, mains, motion, electrode offset."""
    duration_s = n_samples / rate_hz
    millivolts = VariedHeart(seed).windows(np.arange(n), rate_hz=rate_hz, duration_s=duration_s).millivolts
    draws = np.random.default_rng(seed)
    normals = draws.standard_normal((n, n_noise_normals(n_samples)), dtype=np.float32)
    noise, _ = patch_noise(PatchNoise(), normals, rate_hz, n_samples)
    offset = draws.uniform(-300.0, 300.0, (n, 1))
    counts = np.round((millivolts.astype(np.float64) + noise + offset) * (1e9 / COUNT_PV))
    return np.clip(counts, -RAIL - 1, RAIL).astype(np.int32)
