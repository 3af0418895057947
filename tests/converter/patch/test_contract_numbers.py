"""The constants of the preprocessing in C: what they stand for, to the last of their bits."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import signal

from converter.patch.contract_filters import cascade_of
from converter.patch.contract_numbers import Number, asinh_steps
from converter.patch.contract_resampling import lowpass_of
from edge.preprocess import Bandpass, Notch, Preprocessing
from edge.quant import Quantisation
from edge.resample import PolyphaseResampler


@given(value=st.floats(1e-30, 1e30))
def test_a_number_is_right_to_its_last_bit(value):
    number = Number.of(value)
    assert abs(number.value - value) <= value * 2.0**-32
    assert 2**31 <= number.mantissa < 2**32


def test_zero_is_a_number_and_so_is_what_rounds_up_to_the_next_power_of_two():
    assert Number.of(0.0) == Number(0, 0)
    assert Number.of(2.0 - 2.0**-50) == Number(2**31, -30)


@given(
    x=st.floats(0, 3e4),
    scale=st.floats(0.005, 0.5),
    zero_point=st.integers(-128, 127),
    knee=st.sampled_from([0.05, 0.125, 1.0, 20.0]),
)
def test_the_thresholds_are_where_the_quantised_asinh_changes(x, scale, zero_point, knee):
    curve = asinh_steps(Quantisation(scale, zero_point), knee)
    exact = np.arcsinh(x) / scale
    assume(abs(exact % 1.0 - 0.5) > 0.004)
    steps = int(np.searchsorted(curve.thresholds, x * knee * curve.units, side="right"))
    assert min(steps, 127 - zero_point) == min(int(exact + 0.5), 127 - zero_point)
    assert min(steps, 128 + zero_point) == min(int(exact + 0.5), 128 + zero_point)
    assert curve.thresholds[-1] < 2**32 - 1


@pytest.mark.parametrize(
    ("rate_hz", "step"),
    [
        (500.0, Notch(50.0, 30.0)),
        (125.0, Notch(60.0, 2.0)),
        (500.0, Bandpass(0.67, 40.0, 4)),
        (250.0, Bandpass(0.05, 100.0, 2)),
        (125.0, Bandpass(1.0, 62.0, 3)),
        (500.0, Bandpass(8.0, 9.0, 3)),
    ],
)
def test_a_cascade_has_the_gain_of_its_filter(rate_hz, step):
    cascade = cascade_of(step, rate_hz)
    sos = np.array([section.as_sos for section in cascade.sections])
    edges = [step.frequency_hz] if isinstance(step, Notch) else [step.low_hz, step.high_hz]
    b, a = (
        signal.iirnotch(step.frequency_hz, step.quality, fs=rate_hz)
        if isinstance(step, Notch)
        else signal.butter(step.order, edges, btype="bandpass", fs=rate_hz)
    )
    frequencies = np.linspace(rate_hz / 1000, rate_hz / 2.01, 500)
    got = signal.sosfreqz(sos, frequencies, fs=rate_hz)[1]
    assert got == pytest.approx(signal.freqz(b, a, frequencies, fs=rate_hz)[1], abs=1e-4)
    at_0_hz = np.prod([sum(row[:3]) / sum(row[3:]) for row in sos])
    assert at_0_hz == (1.0 if cascade.passes_constant else 0.0)


@pytest.mark.parametrize(("rate_in_hz", "rate_out_hz"), [(250, 500), (250, 125), (128, 125), (130, 256), (1000, 125)])
def test_every_phase_of_the_taps_passes_a_constant_as_the_gateways_resampler_does(rate_in_hz, rate_out_hz):
    lowpass = lowpass_of(Preprocessing(float(rate_out_hz), 10 * rate_out_hz, ()), rate_in_hz)
    half = np.array(lowpass.taps) / 2.0**lowpass.shift
    whole = np.concatenate([half[:0:-1], half])
    m = np.arange(3 * lowpass.up)
    phases = (half.size - 1 + m * lowpass.down) % lowpass.up
    passed = [whole[phase :: lowpass.up].sum() for phase in phases]
    constant = PolyphaseResampler(rate_in_hz, rate_out_hz).push(np.ones(10 * rate_in_hz))[m]
    assert passed == pytest.approx(constant, abs=1.01 * 2.0**-lowpass.shift)
    assert lowpass.ring_samples > 2 * lowpass.reach
