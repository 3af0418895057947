"""A heart with arrhythmias and every usual shape of waves, and the truth of each sample, beat and window."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from edge.heart.drawing import N_ATRIAL_NUMBERS, Gaussians, draw_atria, draw_gaussians
from edge.heart.draws import Floats, Purpose, Samples, generator_of
from edge.heart.placing import N_BEAT_NUMBERS, Beats, Waves, clip_t, draw_qrs, flatten, place_p, place_t
from edge.heart.plan import LEAD_IN_S, LEAD_OUT_S, seen_in
from edge.heart.rhythms import plan_window
from edge.heart.shapes import N_SHAPE_NUMBERS, draw_shapes
from edge.waves.marks import RHYTHMS
from edge.waves.track import Segment

MAX_BEATS_HZ = 4.5
"""Beats a second that the columns of a truth have room for."""
_BATCH = 128
_N_UNIFORM = N_SHAPE_NUMBERS + N_ATRIAL_NUMBERS


@dataclass(frozen=True, slots=True, eq=False)
class VariedWindows:
    """n windows without noise and all that is true of them.

    Times are float64, shape (n, k), s from the window's first sample: row i holds the beats of window i whose main
    deflection lies inside it, in order, and NaN after the last and where a wave is absent or cannot be seen. P of
    the first and T of the last beat may lie outside the window.

    Parameters
    ----------
    millivolts
        ``NDArray[float32]``, shape (n, n_samples), mV.
    rate_hz
        Of the samples.
    segments
        ``NDArray[uint8]``, shape (n, n_samples): `Segment` of each sample; P waves that are blocked are among them,
        and waves of beats outside the window.
    r_s
        Main deflection of each QRS complex.
    classes
        ``NDArray[int64]``, shape (n, k): index in `BEAT_CLASSES`, -1 after the last.
    p_on_s, p_peak_s, p_off_s, qrs_on_s, qrs_off_s, t_on_s, t_peak_s, t_off_s
        Onset, peak and end of each wave. Where waves overlap, QRS counts before P and P before T.
    rhythms
        ``NDArray[int64]``, shape (n,): index in `RHYTHMS`.
    """

    millivolts: Samples
    rate_hz: float
    segments: NDArray[np.uint8]
    r_s: Floats
    classes: NDArray[np.int64]
    p_on_s: Floats
    p_peak_s: Floats
    p_off_s: Floats
    qrs_on_s: Floats
    qrs_off_s: Floats
    t_on_s: Floats
    t_peak_s: Floats
    t_off_s: Floats
    rhythms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.millivolts)


@dataclass(frozen=True, slots=True)
class VariedHeart:
    """Windows of ever other subjects in ever other rhythms (`edge.heart.rhythms.SHARES`).

    Parameters
    ----------
    seed
        Not negative. Two hearts of one seed agree in every sample.
    """

    seed: int = 0

    def windows(self, indices: NDArray[np.int64], *, rate_hz: float = 256.0, duration_s: float = 10.0) -> VariedWindows:
        """Draw windows.

        Parameters
        ----------
        indices
            ``NDArray[int64]``, shape (n,), not negative. A window depends on the seed, its own index and the
            duration; the rate changes where it is sampled, not what is true of it.
        rate_hz, duration_s
            Of every window.
        """
        n_samples = round(rate_hz * duration_s)
        starts = range(0, max(len(indices), 1), _BATCH)
        batches = [_draw(self.seed, indices[first : first + _BATCH], rate_hz, n_samples) for first in starts]
        names = [field.name for field in fields(VariedWindows) if field.name != "rate_hz"]
        return VariedWindows(
            rate_hz=rate_hz, **{name: np.concatenate([batch[name] for batch in batches]) for name in names}
        )


def _draw(seed: int, indices: NDArray[np.int64], rate_hz: float, n_samples: int) -> dict[str, NDArray[np.generic]]:
    """Draw one batch of windows: the fields of `VariedWindows` but its rate."""
    duration_s = n_samples / rate_hz
    n, most = len(indices), int((duration_s + LEAD_IN_S + LEAD_OUT_S + 2.0) * MAX_BEATS_HZ)
    plans = [plan_window(seed, index, duration_s) for index in indices.tolist()]
    uniform = np.empty((n, _N_UNIFORM))
    variation = np.empty((n, most, N_BEAT_NUMBERS), np.float32)
    for row, index in enumerate(indices.tolist()):
        generator = generator_of(seed, Purpose.VARIED_SHAPES, index)
        generator.random(out=uniform[row])
        generator.standard_normal(dtype=np.float32, out=variation[row])
    shapes = draw_shapes(uniform[:, :N_SHAPE_NUMBERS])
    atria = [seen_in(plan.atrial_waves, height) for plan, height in zip(plans, shapes.normal_height_mv, strict=True)]
    beats = flatten(plans, shapes, variation)
    t, t_drawn = place_t(beats, shapes, variation, np.array([wave.millivolts if wave else 0.0 for wave in atria]))
    p, p_drawn = place_p(plans, beats, t, shapes)
    t = clip_t(beats, t, p)
    drawn = Gaussians.join([*draw_qrs(beats, shapes, variation), *t_drawn, *p_drawn])
    millivolts = draw_gaussians(drawn, rate_hz, n, n_samples)
    rows = [row for row, wave in enumerate(atria) if wave]
    numbers = uniform[rows, N_SHAPE_NUMBERS:]
    millivolts[rows] += draw_atria([wave for wave in atria if wave], numbers, rate_hz, n_samples)
    return {
        "millivolts": millivolts,
        "segments": _segments(beats, p, t, rate_hz, n, n_samples),
        "rhythms": np.array([RHYTHMS.index(plan.rhythm) for plan in plans], np.int64),
        **_marks(beats, p, t, n, duration_s),
    }


def _segments(beats: Beats, p: Waves, t: Waves, rate_hz: float, n: int, n_samples: int) -> NDArray[np.uint8]:
    """Paint T, P over it, and QRS over both; shape (n, n_samples)."""
    segments = np.zeros((n, n_samples), np.uint8)
    everything = np.ones(beats.row.size, np.bool_)
    qrs = Waves(beats.row, beats.row, beats.on_s, beats.r_s, beats.off_s, everything)
    for wave, segment in ((t, Segment.T), (p, Segment.P), (qrs, Segment.QRS)):
        first = np.clip(np.ceil(wave.on_s * rate_hz), 0, n_samples)[wave.marked].astype(np.int64)
        stop = np.clip(np.floor(wave.off_s * rate_hz) + 1, 0, n_samples)[wave.marked].astype(np.int64)
        for row, begin, end in zip(wave.row[wave.marked].tolist(), first.tolist(), stop.tolist(), strict=True):
            segments[row, begin:end] = segment
    return segments


def _marks(beats: Beats, p: Waves, t: Waves, n: int, duration_s: float) -> dict[str, NDArray[np.generic]]:
    """Put the beats inside their windows into rows."""
    inside = (beats.r_s >= 0.0) & (beats.r_s < duration_s)
    row = beats.row[inside]
    before = np.cumsum(np.bincount(row, minlength=n)) - np.bincount(row, minlength=n)
    column = np.arange(row.size) - before[row]
    shape = (n, int(duration_s * MAX_BEATS_HZ) + 1)

    def in_rows(values: Floats) -> Floats:
        filled = np.full(shape, np.nan)
        filled[row, column] = values[inside]
        return filled

    def of_beats(waves: Waves, values: Floats) -> Floats:
        seen = waves.marked & (waves.beat >= 0)
        filled = np.full(beats.row.size, np.nan)
        filled[waves.beat[seen]] = values[seen]
        return in_rows(filled)

    classes = np.full(shape, -1, np.int64)
    classes[row, column] = beats.beat_class[inside]
    return {
        "r_s": in_rows(beats.r_s),
        "classes": classes,
        "p_on_s": of_beats(p, p.on_s),
        "p_peak_s": of_beats(p, p.peak_s),
        "p_off_s": of_beats(p, p.off_s),
        "qrs_on_s": in_rows(beats.on_s),
        "qrs_off_s": in_rows(beats.off_s),
        "t_on_s": of_beats(t, t.on_s),
        "t_peak_s": of_beats(t, t.peak_s),
        "t_off_s": of_beats(t, t.off_s),
    }
