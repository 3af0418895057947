"""Which operators of the network take the time."""

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.bench.report.drawing import NARROW_PX, RIGHT, box, figure, n_ticks, ruler, shortened
from benchmarks.bench.report.numbers import percent, three
from benchmarks.bench.report.said import heading_of
from benchmarks.bench.report.series import Series, Subject
from benchmarks.bench.result import OperatorTime, PackResult
from edge.page.axes import Axis, svg, words
from edge.page.markup import Column, Markup, element, join, plural, table

_SHOWN: Final = 12
_ROW_PX: Final = 22
_BAR_PX: Final = 14
_TOP, _FOOT = 4, 40
_WIDE_LEFT, _NARROW_LEFT = 270, 150


def operators_section(subjects: Sequence[Subject]) -> Markup:
    """Show every profile there is; where there is none, say why."""
    parts = [element("h2", "Which operators take the time?")]
    for i, subject in enumerate(subjects):
        for k, (series, pack) in enumerate(subject.entries):
            parts += _of_pack(f"operators-{i}-{k}", series, pack)
    return join(parts)


def _of_pack(name: str, series: Series, pack: PackResult) -> Iterator[Markup]:
    label = series.before(pack.label)
    yield heading_of(label, pack)
    if not pack.profile:
        kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(pack.operators.items(), key=lambda at: (-at[1], at[0])))
        yield element(
            "p", f"No profile: {pack.profile_source}.", f" Operators: {kinds}." if kinds else "", class_="note"
        )
        return
    ranked = sorted(pack.profile, key=lambda operator: -operator.ms)
    shown = ranked[:_SHOWN]
    covered = sum(operator.share for operator in shown)
    said = (
        f"{shown[0].name} takes most: {three(shown[0].ms)} ms, {percent(shown[0].share)}. The "
        f"{plural(len(shown), 'operator')} shown take {percent(covered)} of the network's time, of "
        f"{plural(len(ranked), 'operator')} in all. Medians; from {pack.profile_source}."
    )
    yield figure(name, lambda name, width: _chart(name, width, label, shown), said)
    summary = element("summary", f"All {plural(len(ranked), 'operator')}")
    columns = [Column("operator"), Column("ms", is_number=True), Column("share", is_number=True)]
    rows = [(operator.name, three(operator.ms), percent(operator.share)) for operator in pack.profile]
    yield element("details", summary, table(columns, rows, caption="In the order the runtime gives them"))


def _chart(name: str, width: int, label: str, shown: Sequence[OperatorTime]) -> Markup:
    height = _TOP + _ROW_PX * len(shown) + _FOOT
    left = _NARROW_LEFT if width < NARROW_PX else _WIDE_LEFT
    x = Axis(0.0, 1.02 * max([1e-9, *(operator.ms for operator in shown)]), left, width - RIGHT)
    parts = [ruler(x, _TOP, height - _FOOT, x.ticks(n_ticks(width) - 1), "a window, ms")]
    for k, operator in enumerate(shown):
        top = _TOP + _ROW_PX * k
        said = f"{operator.name}: {three(operator.ms)} ms, {percent(operator.share)}"
        parts.append(words(left - 7, top + _ROW_PX / 2 + 4, shortened(operator.name, left - 10), "end", "label"))
        parts.append(box(left, top + 4, x(operator.ms) - left, _BAR_PX, "bar c0", said))
    said = "; ".join(f"{operator.name} {three(operator.ms)} ms" for operator in shown)
    return svg(name, f"{label}: time of the largest operators", f"{said}.", width, height, join(parts))
