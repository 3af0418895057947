"""What scores of waves say."""

from collections.abc import Sequence

from converter.evaluation.bootstrap import Estimate, estimates
from converter.evaluation.delineation import BOUNDARIES, CSE_LIMITS_MS, WAVES, WaveScore, wave_figures
from converter.evaluation.drawing import boundary_errors
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
    spoken,
)
from converter.evaluation.pooling import pool
from edge.page.markup import UNKNOWN


def wave_findings(scores: Sequence[WaveScore]) -> Findings:
    """Tell of waves and their boundaries."""
    known, gross = estimates(scores, wave_figures), pool(scores)
    presence = dict(zip(WAVES, gross.presence.tolist(), strict=True))
    headlines = [
        Headline(f"{w}_{key}", f"{_wave(w)}, {word}", known[f"{w}_{key}"], PERCENT, f"{sum(presence[w][:2]):,} marked")
        for w in WAVES
        for key, word in DETECTION.items()
    ]
    counts = dict(zip(BOUNDARIES, gross.moments[:, 0].astype(int).tolist(), strict=True))
    for boundary, n in counts.items():
        for key, word in (("mean", "mean error"), ("sd", "SD of the error")):
            name = f"{boundary}_{key}_ms"
            headlines.append(Headline(name, f"{_boundary(boundary)}, {word}", known[name], "ms", f"{n:,} compared"))
    each = {score.record: wave_figures(score) for score in scores}
    keys = [f"{w}_f1" for w in WAVES], [f"{b}_mean_ms" for b in BOUNDARIES]
    rows = [
        (score.record, *(percent(f[k], 1) for k in keys[0]), *(plain(f[k]) for k in keys[1]))
        for score, f in [*((score, each[score.record]) for score in scores), (gross, wave_figures(gross))]
    ]
    columns = numbers("record", *(f"{_wave(w)} F1, %" for w in WAVES), *(f"{_boundary(b)}, ms" for b in BOUNDARIES))
    drawn = [(_boundary(b), known[f"{b}_mean_ms"].value, known[f"{b}_sd_ms"].value) for b in BOUNDARIES]
    limits = {_boundary(b): limit for b, limit in CSE_LIMITS_MS.items()}
    caption = "Mean and one SD to either side; dashed, twice the SD that the CSE working party tolerates."
    chart = Chart("Errors of boundaries", caption, lambda n, w: boundary_errors(n, w, drawn, limits))
    notes = (
        "A wave is found where one of its kind peaks within 150 ms. Scored is what lies between the first and the last "
        "marked QRS complex; the errors are of found less marked, over all waves that have both.",
        "CSE tolerances are two standard deviations of experts' marks on twelve leads at once; here one lead is read, "
        "and one cardiologist's marks of that lead are the reference.",
    )
    grid = _boundaries(known, counts, dict(zip(BOUNDARIES, gross.unseen.tolist(), strict=True)))
    by_record = Grid("By record: F1 of each wave, mean error of each boundary", columns, tuple(rows))
    return Findings(tuple(headlines), (grid,), (chart,), by_record, (), notes, each, gross)


def _boundaries(known: dict[str, Estimate], counts: dict[str, int], unseen: dict[str, int]) -> Grid:
    columns = numbers("boundary", "compared", "not seen", "mean error, ms", "SD, ms", "CSE limit of SD, ms")
    rows = [
        (
            _boundary(b),
            f"{counts[b]:,}",
            f"{unseen[b]:,}",
            spoken(known[f"{b}_mean_ms"], "", 1),
            spoken(known[f"{b}_sd_ms"], "", 1),
            plain(CSE_LIMITS_MS[b]) if b in CSE_LIMITS_MS else UNKNOWN,
        )
        for b in BOUNDARIES
    ]
    return Grid("Boundaries, with 95 % intervals by patient", columns, tuple(rows))


def _wave(name: str) -> str:
    return name.upper()


def _boundary(name: str) -> str:
    wave, _, place = name.partition("_")
    return f"{wave.upper()} {place}"
