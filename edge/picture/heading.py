"""What stands round the rows: name, figures and scale above, seconds beneath each row, legend and pack at the foot."""

from datetime import UTC, datetime
from typing import Final

from edge.picture.findings import Findings
from edge.picture.marks import GRADE_STYLES, GRADES
from edge.picture.markup import Markup, element, group, join, rectangle, shortened, width_mm, words
from edge.picture.paper import FOOT_MM, MARGIN_MM, PAPER_MM, SPEED_MM_S, Gain, Page
from edge.picture.strip import BASELINE_HZ, Strip
from edge.waves.figures import Figure, Withheld

NOT_MEDICAL: Final = "Not a medical device."

_TITLE_MM, _SMALL_MM = 4.6, 2.3
_RIGHT_MM: Final = MARGIN_MM + PAPER_MM
_KEY_MM: Final = _RIGHT_MM - 76.0
"""Where the key of the bands begins."""
_RHYTHM_MM, _COLUMN_MM = 60.0, 42.0
_LABELS: Final = {
    "heart_rate_bpm": ("heart rate", "bpm"),
    "pr_ms": ("PR", "ms"),
    "qrs_ms": ("QRS", "ms"),
    "qt_ms": ("QT", "ms"),
    "qtc_fridericia_ms": ("QTc (Fridericia)", "ms"),
}
_REASONS: Final = {
    Withheld.UNREADABLE: "unreadable",
    Withheld.TOO_FEW_BEATS: "too few beats",
    Withheld.AF: "has no meaning in AF",
    Withheld.NO_P: "no P waves",
    Withheld.NO_T_END: "no T ends to be seen",
    Withheld.ECTOPIC: "too few normal beats",
    Withheld.SCATTERED: "beats do not agree",
}
_RHYTHMS: Final = {"sinus": "sinus rhythm", "af": "atrial fibrillation", "other": "another rhythm"}
_BEATS: Final = {"N": "normal", "S": "supraventricular", "V": "ventricular", "F": "fusion", "Q": "unknown"}


def head(strip: Strip, findings: Findings | None) -> Markup:
    """Say what the recording is, and what was found."""
    room = PAPER_MM - 60.0
    title = shortened(strip.name, room * 0.7, _TITLE_MM)
    channel = shortened(f"lead {strip.channel}", room * 0.3, 3.4)
    parts = [
        element("text", title, element("tspan", channel, class_="channel", dx=2.5), x=MARGIN_MM, y=11, class_="title"),
        words(_RIGHT_MM, 8.6, _extent(strip), "small", "end"),
        words(_RIGHT_MM, 12.0, _start(strip), "small", "end"),
    ]
    if findings is not None:
        parts += _figures(findings)
    return group("head", *parts)


def scale(page: Page, strip: Strip, gain: Gain, *, is_clipped: bool) -> Markup:
    """Say the scale, and what was done to the trace."""
    usual = {20.0: " (doubled: a small signal)", 5.0: " (halved: a large signal)"}.get(gain.mm_per_mv, "")
    channel = shortened(strip.channel, 40.0, _SMALL_MM)
    said = f"{SPEED_MM_S:g} mm/s, {gain.mm_per_mv:g} mm/mV{usual}, lead {channel}"
    done = f"baseline wander below {BASELINE_HZ:g} Hz removed for display"
    if is_clipped:
        done = f"red edges: the trace reaches beyond its row; {done}"
    return join(
        [
            words(MARGIN_MM, page.head_mm - 2.2, said, "scale"),
            words(_RIGHT_MM, page.head_mm - 2.2, done, "small", "end"),
        ]
    )


def ticks(page: Page) -> Markup:
    """Mark seconds under each row, from the recording's first sample."""
    parts: list[Markup] = []
    for row in page.rows:
        first = int(-(-row.view.begin_s // 1))
        seconds = [second for second in range(first, first + 11) if second <= row.view.end_s + 1e-6]
        d = "".join(f"M{row.x_mm(second):.2f} {row.times_mm:.2f}v1" for second in seconds)
        parts += [element("path", d=d)] if d else []
        parts += [words(row.x_mm(second), row.times_mm + 2.9, clock(second), "time") for second in seconds]
    return group("ticks", *parts)


def foot(page: Page, strip: Strip) -> Markup:
    """Explain colours and letters, and say what it is not."""
    y = page.height_mm - FOOT_MM + 6
    below = y + 6.5
    parts = _legend(y) if strip.pack is not None else []
    if strip.pack is not None:
        parts.append(words(MARGIN_MM, below, f"Read by {shortened(strip.pack, 120.0, _SMALL_MM)}.", "small"))
    if any(strip.view.gaps(strip.stretches)):
        parts.append(rectangle(_KEY_MM + 9, below - 2.0, 5, 2.4, "gap"))
        parts.append(words(_KEY_MM + 15, below, "not measured", "small"))
    return group("foot", *parts, words(_RIGHT_MM, below, NOT_MEDICAL, "warning", "end"))


def clock(time_s: float) -> str:
    """Write a time from the recording's first sample, to the second."""
    minutes, seconds = divmod(int(time_s + 1e-6), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _extent(strip: Strip) -> str:
    return f"{clock(strip.view.begin_s)} to {clock(strip.view.end_s)} of {clock(strip.length_s)}"


def _start(strip: Strip) -> str:
    if strip.start_s is None:
        return "start of the recording not known"
    try:
        return f"recording begins {datetime.fromtimestamp(strip.start_s, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "start of the recording not known"


def _figures(findings: Findings) -> list[Markup]:
    rhythm = _RHYTHMS.get(findings.rhythm, findings.rhythm)
    parts = _figure(MARGIN_MM, "rhythm", rhythm, "", _windows(findings))
    x = MARGIN_MM + _RHYTHM_MM
    for name, (label, unit) in _LABELS.items():
        figure = findings.figures[name]
        if figure.value is None:
            parts += _figure(x, label, "-", "", _why(figure, findings.n_windows))
        else:
            parts += _figure(x, label, f"{figure.value:.0f}", unit, _spread(figure))
        x += _COLUMN_MM
    return parts


def _figure(x: float, label: str, value: str, unit: str, note: str) -> list[Markup]:
    said = [value, element("tspan", unit, class_="unit", dx=1)] if unit else [value]
    return [
        words(x, 18.6, label, "small"),
        element("text", *said, x=x, y=24.2, class_="value"),
        words(x, 27.8, note, "tiny"),
    ]


def _windows(findings: Findings) -> str:
    match findings.n_agreeing, findings.n_windows:
        case _, 0:
            return "no window of 10 s to read"
        case 1, 1:
            return "one window of 10 s"
        case agreeing, windows:
            return f"{agreeing} of {windows} windows of 10 s"


def _spread(figure: Figure) -> str:
    return "" if figure.spread is None else f"± {figure.spread:.0f}"


def _why(figure: Figure, n_windows: int) -> str:
    """Why there is no such figure."""
    return _REASONS[figure.withheld] if figure.withheld is not None and n_windows else "not read"


def _legend(y: float) -> list[Markup]:
    """Samples of the bars, bands and letters, with their names, from left to right."""
    parts: list[Markup] = [words(MARGIN_MM, y, "waves", "tiny")]
    x = MARGIN_MM + 8.0
    for name in ("P", "QRS", "T"):
        parts += [group(f"wave {name}", rectangle(x, y - 1.3, 5, 1.1)), words(x + 6, y, name, "small")]
        x += 9.5 + width_mm(name, _SMALL_MM)
    x += 4.0
    parts.append(words(x, y, "beats", "tiny"))
    x += 8.0
    for letter, name in _BEATS.items():
        parts += [words(x, y, letter, f"beat {'normal' if letter == 'N' else f'ectopic {letter}'}")]
        parts += [words(x + 2.4, y, name, "small")]
        x += 5.5 + width_mm(name, _SMALL_MM)
    parts.append(words(x + 2.0, y, "with RR in ms between them", "tiny"))
    x = _KEY_MM
    parts.append(words(x, y, "quality", "tiny"))
    x += 9.0
    for grade, name in GRADES.items():
        parts += [rectangle(x, y - 2.0, 5, 2.4, GRADE_STYLES[grade]), words(x + 6, y, name, "small")]
        x += 9.0 + width_mm(name, _SMALL_MM)
    return parts
