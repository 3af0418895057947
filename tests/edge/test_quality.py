import numpy as np
import pytest

from edge.beats import find_beats
from edge.heart import PatchNoise
from edge.outcome import Rejection
from edge.quality import judge
from tests.edge.signals import heartbeat, window

CLEAN = heartbeat(10.0)


def verdict(millivolts, **facts):
    made = window(millivolts, **facts)
    fault = judge(made, find_beats(made.millivolts, made.rate_hz))
    return fault.reason if fault else None


def with_stretch(begin_s, end_s, millivolts):
    x = CLEAN.copy()
    x[round(begin_s * 500) : round(end_s * 500)] = millivolts
    return x


@pytest.mark.parametrize("subject", range(8))
def test_the_synthetic_heart_under_patch_noise_can_be_read(subject):
    assert verdict(heartbeat(10.0, subject=subject, noise=PatchNoise(motion_per_min=0.0))) is None


def test_an_electrode_that_the_device_reports_off_is_believed():
    assert verdict(CLEAN, contact=False) is Rejection.LEAD_OFF


def test_no_heart_gives_more_than_20_millivolts():
    assert verdict(CLEAN * 30.0) is Rejection.LEAD_OFF


def test_a_jump_to_a_far_constant_is_an_electrode_off():
    assert verdict(with_stretch(4, 6, 150.0)) is Rejection.LEAD_OFF


def test_a_converter_at_its_rails_is_saturated():
    assert verdict(CLEAN, railed_fraction=0.011) is Rejection.SATURATED


def test_a_sample_or_two_at_the_rails_is_not():
    assert verdict(CLEAN, railed_fraction=0.01) is None


@pytest.mark.parametrize("x", [np.zeros(5000), np.full(5000, 3.0), CLEAN * 0.01], ids=["zero", "constant", "tiny"])
def test_a_signal_that_hardly_moves_is_flat(x):
    assert verdict(x) is Rejection.FLAT


@pytest.mark.parametrize("begin_s", [0.0, 4.0, 8.4])
def test_a_second_and_a_half_that_does_not_move_is_flat_wherever_it_is(begin_s):
    assert verdict(with_stretch(begin_s, begin_s + 1.6, CLEAN[0])) is Rejection.FLAT


def test_half_a_second_that_does_not_move_is_not():
    assert verdict(with_stretch(4.0, 4.5, CLEAN[2000])) is None


@pytest.mark.parametrize("seed", range(5))
def test_noise_without_a_heart_is_noisy(seed):
    assert verdict(np.random.default_rng(seed).normal(0, 0.3, 5000)) is Rejection.NOISY


@pytest.mark.parametrize("frequency_hz", [0.3, 1.0, 2.0, 3.0, 49.9, 50.0, 50.03, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.5, 1.5])
def test_a_sine_without_a_heart_is_noisy(frequency_hz, phase):
    assert verdict(np.sin(2 * np.pi * frequency_hz * np.arange(5000) / 500.0 + phase)) is Rejection.NOISY


def test_a_single_jolt_is_no_heart():
    x = np.random.default_rng(0).normal(0, 0.01, 5000)
    x[2500:2550] += 2.0
    assert verdict(x) is Rejection.NOISY


def test_a_fault_says_what_was_measured():
    made = window(CLEAN * 30.0)
    detail = judge(made, find_beats(made.millivolts, 500.0)).detail
    assert detail.startswith(f"{np.ptp(made.millivolts):.0f} mV")


def nstdb_verdicts(data_dir, name):
    x = np.loadtxt(data_dir / "nstdb" / f"{name}.csv")
    return [verdict(x[i : i + 3600], rate_hz=360.0) for i in range(0, x.size - 3599, 3600)]


def test_real_ecg_with_a_little_electrode_motion_is_mostly_accepted(data_dir):
    verdicts = nstdb_verdicts(data_dir, "118e24")
    assert verdicts.count(None) >= 0.9 * len(verdicts)


def test_real_ecg_drowned_in_electrode_motion_is_mostly_rejected(data_dir):
    verdicts = nstdb_verdicts(data_dir, "118e00")
    assert verdicts.count(None) <= 0.4 * len(verdicts)


def test_real_electrode_motion_without_a_heart_is_rejected(data_dir):
    verdicts = nstdb_verdicts(data_dir, "em_noise_80s_360Hz_mV")
    assert verdicts.count(None) <= 0.25 * len(verdicts)
