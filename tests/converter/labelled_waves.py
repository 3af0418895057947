"""Recordings that say where each of their samples comes from, for what is cut out of them."""

import numpy as np

from converter.training.waves.recordings import Labelled
from converter.training.waves.targets import UNKNOWN_RHYTHM, steps_of_beats
from edge.waves.track import STEP_SAMPLES


def labelled(source="mitdb", patient="a", n=7680, *, classes=(), r=None, clean=False, rhythm=0) -> Labelled:
    """A recording whose samples are their own numbers, with beats every 200 samples of the classes given."""
    classes = np.asarray(classes, np.int64)
    r = 200.0 + 200.0 * np.arange(classes.size) if r is None else np.asarray(r, float)
    n_steps = n // STEP_SAMPLES
    return Labelled(
        source,
        f"{patient}/i",
        f"{source}/{patient}",
        np.arange(n, dtype=np.float32),
        (np.arange(n) // 64 % 4).astype(np.uint8),
        steps_of_beats(r, classes, n_steps),
        np.full(n_steps, UNKNOWN_RHYTHM if rhythm is None else rhythm, np.uint8),
        r,
        classes,
        clean,
    )
