import numpy as np
import pytest

from ble_gateway.simulator.script import CALM_END_S, Script


def test_the_same_seed_gives_the_same_play():
    fates = [[Script(seed=5, loss=0.3, jitter_s=0.02).fate(i, last=False) for i in range(99)] for _ in range(2)]
    assert fates[0] == fates[1]


def test_another_seed_gives_another_play():
    fates = [[Script(seed=seed, loss=0.3).fate(i, last=False) for i in range(99)] for seed in (1, 2)]
    assert fates[0] != fates[1]


def test_frames_are_lost_at_the_rate_asked_for():
    arrived = [Script(loss=0.2).fate(i, last=False).arrives for i in range(1, 5001)]
    assert np.mean(arrived) == pytest.approx(0.8, abs=0.02)


def test_delays_have_the_mean_asked_for_and_are_never_negative():
    delays_s = [Script(jitter_s=0.02).fate(i, last=False).delay_s for i in range(5000)]
    assert min(delays_s) >= 0
    assert np.mean(delays_s) == pytest.approx(0.02, rel=0.05)


def test_the_first_and_the_last_frame_always_arrive():
    script = Script(loss=0.99)
    assert script.fate(0, last=False).arrives
    assert script.fate(1234, last=True).arrives


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
    ],
)
def test_a_script_that_cannot_be_played_does_not_exist(wrong):
    with pytest.raises(ValueError, match="must"):
        Script(**wrong)
