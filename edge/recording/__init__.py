"""Recordings on disk played as streams: WFDB, EDF and CSV, one channel at a time."""

from pathlib import Path

from edge.errors import RecordingError, RecordingFault
from edge.recording.source import Recording

__all__ = ["Recording", "open_recording"]


def open_recording(path: Path, channel: str | None = None, rate_hz: float | None = None) -> Recording:
    """Open a recording of any supported format.

    Parameters
    ----------
    path
        A WFDB record (its header, a signal file or the bare record name), an ``.edf`` file, or a text table
        (``.csv``, ``.tsv``, ``.txt``).
    channel
        Name of the channel; without it the first of MLII, II, I, or else the first one in volts.
    rate_hz
        Sample rate, for text tables that do not state theirs. Ignored elsewhere.

    Raises
    ------
    RecordingError
        If the file is missing, unreadable or empty, has no such channel, or states no usable rate.
    """
    suffix = path.suffix.lower()
    if path.with_suffix(".hea").is_file() and suffix in {".hea", ".dat", ".mat", ""}:
        from edge.recording import wfdb_record  # noqa: PLC0415 - half a second of imports, only where it is used

        return wfdb_record.open_record(path.with_suffix(""), channel)
    if Path(f"{path}.hea").is_file():
        from edge.recording import wfdb_record  # noqa: PLC0415

        return wfdb_record.open_record(path, channel)
    if not path.exists():
        raise RecordingError(
            RecordingFault.MISSING,
            f"there is no recording {path}",
            advice="check the path; a WFDB record is named without its extension",
        )
    if path.is_dir() or suffix not in {".edf", ".csv", ".tsv", ".txt"}:
        raise RecordingError(
            RecordingFault.UNKNOWN_FORMAT,
            f"{path} is none of WFDB (with its .hea beside it), .edf, .csv, .tsv, .txt",
            advice="convert it to one of these",
        )
    if path.stat().st_size == 0:
        raise RecordingError(RecordingFault.EMPTY, f"{path} is an empty file", advice="record or copy it again")
    if suffix == ".edf":
        from edge.recording import edf_file  # noqa: PLC0415

        return edf_file.open_edf(path, channel)
    from edge.recording import text_table  # noqa: PLC0415

    return text_table.open_table(path, channel, rate_hz)
