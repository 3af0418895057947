"""The report's charts show every point where it belongs."""

import dataclasses
import math
import re

import pytest

from converter.report.agreement import Scatter
from converter.report.charts import frontier_chart, layer_ratios, rank_losses, scatter
from converter.report.facts import FrontierPoint, GateResult
from edge.page.axes import both_widths
from tests.converter.reports import N_WINDOWS, a_layer, an_agreement, an_output

NO_GATE = GateResult("", ())


def marks(chart, style):
    return len(re.findall(f'class="mark {style}"', chart))


@pytest.mark.parametrize("n_flips", [0, 3])
def test_a_scatter_has_a_point_or_a_cross_for_each_window(n_flips):
    chart = scatter("a", an_output(0, n_flips=n_flips))
    assert chart.count("h0") == N_WINDOWS - n_flips
    assert chart.count("l6 6m0-6l-6 6") == n_flips


def test_a_scatter_leaves_out_windows_of_which_a_model_says_infinity():
    row = an_output(0)
    row.scatter.actual_logits[:2] = math.inf, math.nan
    assert scatter("a", row).count("h0") == N_WINDOWS - 2


def test_an_output_without_windows_has_no_scatter():
    with pytest.raises(ValueError, match="analyte_0_low has no windows"):
        scatter("a", dataclasses.replace(an_output(0), scatter=None))


def test_a_scatter_of_windows_that_are_all_alike_can_be_drawn():
    same = an_output(0).scatter.expected_logits * 0 + 0.25
    assert scatter("a", dataclasses.replace(an_output(0), scatter=Scatter(same, same))).count("h0") == N_WINDOWS


def test_every_output_is_marked_once_on_each_set_of_windows():
    outputs = tuple(an_output(k) for k in range(40))
    chart = rank_losses("a", 760, an_agreement(outputs=outputs), an_agreement(outputs=outputs[:30]), NO_GATE)
    assert (marks(chart, "clean"), marks(chart, "spoilt")) == (40, 30)


def test_outputs_that_agree_wholly_stand_at_zero_and_those_without_a_rank_nowhere():
    outputs = an_output(0, spearman=1.0 - 1e-16), an_output(1, spearman=0.9), an_output(2, spearman=math.nan)
    chart = rank_losses("a", 760, an_agreement(outputs=outputs), None, NO_GATE)
    heights = [float(cy) for cy in re.findall(r'cy="([\d.]+)" r="3" class="mark clean"', chart)]
    zero = float(re.search(r'y="([\d.]+)" text-anchor="end">0<', chart)[1])
    assert len(heights) == 2
    assert max(heights) == pytest.approx(zero - 4)


@pytest.mark.parametrize(
    ("gate", "spoilt", "limits"),
    [
        (NO_GATE, True, []),
        (GateResult("", (), 0.98, 0.9), True, ["limit, clean", "limit, with artefacts"]),
        (GateResult("", (), 0.98, 0.98), True, ["limit"]),
        (GateResult("", (), 0.98, 0.9), False, ["limit"]),
    ],
)
def test_the_gate_s_limits_are_drawn(gate, spoilt, limits):
    agreement = an_agreement()
    chart = rank_losses("a", 760, agreement, agreement if spoilt else None, gate)
    assert re.findall(r">(limit[^<]*)<", chart) == limits


def test_every_tensor_with_an_error_is_marked_by_its_arithmetic():
    layers = [a_layer(arithmetic=how) for how in ("float", "dynamic", "dynamic", "int8")]
    chart = layer_ratios("a", 760, [*layers, a_layer(sqnr_db=math.inf)])
    assert [marks(chart, how) for how in ("float", "dynamic", "int8")] == [1, 2, 1]
    assert "4 tensors with an error, 1 without" in chart


def test_the_sums_between_blocks_are_joined():
    chart = layer_ratios("a", 760, [a_layer(kind=kind) for kind in ("ADD", "MUL", "ADD")])
    assert len(re.search(r'polyline points="([^"]*)"', chart)[1].split()) == 2


def test_a_chart_of_no_error_at_all_can_be_drawn():
    assert "0 tensors with an error, 2 without" in layer_ratios("a", 340, [a_layer(sqnr_db=math.inf)] * 2)


@pytest.mark.parametrize("chosen", [None, 0, 2])
def test_the_frontier_has_a_point_for_each_step_and_a_ring_round_the_chosen_one(chosen):
    points = [FrontierPoint(0.001 * 10**k, 3.0 - k, 1, 2, 3) for k in range(3)]
    chart = frontier_chart("a", 760, points, chosen)
    assert marks(chart, "step") == 3
    assert chart.count('class="chosen"') == (chosen is not None)


def test_a_chart_says_what_it_shows_to_those_who_do_not_see_it():
    chart = frontier_chart("a", 760, [FrontierPoint(0.01, 1.0, 1, 2, 3)], 0)
    for what in ("title", "desc"):
        name = re.search(f'<{what} id="([^"]+)">[^<]+<', chart)[1]
        assert f'="{name}"' in chart.replace(f'id="{name}"', "")


def test_a_chart_is_drawn_for_wide_and_for_narrow_pages():
    chart = both_widths("a", lambda name, width: layer_ratios(name, width, [a_layer()]))
    assert re.findall(r'<div class="(\w+)"><svg viewBox="0 0 (\d+)', chart) == [("wide", "760"), ("narrow", "340")]
