"""``python -m benchmarks.bench.measuring.first_outcome ESTIMATES WAVES HEARTS``: ends when it has its first outcome.

What a gateway does from its start on: load the product, open both packs, take blocks until a window has ended. It
prints what the window ended as; the time is taken by who started it.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.bench.measuring.hearts import blocks
from edge.loop import open_loop


def first_outcome(estimates: Path, waves: Path, hearts: Path) -> str:
    """Open a loop and give it a heart until the first window has ended; what it ended as."""
    loop = open_loop(estimates, waves_path=waves, hop_s=10.0)
    outcomes = (outcome for block in blocks(np.load(hearts)[0]) for outcome in loop.push(block))
    return type(next(outcomes)).__name__


if __name__ == "__main__":
    print(first_outcome(*map(Path, sys.argv[1:])))
