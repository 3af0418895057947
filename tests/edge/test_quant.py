import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.quant import Quantisation
from tests.golden.make import reference_kernel

VECTORS = json.loads((Path(__file__).parents[1] / "golden" / "quantize.json").read_text())
scales = st.floats(1e-4, 10.0, allow_subnormal=False).map(lambda s: float(np.float32(s)))
zero_points = st.integers(-128, 127)


def real(bits):
    return np.array(bits, np.uint32).view(np.float32)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['scale']:.3g}_{v['zero_point']}")
def test_quantising_gives_what_the_reference_kernel_gave(vector):
    made = Quantisation(vector["scale"], vector["zero_point"]).quantise(real(vector["real_bits"]))
    assert made.tolist() == vector["quantized"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['scale']:.3g}_{v['zero_point']}")
def test_dequantising_gives_the_bits_the_reference_kernel_gave(vector):
    quantized = np.array(vector["quantized"], np.int8)
    made = Quantisation(vector["scale"], vector["zero_point"]).dequantise(quantized)
    assert made.view(np.uint32).tolist() == vector["dequantized_bits"]


@given(scales, zero_points, st.integers(0, 2**32 - 1))
def test_quantising_agrees_with_the_reference_kernel_of_this_machine(scale, zero_point, seed):
    draws = np.random.default_rng(seed)
    steps = np.concatenate([draws.uniform(-300, 300, 200), draws.integers(-150, 150, 100) + 0.5])
    x = (steps * scale).astype(np.float32)
    np.testing.assert_array_equal(
        Quantisation(scale, zero_point).quantise(x), reference_kernel("QUANTIZE", scale, zero_point, x)
    )


@given(scales, zero_points)
def test_dequantising_agrees_with_the_reference_kernel_of_this_machine(scale, zero_point):
    every = np.arange(-128, 128).astype(np.int8)
    np.testing.assert_array_equal(
        Quantisation(scale, zero_point).dequantise(every), reference_kernel("DEQUANTIZE", scale, zero_point, every)
    )


@given(scales, zero_points)
def test_quantising_takes_back_what_dequantising_gave(scale, zero_point):
    every, quantisation = np.arange(-128, 128).astype(np.int8), Quantisation(scale, zero_point)
    np.testing.assert_array_equal(quantisation.quantise(quantisation.dequantise(every)), every)


@given(scales, zero_points, st.floats(0, 1))
def test_inside_its_range_a_value_moves_by_half_a_step_at_most(scale, zero_point, place):
    quantisation = Quantisation(scale, zero_point)
    low, high = quantisation.dequantise(np.array([-128, 127], np.int8)).astype(np.float64)
    x = np.array([low + place * (high - low)], np.float32)
    moved = abs(float(quantisation.dequantise(quantisation.quantise(x))[0]) - float(x[0]))
    assert moved <= scale * (0.5 + 1e-4)


@pytest.mark.parametrize(("x", "expected"), [(1e30, 127), (-1e30, -128)])
def test_values_beyond_the_ends_stop_there(x, expected):
    assert Quantisation(0.1, 5).quantise(np.array([x], np.float32))[0] == expected


@pytest.mark.parametrize("scale", [0.0, -0.1, float("nan"), float("inf")])
def test_a_scale_that_is_no_step_is_refused(scale):
    with pytest.raises(ValueError, match="a quantisation scale of"):
        Quantisation(scale, 0)
