"""A strip as one SVG document, to scale: 25 mm/s, 10 mm/mV when it is printed at its own size."""

from typing import Final

from edge.picture.findings import beats_of, findings_of
from edge.picture.heading import foot, head, scale, ticks
from edge.picture.marks import bars, intervals, letters, quality, tints
from edge.picture.markup import Markup, element, number, rectangle
from edge.picture.paper import HEAD_MM, PAGE_MM, SHORT_HEAD_MM, choose_gain, lay_out, sheets
from edge.picture.strip import Strip
from edge.picture.style import STYLE
from edge.picture.trace import gaps, is_clipped, trace

_HATCH: Final = element(
    "defs",
    element(
        "pattern",
        element("path", d="M-.5 .5l1-1M0 2l2-2M1.5 2.5l1-1", class_="hatching"),
        id="hatch",
        width=2,
        height=2,
        patternUnits="userSpaceOnUse",
    ),
)


def draw(strip: Strip) -> str:
    """Draw a strip.

    Parameters
    ----------
    strip
        What to show; its rows are as many as its view takes.

    Returns
    -------
    str
        An SVG document that needs no other file.
    """
    is_read = strip.pack is not None
    page = lay_out(strip.view, HEAD_MM if is_read else SHORT_HEAD_MM)
    seen = strip.seen()
    gain = choose_gain(seen)
    beats = beats_of(strip)
    height = number(page.height_mm)
    title = f"{strip.name}, {strip.channel}"
    return element(
        "svg",
        element("title", title),
        element("style", Markup(STYLE)),
        _HATCH,
        rectangle(0, 0, PAGE_MM, page.height_mm, "page"),
        head(strip, findings_of(strip) if is_read else None),
        scale(page, strip, gain, is_clipped=is_clipped(gain, seen)),
        sheets(page, gain),
        gaps(page, strip.view, strip.stretches),
        tints(page, beats),
        trace(page, gain, seen),
        letters(page, beats),
        intervals(page, beats),
        bars(page, beats),
        quality(page, strip.stretches) if is_read else Markup(),
        ticks(page),
        foot(page, strip),
        xmlns="http://www.w3.org/2000/svg",
        width=f"{PAGE_MM:g}mm",
        height=f"{height}mm",
        viewBox=f"0 0 {PAGE_MM:g} {height}",
        role="img",
        class_="ecg",
    )
