"""What scores of quality say."""

from collections.abc import Sequence

from converter.evaluation.bootstrap import Estimate, estimates
from converter.evaluation.drawing import shares_by_level
from converter.evaluation.findings import PERCENT, Chart, Findings, Grid, Headline, numbers, percent, spoken
from converter.evaluation.pooling import pool
from converter.evaluation.quality import AS_RECORDED, NEAR_BPM, QualityScore, quality_figures

_SHARES = {
    "accepted": "accepted",
    "accepted_for_waves": "accepted for waves",
    "right": f"heart rate within {NEAR_BPM:g} bpm, of accepted",
    "right_turned_away": "beats found give the right rate, of turned away",
}


def quality_findings(scores: Sequence[QualityScore]) -> Findings:
    """Tell of accepted windows, as recorded and at every level of added noise."""
    levels = list(dict.fromkeys(score.level for score in scores))
    by_level = {level: [score for score in scores if score.level == level] for level in levels}
    known = {level: estimates(of_level, quality_figures) for level, of_level in by_level.items()}
    gross = {level: pool(of_level) for level, of_level in by_level.items()}
    headlines = [
        Headline(f"{key}{_suffix(level)}", f"{word}, {level}", known[level][key], PERCENT, _rests_on(key, gross[level]))
        for level in levels
        for key, word in _SHARES.items()
    ]
    rows = [_level_row(level, gross[level], known[level]) for level in levels]
    columns = numbers(
        "noise", "windows", "accepted, %", "for waves, %", "rate right, %", "no rate", "readable of rest, %"
    )
    charts = []
    if len(levels) > 1:
        series = {word: [known[level][key].value for level in levels] for key, word in _drawn().items()}
        caption = "Disc: accepted, of all windows. Triangle: heart rate right, of the accepted."
        charts.append(Chart("By level of noise", caption, lambda n, w: shares_by_level(n, w, levels, series)))
    each: dict[str, dict[str, float]] = {}
    for score in scores:
        said = {f"{key}{_suffix(score.level)}": value for key, value in quality_figures(score).items()}
        each[score.record] = each.get(score.record, {}) | said
    first = by_level[levels[0]]
    by_record = Grid(
        f"By record, {levels[0]}",
        numbers("record", "windows", "accepted, %", "for waves, %", "rate right, %", "readable of rest, %"),
        tuple(_record_row(score) for score in [*first, gross[levels[0]]]),
    )
    notes = (
        "Windows of ten seconds with three marked beats or more, out of ventricular flutter. Accepted: graded for "
        f"waves or for the rate. Right: within {NEAR_BPM:g} bpm of the mean rate of the window's marked beats; an "
        "accepted window without a rate is not right.",
        "Added noise is scaled by record: an eighth of the squared mean height of QRS, over the variance of the noise. "
        "It comes on top of what the record has of its own.",
    )
    title = "Windows, with 95 % intervals by patient"
    return Findings(
        tuple(headlines), (Grid(title, columns, tuple(rows)),), tuple(charts), by_record, (), notes, each, gross
    )


def _drawn() -> dict[str, str]:
    return {key: _SHARES[key] for key in ("accepted", "right")}


def _suffix(level: str) -> str:
    return "" if level == AS_RECORDED else f"_{level.replace(' ', '_').lower()}"


def _rests_on(key: str, score: QualityScore) -> str:
    n_accepted = score.n_waves + score.n_rate
    n = {"right": n_accepted, "right_turned_away": score.n_windows - n_accepted}.get(key, score.n_windows)
    return f"{n:,} windows"


def _level_row(level: str, score: QualityScore, known: dict[str, Estimate]) -> tuple[str, ...]:
    accepted, for_waves, right, readable = (spoken(known[key], PERCENT, 1).replace(" %", "") for key in _SHARES)
    return level, f"{score.n_windows:,}", accepted, for_waves, right, f"{score.n_without:,}", readable


def _record_row(score: QualityScore) -> tuple[str, ...]:
    figures = quality_figures(score)
    return score.record, f"{score.n_windows:,}", *(percent(figures[key], 1) for key in _SHARES)
