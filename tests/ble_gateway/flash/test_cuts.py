import pytest

from tests.ble_gateway.flash.cuts import play
from tests.ble_gateway.flash.near import Bench, content, virtually

PLAYS, BLOCKS = 400, 8


@pytest.fixture(scope="module")
def packs():
    """What the patch runs, what it is given, and its flash memory."""
    old, new = content("1.0.0"), content("1.1.0")
    bench = Bench()
    virtually(bench.flash(old))
    return old, new, bench.memory


@pytest.mark.parametrize("block", range(BLOCKS))
def test_however_a_flash_is_cut_it_ends_confirmed_and_until_then_the_old_pack_runs(packs, block):
    ended = [virtually(play(seed, *packs)).ended for seed in range(block, PLAYS, BLOCKS)]
    assert ended == ["confirmed"] * len(ended)
