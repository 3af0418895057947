"""The C of a contract gives the int8 input that `edge` gives."""

import numpy as np
import pytest

from converter.distil.contract import PATCH
from converter.patch.contract import preprocessing_source
from converter.patch.contract_errors import ContractError, ContractFault
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, SwingScale, ZScore
from edge.quant import Quantisation
from tests.converter.patch.contracts import CONTRACTS, COUNT_PV, RAIL, Compiled, compiled, hearts, needs_gcc

pytestmark = needs_gcc

N_HEARTS = 24
STEPS = {
    "a notch and a z-score without epsilon": (Notch(50.0, 30.0), ZScore(0.0)),
    "a baseline alone": (MedianBaseline(0.4), ZScore(1e-8)),
    "a band-pass that nothing scales": (Bandpass(0.5, 40.0, 2),),
    "compression that nothing scales": (Bandpass(0.05, 100.0, 2), Compress(0.1)),
    "an odd order, narrow": (Bandpass(5.0, 15.0, 5), ZScore(1e-8)),
    "nearly all frequencies": (Bandpass(1.0, 124.0, 3), SwingScale(1.5, 0.01)),
    "two filters and a swing": (Notch(60.0, 20.0), Bandpass(0.67, 40.0, 1), SwingScale(2.0, 1e-4), Compress(0.125)),
    "one stretch for the whole window": (Bandpass(0.5, 40.0, 3), SwingScale(20.0, 1e-4)),
}


@pytest.fixture(scope="module", params=CONTRACTS)
def at_its_rate(request, tmp_path_factory) -> Compiled:
    contract, quantisation = CONTRACTS[request.param]
    return compiled(tmp_path_factory.mktemp(request.param), contract, quantisation, contract.rate_hz)


def differences(program: Compiled, counts: np.ndarray) -> np.ndarray:
    return np.abs(program.run(counts).astype(np.int64) - program.expected(counts))


def test_at_the_contracts_rate_the_input_is_that_of_the_gateway_but_for_roundings(at_its_rate):
    counts = hearts(N_HEARTS, at_its_rate.rate_hz, at_its_rate.source.window_samples)
    steps = differences(at_its_rate, counts)
    assert steps.max() <= 1
    assert (steps > 0).mean() < 1e-4


def test_windows_that_no_heart_gives_are_one_step_off_at_most(at_its_rate):
    counts = np.stack(list(hard_windows(at_its_rate).values()))
    steps = differences(at_its_rate, counts)
    names = list(hard_windows(at_its_rate))
    assert {name: int(most) for name, most in zip(names, steps.max(axis=1), strict=True) if most > 1} == {}
    assert (steps > 0).mean() < 0.005


def hard_windows(program: Compiled) -> dict[str, np.ndarray]:
    n = program.source.window_samples
    t = np.arange(n) / program.rate_hz
    draws = np.random.default_rng(7)
    full = 2**31 - 1
    one = (np.arange(n) == n // 3).astype(np.int64)
    beats = sum(np.exp(-(((t - at) / 0.017) ** 2)) for at in np.arange(0.3, t[-1], 0.8))
    windows = {
        "one count": one,
        "one spike": RAIL * one,
        "first sample": RAIL * (np.arange(n) == 0),
        "last sample": RAIL * (np.arange(n) == n - 1),
        "step of a count": t > t[-1] / 2,
        "step between the rails": np.where(t > t[-1] / 2, RAIL, -RAIL),
        "ramp between the rails": np.linspace(-RAIL, RAIL, n),
        "square between the ends of int32": np.where(np.sin(20 * np.pi * t) > 0, full, -full - 1),
        "every other sample": np.where(np.arange(n) % 2, full, -full - 1),
        "noise of a count": draws.integers(-1, 2, n),
        "noise of int32": draws.integers(-full, full, n),
        "mains": RAIL * np.sin(100 * np.pi * t),
        "wander": RAIL * np.sin(0.1 * np.pi * t),
        "weak heart": 30 * beats,
        "heart on a ramp": 3000 * beats + np.linspace(-RAIL, RAIL, n),
        "heart and a spike": 3000 * beats + RAIL * one,
        "heart and a step": 3000 * beats + RAIL * (t > t[-1] / 3),
        "saturated heart": np.clip(3 * RAIL * (beats - 0.3), -RAIL, RAIL),
    }
    return {name: np.round(x).astype(np.int64).astype(np.int32) for name, x in windows.items()}


def test_what_does_not_move_is_zero(at_its_rate):
    # Not compared with the gateway, where what double precision leaves of a large constant is scaled up to noise.
    constants = np.array([0, 1, -1, RAIL, -RAIL - 1, 2**31 - 1, -(2**31)], np.int32)
    inputs = at_its_rate.run(np.repeat(constants[:, None], at_its_rate.source.window_samples, axis=1))
    assert (inputs == at_its_rate.quantisation.zero_point).all()


def test_a_window_does_not_depend_on_those_before_it(at_its_rate):
    counts = hearts(3, at_its_rate.rate_hz, at_its_rate.source.window_samples)
    assert np.array_equal(at_its_rate.run(counts)[::-1], at_its_rate.run(counts[::-1]))


@pytest.mark.parametrize(
    ("name", "rate_hz"),
    [("ecgfounder", 250), ("waves", 125), ("waves", 130), ("waves", 512), ("student", 128), ("student", 500)],
)
def test_at_another_rate_hardly_a_sample_is_a_step_off(name, rate_hz, tmp_path):
    contract, quantisation = CONTRACTS[name]
    program = compiled(tmp_path, contract, quantisation, rate_hz)
    steps = differences(program, hearts(N_HEARTS, rate_hz, program.source.window_samples))
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.01


@pytest.mark.parametrize("name", STEPS)
def test_every_kind_of_step_is_that_of_the_gateway(name, tmp_path):
    program = compiled(tmp_path, Preprocessing(250.0, 2499, STEPS[name]), Quantisation(0.06, -20), 250)
    counts = hearts(8, 250, 2499)
    if not any(isinstance(step, Bandpass) for step in STEPS[name]):
        counts -= counts.min(axis=1, keepdims=True)
    steps = differences(program, counts)
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.001


@pytest.mark.parametrize("place", [(0, 0), (64, 0), (64, 61), (64, 64), (1248, 0)])
def test_the_input_may_begin_anywhere_up_to_the_windows_beginning(place, tmp_path):
    before, input_at = place
    contract, quantisation = CONTRACTS["student"]
    program = compiled(tmp_path, contract, quantisation, 125, before=before, input_at=input_at)
    counts = hearts(4, 125, 1250)
    assert np.abs(program.run(counts).astype(np.int64) - program.expected(counts)).max() <= 1


REFUSED = {
    "a filter behind a scaling": (
        Preprocessing(250.0, 2500, (ZScore(1e-8), Bandpass(0.5, 40.0, 2))),
        ContractFault.STEP_ORDER,
        "z_score is followed by butterworth_bandpass_filtfilt",
    ),
    "two scalings": (
        Preprocessing(250.0, 2500, (SwingScale(2.0, 1e-4), ZScore(1e-8))),
        ContractFault.STEP_ORDER,
        "divide_by_median_swing is followed by z_score",
    ),
    "an order that not even double precision holds": (
        Preprocessing(500.0, 5000, (Bandpass(0.5, 40.0, 10),)),
        ContractFault.FILTER_TOO_SHARP,
        "lower its order",
    ),
    "a low edge far below the rate": (
        Preprocessing(1000.0, 10000, (Bandpass(0.001, 40.0, 2),)),
        ContractFault.FILTER_TOO_SHARP,
        "band-pass of order 2 from 0.001 to 40 Hz",
    ),
    "a notch without width": (
        Preprocessing(500.0, 5000, (Notch(50.0, 1e9),)),
        ContractFault.FILTER_TOO_SHARP,
        "lower its quality",
    ),
    "a notch that rings for minutes": (
        Preprocessing(500.0, 5000, (Notch(50.0, 1e5),)),
        ContractFault.FILTER_TOO_SHARP,
        "it rings longer than any window",
    ),
    "a gain that 32 bits round away": (
        Preprocessing(2000.0, 20000, (Bandpass(0.01, 40.0, 2),)),
        ContractFault.FILTER_TOO_SHARP,
        "the gain is off by",
    ),
    "an hour": (Preprocessing(500.0, 1_800_000, ()), ContractFault.WINDOW_TOO_LONG, "a window of 1800000 samples"),
    "a second of a high order": (
        Preprocessing(50.0, 20, (Bandpass(5.0, 15.0, 4),)),
        ContractFault.WINDOW_TOO_SHORT,
        "27 samples beyond a window of 20",
    ),
    "a long baseline": (
        Preprocessing(500.0, 5000, (MedianBaseline(2.0),)),
        ContractFault.MEDIAN_TOO_LONG,
        "1001 samples",
    ),
    "rates far apart": (Preprocessing(5000.0, 5000, ()), ContractFault.RATES_TOO_ODD, "sample at 5000 Hz"),
    "rates without a small ratio": (Preprocessing(249.7, 2497, ()), ContractFault.RATES_TOO_ODD, "2497 : 1250"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_run_is_refused_with_what_to_change(name):
    contract, fault, words = REFUSED[name]
    rate_hz = 125 if contract.rate_hz > 4000 else 125 if contract.rate_hz == 249.7 else contract.rate_hz
    with pytest.raises(ContractError) as refused:
        preprocessing_source(contract, Quantisation(0.05, 0), device_rate_hz=rate_hz, picovolts_per_count=COUNT_PV)
    assert refused.value.fault is fault
    assert words in str(refused.value)


@pytest.mark.parametrize("picovolts", [0, -48_080, float("nan"), float("inf")])
def test_a_count_without_a_size_is_refused(picovolts):
    with pytest.raises(ContractError) as refused:
        preprocessing_source(PATCH, Quantisation(0.05, 0), device_rate_hz=125, picovolts_per_count=picovolts)
    assert refused.value.fault is ContractFault.BAD_SCALE


def test_the_window_takes_four_bytes_a_sample_of_the_longer_rate():
    def sizes(rate_hz: float) -> tuple[int, int, int]:
        source = preprocessing_source(
            PATCH, Quantisation(0.05, 0), device_rate_hz=rate_hz, picovolts_per_count=COUNT_PV
        )
        return source.window_samples, source.input_samples, source.work_bytes

    assert sizes(125) == (1250, 1250, 5000)
    assert sizes(250) == (2500, 1250, 10_000)
    assert sizes(62.5) == (625, 1250, 5000)


def test_only_the_kernels_that_are_called_are_written():
    alone = preprocessing_source(PATCH, Quantisation(0.05, 0), device_rate_hz=125, picovolts_per_count=COUNT_PV)
    assert "anyecg_preprocess_resample.c" not in alone.files
    assert "anyecg_contract.c" in alone.files
