from itertools import count
from pathlib import Path

import pytest

from edge.budget import Budget, Pace, StageTimes, peak_resident_mb, resident_mb
from edge.outcome import Limit

BUDGET = Budget(latency_p99_ms=100.0, resident_mb=200.0)


def pace(resident=100.0):
    return Pace(BUDGET, lambda: resident)


def run(made, latency_ms, windows):
    """Strides after each of the windows that ran, of `windows` that came."""
    strides = []
    for _ in range(windows):
        if made.pass_over() is None:
            made.ran(latency_ms)
            strides.append(made.stride)
    return strides


def test_inside_the_budget_every_window_runs():
    assert run(pace(), 99.0, 200) == [1] * 200


def test_windows_may_run_together_once_one_has_kept_to_the_budget():
    made = pace()
    before = made.at_ease
    made.ran(99.0)
    assert (before, made.at_ease) == (False, True)


def test_while_the_budget_is_exceeded_windows_run_one_by_one():
    made = pace(resident=201.0)
    made.ran(1.0)
    assert not made.at_ease


def test_windows_that_ran_together_double_the_stride_once():
    made = pace(resident=201.0)
    made.ran(1.0, 1.0, 1.0, 1.0)
    assert made.stride == 2


def test_windows_that_ran_together_count_one_by_one():
    made = pace()
    made.ran(*[101.0] * 4)
    made.ran(*[101.0] * 4)
    assert made.stride == 2


def test_one_slow_window_of_few_is_no_reason_to_slow_down():
    made = pace()
    made.ran(500.0)
    assert (made.stride, made.pass_over()) == (1, None)


def test_eight_slow_windows_double_the_stride():
    assert run(pace(), 101.0, 8) == [1] * 7 + [2]


def test_the_stride_doubles_up_to_sixteen_while_the_machine_stays_slow():
    assert run(pace(), 101.0, 2000)[-1] == 16


def test_of_a_stride_of_two_every_second_window_is_passed_over():
    made = pace()
    run(made, 101.0, 8)
    passed = []
    for _ in range(6):
        passed.append(made.pass_over() is not None)
        if not passed[-1]:
            made.ran(101.0)
    assert passed == [True, False] * 3


def test_a_machine_that_recovers_runs_every_window_again():
    made = pace()
    run(made, 101.0, 2000)
    assert run(made, 50.0, 2000)[-1] == 1


def test_after_recovery_no_window_is_passed_over():
    made = pace()
    run(made, 101.0, 2000)
    run(made, 50.0, 2000)
    assert [made.pass_over() for _ in range(20)] == [None] * 20


def test_too_much_memory_doubles_the_stride_at_once():
    assert run(pace(resident=201.0), 1.0, 1) == [2]


def test_an_excess_says_which_limit_and_by_how_much():
    made = pace(resident=250.0)
    made.ran(1.0)
    excess = made.pass_over()
    assert (excess.limit, excess.measured, excess.allowed) == (Limit.RESIDENT_MEMORY, 250.0, 200.0)


def test_a_slow_machine_is_told_from_a_full_one():
    made = pace()
    run(made, 300.0, 8)
    excess = made.pass_over()
    assert (excess.limit, excess.measured, excess.allowed) == (Limit.LATENCY_P99, 300.0, 100.0)


def test_memory_that_comes_back_lets_every_window_run_again():
    readings = iter([300.0] * 3 + [100.0] * 500)
    made = Pace(BUDGET, lambda: next(readings))
    assert run(made, 1.0, 300)[-1] == 1


def test_latencies_are_kept_by_stage():
    ticks = count(step=0.002)
    times = StageTimes(lambda: next(ticks))
    for stage in ("infer", "decode", "infer"):
        with times.timing(stage):
            pass
    assert times.percentiles() == {stage: pytest.approx({"p50": 2.0, "p99": 2.0}) for stage in ("infer", "decode")}


def test_only_the_last_8192_latencies_are_kept_oldest_first():
    ticks = (n**2 * 5e-4 for n in count())  # so that the nth lasts as many ms, and .5
    times = StageTimes(lambda: next(ticks))
    for _ in range(9000):
        with times.timing("infer"):
            pass
    assert times.values_ms()["infer"] == pytest.approx([2 * n + 0.5 for n in range(9000 - 8192, 9000)])


def test_windows_that_ran_together_share_the_time_equally():
    ticks = iter([0.0, 0.012])
    times = StageTimes(lambda: next(ticks))
    with times.timing("infer", 4):
        pass
    assert times.values_ms() == {"infer": pytest.approx((3.0,) * 4)}


def test_what_ends_in_an_error_is_not_timed():
    times = StageTimes(lambda: 0.0)
    with pytest.raises(ZeroDivisionError), times.timing("infer"):
        raise ZeroDivisionError
    assert times.values_ms() == {}


def test_the_last_latency_is_the_newest():
    ticks = iter([0.0, 0.001, 5.0, 5.007])
    times = StageTimes(lambda: next(ticks))
    for _ in range(2):
        with times.timing("infer"):
            pass
    assert times.last_ms("infer") == pytest.approx(7.0)


def test_resident_memory_is_what_the_kernel_says():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident_mb() == pytest.approx(kib * 1024 / 1e6, rel=0.05)


def test_the_peak_is_not_below_what_is_resident():
    assert peak_resident_mb() >= 0.9 * resident_mb()
