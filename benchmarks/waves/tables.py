"""What was compared, as tables of 120 columns."""

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import Any, Final

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from benchmarks.waves.comparing import OURS, Compared
from benchmarks.waves.cost import Cost
from benchmarks.waves.interval_rows import IntervalRow
from converter.evaluation.bootstrap import Estimate
from converter.evaluation.delineation import BOUNDARIES, CSE_LIMITS_MS, WAVES, WaveScore
from converter.evaluation.ec57 import NONE, BeatScore, beat_figures, share
from converter.evaluation.pooling import pool
from converter.evaluation.quality import QualityScore

WIDTH: Final = 120
_NOTHING: Final = "-"
_NAMES: Final = ("", "by", "gate", "noise", "record")
"""Headings of columns of words."""
Figures = dict[str, dict[str, Estimate]]


def beat_tables(compared: Sequence[Compared[BeatScore]], figures: Figures) -> Iterator[Table]:
    """Beats over all records, then by record."""
    n = len(compared[0].scores)
    table = _table(
        f"1. Beats, {n} records of MIT-BIH DS1, within 150 ms: gross, 95 % intervals by patient",
        ("", "marked", "missed", "extra", "Se, %", "+P, %", "read in, s", "failed"),
        "Of one channel, MLII where there is one.",
    )
    for one in compared:
        c = pool(one.scores).confusion
        table.add_row(
            one.name, f"{c[:NONE].sum():,}", f"{c[:NONE, NONE].sum():,}", f"{c[NONE].sum():,}",
            *_shares(figures[one.name], ("se", "ppv")), f"{one.analyser.took_s:.0f}", _failed(one),
        )  # fmt: skip
    yield table
    table = _table(
        "Beats by record: Se / +P, %", ("record", "beats", *(_short(one.name).replace(" ", "\n") for one in compared))
    )
    of_all = [[beat_figures(score) for score in one.scores] for one in compared]
    for i, score in enumerate(compared[0].scores):
        table.add_row(score.record, f"{score.confusion[:NONE].sum():,}", *(_se_ppv(of[i]) for of in of_all))
    for word, summary in (("mean", np.nanmean), ("median", np.nanmedian), ("worst", np.nanmin)):
        rows = ({key: float(summary([f[key] for f in of])) for key in ("se", "ppv")} for of in of_all)
        table.add_row(word, "", *map(_se_ppv, rows))
    yield table


def wave_tables(compared: Sequence[Compared[WaveScore]], figures: Figures, best: str | None) -> Iterator[Table]:
    """Presence of waves, then errors of boundaries."""
    n = len(compared[0].scores)
    said = f"NeuroKit2's best delineator, by the mean F1 of the three: {best}. " if best else ""
    table = _table(
        f"2. Waves, LUDB, lead ii, {n} odd records: presence, %, 95 % intervals by patient",
        ("", *(f"{w.upper()} F1" for w in WAVES), *(f"{w.upper()} Se/+P" for w in WAVES)),
        f"{said}Found where one of its kind peaks within 150 ms; NeuroKit2 gives each beat one P and one T or none.",
    )
    for one in compared:
        known = figures[one.name]
        both = ("/".join(_percent(known[f"{w}_{k}"].value, 1) for k in ("se", "ppv")) for w in WAVES)
        table.add_row(_short(one.name), *_shares(known, [f"{w}_f1" for w in WAVES], 1), *both)
    yield table
    table = _table(
        "Boundaries of waves that were found: found less marked, mean ± SD, ms (how many were compared)",
        ("", *(_spaced(b) for b in BOUNDARIES)),
        "CSE limit: two SD that its experts tolerate of each other on twelve leads, set against one SD of an analyser.",
    )
    for one in compared:
        counts = pool(one.scores).moments[:, 0]
        known = figures[one.name]
        table.add_row(_short(one.name), *(_boundary(known, b, n) for b, n in zip(BOUNDARIES, counts, strict=True)))
    limits = (f"{CSE_LIMITS_MS[b]:.1f}" if b in CSE_LIMITS_MS else _NOTHING for b in BOUNDARIES)
    table.add_row("CSE limit", *limits)
    yield table


def interval_table(lead: str, rows: Sequence[IntervalRow]) -> Table:
    """Intervals in one lead."""
    table = _table(
        f"3. Intervals, LUDB, lead {lead}, against the medians of what people marked",
        ("", "by", "given", "MAE", "bias", "both", "MAE there", "ours there", "MAE less ours\n(95 %)"),
        "Both: the records in which ours gave it, too. The constant is the median of all that people marked.",
    )
    for row in rows:
        first = row.name == OURS
        there = [str(row.n_both), _plain(row.mae_both), _plain(row.ours_both), _ahead(row)]
        table.add_row(
            f"{row.figure.replace('_', ' ')}, {row.unit}" if first else "", row.name,
            f"{row.n_given} of {row.n_marked}", _plain(row.mae), _signed(row.bias),
            *([_NOTHING] * len(there) if first else there),
        )  # fmt: skip
    return table


def quality_table(levels: dict[str, list[Compared[QualityScore]]], figures: dict[str, Figures]) -> Table:
    """Windows by level of noise, with figures by level and gate."""
    table = _table(
        "4. Quality: LUDB, lead ii, with electrode motion of the NSTDB added; shares of windows, %, 95 % by patient",
        ("noise", "gate", "windows", "accepted", "right of\nthe accepted", "accepted,\nwrong", "right without\na gate"),
        "Right: a heart rate within 5 bpm of the marked beats'. zhao2018 accepts Excellent and Barely acceptable.",
    )
    for level, compared in levels.items():
        for one in compared:
            score, known = pool(one.scores), figures[level][one.name]
            wrong, right = score.n_waves + score.n_rate - score.n_right, score.n_right + score.n_right_turned_away
            table.add_row(
                level if one.name == OURS else "", one.name, str(score.n_windows),
                *_shares(known, ("accepted", "right"), 1),
                *(_percent(share(n, score.n_windows), 1) for n in (wrong, right)),
            )  # fmt: skip
    return table


def cost_table(cost: Cost) -> Table:
    """Time of one window."""
    table = _table(
        f"5. Cost: one window of 10 s at 500 Hz, all measures, one thread, {cost.n_rounds} rounds in random order",
        ("", "median, ms", "5 - 95 %, ms", "times ours\n(95 %)", "CPU, ms", "times ours\n(95 %)"),
        f"{cost.n_windows} windows in turn. NeuroKit2: clean, peaks, waves, zhao2018, rate, intervals; "
        f"{cost.failures.words or 'nothing'} failed.",
    )
    for name, timing in cost.timings.items():
        low, high = np.percentile(timing.wall_ms, [5, 95])
        elapsed, busy = (str(of[name]) if name in of else "1" for of in (cost.ratios, cost.cpu_ratios))
        table.add_row(
            name, f"{np.median(timing.wall_ms):.2f}", f"{low:.2f} - {high:.2f}", elapsed,
            f"{np.median(timing.cpu_ms):.2f}", busy,
        )  # fmt: skip
    return table


def failures(compared: Iterable[Compared[Any]]) -> Iterator[str]:
    """Say what failed, a line for each that did."""
    for one in compared:
        words = one.analyser.failures.words
        if words:
            yield f"{one.name}: {words}, of {one.analyser.failures.n_asked} read."


def _table(title: str, headings: Sequence[str], caption: str = "") -> Table:
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, caption=caption or None,
        caption_justify="left", padding=(0, 1, 0, 0),
    )  # fmt: skip
    for heading in headings:
        table.add_column(escape(heading), justify="left" if heading in _NAMES else "right", no_wrap=True)
    return table


def _failed(one: Compared[Any]) -> str:
    counts = one.analyser.failures
    return str(counts.raised.total() + counts.n_without_beats) if counts.words else _NOTHING


def _short(name: str) -> str:
    return name.replace("NeuroKit2", "NK2")


def _se_ppv(figures: dict[str, float]) -> str:
    return f"{_percent(figures['se'])} / {_percent(figures['ppv'])}"


def _percent(value: float, digits: int = 2) -> str:
    return f"{100.0 * value:.{digits}f}" if isfinite(value) else _NOTHING


def _shares(figures: dict[str, Estimate], keys: Iterable[str], digits: int = 2) -> list[str]:
    return [f"{_percent(e.value, digits)} {_range(e, digits)}" for e in (figures[key] for key in keys)]


def _range(e: Estimate, digits: int) -> str:
    return f"({_percent(e.low, digits)}-{_percent(e.high, digits)})" if isfinite(e.low) else ""


def _plain(value: float) -> str:
    return f"{value:.1f}" if isfinite(value) else _NOTHING


def _signed(value: float) -> str:
    return f"{value:+.1f}" if isfinite(value) else _NOTHING


def _ahead(row: IntervalRow) -> str:
    return f"{row.ahead:+.1f} ({row.low:+.1f} to {row.high:+.1f})" if isfinite(row.low) else _NOTHING


def _spaced(boundary: str) -> str:
    wave, _, place = boundary.partition("_")
    return f"{wave.upper()} {place}"


def _boundary(figures: dict[str, Estimate], boundary: str, n: float) -> str:
    mean, sd = (figures[f"{boundary}_{key}_ms"].value for key in ("mean", "sd"))
    return f"{mean:+.0f}±{sd:.0f} ({n:.0f})" if isfinite(sd) else _NOTHING
