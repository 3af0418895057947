"""A runtime in a process of its own, which runs windows when asked: the other end of `benchmarks.peers.elsewhere`.

``python -m benchmarks.peers.worker RUNTIME PATH THREADS`` loads the model and sends an empty array. From then on it
answers each array of windows with two: the network's outputs, and what they took by this process's clocks, elapsed and
of all threads, s. It ends when nothing more can come. Of this product only the runtime's protocol is imported, so that
numpy and the runtime are all that its environment must have.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.peers.child import without_its_own_imports
from benchmarks.peers.frames import read_array, write_array
from benchmarks.peers.timing import cpu_s_of, thread_clocks


def main(runtime: str, path: Path, n_threads: int) -> None:
    """Load, then answer until the other end closes."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a runtime prints is no answer
    without_its_own_imports("edge")
    from benchmarks.peers.runners import open_runner  # noqa: PLC0415 - imports edge

    run = open_runner(runtime, path, n_threads)
    write_array(answers, np.empty(0))
    while (windows := read_array(sys.stdin.buffer)) is not None:
        clocks = thread_clocks()
        began_cpu_s, began_s = cpu_s_of(clocks), time.perf_counter()
        outputs = run(windows)
        elapsed = time.perf_counter() - began_s, cpu_s_of(clocks) - began_cpu_s
        write_array(answers, outputs)
        write_array(answers, np.array(elapsed))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
