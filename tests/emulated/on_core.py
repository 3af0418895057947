"""Exported folders as programs of an emulated core."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from converter.patch.emulated import model_sources
from converter.patch.toolchain import Build, link, run

TIMEOUT_S = 3_600.0
WORTH_SHARING = 100
"""Windows from which on more than one emulator is worth its start."""


def program(folder, core, *, shared=()):
    """The folder's ``anyecg_run``; objects of `shared` are linked in place of their sources."""
    known = {path.stem for path in shared}
    sources = [path for path in model_sources(folder) if path.stem not in known]
    elf = folder / f"{core}.elf"
    link((*sources, *shared, folder / "anyecg_run.c"), elf, core, Build(), includes=(folder,))
    return elf


def outputs_of(elf, core, inputs):
    """Outputs of the network for int8 inputs, shape (n, outputs); by as many emulators as this process may use."""
    emulators = len(os.sched_getaffinity(0)) if len(inputs) >= WORTH_SHARING else 1
    parts = np.array_split(inputs, emulators)
    asked = [b"".join(b"i" + x.tobytes() for x in part) for part in parts]
    with ThreadPoolExecutor(emulators) as pool:
        answers = pool.map(lambda stdin: run(elf, core, stdin, timeout_s=TIMEOUT_S), asked)
        return np.frombuffer(b"".join(answers), np.int8).reshape(len(inputs), -1)
