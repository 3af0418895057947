from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.boards.judging import Basis, Figured, Standing, Verdict, Whose
from benchmarks.bench.boards.prediction import Asked, predict
from benchmarks.bench.boards.shelf import core_of, loop_costs, profile_names, read_profile
from edge.boards.span import Span

ASKED = Asked("a pack 1.0.0", "0" * 64, 20_000_000, 18_000_000, False, 0.25, 250.0, 300.0, 10.0)


def predicted(asked=ASKED, board="pi-4"):
    profile = read_profile(board)
    return predict(asked, profile, core_of(profile), loop_costs())


def test_a_prediction_is_the_arithmetic_of_its_profile():
    one, core, loop = predicted(), core_of(read_profile("pi-4")), loop_costs()
    assert one.inference_ms.span.typical == pytest.approx(20e6 * core.cycles_per_mac.typical / 1500e3)
    loop_ms = loop.window_instructions.high * core.cycles_per_instruction.high / 1500e3
    assert one.window_ms.span.high == pytest.approx(38e6 * core.cycles_per_mac.high / 1500e3 + loop_ms)
    watts = one.profile.power.busy_core_w.low
    assert one.energy_j.span.low == pytest.approx(one.window_ms.span.low * 1e-3 * watts)
    assert one.mean_w.typical == pytest.approx(one.profile.power.idle_w.typical + one.energy_j.span.typical / 10)


@pytest.mark.parametrize("board", profile_names())
def test_everything_is_said_to_be_predicted_and_lies_in_order(board):
    one = predicted(board=board)
    for figured in (one.inference_ms, one.window_ms, one.core_share, one.resident_mb, one.energy_j, one.wearables):
        assert figured.basis is Basis.PREDICTED
        assert figured.source
        assert 0 < figured.span.low <= figured.span.typical <= figured.span.high
    assert all(verdict.words.endswith("by prediction") for verdict in one.verdicts)


@given(
    st.integers(1, 10**10),
    st.integers(1, 10**10),
    st.floats(0.01, 500),
    st.floats(0.5, 60),
    st.sampled_from(profile_names()),
)
def test_more_work_never_costs_less(fewer, more, model_mb, hop_s, board):
    fewer, more = sorted((fewer, more))
    light, heavy = (predicted(replace(ASKED, macs=n, model_mb=model_mb, hop_s=hop_s), board) for n in (fewer, more))
    for field in ("inference_ms", "window_ms", "core_share", "resident_mb", "energy_j"):
        a, b = getattr(light, field).span, getattr(heavy, field).span
        assert (a.low, a.typical, a.high) <= (b.low, b.typical, b.high)
    assert heavy.wearables.span.typical <= light.wearables.span.typical


@given(st.floats(1, 30))
def test_windows_twice_as_often_cost_at_most_twice_as_much_a_second(hop_s):
    often, seldom = (predicted(replace(ASKED, hop_s=each)).core_share.span for each in (hop_s, 2 * hop_s))
    assert seldom.typical < often.typical <= 2 * seldom.typical


@pytest.mark.parametrize(
    ("span", "standing", "kept"),
    [
        ((1, 2, 3), Standing.MET, True),
        ((1, 2, 4), Standing.LIKELY_MET, True),
        ((2, 3.5, 4), Standing.LIKELY_MISSED, False),
        ((3.5, 4, 5), Standing.MISSED, False),
    ],
)
def test_a_limit_is_kept_surely_or_likely_or_not(span, standing, kept):
    verdict = Verdict("x", 3.0, Figured(Span(*span), Basis.PREDICTED, "a test"), Whose.BOARD)
    assert verdict.standing is standing
    assert standing.kept is kept
    assert verdict.words == f"{standing}, by prediction"


@pytest.mark.parametrize(("allowed", "standing"), [(1, "met"), (2, "likely met"), (3, "likely missed"), (4, "missed")])
def test_a_least_number_is_judged_the_other_way_round(allowed, standing):
    figured = Figured(Span(1, 2, 3), Basis.MEASURED, "a test")
    verdict = Verdict("x", allowed, figured, Whose.BOARD, at_least=True)
    assert verdict.words == f"{standing}, by measurement"


def test_a_pack_too_large_for_the_board_is_missed_and_falsy():
    one = predicted(replace(ASKED, model_mb=400.0), "pi-zero-2-w")
    assert not one
    assert {verdict.limit for verdict in one.missed} == {"resident memory, MB"}
    assert {verdict.whose for verdict in one.missed} == set(Whose)


def test_a_pack_that_reads_waves_limits_the_reading_and_any_other_the_whole_window():
    estimates, waves = predicted(), predicted(replace(ASKED, reads_waves=True))
    assert estimates.limited_ms == estimates.window_ms
    other_ms = 18e6 * core_of(read_profile("pi-4")).cycles_per_mac.typical / 1500e3
    assert waves.limited_ms.span.typical == pytest.approx(waves.window_ms.span.typical - other_ms)
