"""What scores of beats say."""

from collections.abc import Sequence

from converter.evaluation.bootstrap import estimates
from converter.evaluation.drawing import shares_by_record
from converter.evaluation.ec57 import NONE, BeatScore, S, V, beat_figures
from converter.evaluation.findings import (
    DETECTION,
    PERCENT,
    Chart,
    Findings,
    Grid,
    Headline,
    numbers,
    percent,
    plain,
)
from converter.evaluation.pooling import pool
from edge.page.markup import UNKNOWN
from edge.waves.marks import BEAT_CLASSES


def beat_findings(scores: Sequence[BeatScore]) -> Findings:
    """Tell of beats and their classes."""
    known, gross = estimates(scores, beat_figures), pool(scores)
    c = gross.confusion
    marked = {"": int(c[:NONE].sum()), "v_": int(c[V].sum()), "s_": int(c[S].sum())}
    names = {"": "QRS", "v_": "ventricular ectopic beats (V)", "s_": "supraventricular ectopic beats (S)"}
    headlines = [
        Headline(f"{p}{key}", f"{names[p]}, {word}", known[f"{p}{key}"], PERCENT, f"{marked[p]:,} beats")
        for p in names
        for key, word in DETECTION.items()
    ]
    balanced = "balanced accuracy over N, S, V, F"
    headlines += [
        Headline("balanced_accuracy", balanced, known["balanced_accuracy"], PERCENT, f"{marked['']:,} beats"),
        Headline("rate_mae_bpm", "heart rate, mean error", known["rate_mae_bpm"], "bpm", f"{gross.rate_n:,} windows"),
        Headline("rate_rms_bpm", "heart rate, RMS error", known["rate_rms_bpm"], "bpm", f"{gross.rate_n:,} windows"),
    ]
    each = {score.record: beat_figures(score) for score in scores}
    rows = [_beat_row(score) for score in [*scores, gross]]
    columns = numbers(
        "record", "beats", "Se, %", "+P, %", "V", "V Se, %", "V +P, %", "S", "S Se, %", "S +P, %", "rate, bpm"
    )
    shown = [(record, f["se"], f["ppv"]) for record, f in each.items()]
    title = "Sensitivity (disc) and positive predictive value (triangle) of beats, by record"
    chart = Chart(title, "The worst record first.", lambda n, w: shares_by_record(n, w, title, shown))
    notes = (
        "Scored as ANSI/AAMI EC57 does: a beat is found within 150 ms of its mark, one to one, between the first and "
        "the last marked beat; the first five minutes count. In ventricular flutter detections are passed over.",
        "Sensitivity of V and S counts missed beats. F or Q called V, and Q called S, is no false positive. Q beats "
        "(paced, unclassifiable) are left out of the balanced accuracy.",
        "Rate: mean rate of windows of ten seconds with three marked beats; of "
        f"{gross.rate_missing:,} windows fewer than three beats were found, and no rate.",
    )
    by_record = Grid("By record", columns, tuple(rows))
    details = tuple(_confusion(score) for score in scores)
    return Findings(tuple(headlines), (_confusion(gross),), (chart,), by_record, details, notes, each, gross)


def _beat_row(score: BeatScore) -> tuple[str, ...]:
    c, figures = score.confusion, beat_figures(score)
    shares = {key: percent(figures[key]) for key in ("se", "ppv", "v_se", "v_ppv", "s_se", "s_ppv")}
    return (
        score.record, f"{c[:NONE].sum():,}", shares["se"], shares["ppv"], f"{c[V].sum():,}", shares["v_se"],
        shares["v_ppv"], f"{c[S].sum():,}", shares["s_se"], shares["s_ppv"], plain(figures["rate_mae_bpm"], 2),
    )  # fmt: skip


def _confusion(score: BeatScore) -> Grid:
    letters = [str(beat) for beat in BEAT_CLASSES]
    columns = numbers("marked", *(f"found as {letter}" for letter in letters), "missed")
    rows = [
        (name, *(f"{n:,}" for n in row.tolist()))
        for name, row in zip([*letters, "no beat"], score.confusion, strict=True)
    ]
    rows[-1] = (*rows[-1][:-1], UNKNOWN)
    return Grid(f"Beats as marked and as found: {score.record}", columns, tuple(rows))
