"""What runs on an emulated board, and for comparison on this machine: ``python -m tests.arm.guest recording.npy``.

Prints one JSON object: what each shipped pack gives for its self-test on each runtime, and what each window of the
recording ends as. ``os.getsid(0)`` stands before and after all that is counted: `COUNTED_RUNS` runs of each network in
the order of ``self_tests``, then each block of the recording.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy

from edge.interpreter import Interpreter, installed_runtimes, open_interpreter
from edge.loop import open_loop
from edge.model import open_model
from edge.outcome import Estimated
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack, read_pack, read_waves_pack
from edge.signal import SampleBlock, Scale
from edge.waves.network import open_waves_model

RATE_HZ: Final = 130.0
HOP_S: Final = 5.0
BLOCK_SAMPLES: Final = 65
"""Half a second: a window ends with a block, so that what a window costs is what that block costs."""
PACKS: Final = (SHIPPED_WAVES, SHIPPED)
COUNTED_RUNS: Final = 3


def main() -> None:
    """Prove, run and count; one line of JSON."""
    self_tests = {path.stem: {name: _self_test(path, name) for name in installed_runtimes()} for path in PACKS}
    outcomes, estimated = _loop(np.load(sys.argv[1]))
    answer = {
        "machine": platform.machine(),
        "versions": {**installed_runtimes(), "numpy": np.__version__, "scipy": scipy.__version__},
        "self_tests": self_tests,
        "outcomes": outcomes,
        "estimated": estimated,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def _self_test(path: Path, runtime: str) -> dict[str, Any]:
    """Open the pack as the product does, which proves it, and say what its network gives."""
    if path == SHIPPED_WAVES:
        open_waves_model(read_waves_pack(path), runtime=runtime)
    else:
        open_model(read_pack(path), runtime=runtime)
    pack = read_any_pack(path)
    interpreter = open_interpreter(pack.model, runtime=runtime)
    outputs = [interpreter.invoke(x)[0] for x in pack.self_test.inputs]
    _count(interpreter, pack.self_test.inputs[0])
    return {"family": interpreter.kernel_family, "outputs": np.stack(outputs).tolist()}


def _count(interpreter: Interpreter, x: Any) -> None:
    for _ in range(COUNTED_RUNS):
        os.getsid(0)
        interpreter.invoke(x)
    os.getsid(0)


def _loop(counts: np.ndarray) -> tuple[list[dict[str, Any]], list[int]]:
    """Outcomes of a recording, and how many windows with an estimate each of its blocks ended."""
    loop, said, estimated = open_loop(hop_s=HOP_S, latency_p99_ms=inf, resident_mb=inf), [], []
    for block in _blocks(counts):
        os.getsid(0)
        outcomes = loop.push(block)
        os.getsid(0)
        said.extend(outcomes)
        estimated.append(sum(isinstance(outcome, Estimated) for outcome in outcomes))
    return [{"kind": type(outcome).__name__, **asdict(outcome)} for outcome in (*said, *loop.finish())], estimated


def _blocks(counts: np.ndarray) -> Iterator[SampleBlock]:
    for begin in range(0, counts.size, BLOCK_SAMPLES):
        yield SampleBlock(
            counts[begin : begin + BLOCK_SAMPLES],
            Scale(1e-3),
            RATE_HZ,
            first_index=begin,
            start_s=begin / RATE_HZ,
            period_s=1 / RATE_HZ,
            gap_before=None,
        )


if __name__ == "__main__":
    main()
