"""Windows spoilt on purpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.calibration import WindowSet, network_inputs, synthetic_windows, with_artefacts
from edge.preprocess import ECGFOUNDER

CLEAN = synthetic_windows(ECGFOUNDER, 12, seed=3)
SEEDS = st.integers(0, 10_000)
POPS, MUSCLE, DROPOUTS = (slice(kind, None, 3) for kind in range(3))


def added(windows, seed):
    """What the artefacts add, mV."""
    return with_artefacts(windows, seed=seed).millivolts - windows.millivolts


def amplitude(windows):
    return np.abs(windows.millivolts - np.median(windows.millivolts, axis=1, keepdims=True)).max(axis=1)


@given(SEEDS)
def test_artefacts_leave_the_windows_they_were_made_from_as_they_are(seed):
    before = CLEAN.millivolts.copy()
    spoilt = with_artefacts(CLEAN, seed=seed)
    np.testing.assert_array_equal(CLEAN.millivolts, before)
    assert (spoilt.millivolts.shape, spoilt.millivolts.dtype) == (before.shape, before.dtype)


@given(SEEDS)
def test_a_seed_gives_the_same_artefacts_again_and_every_window_has_one(seed):
    one, again = added(CLEAN, seed), added(CLEAN, seed)
    np.testing.assert_array_equal(one, again)
    assert (np.ptp(one, axis=1) > 0).all()


def test_another_seed_gives_other_artefacts():
    assert not np.array_equal(added(CLEAN, 0), added(CLEAN, 1))


@given(SEEDS, st.integers(8, 12))
def test_a_windows_artefacts_do_not_depend_on_those_after_it(seed, n):
    fewer = with_artefacts(WindowSet(CLEAN.millivolts[:n], "fewer"), seed=seed)
    np.testing.assert_array_equal(fewer.millivolts, with_artefacts(CLEAN, seed=seed).millivolts[:n])


@given(SEEDS, st.floats(0.1, 10.0), st.floats(-5.0, 5.0))
def test_artefacts_scale_with_the_window_and_know_no_offset(seed, gain, offset):
    other = WindowSet((CLEAN.millivolts * gain + offset).astype(np.float32), "other")
    np.testing.assert_allclose(added(other, seed), added(CLEAN, seed) * gain, atol=1e-3 * max(gain, 1.0))


@given(SEEDS)
def test_pops_rise_to_several_times_the_windows_amplitude(seed):
    peak = np.abs(added(CLEAN, seed)[POPS]).max(axis=1) / amplitude(CLEAN)[POPS]
    assert (peak > 2.0).all()
    assert (peak < 3 * 8.0).all()  # three may meet


@given(SEEDS)
def test_muscle_noise_has_the_level_of_the_window_and_leaves_its_mean(seed):
    bursts, spread = added(CLEAN, seed)[MUSCLE], CLEAN.millivolts[MUSCLE].std(axis=1)
    assert (np.abs(bursts).max(axis=1) < 3 * 1.5 * 5.0 * spread).all()
    assert (np.abs(bursts.mean(axis=1)) < 0.02 * spread).all()


@given(SEEDS)
def test_muscle_noise_swells_and_fades(seed):
    for burst in added(CLEAN, seed)[MUSCLE]:
        inside = np.flatnonzero(np.abs(burst) > 1e-6)
        assert np.abs(burst[inside[[0, -1]]]).max() < 0.05 * np.abs(burst).max()


def test_pops_and_spikes_go_either_way():
    many = np.concatenate([added(CLEAN, seed) for seed in range(8)])
    for kind in (POPS, DROPOUTS):
        highest = np.take_along_axis(many[kind], np.abs(many[kind]).argmax(axis=1)[:, None], axis=1)
        assert 0.2 < (highest > 0).mean() < 0.8


@given(SEEDS)
def test_a_dropout_holds_still_for_200_samples_at_least(seed):
    for window in with_artefacts(CLEAN, seed=seed).millivolts[DROPOUTS]:
        # Spikes may cut it in up to four pieces.
        still = np.diff(window) == 0
        assert np.count_nonzero(still) > 150
        assert np.count_nonzero(still) < 1520


@given(SEEDS)
def test_spikes_stand_out_of_a_dropout_window_as_pops_do(seed):
    spoilt = with_artefacts(CLEAN, seed=seed)
    height = amplitude(spoilt)[DROPOUTS] / amplitude(CLEAN)[DROPOUTS]
    assert (height > 1.9).all()


def test_the_origin_says_what_was_done_to_which_windows():
    origin = with_artefacts(CLEAN, seed=4).origin
    assert origin == "synthetic heart, seed 3; with pops, muscle noise and dropouts with spikes in turn, seed 4"


@pytest.mark.parametrize("kind", [POPS, MUSCLE, DROPOUTS])
def test_every_kind_of_artefact_is_still_there_after_preprocessing(kind):
    clean, spoilt = (network_inputs(w, ECGFOUNDER)[kind] for w in (CLEAN, with_artefacts(CLEAN, seed=0)))
    assert np.abs(spoilt - clean).max(axis=1).min() > 0.5
