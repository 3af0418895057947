"""The report's charts, written by hand in SVG: an installation that converts needs no plotting library."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from converter.report.agreement import Agreement, OutputAgreement
from converter.report.facts import FrontierPoint, GateResult
from converter.report.layers import LayerError
from converter.report.signs import ARITHMETIC, CLEAN, SPOILT, STEP, UNNAMED
from edge.page.axes import Axis, Tick, frame, line, linear, logarithmic, mark, svg, words
from edge.page.markup import MINUS, Markup, element, join, number

_LEFT, _RIGHT, _TOP, _FOOT = 48, 12, 26, 40
"""Room round a chart, px."""
_SQUARE: Final = 190
_LABEL_PX: Final = 46
"""Room a block's name takes on the axis."""
_ALIKE: Final = 1e-9
"""One minus a rank correlation that is the rounding of none: even of a thousand windows, one swap makes more."""
_PASSED_ON: Final = "ADD"
"""What a block hands to the next is a sum."""


def scatter(name: str, row: OutputAgreement) -> Markup:
    """Converted against float logits of one output, a point for each window."""
    if row.scatter is None:
        raise ValueError(f"{row.output_id} has no windows to show")
    finite = np.isfinite(row.scatter.expected_logits) & np.isfinite(row.scatter.actual_logits)
    expected, actual = row.scatter.expected_logits[finite], row.scatter.actual_logits[finite]
    both = [*expected.tolist(), *actual.tolist(), row.threshold_logit]
    x = linear(both, 40, _SQUARE - 10)
    y = linear(both, _SQUARE - 36, 18)
    flipped = (expected >= row.threshold_logit) != (actual >= row.threshold_logit)
    at = [(x(p), y(q)) for p, q in zip(expected.tolist(), actual.tolist(), strict=True)]
    kept = "".join(f"M{px} {py}h0" for (px, py), flip in zip(at, flipped, strict=True) if not flip)
    crosses = "".join(
        f"M{px - 3:.1f} {py - 3:.1f}l6 6m0-6l-6 6" for (px, py), flip in zip(at, flipped, strict=True) if flip
    )
    limit_x, limit_y = x(row.threshold_logit), y(row.threshold_logit)
    content = join(
        [
            frame(x, y, x.ticks(4), y.ticks(4), "float, logits", "converted, logits"),
            line(x(x.low), y(x.low), x(x.high), y(x.high), "ideal"),
            line(limit_x, y.from_px, limit_x, y.to_px, "limit"),
            line(x.from_px, limit_y, x.to_px, limit_y, "limit"),
            element("path", d=kept, class_="points"),
            element("path", d=crosses, class_="flips"),
        ]
    )
    description = (
        f"{len(at)} windows, {row.flips} on the other side of the threshold at {number(row.threshold_logit, '.3g')} "
        f"logits; rank correlation {number(row.spearman, '.5f')}."
    )
    return svg(name, f"{row.name}: converted against float", description, _SQUARE, _SQUARE, content)


def rank_losses(name: str, width: int, clean: Agreement, spoilt: Agreement | None, gate: GateResult) -> Markup:
    """One minus the rank correlation of every output, those that agree least first."""
    places = {row.output_id: i + 1 for i, row in enumerate(clean.worst_first)}
    drawn = [
        (places[row.output_id], max(0.0, 1 - row.spearman), sign, f"{row.name}, {said}: {row.spearman:.6f}")
        for sign, said, agreement in ((SPOILT, "with artefacts", spoilt), (CLEAN, "clean", clean))
        for row in (agreement.outputs if agreement else ())
        if not math.isnan(row.spearman)
    ]
    limits = _limits(gate, with_artefacts=spoilt is not None)
    x, y = _plane(width, 250)
    across = Axis(0.0, len(places) + 1.0, *x)
    decades = logarithmic([loss for _, loss, _, _ in drawn if loss > _ALIKE] + [loss for loss, _ in limits], *y)
    up = replace(decades, low=decades.low / 10)
    up_ticks = ((up.low, "0"), *(tick for tick in up.ticks() if tick[0] > 2 * up.low))
    ticks = tuple((float(k), str(k)) for k in _places(len(places)))
    content = join(
        [
            frame(across, up, ticks, up_ticks, "outputs, the least alike first", f"1 {MINUS} rank correlation (log)"),
            *(line(x[0], up(loss), x[1], up(loss), "limit") for loss, _ in limits),
            *(words(x[1], up(loss) - 4, said, "end", "label") for loss, said in limits),
            *(mark(across(place), up(loss), sign, said) for place, loss, sign, said in drawn),
        ]
    )
    description = f"{len(places)} outputs. Clean: {_ranks_said(clean)}." + (
        f" With artefacts: {_ranks_said(spoilt)}." if spoilt else ""
    )
    return svg(name, "Rank correlation of every output with float", description, width, 250, content)


def _limits(gate: GateResult, *, with_artefacts: bool) -> list[tuple[float, str]]:
    """Give the gate's limits as losses, with their names; one name where they are the same."""
    clean = gate.least_spearman
    spoilt = gate.least_spearman_spoilt if with_artefacts else None
    if spoilt is None or spoilt == clean:
        asked = [(clean, "limit")]
    else:
        asked = [(clean, "limit, clean"), (spoilt, "limit, with artefacts")]
    return [(1 - least, said) for least, said in asked if least is not None and least < 1]


def _ranks_said(agreement: Agreement) -> str:
    return f"median {number(agreement.spearman_median, '.6f')}, least {number(agreement.spearman_min, '.6f')}"


def layer_ratios(name: str, width: int, layers: Sequence[LayerError]) -> Markup:
    """Signal to error of every operator's output along the network."""
    x, y = _plane(width, 270)
    across = Axis(0.0, max(1.0, len(layers) - 1.0), *x)
    up = linear([layer.sqnr_db for layer in layers], *y)
    drawn = [(i, layer) for i, layer in enumerate(layers) if math.isfinite(layer.sqnr_db)]
    trunk = " ".join(f"{across(i)},{up(layer.sqnr_db)}" for i, layer in drawn if layer.kind == _PASSED_ON)
    content = join(
        [
            frame(
                across, up, _blocks(layers, across), up.ticks(), "along the network, by block", "signal to error, dB"
            ),
            element("polyline", points=trunk, class_="trunk"),
            *(
                mark(
                    across(i),
                    up(layer.sqnr_db),
                    ARITHMETIC.get(layer.arithmetic, UNNAMED),
                    f"{layer.name}, {layer.kind}, {layer.arithmetic}: {number(layer.sqnr_db, '.1f')} dB",
                )
                for i, layer in drawn
            ),
        ]
    )
    worst = min(drawn, key=lambda at: at[1].sqnr_db, default=None)
    description = f"{len(drawn)} tensors with an error, {len(layers) - len(drawn)} without. " + (
        f"Least: {worst[1].name} with {number(worst[1].sqnr_db, '.1f')} dB." if worst else ""
    )
    return svg(name, "Signal to error of every tensor along the network", description, width, 270, content)


def frontier_chart(name: str, width: int, points: Sequence[FrontierPoint], chosen: int | None) -> Markup:
    """Predicted error against predicted cost of every placement that was weighed."""
    x, y = _plane(width, 250)
    across = linear([point.relative_cost for point in points], *x)
    up = logarithmic([point.noise_sd for point in points], *y)
    way = " ".join(f"{across(point.relative_cost)},{up(point.noise_sd)}" for point in points)
    marks = [
        mark(across(point.relative_cost), up(point.noise_sd), STEP, _step_said(i, point))
        for i, point in enumerate(points)
    ]
    if chosen is not None:
        at = points[chosen]
        px, py = across(at.relative_cost), up(at.noise_sd)
        is_right = px > (x[0] + x[1]) / 2
        marks.append(element("circle", cx=px, cy=py, r=7, class_="chosen"))
        marks.append(words(px - 11 if is_right else px + 11, py - 8, "chosen", "end" if is_right else "start", "label"))
    content = join(
        [
            frame(across, up, across.ticks(5), up.ticks(), "predicted cost, 1 = all int8", "predicted error, SD (log)"),
            element("polyline", points=way, class_="way"),
            *marks,
        ]
    )
    description = f"{len(points)} placements. " + (
        f"Chosen: {_step_said(chosen, points[chosen])}." if chosen is not None else "None of them was chosen."
    )
    return svg(name, "Predicted error against predicted cost", description, width, 250, content)


def _plane(width: int, height: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of both axes, px."""
    return (_LEFT, width - _RIGHT), (height - _FOOT, _TOP)


def _places(n: int) -> list[int]:
    """Ranks worth a label."""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if n / s <= 6), n)  # noqa: PLR2004 - labels that fit
    return sorted({1, *range(step, n + 1, step)})


def _blocks(layers: Sequence[LayerError], across: Axis) -> tuple[Tick, ...]:
    """Name the blocks, as many as fit: what stands before the slash in a tensor's name."""
    ticks: list[Tick] = []
    last_name, last_px = "", -np.inf
    for i, layer in enumerate(layers):
        block = layer.name.partition("/")[0]
        if block != last_name and across(i) - last_px >= _LABEL_PX:
            ticks.append((float(i), block))
            last_px = across(i)
        last_name = block
    return tuple(ticks)


def _step_said(i: int, point: FrontierPoint) -> str:
    return (
        f"step {i}: error {number(point.noise_sd, '.3g')} SD, cost {number(point.relative_cost, '.3g')}; "
        f"{point.n_int8} int8, {point.n_dynamic} dynamic, {point.n_float} float"
    )
