"""What a network that makes no mistakes says along a stretch, and one that says anything."""

import numpy as np
from hypothesis import strategies as st

from edge.waves.marks import RHYTHMS, Rhythm
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Grade, Track

SURE = 0.94
"""What the right answer is given; the others share the rest."""


def certain(answers, n_answers):
    """Probabilities of answers known for sure, shape (n, n_answers)."""
    rows = np.full((len(answers), n_answers), (1 - SURE) / (n_answers - 1), np.float32)
    rows[np.arange(len(answers)), answers] = SURE
    return rows


def track_of(segments, r=(), classes=None, *, rhythm=Rhythm.SINUS, grade=Grade.WAVES) -> Track:
    """A track of segments by sample, and beats at r, samples, of class N or of `classes`."""
    n_steps = len(segments) // STEP_SAMPLES
    beats = np.zeros(n_steps, np.int64)
    of = np.zeros(len(r), np.int64) if classes is None else classes
    for at, k in zip(np.floor(np.asarray(r, float) / STEP_SAMPLES).astype(int), of, strict=True):
        beats[max(at - 2, 0) : at + 3] = k + 1
    return Track(
        certain(np.asarray(segments, np.int64), 4),
        certain(beats, 6),
        certain(np.full(n_steps, RHYTHMS.index(rhythm)), 3),
        certain(np.full(n_steps, grade), 3),
    )


def graded(*grades) -> Track:
    """A track that says of each second in turn what it can be used for."""
    n = len(grades)
    track = track_of(np.zeros(round(n * RATE_HZ), int))
    return Track(track.segments, track.beats, track.rhythms, certain(np.repeat(grades, 64).astype(np.int64), 3))


def any_track(seed: int, n_seconds: int, sharpness: float) -> Track:
    """A track of numbers drawn at random, smooth in time as a network's are, or not."""
    random = np.random.default_rng(seed)
    n_steps = n_seconds * 64
    logits = np.cumsum(random.normal(0, sharpness, (n_steps, 20)), axis=0) if seed % 2 else random.normal(
        0, sharpness, (n_steps, 20)
    )  # fmt: skip
    return Track.of_logits((logits - logits.mean(axis=0)).astype(np.float32))


any_tracks = st.builds(any_track, st.integers(0, 10_000), st.integers(1, 12), st.floats(0.01, 20.0))
