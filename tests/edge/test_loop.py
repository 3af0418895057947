from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.budget import Budget
from edge.errors import PackError
from edge.loop import InferenceLoop, open_loop
from edge.model import open_model
from edge.outcome import Estimated, Limit, OverBudget, Rejected, Rejection
from tests.edge.batches import stating_its_batch
from tests.edge.signals import cuts_of, heartbeat, stream

TWO_MINUTES = np.rint(1e3 * heartbeat(120.0, subject=3)).astype(np.int32)
NOT_ALL_READABLE = np.where(np.arange(60_000) // 5000 % 5 == 2, 0, TWO_MINUTES)  # flat from 10 s to 10 s


@pytest.fixture(scope="module")
def model(small_pack):
    return open_model(small_pack)


def outcomes_of(loop, blocks):
    return [outcome for b in blocks for outcome in loop.push(b)] + list(loop.finish())


def rounded(outcome):
    """The outcome with its times as cutting may round them."""
    span = outcome.span
    said = outcome.estimates if isinstance(outcome, Estimated) else outcome
    if isinstance(said, Rejected):
        said = said.reason
    return span.first_index, span.n_samples, round(span.start_s, 6), round(span.duration_s, 6), said


def test_a_clean_stream_is_estimated_window_by_window(model):
    outcomes = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES, range(500, 60_000, 500)))
    assert [(type(o), o.span.first_index) for o in outcomes] == [(Estimated, 5000 * i) for i in range(12)]


def test_an_estimate_names_its_pack_its_kernels_and_every_output(model, small_pack):
    [first, *_] = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES))
    assert (first.pack, first.kernel_family, [e.output_id for e in first.estimates]) == (
        "untrained 0.0.1 DEMONSTRATION",
        "litert/xnnpack",
        [output.id for output in small_pack.manifest.outputs],
    )


def test_an_estimate_is_what_the_model_says_of_that_window_alone(model):
    [_, second, *_] = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES))
    alone = TWO_MINUTES[5000:10_000] * 1e-3
    assert second.estimates == model.decode(model.infer(model.quantise(model.preprocess(alone))))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts_of(TWO_MINUTES.size, most=40), st.sampled_from([360.0, 500.0]))
def test_the_outcomes_do_not_depend_on_how_the_stream_was_cut(model, cuts, rate_hz):
    lost = [(20_000, 20_700)]
    whole = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES, lost=lost, rate_hz=rate_hz))
    parts = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES, cuts, lost, rate_hz=rate_hz))
    assert [rounded(o) for o in parts] == [rounded(o) for o in whole]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts_of(TWO_MINUTES.size, most=40), st.sampled_from([360.0, 500.0]), st.integers(2, 8))
def test_windows_that_run_together_end_as_they_do_one_by_one(model, cuts, rate_hz, batch):
    blocks = stream(NOT_ALL_READABLE, cuts, [(20_000, 20_700)], rate_hz=rate_hz)
    alone = outcomes_of(InferenceLoop(model, hop_s=10.0), blocks)
    assert outcomes_of(InferenceLoop(model, hop_s=10.0, batch=batch), blocks) == alone


def test_the_first_window_does_not_wait_for_a_group_and_the_others_do(model):
    loop = InferenceLoop(model, hop_s=10.0, batch=4)
    ended = [len(loop.push(b)) for b in stream(TWO_MINUTES, range(5100, 60_000, 5000))]
    assert (ended, len(loop.finish())) == ([1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0], 3)


def test_no_more_windows_wait_than_a_group_has(model):
    loop = InferenceLoop(model, hop_s=1.0, batch=4)
    ended = sum(len(loop.push(b)) for b in stream(TWO_MINUTES))
    assert len(loop.finish()) == 111 - ended < 4


def test_a_network_that_states_its_batch_runs_window_by_window(small_pack):
    loop = InferenceLoop(open_model(stating_its_batch(small_pack)), hop_s=10.0, batch=4)
    ended = [len(loop.push(b)) for b in stream(TWO_MINUTES, range(5100, 60_000, 5000))]
    assert (loop.batch, ended, len(loop.finish())) == (1, [1] * 11 + [0], 1)


def test_every_window_ends_as_exactly_one_outcome(model):
    x = TWO_MINUTES.copy()
    x[10_000:15_000] = 0  # flat
    loop = InferenceLoop(model, hop_s=10.0)
    outcomes = outcomes_of(loop, stream(x, lost=[(32_000, 32_100)]))
    ends = [(o.span.first_index, o.span.end_index) for o in outcomes]
    assert ends == [(5000 * i, 5000 * i + 5000) for i in range(6)] + [(30_000, 32_000)] + [
        (first, min(first + 5000, 60_000)) for first in range(32_100, 60_000, 5000)
    ]


def test_the_report_counts_what_the_outcomes_were(model):
    x = TWO_MINUTES.copy()
    x[9_900:15_100] = 0
    loop = InferenceLoop(model, hop_s=10.0)
    outcomes = outcomes_of(loop, stream(x, lost=[(32_000, 32_100)]))
    report = loop.report()
    assert (report.windows, report.estimated, report.rejected) == (
        len(outcomes),
        sum(isinstance(o, Estimated) for o in outcomes),
        {"ended": 1, "flat": 1, "gap": 1},
    )


def test_a_rejected_window_carries_no_estimate(model):
    [outcome] = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(np.zeros(5000, np.int32)))
    assert (outcome.reason, hasattr(outcome, "estimates")) == (Rejection.FLAT, False)


def slow_loop(model, *, ms_per_reading, batch=1):
    """Every reading of the clock is `ms_per_reading` after the one before."""
    ticks = count(step=ms_per_reading * 1e-3)
    return InferenceLoop(
        model, hop_s=10.0, batch=batch, budget=Budget(100.0, 1e6), now_s=lambda: next(ticks), resident_mb=lambda: 1.0
    )


def test_latency_is_measured_stage_by_stage_with_the_clock_given(model):
    loop = slow_loop(model, ms_per_reading=2.0)
    outcomes_of(loop, stream(TWO_MINUTES))
    p50 = {stage: latency["p50"] for stage, latency in loop.report().latency_ms.items()}
    stages = dict.fromkeys(("window", "measure", "preprocess", "quantise", "infer", "decode"), 2.0)
    assert p50 == pytest.approx({**stages, "total": 22.0})


def test_latency_of_windows_that_ran_together_is_the_share_of_each(model):
    loop = slow_loop(model, ms_per_reading=2.0, batch=4)
    for b in stream(TWO_MINUTES[:25_100], [5100]):
        loop.push(b)
    p50 = {stage: latency["p50"] for stage, latency in loop.report().latency_ms.items()}
    # Round the four: two readings of the clock; between them eight for each window and two for the network.
    assert (p50["measure"], p50["infer"], p50["total"]) == pytest.approx((2.0, 0.5, 2.0 * (4 * 8 + 2 + 1) / 4))


def test_a_slow_machine_runs_windows_one_by_one(model):
    outcomes = outcomes_of(slow_loop(model, ms_per_reading=20.0, batch=4), stream(TWO_MINUTES))
    kinds = [type(o) for o in outcomes]
    assert kinds == [Estimated] * 9 + [OverBudget, Estimated, OverBudget]
    assert [o.span.first_index for o in outcomes] == [5000 * i for i in range(12)]


def test_a_process_that_is_too_large_passes_the_same_windows_over_whatever_the_batch(model):
    loops = [
        InferenceLoop(model, hop_s=10.0, batch=batch, budget=Budget(1e6, 100.0), resident_mb=lambda: 101.0)
        for batch in (1, 4)
    ]
    alone, together = (outcomes_of(loop, stream(TWO_MINUTES)) for loop in loops)
    assert together == alone


def test_a_slow_machine_passes_windows_over_with_the_hop_then_in_force(model):
    outcomes = outcomes_of(slow_loop(model, ms_per_reading=20.0), stream(TWO_MINUTES))
    assert [(o.limit, o.measured, o.hop_s) for o in outcomes if isinstance(o, OverBudget)] == [
        (Limit.LATENCY_P99, pytest.approx(220.0), 20.0)
    ] * 2


def test_a_slow_machine_loses_no_window(model):
    outcomes = outcomes_of(slow_loop(model, ms_per_reading=20.0), stream(TWO_MINUTES))
    assert [o.span.first_index for o in outcomes] == [5000 * i for i in range(12)]


def test_a_process_that_is_too_large_passes_windows_over(model):
    loop = InferenceLoop(model, hop_s=10.0, budget=Budget(1e6, 100.0), resident_mb=lambda: 101.0)
    limits = {o.limit for o in outcomes_of(loop, stream(TWO_MINUTES)) if isinstance(o, OverBudget)}
    assert (limits, loop.report().over_budget) == ({Limit.RESIDENT_MEMORY}, 12 - loop.report().estimated)


def test_without_another_budget_the_packs_own_holds(small_pack):
    budget = small_pack.manifest.budget.model_copy(update={"resident_mb": 1.0})
    pack = replace(small_pack, manifest=small_pack.manifest.model_copy(update={"budget": budget}))
    outcomes = outcomes_of(InferenceLoop(open_model(pack), hop_s=10.0), stream(TWO_MINUTES))
    assert any(isinstance(o, OverBudget) and o.allowed == 1.0 for o in outcomes)


def test_the_heart_rate_is_in_the_time_of_the_stream(model):
    [fast, *_] = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES, rate_hz=500.0))
    [slow, *_] = outcomes_of(InferenceLoop(model, hop_s=10.0), stream(TWO_MINUTES, rate_hz=400.0))
    assert slow.heart_rate.bpm == pytest.approx(0.8 * fast.heart_rate.bpm, rel=0.05)


def test_a_loop_is_opened_from_a_packs_path(small_pack_path, small_pack):
    assert open_loop(small_pack_path, hop_s=10.0).model.pack.manifest == small_pack.manifest


def test_a_loop_is_not_opened_on_a_pack_that_is_not_there(tmp_path):
    with pytest.raises(PackError):
        open_loop(tmp_path / "absent.tflite", hop_s=10.0)
