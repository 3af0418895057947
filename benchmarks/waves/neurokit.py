"""NeuroKit2 as its manual has it: clean, find peaks, delineate, judge, each step with its own defaults."""

import importlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.waves.trying import Failures
from benchmarks.waves.wrapped import WAVE_FIELDS, beats_only, marks_of, reading_of
from edge.waves.marks import Floats, WaveMarks
from edge.waves.reading import RecordingReading
from edge.waves.track import Grade

DELINEATORS: Final = ("dwt", "cwt", "prominence")
"""Those that tell where QRS begins and ends; ``peak`` does not."""
DEFAULT_DELINEATOR: Final = "dwt"
_NAMES: Final = dict(
    zip(
        WAVE_FIELDS,
        ("P_Onsets", "P_Peaks", "P_Offsets", "R_Onsets", "R_Offsets", "T_Onsets", "T_Peaks", "T_Offsets"),
        strict=True,
    )
)
_GRADES: Final = {"Excellent": Grade.WAVES, "Barely acceptable": Grade.RATE, "Unacceptable": Grade.NOTHING}
"""Classes of ``zhao2018``."""


def library() -> Any:
    """NeuroKit2; it takes seconds to import."""
    return importlib.import_module("neurokit2")


def detect(method: str, millivolts: Floats, rate_hz: float) -> NDArray[np.integer]:
    """R peaks, samples: the signal is cleaned for the method that looks for them, as `ecg_process` does."""
    nk, rate = library(), _whole(rate_hz)
    cleaned = nk.ecg_clean(millivolts, sampling_rate=rate, method=method)
    _, found = nk.ecg_peaks(cleaned, sampling_rate=rate, method=method)
    return np.asarray(found["ECG_R_Peaks"])


def _whole(rate_hz: float) -> float:
    """Rates that are whole numbers as such: some steps count samples with them."""
    return int(rate_hz) if rate_hz == int(rate_hz) else rate_hz


@dataclass(frozen=True, slots=True)
class Chain:
    """All its measures of a window: clean, peaks, waves, quality, rate, intervals.

    Parameters
    ----------
    delineator
        One of `DELINEATORS`; None to leave waves and intervals out.
    judges
        Whether quality is judged, with ``zhao2018``.
    """

    delineator: str | None
    judges: bool = False

    def read(self, millivolts: Floats, rate_hz: float, failures: Failures) -> RecordingReading:
        """Read a window; a later step that fails takes nothing from the ones before it."""
        nk, rate, n = library(), _whole(rate_hz), millivolts.size
        cleaned = nk.ecg_clean(millivolts, sampling_rate=rate)
        _, found = nk.ecg_peaks(cleaned, sampling_rate=rate)
        peaks = np.asarray(found["ECG_R_Peaks"])
        if not peaks.size:
            return beats_only(peaks, rate_hz, n)
        no_waves: dict[str, Floats] = {}
        waves = failures.tried("delineate", lambda: self._waves(cleaned, peaks, rate), no_waves)
        marks = marks_of(peaks.astype(np.float64), rate_hz, n, waves)
        bpm = failures.tried(
            "rate", lambda: float(np.mean(nk.ecg_rate(peaks, sampling_rate=rate, desired_length=n))), float("nan")
        )
        grade = failures.tried("quality", lambda: self._grade(cleaned, peaks, rate), Grade.NOTHING)
        return reading_of(marks, {"heart_rate_bpm": bpm, **_intervals(marks)}, grade)

    def _waves(self, cleaned: Any, peaks: NDArray[np.integer], rate: float) -> dict[str, Floats]:
        if self.delineator is None:
            return {}
        _, found = library().ecg_delineate(cleaned, peaks, sampling_rate=rate, method=self.delineator)
        lists = {ours: np.asarray(found[f"ECG_{theirs}"], np.float64) for ours, theirs in _NAMES.items()}
        return _row_by_row(peaks.astype(np.float64), lists)

    def _grade(self, cleaned: Any, peaks: NDArray[np.integer], rate: float) -> Grade:
        if not self.judges:
            return Grade.WAVES
        said = library().ecg_quality(cleaned, rpeaks=peaks, sampling_rate=rate, method="zhao2018")
        return _GRADES[said]


def _row_by_row(r: Floats, lists: dict[str, Floats]) -> dict[str, Floats]:
    """Give each beat its waves.

    A list as long as the peaks is one of all beats, in order. From others beats at the ends were dropped: there a P is
    that of the next beat, a T that of the one before, and an end that of the wave it lies nearest to on its side.
    """
    waves: dict[str, Floats] = {}
    for wave in ("p", "t"):
        names = [f"{wave}_{place}" for place in ("on", "peak", "off")]
        if all(lists[name].size == r.size for name in names):
            waves |= {name: lists[name] for name in names}
            continue
        on, peak, off = (np.sort(lists[name][np.isfinite(lists[name])]) for name in names)
        bounds = np.concatenate([[-np.inf], r]) if wave == "p" else np.concatenate([r, [np.inf]])
        peaks = _within(peak, bounds[:-1], bounds[1:], last=wave == "p")
        waves[f"{wave}_peak"] = peaks
        waves[f"{wave}_on"] = _within(on, bounds[:-1], peaks, last=True)
        waves[f"{wave}_off"] = _within(off, peaks, bounds[1:], last=False)
    for name, low, high, last in (
        ("qrs_on", np.concatenate([[-np.inf], r[:-1]]), r, True),
        ("qrs_off", r, np.concatenate([r[1:], [np.inf]]), False),
    ):
        places = lists[name]
        waves[name] = places if places.size == r.size else _within(np.sort(places), low, high, last=last)
    return waves


def _within(places: Floats, low: Floats, high: Floats, *, last: bool) -> Floats:
    """The last, or else the first, of the places in each stretch; NaN for none, or where an end is NaN."""
    found = np.full(low.size, np.nan)
    for row, (begin, end) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        inside = places[(places >= begin) & (places <= end)]
        if inside.size:
            found[row] = inside[-1 if last else 0]
    return found


def _intervals(marks: WaveMarks) -> dict[str, float]:
    """Medians over the beats that have both ends, ms; it has no function of its own for them."""
    ms = 1e3 / marks.rate_hz
    pairs = {
        "pr_ms": (marks.p_on, marks.qrs_on), "qrs_ms": (marks.qrs_on, marks.qrs_off),
        "qt_ms": (marks.qrs_on, marks.t_off),
    }  # fmt: skip
    figures = {}
    for name, (begin, end) in pairs.items():
        both = (end - begin)[np.isfinite(end - begin)]
        figures[name] = float(np.median(both)) * ms if both.size else float("nan")
    return figures
