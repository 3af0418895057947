"""What is read off a window, and off a whole recording."""

from dataclasses import dataclass

from edge.outcome import Span
from edge.waves.figures import Measurements, Quality, Seconds
from edge.waves.marks import WaveMarks
from edge.waves.track import Track


@dataclass(frozen=True, slots=True, eq=False)
class WindowReading:
    """A window, read.

    Parameters
    ----------
    span
        What it covers, in samples of its source.
    quality
        What it can be used for.
    marks
        Its beats and waves, places in samples of the window at `edge.waves.track.RATE_HZ`; also of what cannot be used.
    track
        What the network said.
    measurements
        None where it can be used for nothing.
    """

    span: Span
    quality: Quality
    marks: WaveMarks
    track: Track
    measurements: Measurements | None


@dataclass(frozen=True, slots=True, eq=False)
class RecordingReading:
    """A recording without gaps, read as a whole: windows overlap, and what they say of a moment is averaged.

    Parameters
    ----------
    marks
        All its beats and waves, places in samples at `edge.waves.track.RATE_HZ` from the recording's first sample.
    track
        What the network said along it.
    seconds
        What each second can be used for.
    windows
        Readings of windows of ten seconds that do not overlap; the rest at the end is left out.
    """

    marks: WaveMarks
    track: Track
    seconds: Seconds
    windows: tuple[WindowReading, ...]
