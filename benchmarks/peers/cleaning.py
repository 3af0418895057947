"""The signal's side: ECGFounder's preparation here and as published, and NeuroKit2's cleaning, on the same windows.

The contract of a model has one right answer, so that the published code is a yardstick of numbers, too. A cleaning has
none: the heart's rate, found by one detector in what each leaves, and the correlation with the heart without noise say
what it is good for. That correlation is of shapes: the published preparation takes ST and slow waves away, with noise
or without, so that its own is with the prepared heart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.published import prepare
from benchmarks.peers.result import Cleaning, CleaningRow, Interval
from benchmarks.peers.timing import Task, Timing, interleave, median_of, ratio
from benchmarks.waves.neurokit import library
from edge.heart import Heart, PatchNoise, Windows
from edge.preprocess import ECGFOUNDER, preprocess

Cleaner: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]

OURS: Final = "edge.preprocess, ECGFounder's contract"
PUBLISHED: Final = "the same with scipy, as published"
NEUROKIT: Final = "NeuroKit2 ecg_clean"
_SEED, _ORDER_SEED = 977, 307
_RATE_HZ: Final = ECGFOUNDER.rate_hz
_NOISE: Final[Mapping[str, float | None]] = {"a patch's noise": None, "6 dB": 6.0, "0 dB": 0.0}
"""Signal to noise in words, and as `edge.heart.Windows.snr_db`; None for what a well-worn patch has."""
_WARMUP_ROUNDS: Final = 10


@dataclass(frozen=True, slots=True)
class _NeuroKit:
    """The library's own cleaning and detector, with its defaults."""

    library: Any

    def clean(self, millivolts: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.library.ecg_clean(millivolts, sampling_rate=int(_RATE_HZ)))

    def rate_bpm(self, cleaned: NDArray[Any]) -> float:
        """Rate by the median interval between the peaks that it finds; NaN where there are fewer than two."""
        _, found = self.library.ecg_peaks(cleaned, sampling_rate=int(_RATE_HZ))
        between = np.diff(found["ECG_R_Peaks"])
        return float(60.0 * _RATE_HZ / np.median(between)) if between.size else float("nan")


def measure_cleaning(*, n_windows: int, n_rounds: int) -> Cleaning:
    """Time them in turn on one thread, and hold each against the synthetic heart's truth."""
    versions, missing, neurokit = {"scipy": version("scipy")}, {}, None
    cleaners: dict[str, Cleaner] = {
        OURS: lambda x: preprocess(x, ECGFOUNDER),
        PUBLISHED: lambda x: prepare(x, _RATE_HZ),
    }
    try:
        versions["NeuroKit2"] = version("neurokit2")
    except PackageNotFoundError:
        missing["NeuroKit2"] = "not installed: pip install 'anyecg-edge[peers-waves]'"
    else:
        neurokit = _NeuroKit(library())
        cleaners[NEUROKIT] = neurokit.clean
    made = {words: _windows(n_windows, snr_db) for words, snr_db in _NOISE.items()}
    given = next(iter(made.values())).millivolts
    tasks = [_task(name, clean, given) for name, clean in cleaners.items()]
    timings = interleave(tasks, n_rounds=n_rounds, n_warmup=_WARMUP_ROUNDS, seed=_ORDER_SEED)
    rows = tuple(_row(name, clean, timings, made, neurokit) for name, clean in cleaners.items())
    return Cleaning(n_windows=n_windows, n_rounds=n_rounds, versions=versions, missing=missing, rows=rows)


def _windows(n: int, snr_db: float | None) -> Windows:
    keys = np.column_stack([np.arange(n), np.zeros((n, 2), np.int64)]).astype(np.int64)
    return Heart(_SEED).windows(keys, noise=PatchNoise(), snr_db=snr_db)


def _task(name: str, clean: Cleaner, given: NDArray[Any]) -> Task:
    return Task(name, lambda i: clean(given[i % len(given)]), 1.0)


def _row(
    name: str, clean: Cleaner, timings: dict[str, Timing], made: dict[str, Windows], neurokit: _NeuroKit | None
) -> CleaningRow:
    ms = timings[name].wall_ms
    every = np.concatenate([windows.millivolts for windows in made.values()])
    same = name == PUBLISHED
    return CleaningRow(
        name=name,
        ms=Interval.of(median_of(ms)),
        p95_ms=float(np.percentile(ms, 95)),
        to_ours=Interval.of(ratio(ms, timings[OURS].wall_ms)),
        max_abs_difference=max(_apart(clean(x), preprocess(x, ECGFOUNDER)) for x in every) if same else None,
        rate_error_bpm={words: _rate_error_bpm(clean, of, neurokit) for words, of in made.items()} if neurokit else {},
        correlation={words: _correlation(clean, of) for words, of in made.items()},
    )


def _apart(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).max())


def _rate_error_bpm(clean: Cleaner, windows: Windows, neurokit: _NeuroKit) -> float:
    """Mean error; a window in which fewer than two beats are found is off by its whole rate."""
    truth = 60.0 / np.nanmedian(np.diff(windows.truth.r_peak_s, axis=1), axis=1)
    found = np.array([neurokit.rate_bpm(clean(x)) for x in windows.millivolts])
    return float(np.abs(np.nan_to_num(found) - truth).mean())


def _correlation(clean: Cleaner, windows: Windows) -> float:
    """Median over the windows, of what is left of the noisy heart and of the same heart without noise."""
    pairs = zip(windows.millivolts, windows.clean_millivolts, strict=True)
    return float(np.median([np.corrcoef(clean(noisy), clean(still))[0, 1] for noisy, still in pairs]))
