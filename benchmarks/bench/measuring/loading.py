"""Reading, opening and proving a pack, with its file in the page cache and without."""

import os
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final

from benchmarks.bench.measuring.asks import Load, Loaded
from edge.model import open_model
from edge.pack import ModelPack, read_any_pack
from edge.waves.network import open_waves_model

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_LIBRARIES: Final = ("ai-edge-litert", "tflite-runtime")


def load(ask: Load) -> Loaded:
    """Open the pack once in this process, which has not loaded the runtime before."""
    kept = dict(dropped([ask.pack, *_libraries()])) if ask.cold else {}
    began_s = time.perf_counter()
    pack = read_any_pack(ask.pack)
    if isinstance(pack, ModelPack):
        open_model(pack)
    else:
        open_waves_model(pack)
    ms = (time.perf_counter() - began_s) * 1e3
    needed = {ask.pack.name, *_mapped()}
    return Loaded(ms=ms, kept={name: share for name, share in kept.items() if name in needed})


def dropped(paths: list[Path]) -> Iterator[tuple[str, float]]:
    """Drop files from the page cache; name those that stayed, with the share that did.

    A page stays while a process has it mapped, and where a file system does not take the advice. Where the kernel
    cannot be asked what stayed, all of it is said to have.
    """
    os.sync()  # a page that is to be written yet is not dropped
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            share = _cached(file)
        finally:
            os.close(file)
        if share > 0.0:
            yield path.name, share


def _cached(file: int) -> float:
    """Share of a file's pages that could be read without waiting for the disk, 0 to 1."""
    size = os.fstat(file).st_size
    offsets = range(0, size, _PAGE_BYTES)
    one = [bytearray(1)]
    n_cached = 0
    for offset in offsets:
        try:
            n_cached += os.preadv(file, one, offset, os.RWF_NOWAIT)
        except BlockingIOError:
            continue
        except OSError:  # the file system cannot say
            return 1.0
    return n_cached / max(1, len(offsets))


def _mapped() -> set[str]:
    """Names of the files that this process has mapped: the libraries that it did need; Linux."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    return {line.rpartition("/")[2] for line in lines}


def _libraries() -> list[Path]:
    """Shared objects of the runtime that is installed here, those it does not load among them."""
    for package in _LIBRARIES:
        try:
            found = [Path(str(file.locate())) for file in files(package) or () if file.suffix == ".so"]
        except PackageNotFoundError:
            continue
        return [path for path in found if path.is_file()]
    return []
