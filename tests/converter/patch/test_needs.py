"""What a pack asks of a patch: held against the toolchain and TFLite Micro's own allocator where they are installed."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from converter.distil.emit import untrained
from converter.patch.export import export
from converter.patch.interpreter_memory import interpreter_arena
from converter.patch.needs import needs_of, needs_of_pack, with_needs
from converter.patch.reading import read_network, tensor_count
from converter.patch.translate import Options, Source
from edge.pack import SHIPPED, SHIPPED_WAVES, parse_pack, read_any_pack
from tests.converter.patch.built import PROGRAMS, needs_tflm, write

CORTEX_M4 = [
    "arm-none-eabi-gcc",
    "-mcpu=cortex-m4",
    "-mthumb",
    "-std=c99",
    "-O2",
    "-ffunction-sections",
    "-fstack-usage",
]

needs_arm = pytest.mark.skipif(shutil.which(CORTEX_M4[0]) is None, reason="arm-none-eabi-gcc is not installed")


def models():
    return {
        "demonstration": read_any_pack(SHIPPED).model,
        "waves": read_any_pack(SHIPPED_WAVES).model,
        "student": untrained(0),
    }


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_multiplications_are_those_of_the_layers(path):
    pack = read_any_pack(path)
    needs = needs_of(pack.model)
    network = read_network(pack.model)
    total = sum(
        network.tensors[operator.y].size_bytes * operator.weights.values[0].size
        for operator in network.operators
        if hasattr(operator, "weights")
    )
    assert sum(n for kind, n in needs.macs.items() if kind != "elementwise") == total


def test_a_pack_needs_what_its_model_needs_and_its_preprocessing():
    pack = read_any_pack(SHIPPED)
    alone, whole = needs_of(pack.model), needs_of_pack(pack)
    assert whole.flash_bytes > alone.flash_bytes
    assert whole.ram_bytes >= alone.ram_bytes
    assert whole.operators == alone.operators


def test_tables_code_and_schedule_of_the_student_stay_under_12_kb():
    model = untrained(0)
    network = read_network(model)
    layers = [operator.weights for operator in network.operators if hasattr(operator, "weights")]
    weights = sum(layer.values.nbytes + layer.bias.nbytes for layer in layers)
    assert needs_of(model).flash_bytes - weights <= 12_000


@needs_arm
@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_flash_and_stack_are_what_the_compiler_makes(path, tmp_path):
    pack = read_any_pack(path)
    exported = export(Source.of_pack(pack), Options(self_test=False))
    folder = write(tmp_path, exported.files)
    sources = [p.name for p in folder.glob("anyecg_*.c") if p.name not in {*PROGRAMS, "anyecg_selftest.c"}]
    subprocess.run([*CORTEX_M4, "-c", *sources], cwd=folder, check=True, capture_output=True)
    objects = [str(path) for path in folder.glob("*.o")]
    said = subprocess.run(["arm-none-eabi-size", "-t", *objects], check=True, capture_output=True, text=True).stdout
    text, _, bss = (int(n) for n in said.splitlines()[-1].split()[:3])
    used = re.findall(r"anyecg_\w+(?=\()", exported.files["anyecg_model.c"])
    unused = _kernel_bytes(objects, set(used))
    assert exported.needs.flash_bytes == pytest.approx(text - unused, rel=0.005)
    assert exported.needs.ram_bytes == bss
    frames = [
        int(line.split("\t")[1]) for path in folder.glob("anyecg_[km]*.su") for line in path.read_text().splitlines()
    ]
    assert sum(sorted(frames)[-2:]) <= exported.needs.stack_bytes


def _kernel_bytes(objects, used):
    """Code of kernels that no call names: a linker leaves it out."""
    said = subprocess.run(["arm-none-eabi-nm", "-S", *objects], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in said.splitlines() if re.search(r" [tT] anyecg_(?!model|infer|input)", line)]
    kernels = {"add", "conv", "depthwise", "max", "mean", "mul", "mul_rows", "pad", "table"}
    return sum(int(size, 16) for _, size, _, name in rows if name not in used and name[7:] in kernels)


@needs_tflm
@pytest.mark.parametrize("name", ["demonstration", "waves", "student"])
def test_the_head_of_the_arena_is_that_of_tflite_micros_planner(name, capfd):
    from tflite_micro.python.tflite_micro import runtime

    model = models()[name]
    runtime.Interpreter.from_bytes(model, arena_size=1 << 20).print_allocations()
    said = capfd.readouterr().err
    head = int(re.search(r"allocation head (\d+)", said).group(1))
    tail = int(re.search(r"allocation tail (\d+)", said).group(1))
    arena = interpreter_arena(read_network(model), tensor_count(model))
    assert arena.head_bytes == head
    assert 0.6 * tail < arena.tail_bytes <= tail


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_a_pack_can_say_what_it_needs_and_is_the_same_otherwise(path):
    pack = read_any_pack(path)
    stamped = with_needs(pack)
    again = parse_pack(stamped.to_bytes())
    assert again.manifest.patch == needs_of_pack(pack)
    assert again.model == pack.model
    assert np.array_equal(again.self_test.inputs, pack.self_test.inputs)
    assert again.manifest.model_copy(update={"patch": None}) == pack.manifest.model_copy(update={"patch": None})


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_shipped_packs_state_what_they_need(path):
    pack = read_any_pack(path)
    stated, needs = pack.manifest.patch, needs_of_pack(pack)
    assert (stated.operators, stated.macs, stated.ram_bytes) == (needs.operators, needs.macs, needs.ram_bytes)
    assert stated.flash_bytes == pytest.approx(needs.flash_bytes, rel=0.01)
    assert stated.interpreter_arena_bytes == needs.interpreter_arena_bytes


def test_a_pack_that_cannot_become_c_is_left_as_it_is():
    pack = read_any_pack(SHIPPED)
    in_float = replace(pack, manifest=pack.manifest.model_copy(update={"quantisation": "float"}))
    broken = replace(pack, model=b"no model")
    assert with_needs(in_float) is in_float
    assert with_needs(broken) is broken
