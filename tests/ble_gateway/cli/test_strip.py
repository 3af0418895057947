import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ble_gateway.cli.strip import Extent, draw_strip, usual_extent

BLANK = "\u2800"
signals = hnp.arrays(np.float64, st.integers(0, 400), elements=st.floats(-50, 50) | st.just(np.nan))


@given(signals, st.integers(1, 60), st.integers(1, 9))
def test_a_strip_has_its_size_and_only_braille_whatever_the_signal(signal, columns, rows):
    lines = draw_strip(signal, columns, rows, usual_extent(signal, 130))
    assert [len(line) for line in lines] == [columns] * rows
    assert all(0x2800 <= ord(character) <= 0x28FF for line in lines for character in line)


def test_a_rising_line_rises():
    assert draw_strip(np.linspace(0, 1, 8), 4, 2, Extent(0, 1)) == [
        f"{BLANK}{BLANK}⣠⠞",
        f"⣠⠞⠁{BLANK}",
    ]


def test_where_samples_are_missing_nothing_is_drawn():
    signal = np.full(40, 0.5)
    signal[20:] = np.nan
    line = draw_strip(signal, 10, 1, Extent(0, 1))[0]
    assert line[6:] == BLANK * 4
    assert BLANK not in line[:5]


def test_one_artefact_does_not_flatten_the_beats():
    signal = np.sin(np.arange(6 * 130) / 20)
    signal[200:240] = 40.0
    assert usual_extent(signal, 130).span_mv < 3


@given(signals)
def test_a_strip_always_shows_half_a_millivolt_at_least(signal):
    assert usual_extent(signal, 130).span_mv >= 0.5 - 1e-9


def test_the_extent_of_no_signal_is_about_zero():
    extent = usual_extent(np.empty(0), 130)
    assert (extent.low_mv, extent.high_mv) == pytest.approx((-0.25, 0.25))
