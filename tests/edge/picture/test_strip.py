import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.picture.strip import Stretch, View, cut
from tests.edge.picture.strips import ecg, reading, strip

signals = arrays(np.float64, st.integers(0, 60), elements=st.sampled_from([0.0, 1.0, np.nan, np.inf]))


@given(signals)
def test_stretches_and_gaps_make_up_the_whole(x):
    stretches = cut(x, 10.0)
    measured = sum(s.end_s - s.begin_s for s in stretches)
    missing = sum(end - begin for begin, end in View(0.0, x.size / 10 or 1.0).gaps(stretches))
    assert measured + missing == pytest.approx(x.size / 10 or 1.0)


@given(signals)
def test_every_sample_of_a_stretch_was_measured(x):
    assert np.array_equal(np.concatenate([np.empty(0), *(s.millivolts for s in cut(x, 10.0))]), x[np.isfinite(x)])


@given(st.integers(1, 3000), st.sampled_from([20.0, 100.0, 360.0, 1000.0]))
def test_a_constant_signal_is_nothing_but_baseline(n, rate_hz):
    assert np.abs(Stretch(0.0, rate_hz, np.full(n, 3.0)).without_baseline().millivolts).max() < 1e-6


def test_slow_wander_goes_and_beats_stay_where_they_are():
    t = np.arange(30 * 256) / 256
    drawn = Stretch(0.0, 256.0, ecg(30) + 3 * np.sin(2 * np.pi * 0.1 * t)).without_baseline().millivolts
    middle = slice(10 * 256, 20 * 256)
    assert (np.argmax(drawn[middle]) % 256, drawn[middle].max() - np.median(drawn[middle])) == (
        128,
        pytest.approx(1.0, abs=0.1),
    )


def test_a_view_needs_a_duration():
    with pytest.raises(ValueError, match="a view from"):
        View(2.0, 2.0)


def test_a_stretch_between_times_holds_the_samples_at_and_after_the_first_one():
    stretch = Stretch(1.0, 10.0, np.arange(20.0))
    part = stretch.between(1.5, 2.0)
    assert (part.begin_s, part.millivolts.tolist()) == (1.5, [5, 6, 7, 8, 9])
    assert stretch.between(3.0, 9.0) is None


def test_only_stretches_of_ten_seconds_are_read():
    x = ecg(25.0)
    x[round(9.5 * 256)] = np.nan
    read = strip(x, read=lambda length_s: reading([], length_s))
    assert [s.reading is not None for s in read.stretches] == [False, True]
