"""The count of instructions, on a program of which every one is known."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.arm.board import BOARDS
from tests.arm.emulated import instructions
from tests.arm.system import Machine, System, unavailable_reason

SOURCE = Path(__file__).with_name("counted.c")
COMPILER = "arm-none-eabi-gcc"


@pytest.mark.parametrize("turns", [1, 1000, 1_000_000])
def test_every_instruction_is_counted_once(tmp_path: Path, turns: int) -> None:
    if reason := unavailable_reason(Machine.ARMV7L):
        pytest.skip(reason)
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} not found: sudo apt-get install gcc-arm-none-eabi")
    program, counts = tmp_path / "counted", tmp_path / "counts"
    options = ["-march=armv7-a", "-marm", "-nostdlib", "-static", f'-DTURNS="{turns}"']
    subprocess.run([COMPILER, *options, SOURCE, "-o", program], check=True)
    (board,) = (board for board in BOARDS if board.machine == Machine.ARMV7L)
    subprocess.run(System.of(Machine.ARMV7L).emulator(board, counts, program), check=True)
    between = 2 * turns + 3  # two in each turn, before them the load, behind them the move and the call
    assert instructions(counts) == [between]
