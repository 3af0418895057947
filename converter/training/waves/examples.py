"""Batches to learn from: synthetic windows, and windows of people, spoilt and turned about as wearables do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from converter.training.waves.recordings import Labelled
from converter.training.waves.spoil import spoil
from converter.training.waves.targets import (
    UNKNOWN_BEAT,
    UNKNOWN_RHYTHM,
    UNKNOWN_SEGMENT,
    Codes,
    Targets,
    steps_of_beats,
)
from edge.heart import VariedHeart
from edge.preprocess import WAVES, preprocess
from edge.waves.marks import BEAT_CLASSES, BeatClass
from edge.waves.track import STEP_SAMPLES

Samples = NDArray[np.float32]

_N: Final = WAVES.window_samples
_N_STEPS: Final = _N // STEP_SAMPLES
_RARE: Final = {BeatClass.SUPRAVENTRICULAR: 0.30, BeatClass.VENTRICULAR: 0.22, BeatClass.FUSION: 0.08}
"""Share of the MIT-BIH windows that hold a beat of this class; the others are taken anywhere."""
_STRETCH: Final = 0.15
_SHARE_INVERTED: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What the network reads, ``NDArray[float32]``, shape (n, window_samples), and what is known of it."""

    inputs: Samples
    targets: Targets


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """Windows before noise; the targets have no grades yet."""

    millivolts: Samples
    segments: Codes
    beats: Codes
    rhythms: Codes
    clean: NDArray[np.bool_]


def finished(windows: Sequence[_Windows], random: np.random.Generator) -> Examples:
    """Spoil windows and prepare them for the network."""
    millivolts, segments, beats, rhythms, clean = (
        np.concatenate([getattr(part, name) for part in windows])
        for name in ("millivolts", "segments", "beats", "rhythms", "clean")
    )
    turned = millivolts * np.where(random.random(len(millivolts)) < _SHARE_INVERTED, -1, 1)[:, None].astype(np.float32)
    spoilt = spoil(turned, clean, random)
    return Examples(preprocess(spoilt.millivolts, WAVES), Targets(segments, beats, rhythms, spoilt.grades))


def synthetic(heart: VariedHeart, indices: NDArray[np.int64]) -> _Windows:
    """Windows of the synthetic heart, of which everything is known."""
    made = heart.windows(indices)
    beats = np.stack(
        [
            steps_of_beats(r[np.isfinite(r)] * made.rate_hz, classes[np.isfinite(r)], _N_STEPS)
            for r, classes in zip(made.r_s, made.classes, strict=True)
        ]
    )
    rhythms = np.repeat(made.rhythms[:, None], _N_STEPS, axis=1).astype(np.uint8)
    return _Windows(made.millivolts, made.segments, beats, rhythms, np.ones(len(indices), bool))


class People:
    """Draws windows of recordings, each set and each rare class as often as it should be.

    Parameters
    ----------
    recordings
        To draw from.
    shares
        Windows of each source in a batch.
    """

    def __init__(self, recordings: Sequence[Labelled], shares: dict[str, int]) -> None:
        self._of = {source: [r for r in recordings if r.source == source] for source in shares}
        self._shares = {source: n for source, n in shares.items() if self._of[source]}
        beats = [(k, r) for r in self._of.get("mitdb", []) for k in range(len(BEAT_CLASSES)) if np.any(r.classes == k)]
        self._with = {k: [r for c, r in beats if c == k] for k in range(len(BEAT_CLASSES))}
        self._weight = {
            k: np.sqrt([np.count_nonzero(r.classes == k) for r in rows]) if rows else np.empty(0)
            for k, rows in self._with.items()
        }

    def draw(self, random: np.random.Generator) -> _Windows:
        """Draw a batch."""
        rows = [self._one(source, random) for source, n in self._shares.items() for _ in range(n)]
        x, segments, beats, rhythms, clean = zip(*rows, strict=True)
        return _Windows(np.stack(x), np.stack(segments), np.stack(beats), np.stack(rhythms), np.array(clean))

    def _one(self, source: str, random: np.random.Generator) -> tuple[Samples, Codes, Codes, Codes, bool]:
        chance, at = random.random(), None
        recording = self._of[source][random.integers(len(self._of[source]))]
        if source == "mitdb":
            for name, share in _RARE.items():
                chance -= share
                k = BEAT_CLASSES.index(name)
                if chance < 0 and self._with[k]:
                    weight = self._weight[k]
                    recording = self._with[k][random.choice(len(weight), p=weight / weight.sum())]
                    at = random.choice(recording.r[recording.classes == k])
                    break
        return (*_window(recording, at, random), recording.clean)


def _window(recording: Labelled, at: float | None, random: np.random.Generator) -> tuple[Samples, Codes, Codes, Codes]:
    """Cut a window that holds the sample `at`, played a little faster or slower."""
    speed = float(np.exp(random.uniform(-_STRETCH, _STRETCH)))
    n = len(recording.millivolts)
    length = _N * speed
    if n >= length + 1:
        low, high = 0.0, n - 1 - length
        if at is not None:
            low, high = max(low, at - 0.95 * length), min(high, at - 0.05 * length)
        begin = random.uniform(low, max(low, high))
    else:
        begin = random.uniform(n - 1 - length, 0.0)
    place = begin + speed * np.arange(_N)
    inside = (place >= 0) & (place <= n - 1)
    # What lies beyond a recording is its mirror image, of which nothing is asked.
    folded = np.abs(place)
    folded = np.where(folded > n - 1, 2 * (n - 1) - folded, folded)
    x = np.interp(folded, np.arange(n), recording.millivolts).astype(np.float32)
    nearest = np.rint(folded).astype(int)
    segments = np.where(inside, recording.segments[nearest], UNKNOWN_SEGMENT).astype(np.uint8)
    steps = np.minimum(nearest[::STEP_SAMPLES] // STEP_SAMPLES, len(recording.beats) - 1)
    known = ndimage.minimum_filter1d(inside, 2 * STEP_SAMPLES + 1)[::STEP_SAMPLES]
    beats = np.where(known, recording.beats[steps], UNKNOWN_BEAT).astype(np.uint8)
    rhythms = np.where(known, recording.rhythms[steps], UNKNOWN_RHYTHM).astype(np.uint8)
    return x, segments, beats, rhythms
