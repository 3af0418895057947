"""What conversion kept: both models through the same loop, on windows that calibration never saw."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from converter.calibration import WindowSet
from converter.errors import ConversionError, ConversionFault
from converter.windows.window_set import FEWEST
from edge.budget import Budget
from edge.loop import InferenceLoop
from edge.model import Model
from edge.outcome import Estimated
from edge.signal import Gap, GapReason, SampleBlock, Scale

_MICROVOLT: Final = Scale(1e-3)
_UNLIMITED: Final = Budget(latency_p99_ms=math.inf, resident_mb=math.inf)
"""Two models and the quantizer are in memory: the pack's budget is for a gateway."""
_BATCH: Final = 4


@dataclass(frozen=True, slots=True)
class OutputParity:
    """How one output of the converted model agrees with the float one.

    Parameters
    ----------
    output_id
        As in the manifest.
    spearman
        Rank correlation over the windows.
    max_abs_logit, rms_logit
        Largest and root-mean-square difference, logits.
    flips
        Windows that fall on the other side of the decision threshold.
    """

    output_id: str
    spearman: float
    max_abs_logit: float
    rms_logit: float
    flips: int


@dataclass(frozen=True, slots=True)
class Parity:
    """Agreement over all outputs.

    Parameters
    ----------
    n_windows, n_rejected
        Windows that both models estimated, and windows the quality gate turned away.
    windows
        Where they come from.
    outputs
        One row an output.
    """

    n_windows: int
    n_rejected: int
    windows: str
    outputs: tuple[OutputParity, ...]

    @property
    def spearman_min(self) -> float:
        """Rank correlation of the worst output."""
        return min(row.spearman for row in self.outputs)

    def as_json(self) -> dict[str, Any]:
        """Return the rows as JSON values."""
        rows = [asdict(row) for row in self.outputs]
        for row in rows:  # JSON has no NaN
            row["spearman"] = None if np.isnan(row["spearman"]) else row["spearman"]
        return {**asdict(self), "outputs": rows}


def verify(reference: Model, converted: Model, windows: WindowSet) -> Parity:
    """Run both models through `edge.loop` and compare what they say.

    Parameters
    ----------
    reference, converted
        The float model and the one to judge, with the same outputs.
    windows
        Not used for calibration.

    Raises
    ------
    ConversionError
        If too few of the windows can be read.
    """
    return _parity(converted, windows, _through_the_loop(reference, windows), _through_the_loop(converted, windows))


def verify_unjudged(reference: Model, converted: Model, windows: WindowSet) -> Parity:
    """Compare both models on windows that the quality gate is not asked about, such as spoilt ones.

    Parameters
    ----------
    reference, converted, windows
        As `verify` takes them.
    """
    return _parity(converted, windows, _unjudged(reference, windows), _unjudged(converted, windows))


def _parity(converted: Model, windows: WindowSet, expected: NDArray[np.float64], actual: NDArray[np.float64]) -> Parity:
    both = np.isfinite(expected).all(axis=1) & np.isfinite(actual).all(axis=1)
    if both.sum() < FEWEST:
        raise ConversionError(
            ConversionFault.BAD_CALIBRATION,
            f"{both.sum()} of {both.size} windows of {windows.origin} can be read, {FEWEST} are needed to verify",
            advice="verify with cleaner or more windows",
        )
    rows = []
    for k, output in enumerate(converted.pack.manifest.outputs):
        p, q = expected[both, k], actual[both, k]
        error = _logit(q) - _logit(p)
        rows.append(
            OutputParity(
                output_id=output.id,
                spearman=_spearman(p, q),
                max_abs_logit=float(np.abs(error).max()),
                rms_logit=float(np.sqrt(np.mean(error**2))),
                flips=int(np.count_nonzero((p >= output.threshold) != (q >= output.threshold))),
            )
        )
    return Parity(int(both.sum()), int((~both).sum()), windows.origin, tuple(rows))


def _spearman(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Rank correlation; NaN where one says the same of every window."""
    if np.ptp(p) == 0 or np.ptp(q) == 0:
        return float("nan")
    return float(stats.spearmanr(p, q).statistic)


def _unjudged(model: Model, windows: WindowSet) -> NDArray[np.float64]:
    """Estimates of each window, shape (n_windows, n_outputs)."""
    inputs = model.quantise(model.preprocess(windows.millivolts))
    estimates = [model.decode(y) for y in model.infer_all(inputs, model.batch_of(_BATCH))]
    return np.array([[estimate.probability for estimate in row] for row in estimates])


def _through_the_loop(model: Model, windows: WindowSet) -> NDArray[np.float64]:
    """Estimates of each window, shape (n_windows, n_outputs); NaN where the loop rejects it."""
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


def _logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log(probability) - np.log1p(-probability)
