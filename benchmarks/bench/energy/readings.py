"""A file of readings that another instrument wrote: a bench supply, a logging multimeter, a smart plug."""

import csv
import io
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.bench.energy.energy import Accuracy, Energy, Reading, integrate
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.meter import EnergyMeter

_LARGEST_FILE_BYTES: Final = 1 << 28
_A_YEAR_S: Final = 365.0 * 86_400.0
"""Times below are not on anybody's calendar: the instrument counted from when it was switched on."""
_FORM: Final = (
    "give CSV with the columns time_s (Unix time) and watts, or time (ISO 8601) and watts, or the same as a JSON list"
)


class FileMeter(EnergyMeter):
    """Readings in a file, which may still be written to while the interval lasts.

    Parameters
    ----------
    file
        CSV with a header, or a JSON list of objects. Columns: ``watts``, and ``time_s`` (Unix time, s) or ``time``
        (ISO 8601; without a zone it is UTC); others are passed over.
    offset_s
        What to add to the file's times so that they are this machine's.
    now_s
        The machine's time of day, Unix s: what the file's times are aligned to.
    patience_s
        How long to wait at the end of an interval for the file to reach over it.

    Raises
    ------
    EnergyError
        If the file cannot be read now; it may have no readings yet.
    """

    def __init__(
        self,
        file: Path,
        *,
        offset_s: float = 0.0,
        now_s: Callable[[], float] = time.time,
        patience_s: float = 5.0,
    ) -> None:
        self._file = file
        self._offset_s = offset_s
        self._now_s = now_s
        self._patience_s = patience_s
        self._began_s: float | None = None
        _content(file)

    @property
    def source(self) -> str:
        """The file, for people."""
        moved = f", its clock moved by {self._offset_s:+g} s" if self._offset_s else ""
        return f"readings in {self._file.name}{moved}"

    @property
    def shortest_s(self) -> float:
        """Twenty times the readings' median distance; 1 s while there are too few to tell."""
        times_s = [reading.time_s for reading in self._readings()]
        steps = sorted(later - earlier for earlier, later in itertools.pairwise(times_s))
        return 20 * steps[len(steps) // 2] if steps else 1.0

    def start(self) -> None:
        """Note the time of day."""
        self._began_s = self._now_s()

    def stop(self) -> Energy:
        """Read the file, again and again for a while where it does not reach over the interval yet."""
        if self._began_s is None:
            raise RuntimeError("no interval was begun")
        ended_s = self._now_s()
        given_up_s = time.monotonic() + self._patience_s
        while True:
            readings = self._readings()
            if (readings and readings[-1].time_s >= ended_s) or time.monotonic() >= given_up_s:
                return self._over(readings, self._began_s, ended_s)
            time.sleep(min(0.1, self._patience_s))

    def close(self) -> None:
        """Nothing is held open."""

    def _readings(self) -> list[Reading]:
        return [Reading(r.time_s + self._offset_s, r.watts) for r in readings_of(_content(self._file), self._file.name)]

    def _over(self, readings: list[Reading], began_s: float, ended_s: float) -> Energy:
        if readings and readings[0].time_s <= began_s and readings[-1].time_s >= ended_s:
            return integrate(readings, began_s, ended_s, Accuracy(_step(readings)))
        if readings and readings[-1].time_s - self._offset_s < _A_YEAR_S:
            advice = (
                f"its times are not times of day: say with file:{self._file.name},offset=SECONDS what to add to them"
            )
        else:
            advice = "let the instrument log from before the beginning until after the end, and mind its clock"
        raise EnergyError(
            EnergyFault.NOT_COVERED,
            f"{self._file.name} reaches {_from_to(readings)}, and what was measured "
            f"from {_clock(began_s)} to {_clock(ended_s)}",
            advice=advice,
        )


def readings_of(content: str, name: str) -> list[Reading]:
    """Parse readings, in order of their times.

    Parameters
    ----------
    content
        CSV or JSON; see `FileMeter`.
    name
        What errors call it.

    Raises
    ------
    EnergyError
        If it is neither, or a value is no number; it names the row.
    """
    rows = _json_rows(content, name) if content.lstrip()[:1] == "[" else csv.DictReader(io.StringIO(content))
    found = [_reading(row, f"{name}, reading {n}") for n, row in enumerate(rows, 1)]
    return sorted(found, key=lambda reading: reading.time_s)


def _json_rows(content: str, name: str) -> Iterator[dict[str, Any]]:
    try:
        rows = json.loads(content)
    except (json.JSONDecodeError, RecursionError) as error:
        raise EnergyError(EnergyFault.NONSENSE, f"{name} is no JSON ({error})", advice=_FORM) from error
    for n, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise EnergyError(EnergyFault.NONSENSE, f"{name}, reading {n} is no object", advice=_FORM)
        yield row


def _reading(row: dict[str, Any], where: str) -> Reading:
    watts = row.get("watts")
    try:
        time_s = float(row["time_s"]) if row.get("time_s") is not None else _unix_s(row.get("time"))
        reading = Reading(time_s, float(watts))  # type: ignore[arg-type]  # None is a TypeError, as it should be
    except (TypeError, ValueError, OverflowError) as error:
        said = ", ".join(f"{key} {row.get(key)!r}" for key in ("time_s", "time", "watts") if row.get(key) is not None)
        raise EnergyError(
            EnergyFault.NONSENSE, f"{where} has no time or no power ({said[:80] or 'neither'})", advice=_FORM
        ) from error
    if not (math.isfinite(reading.time_s) and math.isfinite(reading.watts)):
        raise EnergyError(EnergyFault.NONSENSE, f"{where} is not finite", advice=_FORM)
    return reading


def _unix_s(said: Any) -> float:
    when = datetime.fromisoformat(said)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _content(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            raise EnergyError(
                EnergyFault.NONSENSE, f"{file.name} is far too large for readings", advice="cut out what matters"
            )
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EnergyError(
            EnergyFault.SILENT, f"{file} cannot be read ({error.strerror})", advice="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise EnergyError(EnergyFault.NONSENSE, f"{file.name} is no text", advice=_FORM) from error


def _step(readings: list[Reading]) -> float:
    """The smallest difference between two readings, W: how finely the instrument says it."""
    levels = sorted({reading.watts for reading in readings})
    return min((b - a for a, b in itertools.pairwise(levels)), default=0.0)


def _from_to(readings: list[Reading]) -> str:
    if not readings:
        return "nowhere yet"
    return f"from {_clock(readings[0].time_s)} to {_clock(readings[-1].time_s)}"


def _clock(time_s: float) -> str:
    if not _A_YEAR_S <= time_s < 1e11:  # noqa: PLR2004 - a year that datetime knows
        return f"{time_s:.3f} s"
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
