"""What is asked for, and the boards, which need no measuring."""

import typer.main

from benchmarks.bench.boards import profile_names
from benchmarks.bench.cli import bench
from benchmarks.readme.collect import on_boards, quick_plan, whole_plan
from edge.pack import SHIPPED, SHIPPED_WAVES


def test_anyecg_bench_knows_every_option_that_it_is_run_with(tmp_path):
    known = {name for option in typer.main.get_command(bench).commands["run"].params for name in option.opts}
    for plan in (whole_plan(None, tmp_path), quick_plan(None, tmp_path)):
        assert {option for option in plan.bench if option.startswith("--")} <= known
    assert "--json" in known


def test_a_checkpoint_takes_longer_and_the_whole_stays_within_twelve_minutes(tmp_path):
    for plan in (whole_plan(None, tmp_path), quick_plan(None, tmp_path)):
        alone, with_checkpoint = plan.minutes
        assert alone < with_checkpoint <= 12


def test_every_shipped_pack_is_held_against_every_board_with_its_budgets_and_the_packs():
    found = list(on_boards([SHIPPED, SHIPPED_WAVES]))
    assert [one.board for one in found] == [*profile_names(), *profile_names()]
    for one in found:
        assert one.inference_ms.low <= one.inference_ms.typical <= one.inference_ms.high < one.window_ms.high
        assert {limit.whose for limit in one.limits} == {"board", "pack"}
        assert all(limit.words.endswith(("by prediction", "by measurement")) for limit in one.limits)
