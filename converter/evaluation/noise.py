"""Noise added to clean records in a known ratio, as the MIT-BIH noise stress test database adds it."""

from pathlib import Path
from typing import Final

import numpy as np

from converter.evaluation.beat_truth import Floats
from converter.evaluation.errors import EvaluationError, EvaluationFault
from converter.evaluation.records import Record, Stretch
from edge.recording import open_recording
from edge.resample import PolyphaseResampler

_QRS_REACH_S: Final = 0.05
"""On either side of a beat's mark its height is measured."""
_SHORTEST_NOISE_S: Final = 10.0


def read_noise(path: Path, rate_hz: float | None = None, channel: str | None = None) -> Stretch:
    """Read noise in mV from a recording; unmeasured samples are left out.

    Parameters
    ----------
    path, channel, rate_hz
        As `edge.recording.open_recording` takes them.

    Raises
    ------
    RecordingError
        If it cannot be read.
    EvaluationError
        If there are fewer than ten seconds of it, or it is flat.
    """
    recording = open_recording(path, channel, rate_hz)
    noise = np.concatenate([block.scale.millivolts(block.counts) for block in recording.blocks()])
    if noise.size < _SHORTEST_NOISE_S * recording.rate_hz or not np.ptp(noise):
        raise EvaluationError(
            EvaluationFault.BAD_NOISE,
            f"{path.name} holds less than {_SHORTEST_NOISE_S:g} s of noise, or is flat",
            advice="take a longer recording of noise",
        )
    return Stretch(0.0, noise - noise.mean(), recording.rate_hz)


def noise_for(record: Record, noise: Stretch, snr_db: float, seed: int = 0) -> Floats:
    """Scale noise to a ratio to a record's QRS complexes, at the record's rate and of its longest stretch's length.

    Parameters
    ----------
    record
        With marked beats.
    noise
        Is played forth and back, from a place that depends on the record's name and the seed.
    snr_db
        Ten times the logarithm of an eighth of the squared mean height of QRS over the variance of the noise, as
        `edge.heart.heart.Windows.snr_db` has it. (``nst`` of WFDB measures the noise's power in other ways.)

    Returns
    -------
    ndarray
        ``NDArray[float64]``, shape (n,), mV.
    """
    rate_hz = record.stretches[0].rate_hz
    n = max(s.millivolts.size for s in record.stretches)
    resampler = PolyphaseResampler(noise.rate_hz, rate_hz)
    once = np.concatenate([resampler.push(noise.millivolts), resampler.finish()])
    forth_and_back = np.concatenate([once, once[::-1]])
    start = np.random.default_rng([seed, *record.name.encode()]).integers(forth_and_back.size)
    played = np.take(forth_and_back, np.arange(start, start + n), mode="wrap")
    power = qrs_height_mv(record) ** 2 / 8.0 / 10.0 ** (snr_db / 10.0)
    return np.asarray(played * np.sqrt(power / np.var(once)), np.float64)


def qrs_height_mv(record: Record) -> float:
    """Mean height of the marked QRS complexes from peak to peak, mV, the highest and lowest twentieth left out.

    Raises
    ------
    ValueError
        If no beat is marked within the samples.
    """
    beats = record.qrs
    heights = [] if beats is None else [h for stretch in record.stretches for h in _heights(stretch, beats.at_s)]
    if not heights:
        raise ValueError(f"no beats are marked in {record.name}")
    heights.sort()
    cut = len(heights) // 20
    return float(np.mean(heights[cut : len(heights) - cut]))


def _heights(stretch: Stretch, at_s: Floats) -> list[float]:
    reach = max(1, round(_QRS_REACH_S * stretch.rate_hz))
    places = np.rint((at_s - stretch.begin_s) * stretch.rate_hz).astype(int)
    inside = places[(places >= reach) & (places < stretch.millivolts.size - reach)]
    return [float(np.ptp(stretch.millivolts[at - reach : at + reach + 1])) for at in inside.tolist()]
