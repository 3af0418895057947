import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.heart import PatchNoise
from edge.waves.gentle import LEVEL_S, Gentle, gentle, hum, means_at
from edge.waves.track import RATE_HZ
from tests.edge.waves.hearts import hearts, marks_of

N = 2560
TIME_S = np.arange(N) / RATE_HZ
J60_S = 0.06
wander = st.tuples(st.floats(-2.0, 2.0), st.floats(-0.3, 0.3))


def lifted(mv, marks, st_mv):
    """The signal with ST lifted from the end of QRS to that of T, each beat alike."""
    shape = np.zeros(mv.size)
    for j, end in zip(marks.qrs_off, marks.t_off, strict=True):
        shape += np.interp(np.arange(mv.size), [j - 8, j, end - 40, end], [0.0, st_mv, st_mv, 0.0])
    return mv + shape


def st_levels(mv, marks):
    return means_at(mv, marks.qrs_off + J60_S * RATE_HZ, 5)


def beats_with_st(windows, row):
    marks = marks_of(windows.truth, row, N)
    return marks.take(np.isfinite(marks.t_off) & (marks.qrs_on > 8))


@pytest.fixture(scope="module")
def silent():
    return hearts(40)


@pytest.mark.parametrize("st_mv", [-0.2, -0.1, 0.1, 0.2])
def test_a_shift_of_st_that_repeats_is_kept_within_2_microvolts(silent, st_mv):
    for row in range(40):
        marks = beats_with_st(silent, row)
        mv = silent.millivolts[row].astype(float)
        before, after = (st_levels(gentle(x, RATE_HZ, marks.qrs_on), marks) for x in (mv, lifted(mv, marks, st_mv)))
        assert np.median(after - before) == pytest.approx(st_mv, abs=2e-3)


@given(wander)
def test_a_baseline_of_straight_lines_changes_nothing_between_the_first_and_the_last_beat(line):
    windows = hearts(1)
    marks = beats_with_st(windows, 0)
    mv = windows.millivolts[0].astype(float)
    inside = slice(int(marks.qrs_on[0]), int(marks.qrs_on[-1]) - 5)
    plain, tilted = (gentle(x, RATE_HZ, marks.qrs_on) for x in (mv, mv + line[0] + line[1] * TIME_S))
    np.testing.assert_allclose(tilted[inside], plain[inside], atol=1e-4)


def test_the_median_st_is_within_8_microvolts_under_wander_of_a_third_of_a_millivolt():
    noisy, errors = hearts(60, noise=PatchNoise(0.3, 0, 0, 50, 0, 0, 0, 0, 0)), []
    for row in range(60):
        marks = beats_with_st(noisy, row)
        clean = gentle(noisy.clean_millivolts[row].astype(float), RATE_HZ, marks.qrs_on)
        worn = gentle(noisy.millivolts[row].astype(float), RATE_HZ, marks.qrs_on)
        errors.append(np.median(st_levels(worn, marks) - st_levels(clean, marks)))
    assert np.sqrt(np.mean(np.square(errors))) < 8e-3


def test_the_level_before_each_beat_is_zero(silent):
    marks = beats_with_st(silent, 0)
    said = gentle(silent.millivolts[0].astype(float), RATE_HZ, marks.qrs_on)
    n = round(LEVEL_S * RATE_HZ)
    assert np.abs(means_at(said, marks.qrs_on - n / 2, n)).max() < 1e-3


def test_a_silent_heart_is_taken_for_less_than_2_microvolts_of_hum(silent):
    assert max(np.abs(hum(mv.astype(float), RATE_HZ)).max() for mv in silent.millivolts) < 2e-3


@pytest.mark.parametrize("hz", [50.0, 60.0, 49.9, 60.1])
@pytest.mark.parametrize("height_mv", [0.03, 0.3])
def test_of_a_hum_a_twentieth_and_a_microvolt_are_left_at_most(silent, hz, height_mv):
    added = height_mv * np.cos(2 * np.pi * hz * TIME_S + 0.7)
    for mv in silent.millivolts[:10].astype(float):
        left = added - hum(mv + added, RATE_HZ)
        assert np.std(left[256:-256]) < 0.05 * np.std(added) + 1e-3


@given(st.integers(1, 3000), st.sampled_from([64.0, 125.0, 128.0, 200.0, 256.0, 500.0]))
def test_a_stretch_of_any_length_and_rate_comes_back_as_long_and_finite(n, rate_hz):
    said = gentle(np.sin(np.arange(n)), rate_hz, np.empty(0))
    assert said.shape == (n,)
    assert np.isfinite(said).all()


def test_means_lie_on_the_middle_of_what_they_average():
    line = np.arange(100.0)
    places = np.array([10.0, 50.0, np.nan])
    np.testing.assert_array_equal(means_at(line, places, 5), places)
    np.testing.assert_array_equal(means_at(line, places - 0.5, 4), places - 0.5)


def test_beyond_the_ends_what_is_there_is_repeated():
    assert means_at(np.arange(10.0), np.array([-5.0, 30.0]), 3).tolist() == [0.0, 9.0]


@given(st.integers(3, 2000), st.integers(0, 5), st.sampled_from([64.0, 256.0]), st.integers(0, 10_000))
def test_what_is_worked_out_only_where_it_is_asked_for_is_the_same_to_the_last_bit(n, n_beats, rate_hz, seed):
    random = np.random.default_rng(seed)
    mv, qrs_on = random.normal(0, 1, n), np.sort(random.uniform(0, n - 1, n_beats))
    level, whole = Gentle(mv, rate_hz, qrs_on), gentle(mv, rate_hz, qrs_on)
    samples = random.integers(0, n, (2, 7))
    np.testing.assert_array_equal(level.at(samples), whole[samples])
    places = random.uniform(-3, n + 3, 9)
    np.testing.assert_array_equal(level.means_at(places.tolist(), 5), means_at(whole, places, 5))
