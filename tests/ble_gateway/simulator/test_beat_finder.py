import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.simulator.beat_finder import Beats, find_beats, heart_rate
from edge.heart import SILENT, Heart, PatchNoise
from tests.edge.signals import heartbeat

SUBJECTS = 40


def of_heart(rate_hz, noise):
    keys = np.column_stack([np.arange(SUBJECTS), np.zeros(SUBJECTS, int), np.zeros(SUBJECTS, int)])
    return Heart(3).windows(keys, rate_hz=rate_hz, noise=noise)


def true_beats_s(windows, i):
    peaks = windows.truth.r_peak_s[i]
    peaks = peaks[np.isfinite(peaks)]
    return peaks[(peaks > 0.3) & (peaks < 9.7)]


@pytest.mark.parametrize("rate_hz", [128.0, 250.0, 500.0])
@pytest.mark.parametrize("noise", [SILENT, PatchNoise()], ids=["silent", "patch"])
def test_the_beats_of_many_hearts_are_found_within_50_ms(rate_hz, noise):
    windows = of_heart(rate_hz, noise)
    missed = total = 0
    for i in range(SUBJECTS):
        found_s = find_beats(windows.millivolts[i], rate_hz).indices / rate_hz
        true_s = true_beats_s(windows, i)
        total += true_s.size
        missed += sum(np.abs(found_s - at).min(initial=9.9) > 0.05 for at in true_s)
    assert missed / total < 0.01


@pytest.mark.parametrize("noise", [SILENT, PatchNoise()], ids=["silent", "patch"])
def test_nothing_but_beats_is_found_where_beats_stand_out(noise):
    windows = of_heart(500.0, noise)
    extra = total = 0
    for i in range(SUBJECTS):
        found = find_beats(windows.millivolts[i], 500.0)
        if found.contrast_db < 13.0:  # too noisy for so plain a finder
            continue
        found_s = found.indices / 500.0
        found_s = found_s[(found_s > 0.3) & (found_s < 9.7)]
        peaks = windows.truth.r_peak_s[i]
        total += found_s.size
        extra += sum(np.nanmin(np.abs(peaks - at)) > 0.05 for at in found_s)
    assert (total > 300, extra / total < 0.01) == (True, True)


@given(st.floats(0.05, 20.0), st.floats(-50.0, 50.0), st.sampled_from([-1.0, 1.0]))
def test_the_beats_do_not_depend_on_gain_offset_or_polarity(gain, offset_mv, sign):
    x = heartbeat(10.0)
    np.testing.assert_array_equal(find_beats(sign * gain * x + offset_mv, 500.0).indices, find_beats(x, 500.0).indices)


def test_one_large_artefact_does_not_hide_the_other_beats():
    x = heartbeat(10.0)
    struck = x.copy()
    struck[2500:2520] += 15.0
    assert find_beats(struck, 500.0).indices.size >= find_beats(x, 500.0).indices.size - 2


def test_beats_stand_further_out_of_less_noise():
    draws, x = np.random.default_rng(0), heartbeat(10.0)
    contrasts = [find_beats(x + draws.normal(0, mv, x.size), 500.0).contrast_db for mv in (0.01, 0.1, 0.4)]
    assert contrasts == sorted(contrasts, reverse=True)


def test_a_signal_that_never_moves_has_no_beat():
    found = find_beats(np.zeros(5000), 500.0)
    assert (found.indices.size, found.contrast_db) == (0, 0.0)


def test_the_heart_rate_is_sixty_over_the_mean_interval():
    assert heart_rate(Beats(np.array([100, 500, 1100]), 30.0), 0.002).bpm == pytest.approx(60.0)


def test_the_heart_rate_uses_the_true_period_of_the_samples():
    beats = Beats(np.array([0, 500]), 30.0)
    assert heart_rate(beats, 0.00202).bpm == pytest.approx(heart_rate(beats, 0.002).bpm / 1.01)


@pytest.mark.parametrize("indices", [[], [700]])
def test_fewer_than_two_beats_give_no_heart_rate(indices):
    rate = heart_rate(Beats(np.array(indices, np.intp), 30.0), 0.002)
    assert (rate.bpm, rate.n_beats) == (None, len(indices))


@pytest.mark.parametrize("frequency_hz", [50.0, 60.0])
def test_the_ends_of_a_steady_hum_are_no_beats(frequency_hz):
    assert find_beats(np.sin(2 * np.pi * frequency_hz * np.arange(5000) / 500.0), 500.0).indices.size == 0
