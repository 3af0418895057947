"""What conversion kept: both models through the same loop, on windows that calibration never saw."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.calibration import WindowSet
from edge.budget import Budget
from edge.loop import InferenceLoop
from edge.model import Model
from edge.outcome import Estimated
from edge.signal import Gap, GapReason, SampleBlock, Scale

_MICROVOLT: Final = Scale(1e-3)
_UNLIMITED: Final = Budget(latency_p99_ms=math.inf, resident_mb=math.inf)
"""Two models and the quantizer are in memory: the pack's budget is for a gateway."""
_BATCH: Final = 4


def unjudged(model: Model, windows: WindowSet) -> NDArray[np.float64]:
    """Probabilities of each window, shape (n_windows, n_outputs); the quality gate is not asked, as for spoilt ones."""
    inputs = model.quantise(model.preprocess(windows.millivolts))
    estimates = [model.decode(y) for y in model.infer_all(inputs, model.batch_of(_BATCH))]
    return np.array([[estimate.probability for estimate in row] for row in estimates])


def through_the_loop(model: Model, windows: WindowSet) -> NDArray[np.float64]:
    """Probabilities of each window, shape (n_windows, n_outputs); NaN where the loop rejects it."""
    contract = model.contract
    loop = InferenceLoop(model, hop_s=contract.window_s, batch=_BATCH, budget=_UNLIMITED)
    probabilities = np.full((windows.millivolts.shape[0], len(model.pack.manifest.outputs)), np.nan)
    outcomes = [outcome for block in _blocks(windows, contract.rate_hz) for outcome in loop.push(block)]
    for outcome in (*outcomes, *loop.finish()):
        if isinstance(outcome, Estimated):
            i = outcome.span.first_index // (contract.window_samples + 1)
            probabilities[i] = [e.probability for e in outcome.estimates]
    return probabilities


def _blocks(windows: WindowSet, rate_hz: float) -> Iterator[SampleBlock]:
    """Each window as a block; a lost sample between them keeps them apart."""
    for i, millivolts in enumerate(windows.millivolts):
        first = i * (millivolts.size + 1)
        yield SampleBlock(
            counts=np.rint(millivolts / _MICROVOLT.millivolts_per_count).astype(np.int32),
            scale=_MICROVOLT,
            rate_hz=rate_hz,
            first_index=first,
            start_s=first / rate_hz,
            period_s=1 / rate_hz,
            gap_before=Gap(first - 1, 1, GapReason.FRAME_LOST) if i else None,
        )
