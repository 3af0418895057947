"""What one window takes on emulated cores: counted, and within what was aimed at."""

import shutil
import subprocess

import pytest

from benchmarks.patch.published import AIMS
from converter.distil.architecture import STUDENT
from converter.distil.architecture import Kind as LayerKind
from converter.distil.emit import untrained
from converter.patch.emulated import Kernel, Kind, count_instructions
from converter.patch.export import export, write_folder
from converter.patch.toolchain import (
    BOARDS,
    Build,
    Core,
    EmulationError,
    EmulationFault,
    link,
    machine_of,
    missing_tools,
    run,
    versions,
)
from converter.patch.translate import Options, Source

PLAIN = {"ANYECG_PLAIN": "1"}


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """The student's default network, untrained, as C."""
    folder = tmp_path_factory.mktemp("student")
    write_folder(folder, export(Source.of_model(untrained(0), "student"), Options()).files)
    return folder


@pytest.fixture(scope="module")
def counted(core, student):
    return count_instructions(student, core)


@pytest.mark.parametrize("core", AIMS, indirect=True)
def test_it_stays_within_the_aims_of_the_core(counted):
    aim = AIMS[counted.core]
    assert counted.total <= aim.instructions
    assert counted.ram_bytes <= (aim.ram_bytes or counted.ram_bytes)
    assert counted.footprint.beyond_weights_bytes <= (aim.beyond_weights_bytes or counted.footprint.flash_bytes)


def test_calls_of_kernels_are_all_but_its_work(counted):
    of_calls = sum(call.instructions for call in counted.calls)
    assert 0.99 * counted.infer < of_calls < 1.01 * counted.infer
    assert {call.kernel for call in counted.calls} == {
        Kernel.CONV, Kernel.DEPTHWISE, Kernel.MEAN, Kernel.TABLE, Kernel.MUL_ROWS, Kernel.ADD,
    }  # fmt: skip


def test_multiplications_are_those_of_the_architecture(counted):
    units = {kind: n for kind, (_, n) in counted.by_kind().items()}
    expected = STUDENT.macs_by_kind()
    assert units[Kind.CONV] == expected[LayerKind.CONV]
    assert units[Kind.DEPTHWISE] == expected[LayerKind.DEPTHWISE]
    assert units[Kind.POINTWISE] + units[Kind.DENSE] == expected[LayerKind.POINTWISE] + expected[LayerKind.DENSE]


def test_without_preprocessing_none_is_counted(counted):
    assert counted.preprocess is None
    assert counted.total == counted.infer


def test_weights_and_biases_are_counted_apart(counted):
    channels = sum(layer.out_channels for layer in STUDENT.layers())
    assert counted.footprint.weights_bytes == STUDENT.n_parameters + 3 * channels


def test_counting_again_gives_the_same(core, student, counted):
    assert count_instructions(student, core) == counted


@pytest.mark.usefixtures("toolchain")
def test_plain_c_takes_more(student):
    plain = count_instructions(student, Core.CORTEX_M4, Build("-O2", PLAIN))
    assert plain.infer > 3 * count_instructions(student, Core.CORTEX_M4).infer


@pytest.mark.usefixtures("toolchain")
def test_a_known_number_of_instructions_is_counted(core, tmp_path):
    (tmp_path / "loop.c").write_text(
        """
        #include <stdio.h>
        #include "ticks.h"
        int main(void) {
          uint32_t n = 1000000U;
          anyecg_board_ticks_begin();
          const uint64_t begin = anyecg_board_ticks();
          __asm volatile("1: subs %0, %0, #1\\n bne 1b" : "+r"(n) : : "cc");
          (void)printf("%lu", (unsigned long)(anyecg_board_ticks() - begin));
          return 0;
        }
        """,
        encoding="utf-8",
    )
    link([tmp_path / "loop.c"], tmp_path / "loop.elf", core, Build())
    ticks = int(run(tmp_path / "loop.elf", core, b"", timeout_s=60.0, counted=True))
    assert ticks * machine_of(core).instructions_per_tick == pytest.approx(2_000_000, abs=200)


@pytest.mark.usefixtures("toolchain")
def test_a_program_that_fails_or_never_ends_is_an_error(tmp_path):
    (tmp_path / "fails.c").write_text("int main(void) { return 3; }", encoding="utf-8")
    (tmp_path / "hangs.c").write_text("int main(void) { for (;;) { } }", encoding="utf-8")
    for name, fault in (("fails", EmulationFault.RUN_FAILED), ("hangs", EmulationFault.TIMED_OUT)):
        link([tmp_path / f"{name}.c"], tmp_path / f"{name}.elf", Core.CORTEX_M4, Build())
        with pytest.raises(EmulationError) as caught:
            run(tmp_path / f"{name}.elf", Core.CORTEX_M4, b"", timeout_s=2.0)
        assert caught.value.fault is fault


@pytest.mark.usefixtures("toolchain")
def test_c_that_does_not_build_is_an_error_of_one_line(tmp_path):
    (tmp_path / "bad.c").write_text("int main(void) { return nothing; }", encoding="utf-8")
    with pytest.raises(EmulationError, match="'nothing' undeclared") as caught:
        link([tmp_path / "bad.c"], tmp_path / "bad.elf", Core.CORTEX_M4, Build())
    assert caught.value.fault is EmulationFault.BUILD_FAILED
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("toolchain")
def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(EmulationError, match="holds no exported model") as caught:
        count_instructions(tmp_path, Core.CORTEX_M4)
    assert caught.value.fault is EmulationFault.NOT_EXPORTED


def test_without_the_toolchain_it_says_what_to_install(monkeypatch, tmp_path, student):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "arm-none-eabi-gcc" in missing_tools()
    for ask in (versions, lambda: count_instructions(student, Core.CORTEX_M4)):
        with pytest.raises(EmulationError, match="install gcc-arm-none-eabi") as caught:
            ask()
        assert caught.value.fault is EmulationFault.NO_TOOLCHAIN


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.usefixtures("toolchain")
def test_every_board_file_is_in_the_exported_folder(student):
    ours = {path.name for path in BOARDS.iterdir()}
    assert {path.name for path in (student / "boards").iterdir()} == ours
    subprocess.run(["make", "-s", "test", "BOARD=cortex-m4"], cwd=student, stdout=subprocess.PIPE, check=True)
