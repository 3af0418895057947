"""One heart without an end, as the blocks of counts a wearable sends."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.heart.draws import Purpose, Samples, normals
from edge.heart.labs import Labs, usual_labs
from edge.heart.noise import (
    HARMONICS,
    PatchNoise,
    lose_contact,
    lost_contact_s,
    mains,
    n_noise_normals,
    patch_noise,
)
from edge.heart.rhythm import N_RHYTHM_NORMALS, draw_rhythm
from edge.heart.trace import MARGIN_S, draw_trace
from edge.heart.traits import draw_traits
from edge.heart.waves import WaveTruth, morphology, place_waves
from edge.signal import SampleBlock, Scale

SEGMENT_S: Final = 10.0
RAILS: Final = (-20_000, 20_000)
"""Lowest and highest count, microvolt."""
WORN: Final = PatchNoise(motion_per_min=2.0, lost_per_min=0.25)
"""Noise of a strap or patch that is worn through a day."""


class HeartStream(Iterator[SampleBlock]):
    """An endless stream of blocks of one subject; counts are microvolt.

    Rhythm and waves are functions of time, so the stream has no seams; noise is cross-faded from stretch to
    stretch. A stream of one seed, subject and rate is always the same.

    Parameters
    ----------
    seed, subject
        Whose heart it is: that of ``Heart(seed)``.
    rate_hz
        Sample rate.
    block_samples
        Samples in each block; 73 is what a Polar H10 puts in a frame.
    labs
        One row: what the blood holds; None for the middle of the reference ranges.
    noise
        Of the patch.
    start_s
        Time of the first sample, s since the Unix epoch.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        subject: int = 0,
        rate_hz: float = 130.0,
        block_samples: int = 73,
        labs: Labs | None = None,
        noise: PatchNoise = WORN,
        start_s: float = 0.0,
    ) -> None:
        self.rate_hz: Final = rate_hz
        self.labs: Final = labs if labs is not None else usual_labs(1)
        self.traits: Final = draw_traits(seed, np.array([subject]))
        self._seed, self._subject, self._noise = seed, subject, noise
        self._block_samples, self._start_s = block_samples, start_s
        self._rhythm = draw_rhythm(self.traits, normals(seed, Purpose.RHYTHM, np.array([[subject]]), N_RHYTHM_NORMALS))
        self._beat = morphology(self.traits, self.labs)
        self._segment_samples = round(SEGMENT_S * rate_hz)
        self._first_index = 0
        self._made: NDArray[np.int32] = np.empty(0, np.int32)
        self._fading_out = self._faded_stretch(0)[1]
        self._lost_s: list[tuple[float, float]] = []

    def __next__(self) -> SampleBlock:
        while self._made.size < self._block_samples:
            self._made = np.concatenate([self._made, self._next_segment()])
        counts, self._made = self._made[: self._block_samples].copy(), self._made[self._block_samples :]
        first_s = self._first_index / self.rate_hz
        last_s = (self._first_index + counts.size - 1) / self.rate_hz
        block = SampleBlock(
            counts=counts,
            scale=Scale(millivolts_per_count=1e-3, rails=RAILS),
            rate_hz=self.rate_hz,
            first_index=self._first_index,
            start_s=self._start_s + first_s,
            period_s=1.0 / self.rate_hz,
            contact=not any(begin <= last_s and first_s < end for begin, end in self._lost_s),
        )
        self._first_index = block.end_index
        return block

    def truth(self, from_s: float, duration_s: float) -> WaveTruth:
        """Waves of the beats whose R peak lies in a stretch of the stream.

        Parameters
        ----------
        from_s, duration_s
            The stretch, s since the first sample of the stream.

        Returns
        -------
        WaveTruth
            One row; times in s since the first sample of the stream.
        """
        waves = self._waves(from_s, duration_s)
        return waves.within(from_s, duration_s, waves.r_peak_s.shape[1])

    def _waves(self, from_s: float, duration_s: float, *, origin_s: float = 0.0) -> WaveTruth:
        r_peak_s = self._rhythm.r_peaks_s(from_s, duration_s)
        gain = 1.0 + self.traits.respiratory_modulation[:, None] * self._rhythm.respiration(r_peak_s)
        return place_waves(self._beat, r_peak_s - origin_s, gain)

    def _next_segment(self) -> NDArray[np.int32]:
        first_index = self._first_index + self._made.size
        number = first_index // self._segment_samples
        from_s, duration_s = first_index / self.rate_hz, self._segment_samples / self.rate_hz
        waves = self._waves(from_s - MARGIN_S, duration_s + 2 * MARGIN_S, origin_s=from_s)
        millivolts = draw_trace(self._beat, waves, self.rate_hz, self._segment_samples)
        millivolts = millivolts + self._segment_noise(number, from_s)
        self._draw_lost(number, from_s, duration_s)
        for begin_s, end_s in self._lost_s:
            lose_contact(millivolts, np.array([[begin_s - from_s, end_s - from_s]]), self.rate_hz)
        return np.asarray(np.clip(np.rint(1e3 * millivolts[0]), *RAILS), np.int32)

    def _segment_noise(self, number: int, from_s: float) -> Samples:
        fading_in, next_fading_out = self._faded_stretch(number + 1)
        faded, self._fading_out = fading_in + self._fading_out, next_fading_out
        phases = normals(self._seed, Purpose.NOISE, np.array([[self._subject]]), len(HARMONICS)).astype(np.float64)
        time_s = from_s + np.arange(self._segment_samples) / self.rate_hz
        level_mv, frequency_hz = np.array([self._noise.mains_mv]), np.array([self._noise.mains_hz])
        return np.asarray(faded + mains(level_mv, frequency_hz, phases, time_s, self.rate_hz), np.float32)

    def _faded_stretch(self, number: int) -> tuple[Samples, Samples]:
        """Draw noise for two segments, of which it fades in over the first and out over the second."""
        n, key = self._segment_samples, np.array([[self._subject, 0, number]])
        # Each moment is covered by two stretches of noise, so each brings half of the artefacts.
        level = replace(self._noise, mains_mv=0.0, lost_per_min=0.0, motion_per_min=self._noise.motion_per_min / 2.0)
        numbers = normals(self._seed, Purpose.NOISE, key, n_noise_normals(2 * n))
        stretch, _ = patch_noise(level, numbers, self.rate_hz, 2 * n)
        # Fades of constant power: squares of sine and cosine sum to 1.
        quarter = (0.5 * np.pi * (np.arange(n) + 0.5) / n).astype(np.float32)
        return stretch[:, :n] * np.sin(quarter), stretch[:, n:] * np.cos(quarter)

    def _draw_lost(self, number: int, from_s: float, duration_s: float) -> None:
        numbers = normals(self._seed, Purpose.LOST_CONTACT, np.array([[self._subject, number]]), 3).astype(np.float64)
        begin_s, end_s = (from_s + lost_contact_s(self._noise.lost_per_min, numbers, duration_s))[0]
        still_on = [span for span in self._lost_s if span[1] > self._first_index / self.rate_hz]
        self._lost_s = [*still_on, (float(begin_s), float(end_s))] if np.isfinite(begin_s) else still_on
