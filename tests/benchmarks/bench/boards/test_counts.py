"""What predictions count with is what was counted on emulated boards."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.boards.profile import Loop
from benchmarks.bench.boards.shelf import core_of, loop_costs, profile_names, read_profile
from benchmarks.bench.measuring.work import work_of
from benchmarks.counted import counted, toml_of, window_instructions, write_counts
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.benchmarks.bench.boards.test_profiles import WIDTH

RECORDED = json.loads((Path(__file__).parents[3] / "arm" / "recorded.json").read_text())
BOARDS = [board for board in RECORDED["boards"].values() if board["machine"] == "aarch64"]
AGAIN = "write it again: python -m benchmarks.counted tests/arm/recorded.json"
MACS = {path.stem: work_of(read_any_pack(path).model).macs for path in (SHIPPED, SHIPPED_WAVES)}


def test_the_loop_outside_its_networks_takes_what_was_counted_on_every_board():
    said = loop_costs().window_instructions
    for board, n in zip(BOARDS, window_instructions(BOARDS), strict=True):
        where = f"benchmarks/bench/boards/loop.toml, window_instructions ({said.typical:,.0f}; counted: {n:,})"
        assert said.typical == pytest.approx(n, rel=0.05), f"{where} on {board['core']} is another: {AGAIN}"


def test_a_second_between_windows_takes_what_was_counted_on_every_board():
    said = loop_costs().second_instructions
    for board in BOARDS:
        n = 2 * board["block_instructions"]
        where = f"benchmarks/bench/boards/loop.toml, second_instructions ({said.typical:,.0f}; counted: {n:,})"
        assert said.typical == pytest.approx(n, rel=0.25), f"{where} on {board['core']} is another: {AGAIN}"


@pytest.mark.parametrize("pack", sorted(MACS))
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["core"])
def test_published_cycles_and_counted_instructions_agree_on_a_pace_that_the_core_can_keep(board, pack):
    """The two are independent: cycles are from other people's networks, instructions from ours."""
    (core,) = {core_of(read_profile(name)) for name in profile_names() if read_profile(name).core == board["core"]}
    instructions = board["network_instructions"][pack]["litert"]
    a_cycle = instructions / (core.cycles_per_mac.typical * MACS[pack])
    assert 0.5 <= a_cycle <= WIDTH[board["core"]]


def test_counts_are_written_as_they_were_recorded_and_the_rest_stays(tmp_path):
    recorded = {
        **RECORDED,
        "boards": {name: {**b, "block_instructions": 20_000} for name, b in RECORDED["boards"].items()},
    }
    write_counts(recorded, tmp_path / "loop.toml")
    written = Loop.model_validate(tomllib.loads((tmp_path / "loop.toml").read_text()))
    assert written == counted(recorded, loop_costs())
    assert written.second_instructions.typical == 40_000
    assert "A53, A72 and A76" in written.window_instructions.source
    assert written.process_mb == loop_costs().process_mb


@given(st.lists(st.integers(1_000_000, 10**9), min_size=3, max_size=3))
def test_whatever_was_counted_lies_within_what_is_written(windows):
    boards = [{**board, "window_instructions": n + 10**8} for board, n in zip(BOARDS, windows, strict=True)]
    recorded = {**RECORDED, "boards": {board["core"]: board for board in boards}}
    figure = counted(recorded, loop_costs()).window_instructions
    assert all(figure.low <= n <= figure.high for n in window_instructions(boards))


def test_the_shipped_file_is_what_would_be_written_of_itself():
    file = Path(__file__).parents[4] / "benchmarks" / "bench" / "boards" / "loop.toml"
    assert toml_of(loop_costs()) == file.read_text()
