"""One variant in a process of its own: what it takes to import its runtime, to load it and to run one window.

``python -m benchmarks.peers.child RUNTIME PATH WINDOW.npy`` prints its figures as JSON. Nothing but the standard
library is imported before the clock runs, and of this product only what the runtime needs.
"""

import importlib
import importlib.util
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Final

_IMPORTS: Final = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "onnxruntime": "onnxruntime",
    "torch": "torch",
}


def main(runtime: str, path: Path, window: Path) -> dict[str, float]:
    """Import, load, run once, and look at the memory."""
    began_s = time.perf_counter()
    importlib.import_module(_IMPORTS[runtime])
    imported_s = time.perf_counter()
    import numpy as np  # noqa: PLC0415 - every runtime has imported it

    for package in ("converter", "edge"):
        without_its_own_imports(package)
    from benchmarks.peers.runners import open_runner  # noqa: PLC0415

    opening_s = time.perf_counter()
    run = open_runner(runtime, path, n_threads=1)
    opened_s = time.perf_counter()
    run(np.load(window))
    return {
        "import_s": imported_s - began_s,
        "load_s": opened_s - opening_s,
        "first_window_s": time.perf_counter() - opened_s,
        "peak_rss_mb": peak_rss_mb(),
    }


def without_its_own_imports(package: str) -> None:
    """Stand in for a package whose ``__init__`` brings the quantizer or scipy, which these figures are not about."""
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ImportError(package)
    stand_in = ModuleType(package)
    stand_in.__path__ = list(found.submodule_search_locations)
    sys.modules[package] = stand_in


def peak_rss_mb() -> float:
    """Peak resident memory, MB (10^6 bytes); Linux. Not getrusage's, which a parent process hands on."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/status has no VmHWM")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
