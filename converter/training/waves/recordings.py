"""Recordings of people with what is known of them, at the network's rate: what it is transferred to.

LUDB gives waves, MIT-BIH (DS1) beats, classes and rhythm, CPSC 2021 beats and rhythm, the challenges of 2017 and 2021
the rhythm. Of each, only what ``data/README.md`` allows to train on is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import wfdb
from numpy.typing import NDArray
from scipy import signal

from converter.evaluation.beat_truth import beats_of
from converter.training.waves.targets import (
    NONE_OR_T,
    NOT_P,
    NOT_QRS,
    SOME_BEAT,
    UNKNOWN_BEAT,
    UNKNOWN_RHYTHM,
    UNKNOWN_SEGMENT,
    Codes,
    steps_of_beats,
)
from edge.waves.track import RATE_HZ, STEP_SAMPLES, Segment

DS1: Final = (
    101,
    106,
    108,
    109,
    112,
    114,
    115,
    116,
    118,
    119,
    122,
    124,
    201,
    203,
    205,
    207,
    208,
    209,
    215,
    220,
    223,
    230,
)
"""de Chazal et al. 2004: the records that methods are trained on; the others are for the last test."""

_CPSC2021_PATIENTS: Final = ("21", "84")
_CINC2021: Final = frozenset([*(f"E{n:05}" for n in range(7500, 7520)), *(f"JS{n}" for n in range(20000, 20005))])
_CINC2017: Final = ("A00001", "A00004", "A00008")
"""Of the other sets likewise; of LUDB it is the records with odd numbers."""

_SINUS, _AF, _OTHER = 0, 1, 2
_RHYTHM: Final = {
    "(N": _SINUS, "(SBR": _SINUS, "(B": _SINUS, "(T": _SINUS, "(PREX": _SINUS, "(AFIB": _AF,
}  # fmt: skip
_DX: Final = {
    "426783006": _SINUS, "426177001": _SINUS, "427084000": _SINUS, "427393009": _SINUS, "164889003": _AF,
    "164890007": _OTHER, "426761007": _OTHER, "713422000": _OTHER, "10370003": _OTHER, "270492004": _SINUS,
}  # fmt: skip
"""SNOMED CT codes of the challenge of 2021; first-degree block counts as sinus."""
_CHANGE_S: Final = 2.0
"""On either side of a change of rhythm neither of the two is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One lead of a recording and what is known of it.

    Parameters
    ----------
    source
        Data set: ``ludb``, ``mitdb``, ``cpsc2021``, ``cinc2021`` or ``cinc2017``.
    name, patient
        Record and lead; who it is of, across records.
    millivolts
        ``NDArray[float32]``, shape (n,), mV, at `RATE_HZ`.
    segments, beats, rhythms
        Codes of `converter.training.waves.targets`, shape (n,) and (n // STEP_SAMPLES,).
    r, classes
        Places of beats whose class is known, samples, and the classes.
    clean
        Whether its own noise is small, so that added noise says what it can be used for.
    """

    source: str
    name: str
    patient: str
    millivolts: NDArray[np.float32]
    segments: Codes
    beats: Codes
    rhythms: Codes
    r: NDArray[np.float64]
    classes: NDArray[np.int64]
    clean: bool


def recordings_of_people(data: Path) -> list[Labelled]:
    """Read all of them from the folder `data`."""
    readers = (_ludb, _mitdb, _cpsc2021, _cinc2021, _cinc2017)
    return [labelled for read in readers for labelled in read(data)]


def _resampled(x: NDArray[np.float64], rate_hz: float) -> NDArray[np.float32]:
    ratio = Fraction(RATE_HZ / rate_hz).limit_denominator(1000)
    held = np.nan_to_num(x - np.nanmedian(x))
    return np.asarray(signal.resample_poly(held, ratio.numerator, ratio.denominator, padtype="line"), np.float32)


def _ludb(data: Path) -> Iterator[Labelled]:
    headers = (data / "ludb" / "data").glob("*.hea")
    for header in sorted((h for h in headers if int(h.stem) % 2), key=lambda path: int(path.stem)):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        for column, lead in enumerate(record.sig_name):
            x = _resampled(record.p_signal[:, column], record.fs)
            marks = wfdb.rdann(str(header.with_suffix("")), lead)
            segments, r = _ludb_segments(marks, len(x), RATE_HZ / record.fs)
            beats = steps_of_beats(r, np.full(r.size, SOME_BEAT - 1), len(x) // STEP_SAMPLES)
            beats[np.all(segments[: len(beats) * 4].reshape(-1, STEP_SAMPLES) == UNKNOWN_SEGMENT, axis=1)] = (
                UNKNOWN_BEAT
            )
            rhythms = np.full(len(beats), _ludb_rhythm(record.comments), np.uint8)
            none = np.empty(0)
            yield Labelled(
                "ludb", f"{header.stem}/{lead}", f"ludb/{header.stem}", x, segments, beats, rhythms, none,
                none.astype(np.int64), clean=True,
            )  # fmt: skip


def _ludb_segments(marks: Any, n: int, scale: float) -> tuple[Codes, NDArray[np.float64]]:
    """Segments, unknown before the first marked wave and after the last, and the middles of QRS."""
    kinds = {"p": Segment.P, "N": Segment.QRS, "t": Segment.T}
    segments = np.full(n, UNKNOWN_SEGMENT, np.uint8)
    places = np.asarray(marks.sample) * scale
    known = slice(round(places[0]), round(places[-1]) + 1)
    segments[known] = Segment.NONE
    middles = []
    for i, symbol in enumerate(marks.symbol):
        if symbol not in kinds:
            continue
        begin = places[i - 1] if i and marks.symbol[i - 1] == "(" else places[i]
        end = places[i + 1] if i + 1 < len(places) and marks.symbol[i + 1] == ")" else places[i]
        segments[round(begin) : round(end) + 1] = kinds[symbol]
        if symbol == "N":
            middles.append(places[i])
    return segments, np.array(middles)


def _ludb_rhythm(comments: list[str]) -> int:
    text = " ".join(comments).lower()
    if "atrial fibrillation" in text:
        return _AF
    return _OTHER if any(word in text for word in ("flutter", "pacing", "pacemaker:", "iii degree")) else _SINUS


def _mitdb(data: Path) -> Iterator[Labelled]:
    for number in DS1:
        path = str(data / "mitdb" / str(number))
        record, marks = wfdb.rdrecord(path), wfdb.rdann(path, "atr")
        scale = RATE_HZ / record.fs
        for column, lead in enumerate(record.sig_name):
            x = _resampled(record.p_signal[:, column], record.fs)
            yield _beats_labelled("mitdb", f"{number}/{lead}", f"mitdb/{number}", x, marks, scale, classes_known=True)


def _cpsc2021(data: Path) -> Iterator[Labelled]:
    for header in sorted((data / "cpsc2021").glob("*.hea")):
        patient = header.stem.split("_")[1]
        if patient not in _CPSC2021_PATIENTS:
            continue
        path = str(header.with_suffix(""))
        record, marks = wfdb.rdrecord(path), wfdb.rdann(path, "atr")
        for column, lead in enumerate(record.sig_name):
            x = _resampled(record.p_signal[:, column], record.fs)
            labelled = _beats_labelled(
                "cpsc2021", f"{header.stem}/{lead}", f"cpsc2021/{patient}", x, marks, RATE_HZ / record.fs,
                classes_known=False, rhythm=_SINUS if "non atrial" in " ".join(record.comments) else _AF,
            )  # fmt: skip
            yield labelled


def _beats_labelled(
    source: str, name: str, patient: str, x: NDArray[np.float32], marks: Any, scale: float, *, classes_known: bool,
    rhythm: int | None = None,
) -> Labelled:  # fmt: skip
    n_steps = len(x) // STEP_SAMPLES
    truth = beats_of(np.asarray(marks.sample, np.float64) * scale, marks.symbol, float(len(x)))
    r, classes = truth.at_s, truth.classes  # in samples here
    codes = classes if classes_known else np.full(r.size, SOME_BEAT - 1)
    beats = steps_of_beats(r, codes, n_steps)
    rhythms = np.full(n_steps, rhythm if rhythm is not None else UNKNOWN_RHYTHM, np.uint8)
    if rhythm is None:
        _mark_rhythms(rhythms, marks, scale)
    segments = _around_beats(r, len(x))
    begins, ends = (int(r[0]) - 128) // STEP_SAMPLES, (int(r[-1]) + 128) // STEP_SAMPLES
    for begin, end in [*truth.left_out_s.tolist(), (0, begins * STEP_SAMPLES), (ends * STEP_SAMPLES, len(x))]:
        beats[max(int(begin), 0) // STEP_SAMPLES : max(int(end), 0) // STEP_SAMPLES + 1] = UNKNOWN_BEAT
        segments[max(int(begin), 0) : max(int(end), 0) + 1] = UNKNOWN_SEGMENT
    # Where the atria fibrillate there is no P wave.
    fibrillating = np.zeros(len(x), bool)
    fibrillating[: n_steps * STEP_SAMPLES] = np.repeat(rhythms == _AF, STEP_SAMPLES)
    segments[fibrillating & (segments == NOT_QRS)] = NONE_OR_T
    segments[fibrillating & (segments == UNKNOWN_SEGMENT)] = NOT_P
    chosen = classes if classes_known else np.zeros(0, np.int64)
    # MIT-BIH is of diagnostic quality but for some minutes. Told only what noise makes of it, a network would learn its
    # patients by heart as noisy.
    clean = source == "mitdb"
    return Labelled(
        source, name, patient, x, segments, beats, rhythms, r if classes_known else np.empty(0), chosen, clean=clean
    )


def _around_beats(r: NDArray[np.float64], n: int) -> Codes:
    """QRS within 12 ms of a beat's mark, anything within 160 ms, no QRS elsewhere."""
    segments = np.full(n, NOT_QRS, np.uint8)
    for reach_s, code in ((0.16, UNKNOWN_SEGMENT), (0.012, Segment.QRS)):
        reach = round(reach_s * RATE_HZ)
        for at in np.rint(r).astype(int):
            segments[max(at - reach, 0) : at + reach + 1] = code
    return segments


def _mark_rhythms(rhythms: Codes, marks: Any, scale: float) -> None:
    changes = [
        (place * scale / STEP_SAMPLES, note.strip("\0 "))
        for place, note in zip(marks.sample, marks.aux_note, strict=True)
        if note.startswith("(")
    ]
    margin = round(_CHANGE_S * RATE_HZ / STEP_SAMPLES)
    for i, (begin, note) in enumerate(changes):
        end = changes[i + 1][0] if i + 1 < len(changes) else len(rhythms)
        rhythms[int(begin) : int(end)] = _RHYTHM.get(note, _OTHER)
    for begin, _ in changes[1:]:
        rhythms[max(int(begin) - margin, 0) : int(begin) + margin] = UNKNOWN_RHYTHM


def _rhythm_only(source: str, name: str, patient: str, x: NDArray[np.float32], rhythm: int) -> Labelled:
    n_steps = len(x) // STEP_SAMPLES
    return Labelled(
        source, name, patient, x, np.full(len(x), UNKNOWN_SEGMENT, np.uint8), np.full(n_steps, UNKNOWN_BEAT, np.uint8),
        np.full(n_steps, rhythm, np.uint8), np.empty(0), np.empty(0, np.int64), clean=False,
    )  # fmt: skip


def _cinc2021(data: Path) -> Iterator[Labelled]:
    for header in sorted(h for h in (data / "cinc2021").glob("*.hea") if h.stem in _CINC2021):
        record = wfdb.rdrecord(str(header.with_suffix("")))
        codes = next(c for c in record.comments if c.startswith("Dx")).split(":")[1].replace(" ", "").split(",")
        found = [_DX[code] for code in codes if code in _DX]
        if not found:
            continue
        for column, lead in enumerate(record.sig_name):
            x = _resampled(record.p_signal[:, column], record.fs)
            yield _rhythm_only("cinc2021", f"{header.stem}/{lead}", f"cinc2021/{header.stem}", x, max(found))


def _cinc2017(data: Path) -> Iterator[Labelled]:
    rows = [line.split(",") for line in (data / "cinc2017" / "REFERENCE.csv").read_text().split()]
    for name, label in (row for row in rows if row[0] in _CINC2017):
        record = wfdb.rdrecord(str(data / "cinc2017" / name))
        x = _resampled(record.p_signal[:, 0], record.fs)
        rhythm = {"N": _SINUS, "A": _AF, "O": UNKNOWN_RHYTHM}[label]
        yield _rhythm_only("cinc2017", name, f"cinc2017/{name}", x, rhythm)
