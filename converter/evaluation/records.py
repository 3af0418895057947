"""A record of a data set: one channel in gap-free stretches, and what people marked in it."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import wfdb

from converter.evaluation.beat_truth import BeatTruth, Floats, beats_of
from converter.evaluation.errors import EvaluationError, EvaluationFault
from converter.evaluation.interval_truth import TABLE_NAME, IntervalTable, IntervalTruth, read_interval_table
from converter.evaluation.patients import patient_of
from converter.evaluation.rhythm_truth import (
    RhythmLabel,
    RhythmSpan,
    Spans,
    rhythm_of_cinc2017,
    rhythm_of_comments,
    rhythms_of_notes,
)
from converter.evaluation.wave_truth import PEAK, Waves, waves_of
from edge.recording import Recording, open_recording

_LABELS_2017: Final = "REFERENCE.csv"


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Samples without a gap.

    Parameters
    ----------
    begin_s
        Place of the first sample in the record, s.
    millivolts
        ``NDArray[float64]``, shape (n,), mV.
    rate_hz
        Sample rate.
    """

    begin_s: float
    millivolts: Floats
    rate_hz: float

    @property
    def duration_s(self) -> float:
        """Its length, s."""
        return self.millivolts.size / self.rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One channel of a record, and what people marked; None where they did not.

    Parameters
    ----------
    name, patient
        Whose record it is; patients are told apart within a data set.
    channel
        The one that is read.
    duration_s
        Length, s.
    stretches
        Its samples, in order.
    beats
        From the ``atr`` annotations.
    rhythms
        From their notes, the record's label or its header; empty where nothing is said.
    waves
        Of this channel.
    intervals
        Of this channel.
    """

    name: str
    patient: str
    channel: str
    duration_s: float
    stretches: tuple[Stretch, ...]
    beats: BeatTruth | None = None
    rhythms: Spans = ()
    waves: Waves | None = None
    intervals: IntervalTruth | None = None

    @property
    def qrs(self) -> BeatTruth | None:
        """Where beats are marked: the annotated ones, or else the QRS complexes of the channel, all counted as N."""
        if self.beats is not None or self.waves is None:
            return self.beats
        at_s = self.waves.qrs[:, PEAK]
        return BeatTruth(at_s, np.zeros(at_s.size, np.int64), np.empty((0, 2)))


def read_record(path: Path, channel: str | None = None) -> Record:
    """Read one channel of a record with what people marked in it.

    Parameters
    ----------
    path
        The record, without extension.
    channel
        As `edge.recording.open_recording` takes it.

    Raises
    ------
    RecordingError
        If it cannot be read, or has no such channel.
    EvaluationError
        If its annotations cannot be read.
    """
    recording = open_recording(path, channel)
    duration_s = recording.n_samples / recording.rate_hz
    atr = _annotations(path, "atr")
    lead = _annotations(path, recording.channel.lower())
    truth: dict[str, Any] = {"rhythms": _rhythms(path, atr, duration_s), "intervals": _intervals(path, recording)}
    if atr is not None:
        truth["beats"] = beats_of(_seconds(atr, recording), atr.symbol, duration_s)
    if lead is not None:
        truth["waves"] = waves_of(_seconds(lead, recording), lead.symbol)
    stretches = tuple(_stretches(recording))
    return Record(path.name, patient_of(path.name), recording.channel, duration_s, stretches, **truth)


def _stretches(recording: Recording) -> list[Stretch]:
    """String blocks together up to each gap."""
    groups: list[tuple[float, list[Floats]]] = []
    for block in recording.blocks():
        if not groups or block.gap_before is not None:
            groups.append((block.first_index / recording.rate_hz, []))
        groups[-1][1].append(block.scale.millivolts(block.counts))
    return [Stretch(begin_s, np.concatenate(parts), recording.rate_hz) for begin_s, parts in groups]


def _annotations(path: Path, extension: str) -> Any:
    """Annotations of an annotator; None where there are none."""
    if not Path(f"{path}.{extension}").is_file():
        return None
    try:
        return wfdb.rdann(str(path), extension)
    except Exception as error:
        raise _unreadable(f"{path.name}.{extension}", error) from error


def _seconds(annotations: Any, recording: Recording) -> Floats:
    return np.asarray(annotations.sample, np.float64) / (annotations.fs or recording.rate_hz)


def _rhythms(path: Path, atr: Any, duration_s: float) -> Spans:
    try:
        header = wfdb.rdheader(str(path))
    except Exception as error:
        raise _unreadable(f"{path.name}.hea", error) from error
    whole = rhythm_of_comments(header.comments or [])
    if atr is not None:
        only_af = any("atrial fibrillation" in comment for comment in header.comments or [])
        at_s = np.asarray(atr.sample, np.float64) / (atr.fs or header.fs)
        spans = rhythms_of_notes(at_s, atr.aux_note, duration_s, only_af=only_af)
        if spans:
            return spans
    label = whole or _label_of_2017(path)
    return (RhythmSpan(0.0, duration_s, label),) if label else ()


def _label_of_2017(path: Path) -> RhythmLabel | None:
    table = path.parent / _LABELS_2017
    return rhythm_of_cinc2017(_labels_2017(table).get(path.name, "")) if table.is_file() else None


@lru_cache(maxsize=4)
def _labels_2017(table: Path) -> dict[str, str]:
    rows = (line.partition(",") for line in table.read_text(encoding="utf-8").split())
    return {name: label for name, _, label in rows}


def _intervals(path: Path, recording: Recording) -> IntervalTruth | None:
    table = next((p / TABLE_NAME for p in (path.parent, path.parent.parent) if (p / TABLE_NAME).is_file()), None)
    return _interval_table(table).get((path.name, recording.channel.lower())) if table else None


@lru_cache(maxsize=4)
def _interval_table(table: Path) -> IntervalTable:
    try:
        return read_interval_table(table)
    except (KeyError, ValueError) as error:
        raise _unreadable(table.name, error) from error


def _unreadable(what: str, error: Exception) -> EvaluationError:
    return EvaluationError(
        EvaluationFault.BAD_REFERENCE,
        f"{what} cannot be read ({type(error).__name__}: {error})",
        advice="copy the data set again",
    )
