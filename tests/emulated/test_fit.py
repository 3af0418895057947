"""What is estimated from a table holds the instructions that are counted."""

import pytest

from converter.patch.fit import Basis
from converter.patch.fit_work import PackOnCores
from converter.patch.translate import Options
from edge.boards import read_board
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from tests.edge.cli.command import called, last_object


@pytest.fixture(scope="module", params=[SHIPPED, SHIPPED_WAVES], ids=["demonstration", "waves"])
def on_cores(toolchain, request):  # noqa: ARG001 - it skips
    return PackOnCores(read_any_pack(request.param), emulate=True, options=Options())


@pytest.mark.parametrize("name", ["nrf52840", "cortex-m55-u55"])
def test_the_table_s_range_holds_what_is_counted(on_cores, name):
    board = read_board(name)
    needs, counted = on_cores.measure(board)
    asked, estimated = on_cores.estimate(board)
    assert (counted.basis, estimated.basis) == (Basis.COUNTED, Basis.TABLE)
    assert estimated.infer.low <= counted.infer.typical <= estimated.infer.high
    assert estimated.preprocess.low <= counted.preprocess.typical <= estimated.preprocess.high
    assert abs(needs.flash_bytes - asked.flash_bytes) < 0.02 * asked.flash_bytes
    assert needs.ram_bytes + needs.stack_bytes <= asked.ram_bytes + asked.stack_bytes


def test_with_the_toolchain_the_verb_counts(toolchain):  # noqa: ARG001 - it skips
    said = last_object(called("fit", SHIPPED_WAVES, "--board", "nrf5340", "--json"))
    assert said["boards"][0]["instructions"]["basis"] == "counted"
