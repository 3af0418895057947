"""Multipliers, rounding and tables, held against what TensorFlow's sources say and its build does."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.patch.logistic import logistic_table
from converter.patch.network import Activation, Weights
from converter.patch.numerics import (
    NOTHING,
    Range,
    Rescale,
    convolution_rescales,
    dense_rescales,
    divided_by_power,
    mean_rescale,
    output_range,
    rescale,
    rescaled,
    sum_rescales,
)
from edge.quant import Quantisation
from tests.converter.patch.built import needs_tflm, tflm_outputs
from tests.converter.patch.int8_models import Int8Model


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (1.0, Rescale(1 << 30, 1)),
        (0.5, Rescale(1 << 30, 0)),
        (0.75, Rescale(1610612736, 0)),
        (1 - 2.0**-40, Rescale(1 << 30, 1)),
        (2.0**-33, NOTHING),
    ],
)
def test_a_factor_becomes_a_multiplier_and_a_shift(real, expected):
    assert rescale(real) == expected


@given(st.floats(1e-8, 1e4))
def test_the_multiplier_is_within_half_a_unit_of_the_factor(real):
    by = rescale(real)
    assert 1 << 30 <= by.multiplier < 1 << 31
    assert abs(Fraction(by.multiplier) * Fraction(2) ** (by.shift - 31) - Fraction(real)) <= Fraction(2) ** (
        by.shift - 32
    )


@given(st.integers(-(1 << 31), (1 << 31) - 1), st.integers(0, 31))
def test_division_by_a_power_rounds_halves_away_from_zero(x, exponent):
    exact = Fraction(x, 1 << exponent)
    nearest = int(abs(exact) + Fraction(1, 2)) * (1 if x >= 0 else -1)
    assert int(divided_by_power(np.array(x), exponent)) == nearest


@given(st.integers(-(1 << 24), 1 << 24), st.floats(1e-6, 0.99))
def test_a_rescaled_number_is_within_one_of_the_exact_product(x, real):
    by = rescale(real)
    assert abs(int(rescaled(np.array(x, np.int64), by.multiplier, by.shift)) - x * real) <= 1


def test_nothing_rescales_everything_to_zero():
    values = np.array([-(1 << 30), -1, 0, 1, (1 << 30) - 1], np.int64)
    assert not rescaled(values, NOTHING.multiplier, NOTHING.shift).any()


def test_relu6_ends_at_the_rounded_six():
    quantisation = Quantisation(0.05, -100)
    assert output_range(quantisation, Activation.RELU6) == Range(-100, -100, 20)
    assert output_range(quantisation, Activation.RELU) == Range(-100, -100, 127)
    assert output_range(quantisation, Activation.NONE) == Range(-100, -128, 127)


def test_one_scale_for_all_weights_of_a_dense_layer_is_multiplied_in_float32():
    x, y = Quantisation(float(np.float32(0.1)), 0), Quantisation(float(np.float32(0.3)), 0)
    weights = Weights(np.ones((2, 3), np.int8), np.array([0.0123456], np.float32), np.zeros(2, np.int32))
    expected = rescale(float(np.float32(0.1) * np.float32(0.0123456)) / y.scale)
    assert dense_rescales(x, weights, y) == (expected, expected)
    assert convolution_rescales(x, weights, y)[0] != expected


def test_the_rescale_of_a_mean_divides_by_the_rows():
    by = mean_rescale(Quantisation(0.1, 0), Quantisation(0.2, 0), 1250)
    assert by.multiplier * 2.0 ** (by.shift - 31) == pytest.approx(0.5 / 1250, rel=1e-8)


def test_addition_brings_its_inputs_to_twice_the_larger_scale():
    by = sum_rescales(Quantisation(0.1, 0), Quantisation(0.025, 0), Quantisation(0.1, 0))
    assert by.a == rescale(0.5)
    assert by.b == rescale(0.125)


def test_logistic_rises_from_end_to_end_and_is_a_half_at_zero():
    table = logistic_table(Quantisation(0.1, 7))
    assert np.all(np.diff(table.astype(int)) >= 0)
    assert table[128 + 7] == 0
    exact = 256 / (1 + np.exp(-0.1 * (np.arange(-128, 128) - 7.0))) - 128
    assert np.abs(table - np.clip(exact, -128, 127)).max() <= 1


@needs_tflm
@pytest.mark.parametrize("scale", [0.0005, 0.01, 0.0312, 0.0625, 0.1, 0.31, 1.0, 2.5])
@pytest.mark.parametrize("zero", [-128, -5, 127])
def test_logistic_is_that_of_tflite_micro_for_every_value(scale, zero):
    m = Int8Model()
    x = m.input(1, 256, scale, zero)
    every = np.arange(-128, 128).astype(np.int8)[None]
    expected = tflm_outputs(m.to_bytes(x, m.logistic(x)), every)[0]
    assert np.array_equal(logistic_table(Quantisation(float(np.float32(scale)), zero)), expected)


@needs_tflm
@pytest.mark.parametrize("keep_dims", [True, False])
def test_a_mean_of_the_same_scale_is_rounded_as_tflite_micro_rounds_it(keep_dims):
    from converter.patch.execute import execute
    from converter.patch.reading import read_network

    m = Int8Model()
    x = m.input(33, 5, 0.1, -20)
    model = m.to_bytes(x, m.mean(x, keep_dims=keep_dims, like=x))
    inputs = np.random.default_rng(0).integers(-128, 128, (50, 165), dtype=np.int8)
    assert np.array_equal(execute(read_network(model), inputs), tflm_outputs(model, inputs))
