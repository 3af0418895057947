import itertools

import numpy as np
import pytest

from ble_gateway.simulator.script import CALM_END_S, Script


def _fates(script, n=99, *, spared=False):
    fates = script.fates()
    return [fates.next(0.0, spared=spared) for _ in range(n)]


def test_the_same_seed_gives_the_same_play():
    assert _fates(Script(seed=5, loss=0.3, jitter_s=0.02)) == _fates(Script(seed=5, loss=0.3, jitter_s=0.02))


def test_another_seed_gives_another_play():
    assert _fates(Script(seed=1, loss=0.3)) != _fates(Script(seed=2, loss=0.3))


def test_frames_are_lost_at_the_rate_asked_for():
    arrived = [fate.arrives for fate in _fates(Script(loss=0.2), 5000)]
    assert np.mean(arrived) == pytest.approx(0.8, abs=0.02)


def test_delays_have_the_mean_asked_for_and_are_never_negative():
    delays_s = [fate.delay_s for fate in _fates(Script(jitter_s=0.02), 5000)]
    assert min(delays_s) >= 0
    assert np.mean(delays_s) == pytest.approx(0.02, rel=0.05)


def test_a_frame_that_is_spared_always_arrives():
    script = Script(loss=0.99, burst_every_s=2, burst_s=1)
    assert all(fate.arrives for fate in _fates(script, spared=True))
    assert script.fates().next(2.5, spared=True).arrives


def test_sparing_a_frame_does_not_change_what_happens_to_the_others():
    one, other = Script(loss=0.5, jitter_s=0.1).fates(), Script(loss=0.5, jitter_s=0.1).fates()
    one.next(0, spared=True), other.next(0, spared=False)
    assert [one.next(0, spared=False) for _ in range(50)] == [other.next(0, spared=False) for _ in range(50)]


def test_in_a_burst_everything_is_lost_and_outside_nothing():
    script = Script(burst_every_s=10, burst_s=2)
    fates = script.fates()
    lost_s = [at_s for at_s in np.arange(0, 35, 0.5) if not fates.next(at_s, spared=False).arrives]
    assert lost_s == [10, 10.5, 11, 11.5, 20, 20.5, 21, 21.5, 30, 30.5, 31, 31.5]


def test_a_wearable_starts_anew_once_at_each_time_asked_for():
    script = Script(reset_at_s=(5, 7.5))
    steps = itertools.pairwise(np.arange(0, 10, 0.5))
    assert [to_s for from_s, to_s in steps if script.resets_within(from_s, to_s)] == [5, 7.5]


def test_a_play_disconnects_once_each_interval_but_neither_at_its_begin_nor_near_its_end():
    script = Script(disconnect_every_s=60)
    step_s = 0.56
    breaks_s = [t for t in np.arange(0, 200, step_s) if script.disconnects_within(t - step_s, t, ends_s=200)]
    assert [round(t / 60) for t in breaks_s] == [1, 2, 3]
    assert not script.disconnects_within(0, 190, ends_s=190 + script.outage_s + CALM_END_S - 0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"loss": 1.0},
        {"loss": float("nan")},
        {"jitter_s": -0.1},
        {"jitter_s": float("nan")},
        {"outage_s": -1},
        {"drift_ppm": 1e6},
        {"disconnect_every_s": 0},
        {"burst_every_s": 1.0, "burst_s": 1.0},
        {"burst_every_s": 1.0, "burst_s": -0.1},
    ],
)
def test_a_script_that_cannot_be_played_does_not_exist(wrong):
    with pytest.raises(ValueError, match="must"):
        Script(**wrong)
