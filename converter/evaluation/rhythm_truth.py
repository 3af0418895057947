"""Rhythm as people marked it: notes along a record, a record's label, its diagnoses."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class RhythmLabel(StrEnum):
    """What is known of a stretch's rhythm."""

    SINUS = "sinus"
    AF = "af"
    OTHER = "other"
    NOT_AF = "not_af"
    """No atrial fibrillation; which rhythm else is not said."""


@dataclass(frozen=True, slots=True)
class RhythmSpan:
    """A stretch of one rhythm, s from the record's first sample."""

    begin_s: float
    end_s: float
    label: RhythmLabel


Spans: TypeAlias = tuple[RhythmSpan, ...]

_NOTES: Final = dict.fromkeys(("(N", "(NSR", "(SBR", "(B", "(T", "(AB", "(PREX"), RhythmLabel.SINUS)
_NOTES["(AFIB"] = RhythmLabel.AF
"""Any other note, such as flutter, a nodal or ventricular rhythm, a pacemaker, is another rhythm; bi- and trigeminy,
and pre-excitation, are of the sinus node."""
_DX_AF: Final = "164889003"
_DX_OTHER: Final = frozenset({
    "164890007",  # atrial flutter
    "426761007", "713422000", "67198005", "233896004", "233897008",  # supraventricular tachycardias
    "426995002", "29320008", "426648003", "251166008", "13640000",  # junctional rhythms
    "10370003", "251266004", "251268003",  # pacing
    "27885002", "195060002",  # complete block
    "164895002", "111288001", "49260003", "426627000",  # ventricular rhythms
    "195101003",  # wandering pacemaker
})  # fmt: skip
_DX_SINUS: Final = frozenset({"426783006", "426177001", "427084000", "427393009"})
"""SNOMED CT: sinus rhythm, bradycardia, tachycardia, arrhythmia, as the challenges of 2020 and 2021 code them."""
_CINC2017: Final = {"N": RhythmLabel.SINUS, "A": RhythmLabel.AF, "O": RhythmLabel.NOT_AF}
_LUDB_OTHER: Final = ("flutter", "pacing", "pacemaker", "iii degree")


def rhythms_of_notes(at_s: Floats, notes: Sequence[str], end_s: float, *, only_af: bool = False) -> Spans:
    """Read spans off the notes of annotations; a span lasts until the next one.

    Parameters
    ----------
    at_s, notes
        Of every annotation, in order; notes that begin with no bracket say nothing of rhythm.
    end_s
        End of the record.
    only_af
        Whether ``(N`` means no more than "not fibrillating", as in CPSC 2021.
    """
    changes = [(at, n) for at, n in zip(at_s.tolist(), (_plain(n) for n in notes), strict=True) if n.startswith("(")]
    places = [at for at, _ in changes] + [end_s]
    return tuple(
        RhythmSpan(begin, end, _label(note, only_af=only_af))
        for (begin, end), (_, note) in zip(pairwise(places), changes, strict=True)
        if end > begin
    )


def _plain(note: str) -> str:
    return note.strip("\0 ")


def _label(note: str, *, only_af: bool) -> RhythmLabel:
    label = _NOTES.get(note, RhythmLabel.OTHER)
    return RhythmLabel.NOT_AF if only_af and note == "(N" else label


def rhythm_of_cinc2017(letter: str) -> RhythmLabel | None:
    """Label of the challenge of 2017; its "other" is only said not to fibrillate, its "noisy" is no label."""
    return _CINC2017.get(letter)


def rhythm_of_comments(comments: Iterable[str]) -> RhythmLabel | None:
    """Label of a whole record by its header's comments: LUDB, CPSC 2021, and ``Dx`` of the challenge of 2021.

    A record with diagnoses of which none names a rhythm is said not to fibrillate; None where nothing is said.
    """
    said = list(comments)
    text = "\n".join(said).lower()
    dx = re.search(r"^dx:\s*(?P<codes>[\d, ]+)$", text, re.MULTILINE)
    if dx:
        return _of_codes({code.strip() for code in dx["codes"].split(",")})
    if "rhythm:" in text:
        return _of_ludb(text)
    return _of_cpsc2021(text)


def _of_codes(codes: set[str]) -> RhythmLabel:
    if _DX_AF in codes:
        return RhythmLabel.AF
    if codes & _DX_OTHER:
        return RhythmLabel.OTHER
    return RhythmLabel.SINUS if codes & _DX_SINUS else RhythmLabel.NOT_AF


def _of_ludb(text: str) -> RhythmLabel:
    rhythm = next(line for line in text.splitlines() if "rhythm:" in line)
    if "fibrillation" in rhythm:
        return RhythmLabel.AF
    return RhythmLabel.OTHER if any(word in text for word in _LUDB_OTHER) else RhythmLabel.SINUS


def _of_cpsc2021(text: str) -> RhythmLabel | None:
    if "non atrial fibrillation" in text:
        return RhythmLabel.NOT_AF
    return RhythmLabel.AF if "persistent atrial fibrillation" in text else None


def majority(spans: Spans, begin_s: float, end_s: float) -> RhythmLabel | None:
    """Label that holds for most of a stretch; None where none is said for half of it or more."""
    held = share_of(spans, begin_s, end_s)
    if sum(held.values()) <= 0.5 * (end_s - begin_s):
        return None
    return max(held, key=lambda label: held[label])


def share_of(spans: Spans, begin_s: float, end_s: float) -> dict[RhythmLabel, float]:
    """How long each label holds within a stretch, s."""
    held = dict.fromkeys(RhythmLabel, 0.0)
    for span in spans:
        held[span.label] += max(0.0, min(span.end_s, end_s) - max(span.begin_s, begin_s))
    return held
