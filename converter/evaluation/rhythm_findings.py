"""What scores of rhythm say."""

from collections.abc import Sequence

import numpy as np

from converter.evaluation.bootstrap import estimates
from converter.evaluation.drawing import burden, receiver_curve
from converter.evaluation.findings import (
    PERCENT,
    Chart,
    Findings,
    Grid,
    Headline,
    numbers,
    percent,
)
from converter.evaluation.pooling import pool
from converter.evaluation.rhythm import DECISIONS, TRUTHS, RhythmScore, rhythm_figures


def rhythm_findings(scores: Sequence[RhythmScore]) -> Findings:
    """Tell of atrial fibrillation, and of the rhythm of windows."""
    known, gross = estimates(scores, rhythm_figures), pool(scores)
    labels = np.array([m.is_af for m in gross.minutes], np.bool_)
    values = np.array([m.probability for m in gross.minutes], np.float64)
    minutes = f"{labels.sum():,} minutes of AF, {(~labels).sum():,} others"
    windows = f"{int(gross.decisions.sum()):,} windows"
    headlines = (
        Headline("auroc", "AF per minute, AUROC", known["auroc"], "", minutes),
        Headline("minute_se", "AF per minute, sensitivity at ½", known["minute_se"], PERCENT, minutes),
        Headline("minute_sp", "AF per minute, specificity at ½", known["minute_sp"], PERCENT, minutes),
        Headline("window_se", "AF per decided window, sensitivity", known["window_se"], PERCENT, windows),
        Headline("window_sp", "AF per decided window, specificity", known["window_sp"], PERCENT, windows),
        Headline("window_ppv", "AF per decided window, +P", known["window_ppv"], PERCENT, windows),
        Headline("undecided", "windows without a decision", known["undecided"], PERCENT, windows),
    )
    each = {score.record: rhythm_figures(score) for score in scores}
    burdens = [(record, f["burden_noted"], f["burden_read"]) for record, f in each.items()]
    caption = "AF noted for a part of the time, and read in a part of the decided windows; a point for each record."
    charts = [Chart("Burden of AF", caption, lambda n, w: burden(n, w, burdens))]
    if labels.any() and not labels.all():
        charts.append(Chart("AF per minute", minutes, lambda n, w: receiver_curve(n, w, values, labels)))
    rows = [_rhythm_row(score) for score in [*scores, gross]]
    columns = numbers("record", "minutes", "of AF", "burden noted, %", "burden read, %", "undecided, %")
    confusion = tuple(
        (truth.replace("_", " "), *(f"{n:,}" for n in row.tolist()))
        for truth, row in zip(TRUTHS, gross.decisions, strict=True)
    )
    grid = Grid("Windows of ten seconds: rhythm as noted and as decided", numbers("noted", *DECISIONS), confusion)
    notes = (
        "A minute's score is the mean probability of AF over it, its truth what was noted for most of it. A record of "
        "10 to 60 s counts as one minute; what is left beyond the last whole minute of a longer one is not scored.",
        "Flutter, paced, nodal and ventricular rhythms are other rhythms. Where a set says no more than that a record "
        "does not fibrillate, its truth is 'not af'.",
    )
    return Findings(headlines, (grid,), tuple(charts), Grid("By record", columns, tuple(rows)), (), notes, each, gross)


def _rhythm_row(score: RhythmScore) -> tuple[str, ...]:
    f = rhythm_figures(score)
    n_af = sum(m.is_af for m in score.minutes)
    shares = (percent(f[key], 1) for key in ("burden_noted", "burden_read", "undecided"))
    return (score.record, f"{len(score.minutes):,}", f"{n_af:,}", *shares)
