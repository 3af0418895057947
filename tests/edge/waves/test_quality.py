import numpy as np
import pytest

from edge.heart import PatchNoise
from edge.waves.figures import GOOD, Fault
from edge.waves.quality import Contact, judge, judge_seconds
from edge.waves.track import RATE_HZ, Grade
from tests.edge.signals import heartbeat
from tests.edge.waves.hearts import beats_at
from tests.edge.waves.shipped import read, reader
from tests.edge.waves.tracks import graded

W, R, N = Grade.WAVES, Grade.RATE, Grade.NOTHING
SURE_CONTACT = Contact()
ALL_GOOD = graded(*[W] * 10)
CLEAN = heartbeat(10.0, rate_hz=RATE_HZ)
CLEAN_500 = heartbeat(10.0)
EIGHT = beats_at(np.arange(0.4, 10, 1.2))
T = np.arange(5000) / 500.0


def judged(millivolts=CLEAN, track=ALL_GOOD, marks=EIGHT, contact=SURE_CONTACT):
    quality = judge(millivolts, RATE_HZ, track, marks, contact)
    return quality.grade, quality.fault


def with_stretch(x, begin_s, end_s, millivolts, rate_hz):
    x = x.copy()
    x[round(begin_s * rate_hz) : round(end_s * rate_hz)] = millivolts
    return x


def test_what_the_network_can_read_and_the_electrodes_do_not_spoil_is_good():
    assert judged() == (W, None)


def test_a_good_window_has_nothing_to_add():
    assert judge(CLEAN, RATE_HZ, ALL_GOOD, EIGHT).detail == ""


def test_an_electrode_that_the_device_reports_off_is_believed():
    assert judged(contact=Contact(contact=False)) == (N, Fault.LEAD_OFF)


def test_no_heart_gives_more_than_20_millivolts():
    assert judged(CLEAN * 21.0 / np.ptp(CLEAN)) == (N, Fault.LEAD_OFF)


def test_a_jump_to_a_far_constant_is_an_electrode_off():
    assert judged(with_stretch(CLEAN, 4, 6, 150.0, RATE_HZ)) == (N, Fault.LEAD_OFF)


@pytest.mark.parametrize(("share", "said"), [(0.011, (N, Fault.SATURATED)), (0.01, (W, None))])
def test_a_converter_at_its_rails_is_saturated_but_for_a_sample_or_two(share, said):
    assert judged(contact=Contact(railed_fraction=share)) == said


@pytest.mark.parametrize("x", [np.zeros(2560), np.full(2560, 3.0), CLEAN * 0.009 / np.ptp(CLEAN)])
def test_a_signal_that_hardly_moves_is_flat(x):
    assert judged(x) == (N, Fault.FLAT)


def test_a_signal_smaller_than_any_qrs_is_too_low():
    assert judged(CLEAN * 0.049 / np.ptp(CLEAN)) == (N, Fault.LOW_AMPLITUDE)


def test_what_spoils_the_whole_window_spoils_each_of_its_seconds():
    seconds = judge(CLEAN, RATE_HZ, ALL_GOOD, EIGHT, Contact(contact=False)).seconds
    assert [(s.grade, s.fault) for s in seconds] == [(N, Fault.LEAD_OFF)] * 10


@pytest.mark.parametrize(
    ("seconds", "grade"),
    [
        ([W] * 8 + [N] * 2, W),
        ([W] * 7 + [N] * 3, R),
        ([W] * 8 + [R] * 2, W),
        ([W] * 7 + [R] * 3, R),
        ([W] * 7 + [R] * 2 + [N], R),
        ([R] * 10, R),
    ],
)
def test_waves_are_measured_where_no_more_than_a_fifth_of_a_window_is_bad(seconds, grade):
    assert judged(track=graded(*seconds))[0] is grade


def test_what_can_be_measured_is_counted_in_the_detail():
    assert judge(CLEAN, RATE_HZ, graded(*[R] * 4, *[W] * 6), EIGHT).detail == "waves can be measured in 6 of 10 s"


@pytest.mark.parametrize(("n", "grade"), [(0, N), (1, N), (2, W)])
def test_without_two_beats_nothing_is_read(n, grade):
    assert judged(marks=beats_at(np.arange(n) + 2.0))[0] is grade


def test_a_good_signal_without_beats_is_called_noisy():
    assert judged(marks=beats_at([])) == (N, Fault.NOISY)


@pytest.mark.parametrize(
    ("sure", "grades", "grade"),
    [(0.86, [W] * 10, W), (0.84, [W] * 10, N), (0.97, [R] * 10, N), (0.99, [R] * 10, R), (0.97, [N] * 10, N)],
)
def test_the_more_noise_there_is_the_surer_the_beats_must_be(sure, grades, grade):
    marks = beats_at(np.arange(0.4, 10, 1.2), confidence=sure)
    assert judged(track=graded(*grades), marks=marks)[0] is grade


@pytest.mark.parametrize(
    ("grades", "detail"),
    [
        ([W] * 10, "beats are 50.0% sure, 85.0% are needed"),
        ([R] * 10, "beats are 50.0% sure, 98.2% are needed in noise"),
    ],
)
def test_how_sure_the_beats_are_and_must_be_is_said(grades, detail):
    marks = beats_at(np.arange(0.4, 10, 1.2), confidence=0.5)
    assert judge(CLEAN, RATE_HZ, graded(*grades), marks).detail == detail


def test_one_doubtful_beat_in_ten_does_not():
    marks = beats_at(np.arange(0.4, 10, 0.9))
    marks.confidence[3] = 0.45
    assert judged(marks=marks) == (W, None)


def faults(millivolts, *grades):
    return [s.fault for s in judge_seconds(millivolts, RATE_HZ, graded(*grades))]


def test_a_second_that_does_not_move_is_flat_whatever_the_network_says():
    x = with_stretch(CLEAN, 4, 5, CLEAN[1024], RATE_HZ)
    assert [s.grade for s in judge_seconds(x, RATE_HZ, ALL_GOOD)] == [W] * 4 + [N] + [W] * 5
    assert faults(x, *[W] * 10)[4] is Fault.FLAT


def test_a_second_that_swings_more_than_a_heart_is_an_electrode():
    x = CLEAN.copy()
    x[1100] += 21.0
    assert faults(x, *[W] * 10)[4] is Fault.LEAD_OFF


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_a_bad_second_that_hums_is_named_mains(mains_hz):
    hum = np.sin(2 * np.pi * mains_hz * np.arange(2560) / RATE_HZ)
    assert faults(CLEAN + hum, *[R] * 10) == [Fault.MAINS] * 10


def test_a_bad_second_that_swings_more_than_the_others_is_named_motion():
    x = CLEAN.copy()
    x[1024:1280] += 4.0 * np.ptp(CLEAN) * np.linspace(0, 1, 256)
    assert faults(x, *[W] * 4, N, *[W] * 5)[4] is Fault.MOTION


def test_a_bad_second_of_a_small_signal_is_named_low():
    assert faults(0.1 * CLEAN / np.ptp(CLEAN), *[R] * 10) == [Fault.LOW_AMPLITUDE] * 10


def test_any_other_bad_second_is_named_noisy():
    assert faults(CLEAN, *[R] * 10) == [Fault.NOISY] * 10


def test_a_good_second_has_no_fault():
    assert judge_seconds(CLEAN, RATE_HZ, ALL_GOOD) == (GOOD,) * 10


def test_less_than_a_second_has_no_seconds():
    assert judge_seconds(CLEAN[:200], RATE_HZ, graded(W)) == ()


def test_the_fault_of_a_window_is_that_of_most_of_its_worst_seconds():
    x = with_stretch(CLEAN, 0, 3, CLEAN[0], RATE_HZ)
    assert judged(x, graded(*[N] * 3, *[W] * 6, N))[1] is Fault.FLAT


# The shipped pack, on what wearables give.


@pytest.mark.parametrize("subject", range(8))
def test_the_synthetic_heart_under_patch_noise_can_be_read(subject):
    assert read(heartbeat(10.0, subject=subject, noise=PatchNoise(motion_per_min=0.0))).quality.grade is not N


@pytest.mark.parametrize("begin_s", [0.0, 3.3, 6.5])
def test_three_and_a_half_seconds_that_do_not_move_spoil_the_waves_of_a_window_wherever_they_are(begin_s):
    x = with_stretch(CLEAN_500, begin_s, begin_s + 3.5, CLEAN_500[0], 500)
    quality = read(x).quality
    assert quality.grade is not W
    assert sum(s.grade is N for s in quality.seconds) >= 3


def test_half_a_second_that_does_not_move_does_not():
    assert read(with_stretch(CLEAN_500, 4.0, 4.5, CLEAN_500[2000], 500)).quality.grade is not N


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("millivolts", [0.1, 0.3, 2.0])
def test_white_noise_without_a_heart_is_rejected(seed, millivolts):
    assert read(np.random.default_rng(seed).normal(0, millivolts, 5000)).quality.grade is N


@pytest.mark.parametrize("frequency_hz", [0.3, 1.0, 2.0, 7.0, 12.0, 49.9, 50.0, 50.03, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.5, 1.5])
def test_a_sine_without_a_heart_is_rejected(frequency_hz, phase):
    assert read(np.sin(2 * np.pi * frequency_hz * T + phase)).quality.grade is N


@pytest.mark.parametrize("frequency_hz", [3.0, 3.5, 4.0, 4.5])
@pytest.mark.parametrize("phase", [0.0, 0.5, 1.5])
def test_a_sine_as_fast_as_ventricular_flutter_is_good_for_a_rate_at_the_most(frequency_hz, phase):
    assert read(np.sin(2 * np.pi * frequency_hz * T + phase)).quality.grade is not W


@pytest.mark.parametrize("hum_hz", [50.0, 60.0])
def test_a_hum_without_a_heart_is_named_mains(hum_hz):
    assert read(np.sin(2 * np.pi * hum_hz * T)).quality.fault is Fault.MAINS


def test_a_single_jolt_is_no_heart():
    x = np.random.default_rng(0).normal(0, 0.01, 5000)
    x[2500:2550] += 2.0
    assert read(x).quality.grade is N


def test_a_fault_says_what_was_measured():
    assert read(CLEAN_500 * 30.0).quality.detail.startswith(f"{np.ptp(CLEAN_500 * 30.0):.0f} mV")


def nstdb_grades(data_dir, name):
    """Grades of the ten-second windows of MIT-BIH 118 with electrode motion, or of the motion alone."""
    x = np.loadtxt(data_dir / "nstdb" / f"{name}.csv")
    grades = [read(x[i : i + 3600], 360.0).quality.grade for i in range(0, x.size - 3599, 3600)]
    return {grade: grades.count(grade) / len(grades) for grade in Grade}


def test_real_ecg_with_a_little_electrode_motion_is_mostly_accepted(data_dir):
    assert nstdb_grades(data_dir, "118e24")[N] <= 0.4


def test_real_ecg_drowned_in_electrode_motion_is_mostly_not_measured(data_dir):
    assert nstdb_grades(data_dir, "118e00")[W] <= 0.4


def test_real_electrode_motion_without_a_heart_is_rejected(data_dir):
    assert nstdb_grades(data_dir, "em_noise_80s_360Hz_mV")[N] >= 0.75


def test_less_noise_is_never_graded_worse_on_the_whole(data_dir):
    bad = [nstdb_grades(data_dir, f"118e{snr}")[N] for snr in ("24", "12", "00")]
    assert bad == sorted(bad)


def test_what_is_rejected_is_not_measured():
    assert read(CLEAN_500, contact=False).measurements is None


def test_a_recordings_seconds_are_judged_as_its_windows_are():
    x = with_stretch(CLEAN_500, 4.0, 6.0, CLEAN_500[0], 500)
    reading = reader().read_recording(x, 500.0)
    assert reading.seconds == reading.windows[0].quality.seconds
