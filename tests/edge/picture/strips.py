"""Strips and readings made by hand, and what is found again in a picture of them."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np

from edge.outcome import Span
from edge.picture.draw import draw
from edge.picture.strip import Strip, View, cut
from edge.waves.figures import GOOD, Figure, Measurements, Quality, Withheld
from edge.waves.marks import Rhythm, WaveMarks
from edge.waves.reading import RecordingReading, WindowReading
from edge.waves.track import RATE_HZ, Grade, Track

SVG = "{http://www.w3.org/2000/svg}"
RATE = 256.0

_NO_TRACK = Track(*(np.empty((0, k), np.float32) for k in (4, 6, 3, 3)))


def measurements(**changes) -> Measurements:
    """Of a healthy heart, but for the changes."""
    values = {"heart_rate_bpm": 61.0, "pr_ms": 162.0, "qrs_ms": 93.0, "qt_ms": 404.0, "qtc_fridericia_ms": 406.0}
    others = ("sdnn_ms", "rmssd_ms", "qtc_bazett_ms", "qtc_framingham_ms", "p_mv", "t_mv", "st_mv")
    figures = {name: Figure(value, 5.0, 9) for name, value in {**values, **dict.fromkeys(others, 1.0)}.items()}
    return Measurements(
        **{**figures, "rhythm": Rhythm.SINUS, "rhythm_probability": (1.0, 0.0, 0.0), "beats": {}, **changes}
    )


def withheld(reason: Withheld) -> Figure:
    return Figure(None, None, 0, reason)


def marks(r_s, n_samples, classes=None, *, waves=True) -> WaveMarks:
    """Beats at these seconds with P, QRS and T round them, or only R."""
    r = np.asarray(r_s, np.float64) * RATE_HZ
    nothing = np.full(r.size, np.nan)

    def at(offset_s):
        return r + offset_s * RATE_HZ if waves else nothing

    return WaveMarks(
        RATE_HZ, n_samples, r, np.zeros(r.size, np.int64) if classes is None else np.asarray(classes, np.int64),
        np.ones(r.size), at(-0.2), at(-0.16), at(-0.1), at(-0.05), at(0.05), at(0.2), at(0.28), at(0.35),
    )  # fmt: skip


def reading(r_s, duration_s, classes=None, *, seconds=None, windows=None, waves=True) -> RecordingReading:
    """A recording with these beats; good throughout and with the figures of a healthy heart, unless it is said."""
    whole = int(duration_s // 10)
    said = [measurements()] * whole if windows is None else windows
    ten = marks([], 2560)
    parts = tuple(
        WindowReading(Span(0, 2560, 10.0 * k, 10.0, 0.0), Quality(Grade.WAVES, None, "", ()), ten, _NO_TRACK, one)
        for k, one in enumerate(said)
    )
    quality = (GOOD,) * int(duration_s) if seconds is None else tuple(seconds)
    return RecordingReading(marks(r_s, round(duration_s * RATE_HZ), classes, waves=waves), _NO_TRACK, quality, parts)


def ecg(duration_s, rate_hz=RATE, millivolts=1.0):
    """Something that beats once a second, half a second after it begins, shape (n,), mV."""
    t = np.arange(round(duration_s * rate_hz)) / rate_hz
    return millivolts * np.exp(-(((t % 1.0 - 0.5) / 0.015) ** 2))


def strip(millivolts, rate_hz=RATE, *, view=None, read=None, **facts) -> Strip:
    """A recording that begins at 0 s, each long enough stretch of it with the reading that `read` gives."""
    x = np.asarray(millivolts, np.float64)
    length_s = x.size / rate_hz
    given = {"name": "a", "channel": "II", "length_s": length_s, "start_s": None, **facts}
    whole = Strip(view=view or View(0.0, length_s), stretches=cut(x, rate_hz), **given)
    return whole if read is None else whole.read_with(lambda x, rate: read(x.size / rate), "waves 1.0.0")


def beating(duration_s, classes=None, *, view=None, **facts) -> Strip:
    """A read strip whose heart beats once a second."""
    r_s = np.arange(0.5, duration_s)
    return replace(
        strip(ecg(duration_s), view=view, read=lambda length_s: reading(r_s[r_s < length_s], length_s, classes)),
        **facts,
    )


def drawn(what: Strip) -> ET.Element:
    """The picture, parsed."""
    return ET.fromstring(draw(what))


def of_class(picture, name):
    """Elements of a class, in the order in which they are drawn."""
    return [e for e in picture.iter() if name in (e.get("class") or "").split()]


def said(picture):
    """All text of a picture."""
    return ["".join(e.itertext()) for e in picture.iter(f"{SVG}text")]


def letters(picture):
    return [e.text for group in of_class(picture, "beats") for e in group]


def points(picture):
    """For each row with a trace: its samples on the page, shape (n, 2), mm."""
    paths = [path.get("d") for group in of_class(picture, "trace") for path in group]
    return [np.array(re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", d), float) for d in paths]


def sheets(picture):
    """Top of each row's grid, mm."""
    return [float(use.get("y")) for use in picture.iter(f"{SVG}use")]
