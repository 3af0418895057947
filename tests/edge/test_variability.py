import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from edge.variability import normal_intervals, rmssd_s, sdnn_s

intervals_s = arrays(np.float64, st.integers(5, 60), elements=st.floats(0.1, 3.0))


@given(intervals_s)
def test_an_interval_is_normal_beside_the_median_of_the_five_around_it(rr_s):
    usual_s = ndimage.median_filter(rr_s, size=5, mode="mirror")
    expected = (rr_s >= 0.3) & (rr_s <= 2.0) & (np.abs(rr_s - usual_s) <= 0.2 * usual_s)
    np.testing.assert_array_equal(normal_intervals(rr_s), expected)


@given(intervals_s)
def test_sdnn_is_the_deviation_of_a_sample_and_rmssd_the_root_of_the_mean_square(rr_s):
    assert sdnn_s(rr_s) == pytest.approx(np.std(rr_s, ddof=1))
    assert rmssd_s(np.diff(rr_s)) == pytest.approx(np.sqrt(np.mean(np.diff(rr_s) ** 2)))
