"""The evaluation's charts, in SVG."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.evaluation.beat_truth import Floats
from converter.evaluation.quality import AS_RECORDED
from converter.report.signs import CLEAN, SPOILT
from edge.page.axes import Axis, frame, line, linear, mark, svg, words
from edge.page.markup import Markup, element, join, number

_LEFT, _RIGHT, _TOP, _FOOT = 48, 12, 26, 40
_HEIGHT: Final = 250
_ROW_PX: Final = 30
_LIMITS_SD: Final = 1.96
"""Limits of agreement lie so many SD from the bias: 95 % of differences are within, if they are normal."""
_PERCENT: Final = tuple((float(p), str(p)) for p in (0, 20, 40, 60, 80, 100))


def _plane(width: int, height: int, left: int = _LEFT) -> tuple[tuple[float, float], tuple[float, float]]:
    return (left, width - _RIGHT), (height - _FOOT, _TOP)


def bland_altman(name: str, width: int, title: str, unit: str, marked: Floats, read: Floats) -> Markup:
    """Read minus marked over their mean, a point for each record, with the bias and the limits of agreement.

    Parameters
    ----------
    name, width
        Of the chart.
    title, unit
        Of the figure.
    marked, read
        Shape (n,), n at least 1.
    """
    means, apart = (marked + read) / 2.0, read - marked
    bias = float(apart.mean())
    reach = _LIMITS_SD * float(apart.std(ddof=1)) if apart.size > 1 else 0.0
    across, along = _plane(width, _HEIGHT)
    x, y = linear(means.tolist(), *across), linear([*apart.tolist(), bias - reach, bias + reach, 0.0], *along)
    lines = {"bias": bias, "+1.96 SD": bias + reach, f"{number(-1.96)} SD": bias - reach}
    content = join(
        [
            frame(x, y, x.ticks(), y.ticks(), f"mean of both, {unit}", f"read less marked, {unit}"),
            line(across[0], y(0.0), across[1], y(0.0), "ideal"),
            *(line(across[0], y(at), across[1], y(at), "limit") for at in lines.values()),
            *(words(across[1], y(at) - 4, f"{said} {number(at, '.1f')}", "end", "label") for said, at in lines.items()),
            *(mark(x(m), y(d), CLEAN) for m, d in zip(means.tolist(), apart.tolist(), strict=True)),
        ]
    )
    low, high = number(bias - reach, ".1f"), number(bias + reach, ".1f")
    said = f"{apart.size} records; bias {number(bias, '.1f')} {unit}, limits of agreement {low} to {high} {unit}."
    return svg(name, f"{title}: read against marked", said, width, _HEIGHT, content)


def receiver_curve(name: str, width: int, scores: Floats, labels: NDArray[np.bool_]) -> Markup:
    """Sensitivity over one minus specificity, at every threshold; both classes must occur."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits, wrong = np.cumsum(labels[order])[last_of_tie], np.cumsum(~labels[order])[last_of_tie]
    across, along = _plane(width, _HEIGHT)
    x, y = Axis(0.0, 100.0, *across), Axis(0.0, 100.0, *along)
    rates = zip((100.0 * wrong / wrong[-1]).tolist(), (100.0 * hits / hits[-1]).tolist(), strict=True)
    points = " ".join(f"{x(p)},{y(q)}" for p, q in [(0.0, 0.0), *rates])
    content = join(
        [
            frame(x, y, _PERCENT, _PERCENT, "100 % less specificity", "sensitivity, %"),
            line(x(0.0), y(0.0), x(100.0), y(100.0), "ideal"),
            element("polyline", points=points, class_="trunk"),
        ]
    )
    said = f"{int(labels.sum())} minutes with atrial fibrillation, {int((~labels).sum())} without."
    return svg(name, "Receiver operating characteristic of atrial fibrillation", said, width, _HEIGHT, content)


def shares_by_level(name: str, width: int, levels: Sequence[str], shares: Mapping[str, Sequence[float]]) -> Markup:
    """Draw shares (0 to 1) at each level of noise; the first of two series is filled, the second hollow."""
    across, along = _plane(width, _HEIGHT)
    x, y = Axis(-0.5, len(levels) - 0.5, *across), Axis(0.0, 100.0, *along)
    ticks = tuple((float(i), "none" if level == AS_RECORDED else level) for i, level in enumerate(levels))
    parts = [frame(x, y, ticks, _PERCENT, "signal to added noise", "share of windows, %")]
    for (what, values), sign in zip(shares.items(), (CLEAN, SPOILT), strict=False):
        drawn = [(i, 100.0 * v) for i, v in enumerate(values) if isfinite(v)]
        parts.append(element("polyline", points=" ".join(f"{x(i)},{y(v)}" for i, v in drawn), class_="way"))
        parts += [mark(x(i), y(v), sign, f"{levels[i]}: {v:.1f} % {what}") for i, v in drawn]
    said = "; ".join(
        f"{what}: {', '.join(number(100 * v, '.1f') for v in values)} %" for what, values in shares.items()
    )
    return svg(name, "Windows by the level of added noise", said, width, _HEIGHT, join(parts))


def boundary_errors(
    name: str, width: int, rows: Sequence[tuple[str, float, float]], limits: Mapping[str, float]
) -> Markup:
    """Draw the mean error of each boundary with one SD to either side, and the limit of the SD where there is one.

    Parameters
    ----------
    name, width
        Of the chart.
    rows
        Boundary, mean and SD of its error, ms.
    limits
        By boundary, ms.
    """
    known = [(label, mean, sd) for label, mean, sd in rows if isfinite(mean) and isfinite(sd)]
    height = _TOP + _FOOT + _ROW_PX * max(1, len(known))
    across, along = _plane(width, height, left=66)
    ends = [end for label, mean, sd in known for end in (mean - sd, mean + sd)]
    x = linear([0.0, *ends, *limits.values(), *(-v for v in limits.values())], *across)
    y = Axis(-0.5, max(1, len(known)) - 0.5, along[1], along[0])
    foot_up = Axis(y.low, y.high, along[0], along[1])
    parts = [frame(x, foot_up, x.ticks(), (), "found less marked, ms: mean and SD", "")]
    parts.append(line(x(0.0), along[0], x(0.0), along[1], "ideal"))
    for i, (label, mean, sd) in enumerate(known):
        at = y(float(i))
        parts.append(words(across[0] - 6, at + 4, label, "end", "label"))
        limit = limits.get(label)
        if limit is not None:
            parts += [line(x(end), at - 10, x(end), at + 10, "limit") for end in (-limit, limit)]
        parts.append(line(x(mean - sd), at, x(mean + sd), at, "axis"))
        parts.append(mark(x(mean), at, CLEAN, f"{label}: {mean:.1f} ms, SD {sd:.1f} ms"))
    said = "; ".join(f"{label} {number(mean, '.1f')} ms, SD {number(sd, '.1f')} ms" for label, mean, sd in known)
    return svg(name, "Errors of the boundaries of waves", said or "Nothing was compared.", width, height, join(parts))


def shares_by_record(name: str, width: int, title: str, rows: Sequence[tuple[str, float, float]]) -> Markup:
    """Mark two shares (0 to 1) of each record, the worst first: the first as a disc, the second as a triangle."""
    known = sorted((row for row in rows if isfinite(row[1]) and isfinite(row[2])), key=lambda row: min(row[1:]))
    across, along = _plane(width, _HEIGHT)
    x = Axis(0.0, len(known) + 1.0, *across)
    y = linear([100.0, *(100.0 * v for _, *both in known for v in both)], *along)
    parts = [frame(x, y, (), y.ticks(), "records, the worst first", "%")]
    for i, (record, first, second) in enumerate(known, start=1):
        said = f"{record}: {100 * first:.2f} and {100 * second:.2f} %"
        parts += [mark(x(i), y(100 * second), SPOILT, said), mark(x(i), y(100 * first), CLEAN, said)]
    worst = f" Worst: {known[0][0]}." if known else ""
    return svg(name, title, f"{len(known)} records.{worst}", width, _HEIGHT, join(parts))


def burden(name: str, width: int, rows: Sequence[tuple[str, float, float]]) -> Markup:
    """Burden of AF as read over as noted (0 to 1), a point for each record."""
    known = [row for row in rows if isfinite(row[1]) and isfinite(row[2])]
    across, along = _plane(width, _HEIGHT)
    x, y = Axis(0.0, 100.0, *across), Axis(0.0, 100.0, *along)
    content = join(
        [
            frame(x, y, _PERCENT, _PERCENT, "noted, % of the time", "read, % of the windows"),
            line(x(0.0), y(0.0), x(100.0), y(100.0), "ideal"),
            *(
                mark(x(100 * p), y(100 * q), CLEAN, f"{record}: {100 * p:.1f} % noted, {100 * q:.1f} % read")
                for record, p, q in known
            ),
        ]
    )
    return svg(name, "Burden of atrial fibrillation", f"{len(known)} records.", width, _HEIGHT, content)
