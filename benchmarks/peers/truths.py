"""What outputs are held against: synthetic hearts that no network has met, whose truth is known."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.auroc import auroc
from converter.evaluation.matching import match
from converter.training.data import OUTPUTS, TRAINING_NOISE, Cohort
from converter.windows.labelled import labelled_windows
from edge.heart import Heart, PatchNoise, WaveTruth
from edge.pack import ModelPack, WavesPack
from edge.preprocess import Preprocessing, preprocess
from edge.waves.decode import decode
from edge.waves.marks import WaveMarks
from edge.waves.track import Track

_TESTED: Final = Cohort(1400, 250, draws=1, windows=1)
"""The first draw of every subject that the demonstration pack was tested on: `converter.training.demonstration`."""
_WAVES_SEED: Final = 977


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Windows with their truth.

    Parameters
    ----------
    measure
        What `score` gives, in words.
    inputs
        Preprocessed, shape (n, window_samples).
    score
        Of a network's outputs for all of them, in its own shape.
    """

    measure: str
    inputs: NDArray[np.float32]
    score: Callable[[NDArray[np.float32]], float]


def truth_of(pack: ModelPack | WavesPack, n_windows: int) -> Truth | None:
    """Give a shipped pack's truth, `n_windows` of it at most; None for a pack whose outputs are not known here."""
    contract = pack.manifest.preprocessing.as_preprocessing()
    if isinstance(pack, WavesPack):
        return _of_waves(contract, n_windows)
    asked = {output.id: k for k, output in enumerate(OUTPUTS)}
    modelled = [
        (i, asked[row.id]) for i, row in enumerate(pack.manifest.outputs) if row.id in asked and not row.control
    ]
    return _of_laboratory(contract, modelled, n_windows) if modelled else None


def labelled_truth(file: Path, contract: Preprocessing, n_outputs: int, n_windows: int) -> Truth | None:
    """Read windows with labels, as `converter.training.full_size` leaves them; None where the file is not there.

    Raises
    ------
    ConversionError
        If it is there and is not of this network.
    """
    if not file.is_file():
        return None
    found = labelled_windows(file, contract, n_outputs)
    every = np.linspace(0, len(found.millivolts) - 1, min(n_windows, len(found.millivolts))).astype(int)
    labels = np.asarray(found.labels)[every]
    inputs = preprocess(found.millivolts[every], contract)
    measure = f"median AUROC of {n_outputs} outputs, {len(every)} labelled windows"
    return Truth(measure, inputs, lambda y: _aurocs(y, labels, np.median))


def _of_laboratory(contract: Preprocessing, modelled: list[tuple[int, int]], n_windows: int) -> Truth:
    windows = Heart(0).windows(_TESTED.keys[:n_windows], noise=TRAINING_NOISE, rate_hz=contract.rate_hz)
    labels = np.stack([OUTPUTS[k].labels(windows.labs) for _, k in modelled], axis=1)
    rows = [i for i, _ in modelled]
    measure = f"mean AUROC of {len(rows)} modelled outputs, {len(labels)} subjects never trained on"
    return Truth(measure, preprocess(windows.millivolts, contract), lambda y: _aurocs(y[:, rows], labels, np.mean))


def _aurocs(y: NDArray[np.float32], labels: NDArray[np.float32], middle: Callable[[list[float]], np.floating]) -> float:
    columns = zip(y.astype(np.float64).T, labels.T, strict=True)
    found = [auroc(scores, said == 1) for scores, said in columns]
    return float(middle([value for value in found if np.isfinite(value)]))


def _of_waves(contract: Preprocessing, n_windows: int) -> Truth:
    keys = np.column_stack([np.arange(n_windows), np.zeros((n_windows, 2), np.int64)]).astype(np.int64)
    made = Heart(_WAVES_SEED).windows(keys, noise=PatchNoise(), rate_hz=contract.rate_hz)
    inputs = preprocess(made.millivolts, contract)

    def score(y: NDArray[np.float32]) -> float:
        tracks = (Track.of_logits(logits.reshape(-1, logits.shape[-1])) for logits in y)
        marks = [decode(track, x) for track, x in zip(tracks, inputs, strict=True)]
        return _f1(marks, made.truth, contract)

    return Truth(f"F1 of P, R and T within 150 ms, {n_windows} synthetic hearts", inputs, score)


def _f1(marks: list[WaveMarks], truth: WaveTruth, contract: Preprocessing) -> float:
    """Of all P, R and T peaks together; a wave whose peak lies beyond the window's ends is not asked for."""
    pairs = missed = extra = 0
    for row, found in enumerate(marks):
        for theirs, ours in ((found.p_peak, truth.p_peak_s), (found.r, truth.r_peak_s), (found.t_peak, truth.t_peak_s)):
            wanted = ours[row][(ours[row] >= 0) & (ours[row] < contract.window_s)]
            matched = match(wanted, np.sort(theirs[np.isfinite(theirs)]) / found.rate_hz)
            pairs, missed, extra = pairs + len(matched.found), missed + len(matched.missed), extra + len(matched.extra)
    return 2 * pairs / (2 * pairs + missed + extra)
