"""`python -m benchmarks.product`: writes the int8 product that `anyecg bench` finds the machine's peak with.

A board has no converter, so the product comes with the benchmark. K = 512 and N = 128 reach 97 % of what K = N = 1024
reach, with 65 kB of weights instead of 1 MB (XNNPACK on a server of 2023).
"""

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.bench.measuring.peak import PRODUCT
from converter.graph import Graph
from converter.quantise import Mode, quantise

_ROWS: Final = 512
_IN: Final = 512
_OUT: Final = 128


def product() -> bytes:
    """Write a 1x1 convolution of (1, 1, 512, 512) to 128 channels, int8; always the same bytes."""
    draws = np.random.default_rng(0)
    graph = Graph("product")
    x = graph.input("x", (1, 1, _ROWS, _IN))
    weights = draws.normal(scale=_IN**-0.5, size=(_OUT, _IN, 1)).astype(np.float32)
    y = graph.conv("product", x, weights, np.zeros(_OUT, np.float32))
    calibration = draws.normal(size=(2, *x.shape[1:])).astype(np.float32)
    return quantise(graph.to_bytes(x, y), Mode.FULL, calibration)


def main(path: Path = PRODUCT) -> None:
    """Write it where the benchmark finds it."""
    path.write_bytes(product())


if __name__ == "__main__":
    main()
