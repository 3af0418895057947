"""What was read, beside the trace: letters of beats, intervals, bars of waves, and a band of quality."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from edge.picture.findings import Beat
from edge.picture.markup import Markup, group, join, rectangle, width_mm, words
from edge.picture.paper import HEIGHT_MM, MARGIN_MM, TRACE_MM, Page, Row
from edge.picture.strip import SHORTEST_READ_S, Stretch, View
from edge.waves.figures import SecondQuality
from edge.waves.marks import BeatClass
from edge.waves.track import Grade

TINY_MM: Final = 1.9
"""Size of the letters and digits beside the trace."""
GRADES: Final = {Grade.WAVES: "good", Grade.RATE: "rate only", Grade.NOTHING: "nothing"}
"""What a second can be used for, as people are told."""
GRADE_STYLES: Final = {Grade.WAVES: "q-good", Grade.RATE: "q-rate", Grade.NOTHING: "q-nothing"}

_BAR_MM: Final = {"P": 0.9, "QRS": 1.6, "T": 0.9}
_LETTER_ROOM_MM: Final = 3.2
_BAND_MM: Final = 2.4


def letters(page: Page, beats: tuple[Beat, ...]) -> Markup:
    """Write each beat's class above its R."""
    said = []
    for beat in beats:
        if row := page.row_at(beat.time_s):
            style = "beat normal" if beat.class_ is BeatClass.NORMAL else f"beat ectopic {beat.class_}"
            said.append(words(row.x_mm(beat.time_s), row.letters_mm, str(beat.class_), style))
    return group("beats", *said)


def intervals(page: Page, beats: tuple[Beat, ...]) -> Markup:
    """Write the interval before each beat, ms, half way to the beat before, where there is room between letters."""
    said = []
    for beat in beats:
        if beat.rr_s is None:
            continue
        digits = f"{1000 * beat.rr_s:.0f}"
        half_mm = width_mm(digits, TINY_MM) / 2
        row = page.row_at(beat.time_s - beat.rr_s / 2)
        if row is None:
            continue
        x = row.x_mm(beat.time_s - beat.rr_s / 2)
        before, after = row.x_mm(beat.time_s - beat.rr_s), row.x_mm(beat.time_s)
        if after - before >= 2 * half_mm + _LETTER_ROOM_MM and x - half_mm > TRACE_MM - _LETTER_ROOM_MM:
            said.append(words(x, row.letters_mm, digits, "rr"))
    return group("intervals", *said)


def bars(page: Page, beats: tuple[Beat, ...]) -> Markup:
    """Draw the spans of P, QRS and T as bars under the trace."""
    return join(
        group(
            f"wave {name}",
            *(
                rectangle(left, row.waves_mm - height / 2, right - left, height)
                for row, left, right in _pieces(page, beats, name)
            ),
        )
        for name, height in _BAR_MM.items()
    )


def tints(page: Page, beats: tuple[Beat, ...]) -> Markup:
    """Tint the grid faintly where P, QRS and T are; the trace is drawn over it."""
    return join(
        group(
            f"tint {name}",
            *(
                rectangle(left, row.paper_mm, right - left, HEIGHT_MM)
                for row, left, right in _pieces(page, beats, name)
            ),
        )
        for name in _BAR_MM
    )


def _pieces(page: Page, beats: tuple[Beat, ...], name: str) -> Iterator[tuple[Row, float, float]]:
    """Where a wave of all beats is drawn."""
    for beat in beats:
        if name in beat.waves:
            yield from page.pieces(*beat.waves[name])


def quality(page: Page, stretches: tuple[Stretch, ...]) -> Markup:
    """Draw along each row what its seconds can be used for, with the reason where that is not everything."""
    parts: list[Markup] = []
    for stretch in stretches:
        if stretch.reading is None:
            parts += _unread(page, stretch)
            continue
        for second, begin_s, end_s in _same(stretch.reading.seconds, View(stretch.begin_s, stretch.end_s)):
            for row, left, right in page.pieces(begin_s, end_s):
                parts.append(_band(row, left, right, GRADE_STYLES[second.grade]))
                parts += _word(row, left, right, _said(second))
    labels = [words(MARGIN_MM, row.quality_mm + 2.0, "quality", "tiny") for row in page.rows]
    return group("quality", *labels, *parts)


def _same(seconds: tuple[SecondQuality, ...], view: View) -> Iterator[tuple[SecondQuality, float, float]]:
    """Runs of seconds of the same quality, with their begin and end; the last one reaches to the end."""
    at = 0
    for second, run in groupby(seconds):
        begin, at = at, at + len(list(run))
        end_s = view.end_s if at == len(seconds) else view.begin_s + at
        if span := view.clip(view.begin_s + begin, end_s):
            yield second, *span


def _said(second: SecondQuality) -> tuple[str, ...]:
    """What is said of seconds that are not good: in full, and in short."""
    if second.grade is Grade.WAVES:
        return ()
    why = "" if second.fault is None else second.fault.value.replace("_", " ")
    return tuple(filter(None, (f"{GRADES[second.grade]}: {why}" if why else GRADES[second.grade], why)))


def _unread(page: Page, stretch: Stretch) -> list[Markup]:
    pieces = list(page.pieces(stretch.begin_s, stretch.end_s))
    why = "not read" if stretch.is_long_enough else f"too short to read (under {SHORTEST_READ_S:g} s)"
    drawn = [_band(row, left, right, "q-unread") for row, left, right in pieces]
    return drawn + [word for row, left, right in pieces for word in _word(row, left, right, (why, "too short"))]


def _band(row: Row, left: float, right: float, style: str) -> Markup:
    return rectangle(left, row.quality_mm, right - left, _BAND_MM, style)


def _word(row: Row, left: float, right: float, choices: tuple[str, ...]) -> list[Markup]:
    """Write the first choice that has room."""
    said = next((choice for choice in choices if width_mm(choice, TINY_MM) <= right - left), None)
    return [] if said is None else [words((left + right) / 2, row.quality_mm + 1.85, said, "why")]
