"""Laws of the preprocessing in C, on windows that hypothesis makes up."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.converter.patch.contracts import CONTRACTS, COUNT_PV, RAIL, Asked, compiled, needs_gcc

pytestmark = needs_gcc

MILLIVOLT = 1e9 / COUNT_PV


@pytest.fixture(scope="module", params=["waves", "student"])
def patch(request, tmp_path_factory) -> Iterator[Asked]:
    contract, quantisation = CONTRACTS[request.param]
    program = compiled(tmp_path_factory.mktemp(request.param), contract, quantisation, contract.rate_hz)
    with program.open() as running:
        yield running


@st.composite
def pictures(draw) -> dict[str, float]:
    """What a window is made of: levels in mV, places as parts of the window."""
    part = st.floats(0, 1)
    return {
        "seed": draw(st.integers(0, 2**32 - 1)),
        "beat": draw(st.sampled_from([0.0, 0.02, 0.3, 1.0, 5.0])),
        "period_s": draw(st.floats(0.3, 2.0)),
        "noise": draw(st.sampled_from([0.0, 1e-4, 0.02, 1.0, 100.0])),
        "drift": draw(st.sampled_from([0.0, 0.1, 20.0, 400.0])) * draw(st.sampled_from([-1, 1])),
        "step": draw(st.sampled_from([0.0, 1.0, 300.0])),
        "step_at": draw(part),
        "spike": draw(st.sampled_from([0.0, 1.0, 400.0])),
        "spike_at": draw(part),
        "mains": draw(st.sampled_from([0.0, 0.1, 5.0])),
        "offset": draw(st.floats(-300, 300)),
        "rail": draw(st.sampled_from([0.5, 10.0, 403.0])),
    }


def counts_of(picture: dict[str, float], rate_hz: float, n: int) -> np.ndarray:
    """The picture as device counts, cut off at its rails."""
    t = np.arange(n) / rate_hz
    x = picture["beat"] * np.exp(-((((t + 0.1) % picture["period_s"] - 0.1) / 0.015) ** 2))
    x += picture["noise"] * np.random.default_rng(picture["seed"]).standard_normal(n)
    x += picture["drift"] * t / t[-1] + picture["mains"] * np.sin(100 * np.pi * t)
    x += picture["step"] * (t > picture["step_at"] * t[-1])
    x[int(picture["spike_at"] * (n - 1))] += picture["spike"]
    x = np.clip(x, -picture["rail"], picture["rail"]) + picture["offset"]
    return np.clip(np.round(x * MILLIVOLT), -RAIL - 1, RAIL).astype(np.int32)


def window(running: Asked, picture: dict[str, float]) -> np.ndarray:
    return counts_of(picture, running.compiled.rate_hz, running.compiled.source.window_samples)


LAW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LAW
@given(picture=pictures())
def test_no_value_is_more_than_a_step_from_the_gateways(patch, picture):
    counts = window(patch, picture)
    if counts.min() == counts.max():
        return  # `test_what_does_not_move_is_zero` says what this is
    steps = np.abs(patch.run(counts).astype(np.int64) - patch.compiled.expected(counts[None])[0])
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.1  # 400 mV beside 0.1 uV: so much is never seen of a heart


@LAW
@given(picture=pictures(), offset=st.integers(-(2**30), 2**30))
def test_an_offset_changes_nothing_at_all(patch, picture, offset):
    counts = window(patch, picture)
    assert np.array_equal(patch.run(counts), patch.run(counts + np.int32(offset)))


@LAW
@given(picture=pictures(), shift=st.integers(1, 6))
def test_a_larger_gain_changes_a_step_at_most(patch, picture, shift):
    # A beat in every stretch: where nothing moves, epsilon and floor have their say.
    beating = {**picture, "beat": max(picture["beat"], 0.3), "drift": 0.0, "step": 0.0, "rail": 403.0}
    counts = window(patch, beating)
    steps = np.abs(patch.run(counts).astype(np.int64) - patch.run(counts << shift))
    assert steps.max() <= 1


@LAW
@given(data=st.data())
def test_any_int32_at_all_runs_without_overflow(patch, data):
    extremes = st.sampled_from([-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1])
    n = patch.compiled.source.window_samples
    values = data.draw(st.lists(st.one_of(extremes, st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=40))
    repeat = data.draw(st.integers(1, n))
    counts = np.resize(np.repeat(np.array(values, np.int64), repeat), n).astype(np.int32)
    assert patch.run(counts).shape == (patch.compiled.source.input_samples,)
