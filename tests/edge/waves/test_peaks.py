import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage, signal

from edge.waves.peaks import peaks_of, running_mean

shares = st.floats(0.0, 1.0)
plateaus = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0]), st.integers(1, 6)), max_size=30)


def found_by_scipy(values, distance):
    walled = np.concatenate([[0.0], values, [0.0]])
    return signal.find_peaks(walled, height=0.4, distance=distance)[0] - 1


@given(arrays(np.float64, st.integers(5, 200), elements=shares))
def test_a_running_mean_is_that_of_scipy_to_the_last_bit(values):
    expected = ndimage.uniform_filter1d(values, 5, mode="constant")
    np.testing.assert_array_equal(running_mean(np.pad(values, 2), 5), expected)


@given(arrays(np.float64, st.integers(0, 4), elements=shares))
def test_of_fewer_values_than_are_averaged_there_is_no_mean(values):
    assert running_mean(values, 5).size == 0


@given(plateaus)
def test_peaks_are_those_of_scipy_and_of_a_plateau_the_middle(levels):
    values = np.repeat([level for level, _ in levels], [n for _, n in levels]).astype(float)
    np.testing.assert_array_equal(peaks_of(values, least=0.4, apart=1), found_by_scipy(values, 1))


@given(arrays(np.float64, st.integers(1, 200), elements=shares, unique=True), st.integers(1, 30))
@settings(max_examples=200)
def test_of_peaks_too_close_the_highest_are_taken_as_scipy_takes_them(values, apart):
    np.testing.assert_array_equal(peaks_of(values, least=0.4, apart=apart), found_by_scipy(values, apart))


def test_of_two_peaks_as_high_the_later_one_is_taken():
    values = np.zeros(20)
    values[[5, 9]] = 1.0
    assert peaks_of(values, least=0.4, apart=12).tolist() == [9]


def test_where_nothing_rises_there_is_no_peak():
    assert peaks_of(np.zeros(0), least=0.4, apart=12).size == peaks_of(np.full(9, 0.3), least=0.4, apart=12).size == 0
