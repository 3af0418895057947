"""Where the waves of planned beats fall, what of them can be marked, and the Gaussians that draw them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from edge.heart.drawing import Gaussians
from edge.heart.draws import Floats, Samples
from edge.heart.plan import Form, Plan
from edge.heart.qrs import MAX_PARTS
from edge.heart.shapes import SECOND_T, SECOND_T_GAP, T_END_SIGMAS, T_ONSET_SIGMAS, Shapes

N_BEAT_NUMBERS = MAX_PARTS + 2
"""Normal numbers that a beat's own variation takes."""
FLAT_T_MV = 0.03
"""A T wave that is lower is not marked."""
_ROW_S = 1e5
"""Puts the windows of a batch one behind the other on one axis of time."""

Rows = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """The beats of a batch one behind the other, shape (m,) each; times in s from their window's first sample."""

    row: Rows
    ordinal: Rows
    r_s: Floats
    form: Rows
    beat_class: Rows
    atrial: Rows
    pr_s: Floats
    on_s: Floats
    off_s: Floats
    gain: Floats

    def next_in_row(self, values: Floats, missing: float) -> Floats:
        """Look a value up at the beat after each, or say what stands for it at the last of a window."""
        shifted = np.append(values[1:], missing)
        shifted[:-1][self.row[1:] != self.row[:-1]] = missing
        return shifted


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """P or T waves, shape (m,) each: their beat, -1 where none follows; marked from onset to end, or not at all."""

    row: Rows
    beat: Rows
    on_s: Floats
    peak_s: Floats
    off_s: Floats
    marked: Truths


def flatten(plans: Sequence[Plan], shapes: Shapes, variation: Samples) -> Beats:
    """Put the beats of all windows one behind the other and place their QRS complexes.

    Parameters
    ----------
    plans
        Of n windows.
    shapes
        Of their subjects.
    variation
        ``NDArray[float32]``, shape (n, most beats, `N_BEAT_NUMBERS`), standard normal.
    """
    counts = np.array([len(plan.beats) for plan in plans], np.int64)
    row = np.repeat(np.arange(len(plans)), counts)
    ordinal = np.arange(row.size) - np.repeat(np.cumsum(counts) - counts, counts)
    numbers = chain.from_iterable(chain.from_iterable(plan.beats for plan in plans))
    table = np.fromiter(numbers, np.float64, 5 * row.size).reshape(-1, 5)
    r_s, pr_s = table[:, 0], table[:, 4]
    form, beat_class, atrial = table[:, 1:4].T.astype(np.int64)
    on_s, off_s = r_s + shapes.complexes.on_s[row, form], r_s + shapes.complexes.off_s[row, form]
    # A paced complex begins at its spike.
    on_s = np.where(form == Form.PACED, on_s - shapes.spike_s[row] - 0.003, on_s)
    same = row[1:] == row[:-1]
    on_s[1:] = np.where(same, np.maximum(on_s[1:], off_s[:-1] + 0.004), on_s[1:])
    breath = np.array([(plan.breath.hz, plan.breath.phase_rad, plan.breath.depth) for plan in plans]).reshape(-1, 3)[
        row
    ]
    gain = 1.0 + breath[:, 2] * np.sin(2.0 * np.pi * breath[:, 0] * r_s + breath[:, 1])
    gain *= 1.0 + 0.015 * variation[row, ordinal, 0]
    return Beats(row, ordinal, r_s, form, beat_class, atrial, pr_s, on_s, off_s, gain)


def draw_qrs(beats: Beats, shapes: Shapes, variation: Samples) -> list[Gaussians]:
    """Draw the QRS complexes and the spikes of the paced ones."""
    of = (beats.row, beats.form)
    mv = shapes.complexes.mv[of] * (1.0 + 0.03 * variation[beats.row, beats.ordinal, 2:]) * beats.gain[:, None]
    there = mv != 0.0
    row = np.broadcast_to(beats.row[:, None], mv.shape)[there]
    place = (beats.r_s[:, None] + shapes.complexes.place_s[of])[there]
    sigma = shapes.complexes.sigma_s[of][there]
    paced = beats.form == Form.PACED
    spiked = beats.row[paced]
    width = np.full(spiked.size, 0.0015)
    return [
        Gaussians(row, place, sigma, sigma, mv[there]),
        Gaussians(spiked, beats.on_s[paced] + 0.003, width, width, shapes.spike_mv[spiked]),
    ]


def place_t(beats: Beats, shapes: Shapes, variation: Samples, atrial_mv: Floats) -> tuple[Waves, list[Gaussians]]:
    """Place and draw T, the ST segment before it and the U wave behind it.

    A T wave that is all but flat, or lower than most of the atrial waves (mV, shape (n,)) it lies among, is not marked.
    """
    row, of = beats.row, (beats.row, beats.form)
    counts = np.bincount(row)[row]
    first = beats.ordinal == 0
    after_s = beats.next_in_row(beats.r_s, np.nan) - beats.r_s
    before_s = np.where(first, after_s, np.roll(after_s, 1))
    known = np.where(np.isfinite(after_s), after_s, 0.0)
    mean_s = (np.bincount(row, known)[row]) / np.maximum(counts - 1, 1)
    rr_s = np.clip(0.7 * mean_s + 0.3 * np.nan_to_num(before_s, nan=1.0), 0.25, 1.6)
    qrs_s = beats.off_s - beats.on_s
    qt_s = np.minimum(shapes.qtc_s[row] * np.cbrt(rr_s) + 0.9 * (qrs_s - 0.09), np.maximum(0.82 * mean_s, 0.21))
    pace = np.clip(qt_s / 0.4, 0.5, 1.2)
    right_s = shapes.t_sigma_s[of] * pace * (1.0 + 0.02 * variation[row, beats.ordinal, 1])
    second = shapes.t_second[of]
    double = second != 0.0
    last_s = np.where(double, SECOND_T, 1.0) * right_s
    last_peak_s = beats.on_s + qt_s - T_END_SIGMAS * last_s
    peak_s = last_peak_s - np.where(double, SECOND_T_GAP * right_s, 0.0)
    # T of a late or wide complex has to wait for the end of QRS.
    late_s = np.maximum(beats.off_s + 0.04 - peak_s, 0.0)
    peak_s, last_peak_s = peak_s + late_s, last_peak_s + late_s
    left_s = np.minimum(shapes.t_asymmetry[row] * right_s, (peak_s - beats.off_s) / 1.5)
    mv = shapes.t_mv[of] * beats.gain
    end_s = last_peak_s + T_END_SIGMAS * last_s
    waves = Waves(
        row,
        np.arange(row.size),
        np.maximum(peak_s - T_ONSET_SIGMAS * left_s, beats.off_s),
        np.where(np.abs(second) > 1.0, last_peak_s, peak_s),
        end_s,
        np.abs(mv) * np.maximum(1.0, np.abs(second)) >= np.maximum(FLAT_T_MV, 0.7 * atrial_mv[row]),
    )
    steep_s = np.full(row.size, 0.018)
    fall_s = shapes.st_fall_s[row] * pace
    u_s = np.full(row.size, 0.03) * pace
    u_mv = np.where(beats.form == Form.NORMAL, shapes.u_mv[row], 0.0) * beats.gain
    return waves, [
        Gaussians(row, beats.off_s + 0.015, steep_s, fall_s, shapes.st_mv[of] * beats.gain),
        Gaussians(row, peak_s, left_s, right_s, mv),
        Gaussians(row, last_peak_s, last_s, last_s, mv * second).where(double),
        Gaussians(row, end_s + 0.06 * pace, u_s, u_s, u_mv).where(u_mv != 0.0),
    ]


def place_p(plans: Sequence[Plan], beats: Beats, t: Waves, shapes: Shapes) -> tuple[Waves, list[Gaussians]]:
    """Place and draw P, and mark what can be seen of it between the waves of the beats before and after.

    A P wave whose peak lies before the falling half of T, or within QRS, is drawn but cannot be seen.
    """
    led = np.flatnonzero(beats.atrial)
    blocked = [np.asarray(plan.blocked_p_s) for plan in plans]
    blocked_row = np.repeat(np.arange(len(plans)), [times.size for times in blocked])
    row = np.concatenate([beats.row[led], blocked_row])
    kind = np.concatenate([beats.atrial[led] - 1, np.zeros(blocked_row.size, np.int64)])
    beat = np.concatenate([led, np.full(blocked_row.size, -1)])
    length_s = shapes.p_length_s[row, kind]
    before_qrs_s = beats.on_s[led] - np.maximum(beats.pr_s[led], length_s[: led.size] + 0.01)
    on_s = np.concatenate([before_qrs_s, *blocked])
    peak_s, off_s = on_s + shapes.p_peak_s[row, kind], on_s + length_s
    gain = np.concatenate([beats.gain[led], np.ones(blocked_row.size)])
    drawn = [
        Gaussians(
            row,
            on_s + shapes.p_place_s[row, kind, part],
            shapes.p_sigma_s[row, kind, part],
            shapes.p_sigma_s[row, kind, part],
            shapes.p_mv[row, kind, part] * gain,
        )
        for part in range(2)
    ]
    earlier = np.searchsorted(beats.row * _ROW_S + beats.on_s, row * _ROW_S + peak_s) - 1
    later = np.minimum(earlier + 1, beats.row.size - 1)
    follows = (earlier >= 0) & (beats.row[earlier] == row)
    precedes = (earlier + 1 < beats.row.size) & (beats.row[later] == row)
    free_s = np.where(follows, beats.off_s[earlier] + 0.01, -np.inf)
    half_s = 0.5 * (t.off_s[earlier] - t.peak_s[earlier])
    over_t = follows & t.marked[earlier]
    free_s = np.where(over_t, np.maximum(free_s, t.peak_s[earlier] + half_s), free_s)
    taken_s = np.where(precedes, beats.on_s[later], np.inf)
    marked = (shapes.p_mv[row, kind, 0] != 0.0) & (peak_s > free_s) & (peak_s < taken_s - 0.008)
    waves = Waves(
        row, beat, np.maximum(on_s, free_s - 0.5 * half_s * over_t), peak_s, np.minimum(off_s, taken_s), marked
    )
    return waves, [gaussians.where(gaussians.mv != 0.0) for gaussians in drawn]


def clip_t(beats: Beats, t: Waves, p: Waves) -> Waves:
    """End T where a P wave or the next QRS begins, and leave it unmarked where its peak is lost in one."""
    limit_s = beats.next_in_row(beats.on_s, np.inf)
    earlier = np.searchsorted(beats.row * _ROW_S + beats.on_s, p.row * _ROW_S + p.peak_s) - 1
    over = p.marked & (earlier >= 0) & (beats.row[earlier] == p.row)
    np.minimum.at(limit_s, earlier[over], p.on_s[over])
    marked = t.marked & (t.peak_s < limit_s - 0.008)
    return Waves(t.row, t.beat, t.on_s, t.peak_s, np.minimum(t.off_s, limit_s), marked)
