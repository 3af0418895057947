"""The network again and again, while another process reads a meter."""

import sys
import time
from typing import Final

from benchmarks.bench.measuring.asks import Draw, Drawn
from edge.interpreter import open_interpreter
from edge.pack import read_any_pack

READY: Final = "ready"
"""What is told when everything is open, so that opening it is in no figure."""


def draw(ask: Draw) -> Drawn:
    """Open the network, tell so, wait for a line, and run it for so long."""
    pack = read_any_pack(ask.pack)
    interpreter = open_interpreter(pack.model, n_threads=ask.threads)
    window = pack.self_test.inputs[0]
    interpreter.invoke(window)
    print(READY, flush=True)
    sys.stdin.readline()
    end_s = time.perf_counter() + ask.seconds
    windows = 0
    while time.perf_counter() < end_s or not windows:
        interpreter.invoke(window)
        windows += 1
    return Drawn(windows=windows)
