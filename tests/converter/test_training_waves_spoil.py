import numpy as np
import pytest
from scipy import signal

from converter.training.waves.spoil import RATE_DB, WAVES_DB, spoil
from converter.training.waves.targets import UNKNOWN_GRADE
from edge.heart import VariedHeart
from edge.waves.track import RATE_HZ, Grade

N = 200
HEARTS = VariedHeart(2).windows(np.arange(N)).millivolts
SWING = np.maximum(np.median(np.ptp(HEARTS[:, :2560].reshape(N, 5, 512), axis=-1), axis=-1), 0.02)
BAND = signal.butter(2, [0.5, 40.0], btype="bandpass", fs=RATE_HZ, output="sos")


def spoilt(seed=0, *, clean=True, windows=HEARTS):
    return spoil(windows, np.full(len(windows), clean), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def made():
    return spoilt()


def snr_db(made):
    """Of each second in what the network hears, as the noise stress test database counts it, shape (n, 10)."""
    noise = signal.sosfiltfilt(BAND, (made.millivolts - HEARTS).astype(np.float64), axis=-1)
    power = np.maximum((noise.reshape(N, 10, 256) ** 2).mean(axis=-1), 1e-12)
    return 10 * np.log10(SWING[:, None] ** 2 / 8 / power)


def seconds(made):
    """Grade of each second, shape (n, 10); -1 where it changes within."""
    steps = made.grades.astype(int).reshape(N, 10, 64)
    return np.where(np.ptp(steps, axis=-1) == 0, steps[..., 0], -1)


def test_the_same_seed_gives_the_same_noise(made):
    np.testing.assert_array_equal(spoilt().millivolts, made.millivolts)
    np.testing.assert_array_equal(spoilt().grades, made.grades)


def test_another_seed_gives_another():
    assert np.any(spoilt(1).millivolts != spoilt(0).millivolts)


def test_windows_are_left_as_they_were():
    before = HEARTS.copy()
    spoilt()
    np.testing.assert_array_equal(HEARTS, before)


def test_there_is_a_grade_for_each_step(made):
    assert (made.millivolts.shape, made.grades.shape) == ((N, 2560), (N, 640))


@pytest.mark.parametrize(
    ("grade", "low_db", "high_db"),
    [(Grade.WAVES, WAVES_DB - 1.5, np.inf), (Grade.RATE, RATE_DB - 3.0, WAVES_DB + 6.0),
     (Grade.NOTHING, -np.inf, RATE_DB + 6.0)],
)  # fmt: skip
def test_a_second_is_graded_by_the_noise_added_to_it(made, grade, low_db, high_db):
    """Wander and what is lost are beside the noise; a grade is that of a second round each step, hence the margins."""
    db = snr_db(made)[seconds(made) == grade]
    assert np.mean((db >= low_db) & (db <= high_db)) > 0.9


def test_more_noise_never_makes_the_middle_of_grades_better(made):
    db, grade = snr_db(made), seconds(made)
    medians = [np.median(db[grade == g]) for g in (Grade.WAVES, Grade.RATE, Grade.NOTHING)]
    assert medians == sorted(medians, reverse=True)


def test_a_third_of_the_windows_stays_clean_and_is_graded_so(made):
    good = np.all(made.grades == Grade.WAVES, axis=1)
    assert 0.3 < good.mean() < 0.7


def test_of_a_clean_window_only_the_baseline_wanders(made):
    beside_wander = signal.butter(3, 2.0, btype="highpass", fs=RATE_HZ, output="sos")
    rest = signal.sosfiltfilt(beside_wander, made.millivolts - HEARTS, axis=-1)[:, 256:-256].std(axis=-1)
    assert np.sum(rest < 1e-3) >= 0.25 * N


def test_each_grade_comes_often_enough_to_be_learnt(made):
    shares = np.bincount(made.grades.ravel(), minlength=3) / made.grades.size
    assert shares.min() > 0.08


def test_of_a_window_with_noise_of_its_own_only_what_is_drowned_is_known(made):
    known = spoilt(clean=False)
    np.testing.assert_array_equal(known.grades, np.where(made.grades == Grade.NOTHING, Grade.NOTHING, UNKNOWN_GRADE))


def test_lost_contact_leaves_no_trace_of_the_heart_and_is_graded_so():
    """In windows that are zeros, a stretch without contact is the only one that stands still at another level."""
    flat = np.zeros((N, 2560), np.float32)
    made = spoil(flat, np.ones(N, bool), np.random.default_rng(3))
    lost = np.all(np.abs(made.millivolts[:, 4:] - made.millivolts[:, :-4]) < 1e-9, axis=1)
    assert not lost.any()  # a converter's noise stays
    assert np.mean(np.any(made.grades == Grade.NOTHING, axis=1)) > 0.03


def test_noise_is_as_high_as_the_heart_is():
    """Levels are relative, so a heart ten times as high gets noise ten times as high, and the same grades."""
    small, large = spoilt(5), spoilt(5, windows=10 * HEARTS)
    assert np.mean(small.grades == large.grades) > 0.995
