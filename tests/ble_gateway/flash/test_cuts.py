import pytest

from benchmarks.flash.cuts import CONFIRMED, play, stakes

PLAYS, BLOCKS = 400, 8


@pytest.fixture(scope="module")
def given():
    return stakes()


@pytest.mark.parametrize("block", range(BLOCKS))
def test_however_a_flash_is_cut_it_ends_confirmed_and_until_then_the_old_pack_runs(given, block):
    played = [play(seed, given) for seed in range(block, PLAYS, BLOCKS)]
    assert all(one.always_sound for one in played)
    assert [one.ended for one in played] == [CONFIRMED] * len(played)
