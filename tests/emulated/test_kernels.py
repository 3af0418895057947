"""Every kernel, on random work, writes what plain C on this machine writes, and nothing else."""

import shutil
import struct
import subprocess

import pytest

from converter.patch.schedule import ROWS_AT_ONCE, conv_scratch_bytes
from converter.patch.toolchain import SOURCES, Build, Core, EmulationError, EmulationFault, link, run
from tests.emulated.cases import KERNELS, KINDS, cases, host_program

N = 4_000
TIMEOUT_S = 120.0
WALLS = {
    Core.CORTEX_M4: "0x20200000U",
    Core.CORTEX_M7: "0x20200000U",
    Core.CORTEX_M33: "0x38200000U",
    Core.CORTEX_M55: "0x31100000U",
}
"""In the middle of each board's memory, where nothing else lies."""

pytestmark = [
    pytest.mark.usefixtures("toolchain"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed: there is nothing to equal"),
]


@pytest.fixture(scope="module")
def work():
    made = list(cases(seed=1, n=N))
    return [case for case, _ in made], struct.pack("<I", N) + b"".join(words for _, words in made)


@pytest.fixture(scope="module")
def expected(work, tmp_path_factory):
    """Plain C on this machine; the sanitizers end it at the first wrong step."""
    program = host_program(tmp_path_factory.mktemp("host"))
    return subprocess.run([program], input=work[1], stdout=subprocess.PIPE, check=True).stdout


def memories(written, made):
    at = 0
    for case in made:
        yield written[at : at + case.memory_bytes()]
        at += case.memory_bytes()
    assert at == len(written)


def assert_equal(written, expected, made):
    differing = [
        (KINDS[case.kind].__name__, case)
        for case, ours, theirs in zip(made, memories(written, made), memories(expected, made), strict=True)
        if ours != theirs
    ]
    assert differing == []


@pytest.mark.parametrize("optimise", ["-O2", "-Os"])
def test_kernels_of_the_core_write_what_plain_c_writes_and_read_past_no_end(core, optimise, work, expected, tmp_path):
    made, words = work
    link(KERNELS, tmp_path / "kernels.elf", core, Build(optimise, {"WALL": WALLS[core]}))
    assert_equal(run(tmp_path / "kernels.elf", core, words, timeout_s=TIMEOUT_S), expected, made)


def test_reading_past_an_end_would_end_in_a_fault(core, tmp_path):
    link(KERNELS, tmp_path / "kernels.elf", core, Build("-O2", {"WALL": WALLS[core]}))
    with pytest.raises(EmulationError) as caught:
        run(tmp_path / "kernels.elf", core, struct.pack("<I", 0), timeout_s=TIMEOUT_S)
    assert caught.value.fault is EmulationFault.RUN_FAILED


@pytest.mark.parametrize(
    ("core", "defines"),
    [(Core.CORTEX_M4, {"ANYECG_PLAIN": "1"}), (Core.CORTEX_M55, {"ANYECG_NO_MVE": "1"}), (Core.CORTEX_M7, {})],
    ids=["plain C on a Cortex-M4", "DSP instructions on a Cortex-M55", "a Cortex-M7"],
)
def test_so_do_the_plainer_variants_and_the_cortex_m7(core, defines, work, expected, tmp_path):
    made, words = work
    link(KERNELS, tmp_path / "kernels.elf", core, Build("-O2", defines))
    assert_equal(run(tmp_path / "kernels.elf", core, words, timeout_s=TIMEOUT_S), expected, made)


@pytest.mark.parametrize(
    ("core", "instruction"), [(Core.CORTEX_M4, "smlad"), (Core.CORTEX_M33, "smlad"), (Core.CORTEX_M55, "letp")]
)
def test_the_variant_of_a_core_uses_its_instructions(core, instruction, tmp_path):
    link(KERNELS, tmp_path / "kernels.elf", core, Build())
    command = ["arm-none-eabi-objdump", "--disassemble=anyecg_conv", str(tmp_path / "kernels.elf")]
    assert instruction in subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_most_outputs_are_no_limits(work, expected):
    made, _ = work
    for kind in range(len(KINDS)):
        of_kind = [
            (case.output(memory), case.within)
            for case, memory in zip(made, memories(expected, made), strict=True)
            if case.kind == kind
        ]
        inside = sum(int(((low < y) & (y < high)).sum()) for y, (low, high) in of_kind)
        assert inside > 0.4 * sum(y.size for y, _ in of_kind), KINDS[kind].__name__


def test_the_scratch_that_is_planned_is_the_scratch_that_is_used():
    header = (SOURCES / "anyecg_kernels.h").read_text(encoding="utf-8")
    assert f"#define ANYECG_ROWS_AT_ONCE {ROWS_AT_ONCE} " in header
    assert (
        "#define ANYECG_CONV_SCRATCH(row_elements) (2U * ANYECG_ROWS_AT_ONCE * (((row_elements) + 3U) & ~3U))" in header
    )
    assert [conv_scratch_bytes(n) for n in (1, 4, 5, 336)] == [32, 32, 64, 2688]
