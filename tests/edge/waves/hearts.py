"""Synthetic hearts as marked windows: what a perfect reader would hand on."""

import numpy as np

from edge.heart import SILENT, Heart, WaveTruth, Windows
from edge.waves.marks import WaveMarks
from edge.waves.track import RATE_HZ


def hearts(n, *, seed=3, noise=SILENT, duration_s=10.0) -> Windows:
    keys = np.column_stack([np.arange(n), np.zeros(n, int), np.zeros(n, int)])
    return Heart(seed).windows(keys, noise=noise, rate_hz=RATE_HZ, duration_s=duration_s)


def marks_of(truth: WaveTruth, row: int, n_samples: int) -> WaveMarks:
    """The truth of one window; waves beyond its ends are NaN, as nobody can see them."""
    there = np.isfinite(truth.r_peak_s[row])

    def places(times_s):
        at = times_s[row, there] * RATE_HZ
        return np.where((at >= 0) & (at <= n_samples - 1), at, np.nan)

    n = int(there.sum())
    return WaveMarks(
        RATE_HZ,
        n_samples,
        truth.r_peak_s[row, there] * RATE_HZ,
        np.zeros(n, np.int64),
        np.ones(n),
        *(
            places(getattr(truth, f"{name}_s"))
            for name in (
                "p_onset",
                "p_peak",
                "p_offset",
                "qrs_onset",
                "qrs_offset",
                "t_onset",
                "t_peak",
                "t_offset",
            )
        ),
    )


PR_S, QRS_S, QT_S = 0.16, 0.09, 0.38


def beats_at(r_s, *, classes="", duration_s=10.0, confidence=1.0) -> WaveMarks:
    """Beats at given times, all alike; `classes` are letters, N for those it leaves out."""
    r_s = np.asarray(r_s, float)
    r, n_samples = r_s * RATE_HZ, round(duration_s * RATE_HZ)

    def places(from_r_s):
        at = (r_s + from_r_s) * RATE_HZ
        return np.where((at >= 0) & (at <= n_samples - 1), at, np.nan)

    on_s = -0.04
    return WaveMarks(
        RATE_HZ,
        n_samples,
        r,
        np.array(["NSVFQ".index(c) for c in classes.ljust(r.size, "N")], np.int64)[: r.size],
        np.full(r.size, confidence),
        *(places(on_s + s) for s in (-PR_S, -PR_S + 0.05, -0.06, 0.0, QRS_S, 0.22, 0.3, QT_S)),
    )
