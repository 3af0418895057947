"""What the demonstration network learns from: synthetic windows, split by subject, with what their blood held."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.heart import Heart, Labs, PatchNoise, WaveTruth, Windows
from edge.preprocess import ECGFOUNDER, preprocess

Direction: TypeAlias = Literal["low", "high"]

TRAINING_NOISE: Final = PatchNoise(baseline_mv=0.12, muscle_mv=0.015, mains_mv=0.012, motion_per_min=2.0, spread_db=7.0)
"""More than a well-worn patch has, and widely spread, so that the network meets what wearables bring."""
MAINS_HZ: Final = (50.0, 60.0)
"""Mains of the subjects with even and with odd numbers."""


@dataclass(frozen=True, slots=True)
class LabOutput:
    """One question the network answers, whether a laboratory value lies beyond a limit.

    Parameters
    ----------
    id, name
        For machines; for people.
    loinc
        Code of the laboratory value.
    direction, limit, unit
        Below (low) or above (high) which limit.
    values
        Name of the value among `edge.heart.Labs`.
    control
        True where no relation to the heart is modelled: a negative control, whose AUROC must be near 0.5.
    """

    id: str
    name: str
    loinc: str
    direction: Direction
    limit: float
    unit: str
    values: str
    control: bool = False

    def labels(self, labs: Labs) -> NDArray[np.float32]:
        """1 beyond the limit and 0 elsewhere, shape (n,)."""
        values = getattr(labs, self.values)
        beyond = values < self.limit if self.direction == "low" else values > self.limit
        return np.asarray(beyond, np.float32)


OUTPUTS: Final = (
    LabOutput("potassium_low", "Low potassium", "2823-3", "low", 3.5, "mmol/L", "potassium_mmol_per_l"),
    LabOutput("potassium_high", "High potassium", "2823-3", "high", 5.0, "mmol/L", "potassium_mmol_per_l"),
    LabOutput("calcium_low", "Low calcium", "17861-6", "low", 8.5, "mg/dL", "calcium_mg_per_dl"),
    LabOutput("calcium_high", "High calcium", "17861-6", "high", 10.5, "mg/dL", "calcium_mg_per_dl"),
    LabOutput("platelets_low", "Low platelets", "777-3", "low", 150.0, "10*3/uL", "platelets_per_nl", control=True),
    LabOutput("tsh_high", "High TSH", "3016-3", "high", 4.5, "m[IU]/L", "tsh_miu_per_l", control=True),
)
"""What the demonstration pack estimates: four modelled relations and two negative controls."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Subjects and how often each is examined.

    Parameters
    ----------
    first_subject, n_subjects
        Numbers of the subjects.
    draws, windows
        Blood draws of each subject, and windows recorded around each draw.
    """

    first_subject: int
    n_subjects: int
    draws: int
    windows: int

    @property
    def keys(self) -> NDArray[np.int64]:
        """Subject, draw and index of each window, shape (n, 3)."""
        subjects = np.arange(self.first_subject, self.first_subject + self.n_subjects)
        grid = np.meshgrid(subjects, np.arange(self.draws), np.arange(self.windows), indexing="ij")
        return np.stack([axis.ravel() for axis in grid], axis=1).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Windows of a cohort as the network sees them.

    Parameters
    ----------
    inputs
        ``NDArray[float32]``, shape (n, 5000): as `edge.preprocess.preprocess` leaves them.
    labels
        ``NDArray[float32]``, shape (n, n_outputs): 1 beyond the limit, 0 elsewhere, NaN where not measured.
    waves
        ``NDArray[float32]``, shape (n, n_features): what `wave_features` says of the truth.
    subjects, draws
        ``NDArray[int64]``, shape (n,).
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.float32]
    waves: NDArray[np.float32]
    subjects: NDArray[np.int64]
    draws: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)


WAVE_FEATURES: Final = ("rr_s", "pr_s", "qrs_s", "st_s", "t_rise_s", "t_fall_s", "p_over_r", "t_over_r")
"""What is said of a window's waves; amplitudes relative to R, since the z-score of the input hides millivolts."""


def wave_features(truth: WaveTruth) -> NDArray[np.float32]:
    """Sum up the waves of each window: means over its beats.

    Parameters
    ----------
    truth
        Of n windows.

    Returns
    -------
    NDArray[float32]
        Shape (n, len(WAVE_FEATURES)).
    """
    per_beat = (
        truth.pr_s,
        truth.qrs_s,
        truth.t_onset_s - truth.qrs_offset_s,
        truth.t_peak_s - truth.t_onset_s,
        truth.t_offset_s - truth.t_peak_s,
        truth.p_mv / truth.r_mv,
        truth.t_mv / truth.r_mv,
    )
    rr_s = np.nanmean(np.diff(truth.r_peak_s, axis=1), axis=1)
    return np.stack([rr_s, *(np.nanmean(values, axis=1) for values in per_beat)], axis=1).astype(np.float32)


def make_dataset(
    heart: Heart, cohort: Cohort, *, missing_share: float = 0.0, advance: Callable[[int], None] = lambda _: None
) -> Dataset:
    """Record a cohort.

    Parameters
    ----------
    heart
        Whose subjects they are.
    cohort
        Who is recorded, and how often.
    missing_share
        Share of labels that are hidden at random, as no laboratory measures everything.
    advance
        Told the number of windows made, batch by batch.

    Returns
    -------
    Dataset
        In the order of ``cohort.keys``.
    """
    keys = cohort.keys
    inputs = np.empty((len(keys), ECGFOUNDER.window_samples), np.float32)
    labels = np.empty((len(keys), len(OUTPUTS)), np.float32)
    waves = np.empty((len(keys), len(WAVE_FEATURES)), np.float32)
    for parity, mains_hz in enumerate(MAINS_HZ):
        rows = np.flatnonzero(keys[:, 0] % len(MAINS_HZ) == parity)
        noise = replace(TRAINING_NOISE, mains_hz=mains_hz)
        for start, batch in zip(range(0, len(rows), 64), heart.batches(keys[rows], noise=noise, size=64), strict=True):
            here = rows[start : start + 64]
            inputs[here], labels[here], waves[here] = _present(batch)
            advance(len(here))
    hidden = np.random.default_rng((heart.seed, cohort.first_subject)).random(labels.shape) < missing_share
    return Dataset(inputs, np.where(hidden, np.float32(np.nan), labels), waves, keys[:, 0], keys[:, 1])


def _present(windows: Windows) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    labels = np.stack([output.labels(windows.labs) for output in OUTPUTS], axis=1)
    # One by one: SciPy's running median has a fast path for one dimension only.
    inputs = np.stack([preprocess(window, ECGFOUNDER) for window in windows.millivolts])
    return inputs, labels, wave_features(windows.truth)
