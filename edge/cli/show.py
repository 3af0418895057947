"""`anyecg show`: a picture of a recording on ECG paper, with what was read off it."""

import re
from dataclasses import asdict
from itertools import chain, count
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.markup import escape

from edge.cli.console import NOT_MEDICAL, output, print_json
from edge.errors import EdgeError
from edge.picture.draw import draw
from edge.picture.findings import Findings, beats_of, findings_of
from edge.picture.strip import Strip, View, cut
from edge.recording import Recording, open_recording
from edge.recording.source import INVALID_COUNT

_MOST_S: Final = 600.0
_AROUND_S: Final = 10.0
"""Also read before and after what is drawn: beats at its ends, and windows for short pictures."""
_LONGEST_STEM: Final = 120
_A_YEAR_S: Final = 365.0 * 86_400.0
"""A start before that is a time since the recording began, not a date."""


def show(
    file: Annotated[Path, typer.Argument(help="WFDB record (without extension), .edf, .csv, .tsv or .txt.")],
    channel: Annotated[str | None, typer.Option(help="Channel to show; MLII, II or I by default.")] = None,
    rate: Annotated[float | None, typer.Option(help="Sample rate of a text table that does not say it, Hz.")] = None,
    start: Annotated[float, typer.Option(help="Where in the recording to begin, s.")] = 0.0,
    duration: Annotated[float, typer.Option(help=f"How much to show, s; {_MOST_S:g} at most.")] = 30.0,
    pack: Annotated[Path | None, typer.Option(help="Waves pack to read with; the shipped one by default.")] = None,
    svg: Annotated[Path | None, typer.Option("--output", "-o", help="File to write, over what is there.")] = None,
    marks: Annotated[bool, typer.Option(help="Read the signal and mark beats and waves.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Draw a recording to scale, 25 mm/s and 10 mm/mV, with its beats, waves, figures and quality, as an SVG file.

    Example: anyecg show mitdb/119 --start 60 -o 119.svg
    """
    recording = open_recording(file, channel, rate)
    view = _view(recording, start, duration)
    strip = _load(recording, view)
    if marks:
        from edge.waves.reader import open_reader

        reader = open_reader(pack)
        strip = strip.read_with(reader.read_recording, reader.label)
    path = svg if svg is not None else _free_name(recording)
    try:
        path.write_text(draw(strip), encoding="utf-8")
    except OSError as error:
        raise EdgeError(
            f"{path} cannot be written ({error.strerror})", advice="choose another place with -o"
        ) from error
    findings = findings_of(strip) if marks else None
    if as_json:
        print_json(_as_json(path, strip, findings))
    else:
        output.print(escape(_line(path, strip, findings)), soft_wrap=True)
        output.print(NOT_MEDICAL)


def _view(recording: Recording, start_s: float, duration_s: float) -> View:
    length_s = recording.n_samples / recording.rate_hz
    if not 0.0 <= start_s < length_s:
        raise EdgeError(
            f"{recording.name} lasts {length_s:.1f} s, and {start_s:g} s is not in it",
            advice="choose another --start",
        )
    if not 0.0 < duration_s <= _MOST_S:
        raise EdgeError(
            f"one picture shows up to {_MOST_S:g} s, not {duration_s:g}",
            advice="choose another --duration, and draw what follows with --start",
        )
    return View(start_s, min(start_s + duration_s, length_s))


def _load(recording: Recording, view: View) -> Strip:
    begin = max(0, round((view.begin_s - _AROUND_S) * recording.rate_hz))
    end = min(recording.n_samples, round((view.end_s + _AROUND_S) * recording.rate_hz))
    counts = recording.read_counts(begin, end)
    millivolts = np.where(counts == INVALID_COUNT, np.nan, recording.scale.millivolts(counts))
    return Strip(
        name=recording.name,
        channel=recording.channel,
        length_s=recording.n_samples / recording.rate_hz,
        start_s=recording.start_s if recording.start_s >= _A_YEAR_S else None,
        view=view,
        stretches=cut(millivolts, recording.rate_hz, begin / recording.rate_hz),
    )


def _free_name(recording: Recording) -> Path:
    """Name a file in the current folder that is not there yet."""
    name = re.sub(r"\.(edf|csv|tsv|txt)$", "", recording.name, flags=re.IGNORECASE)
    stem = re.sub(r"[^\w.-]+", "_", f"{name}-{recording.channel}")[:_LONGEST_STEM]
    names = (Path(f"{stem}{suffix}.svg") for suffix in chain([""], (f"-{k}" for k in count(2))))
    return next(path for path in names if not path.exists())


def _line(path: Path, strip: Strip, findings: Findings | None) -> str:
    shown = f"{path}: {strip.name} {strip.channel}, {strip.view.begin_s:g} to {strip.view.end_s:g} s"
    if findings is None:
        return shown
    figures = (
        f"{_plain(name)} {'-' if figure.value is None else f'{figure.value:.0f}'}"
        for name, figure in findings.figures.items()
    )
    return f"{shown}; {findings.rhythm}; {', '.join(figures)}"


def _plain(name: str) -> str:
    what, _, unit = name.rpartition("_")
    return f"{what.replace('_', ' ')} ({unit})"


def _as_json(path: Path, strip: Strip, findings: Findings | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "file": str(path),
        "recording": strip.name,
        "channel": strip.channel,
        "begin_s": strip.view.begin_s,
        "end_s": strip.view.end_s,
        "pack": strip.pack,
    }
    if findings is None:
        return said
    beats = [{"time_s": round(beat.time_s, 4), "class": str(beat.class_)} for beat in beats_of(strip)]
    figures = {name: asdict(figure) for name, figure in findings.figures.items()}
    return {**said, "rhythm": findings.rhythm, "figures": figures, "beats": beats}
