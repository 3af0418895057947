"""Exported C built for this machine, and TFLite Micro's own build beside it."""

import importlib.util
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

COMPILER = shutil.which("gcc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion"]
QUICK = ["-O1"]
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
PROGRAMS = {"anyecg_test.c", "anyecg_run.c"}

needs_gcc = pytest.mark.skipif(COMPILER is None, reason="gcc is not installed: exported C is not built")
needs_tflm = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None,
    reason="tflite-micro is not installed: there is no wheel for it here",
)


def fastest():
    """The flags that thousands of windows are run with."""
    info = Path("/proc/cpuinfo")
    wide = platform.machine() == "x86_64" and info.exists() and " avx2 " in info.read_text(encoding="utf-8")
    return ["-O3", "-mavx2"] if wide else ["-O3"]


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def compiled(sources, into, flags, include):
    """Objects of C files, in `into`."""
    into.mkdir(parents=True, exist_ok=True)
    command = [COMPILER, *STRICT, *flags, f"-I{include}", "-c", *map(str, sources)]
    subprocess.run(command, check=True, capture_output=True, cwd=into)
    return [into / f"{source.stem}.o" for source in sources]


def program(folder, flags, *, main="anyecg_run.c", shared=()):
    """A folder's program; objects of `shared` are linked in place of their sources."""
    known = {path.stem for path in shared}
    sources = [p for p in sorted(folder.glob("anyecg_*.c")) if p.name not in PROGRAMS and p.stem not in known]
    built = folder / f"{Path(main).stem}.bin"
    command = [COMPILER, *STRICT, *flags, *map(str, [folder / main, *sources, *shared]), "-o", str(built)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return built


def ran(binary, request, records):
    """Answers to one request for each record, as bytes."""
    asked = b"".join(request + record.tobytes() for record in records)
    done = subprocess.run([str(binary)], input=asked, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def outputs_of(binary, inputs):
    """Outputs of the network for int8 inputs, shape (n, outputs)."""
    return np.frombuffer(ran(binary, b"i", inputs), np.int8).reshape(len(inputs), -1)


def tflm_outputs(model, inputs):
    """The same from TFLite Micro's wheel."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=4 << 20)
    shape = interpreter.get_input_details(0)["shape"]
    rows = []
    for x in inputs:
        interpreter.set_input(x.reshape(shape), 0)
        interpreter.invoke()
        rows.append(interpreter.get_output(0).reshape(-1).copy())
    return np.array(rows)


def random_inputs(n, size, seed=0):
    return np.random.default_rng(seed).integers(-128, 128, (n, size), dtype=np.int8)
