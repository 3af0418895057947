"""Windows of recordings to calibrate and to verify with, or the reason why these recordings will not do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from converter.errors import ConversionError, ConversionFault
from converter.windows.one_sided import refuse_one_sided
from converter.windows.sources import Reader, recordings_in
from converter.windows.spread import Drawn, Spread, draw
from converter.windows.window_set import FEWEST, WindowSet
from edge.errors import RecordingError, RecordingFault
from edge.preprocess import Preprocessing

_MOST_NAMES: Final = 3


def recorded_windows(
    source: Path,
    contract: Preprocessing,
    n: int,
    *,
    seed: int,
    channel: str | None = None,
    rate_hz: float | None = None,
) -> WindowSet:
    """Choose `n` readable windows of recordings, about as many of each recording.

    The recordings are cut into windows that do not overlap and judged as `edge.loop` does. The choice depends on the
    seed, the recordings and their names below `source` alone. Reading ends once each of `n` recordings has given one.

    Parameters
    ----------
    source
        A WFDB record, an ``.edf`` file, a text table, an ``.npz`` of windows (array ``millivolts``, shape (k,
        window_samples), mV, at the pack's rate), or a folder of any of these, searched at every depth. In a folder,
        files that cannot be read, and copies of a recording already read, are passed over and named in the origin.
    contract
        Rate and length of the windows.
    n
        Windows to choose, at least 8.
    seed
        Not negative.
    channel, rate_hz
        As `edge.recording.open_recording` takes them.

    Raises
    ------
    ConversionError
        If nothing can be read, fewer than `n` windows can, or they are one-sided: fewer than 8 of them differ, or all
        beat at one rate (see `converter.windows.one_sided`).
    RecordingError
        If the package that reads a format is not installed.
    """
    survey = _Survey(source, Reader(contract, channel, rate_hz), seed)
    spread = Spread(_asked(n))
    for _, drawn in survey.recordings(n):
        spread.add(drawn)
        if spread.is_settled:
            break
    survey.refuse_unread()
    return _window_set(spread, survey, "")


def recorded_split(
    source: Path,
    contract: Preprocessing,
    n_calibration: int,
    n_verification: int,
    *,
    seed: int,
    channel: str | None = None,
    rate_hz: float | None = None,
) -> tuple[WindowSet, WindowSet]:
    """Choose windows to calibrate and others to verify with, as `recorded_windows` does.

    Where two or more recordings can be read, none gives windows to both. Where there is one, calibration has its
    beginning and verification its end. The origins say which.

    Parameters
    ----------
    source, contract, seed, channel, rate_hz
        As `recorded_windows` takes them.
    n_calibration, n_verification
        Windows of each.

    Raises
    ------
    ConversionError, RecordingError
        As `recorded_windows` does, for either set.
    """
    survey = _Survey(source, Reader(contract, channel, rate_hz), seed)
    wanted = (_asked(n_calibration), _asked(n_verification))
    sides = [Spread(n) for n in wanted]
    readable: list[tuple[int, Path]] = []
    for path, drawn in survey.recordings(max(wanted)):
        _needier(sides).add(drawn)
        if drawn.windows:
            readable.append((drawn.n_readable, path))
        if all(side.is_settled for side in sides):
            break
    survey.refuse_unread()
    how = ["calibration of recordings that verification has none of", "verification of recordings of its own"]
    if len(readable) == 1:
        share = n_calibration / sum(wanted)
        first = survey.draw(readable[0][1], wanted[0], within=lambda begins: begins < share)
        rest = survey.draw(readable[0][1], wanted[1], within=lambda begins: begins >= share)
        sides = [Spread(n) for n in wanted]
        sides[0].add(first)
        sides[1].add(rest)
        how = [f"the first {share:.0%} of the one recording", f"the last {1 - share:.0%} of the one recording"]
    elif readable and any(side.filled < 1.0 for side in sides):
        # Now that their lengths are known, longest first leaves the short ones to fill what is missing.
        sides = [Spread(n) for n in wanted]
        for _, path in sorted(readable, reverse=True):
            _needier(sides).add(survey.draw(path, max(wanted)))
    calibration, verification = (_window_set(side, survey, told) for side, told in zip(sides, how, strict=True))
    return calibration, verification


def _asked(n: int) -> int:
    if n < FEWEST:
        raise _refused(f"{n} windows are asked for, which are too few", advice=f"ask for {FEWEST} or more")
    return n


def _needier(sides: Sequence[Spread]) -> Spread:
    """Choose the side that lacks the larger part of its windows, or else of its recordings; then the larger."""
    return min(sides, key=lambda side: (side.is_settled, side.filled, side.n_recordings / side.n, -side.n))


@dataclass(slots=True)
class _Survey:
    """Reads the recordings of a source in seeded order, and remembers those that cannot be read."""

    source: Path
    reader: Reader
    seed: int
    paths: Sequence[Path] = ()
    unreadable: list[str] = field(default_factory=list)
    first_fault: str = ""
    copies: list[str] = field(default_factory=list)
    n_read: int = 0

    def __post_init__(self) -> None:
        self.paths = recordings_in(self.source) if self.source.is_dir() else [self.source]
        if not self.paths:
            raise _refused(
                f"{self.source} has no recording in it",
                advice="give a folder of WFDB records, .edf, .csv, .tsv, .txt or .npz files",
            )

    def recordings(self, n: int) -> Iterator[tuple[Path, Drawn]]:
        """Draw up to `n` windows of each recording that can be read, copies left out."""
        seen: set[int] = set()
        for i in np.random.default_rng(self.seed).permutation(len(self.paths)):
            path = self.paths[i]
            name = self._name(path)
            try:
                drawn = self.draw(path, n)
            except (RecordingError, OSError) as error:
                if isinstance(error, RecordingError) and error.fault is RecordingFault.NEEDS_EXTRA:
                    raise
                self.unreadable.append(name)
                self.first_fault = self.first_fault or str(error)
                continue
            if drawn.fingerprint in seen:
                self.copies.append(name)
                continue
            if drawn.fingerprint is not None:
                seen.add(drawn.fingerprint)
            self.n_read += 1
            yield path, drawn

    def draw(self, path: Path, n: int, within: Callable[[float], bool] = lambda _: True) -> Drawn:
        """Draw up to `n` windows of a recording, or of the part of it that is `within`."""
        return draw(self._name(path), self.reader.windows(path), n, seed=self.seed, within=within)

    def refuse_unread(self) -> None:
        """Refuse a source of which no file could be read."""
        if not self.n_read:
            others = f" (and {len(self.unreadable) - 1} others)" if len(self.unreadable) > 1 else ""
            raise _refused(
                f"nothing in {self.source} can be read: {self.first_fault}{others}",
                advice="give recordings of one lead in WFDB, EDF, CSV or .npz",
            )

    def _name(self, path: Path) -> str:
        named = path.relative_to(self.source).as_posix() if path != self.source else path.name
        return named.removesuffix(".hea")


def _window_set(spread: Spread, survey: _Survey, how: str) -> WindowSet:
    origin = _origin(spread, survey, how)
    n_found = len(spread.chosen)
    if n_found < spread.n:
        fewer = f", or ask for {n_found}" if n_found >= FEWEST else ""
        raise _refused(
            f"{n_found} windows are too few, {spread.n} are needed: {origin}",
            advice=f"give more or longer recordings of readable signal{fewer}",
        )
    windows = [choice.window for choice in spread.chosen]
    millivolts = np.stack([window.millivolts for window in windows])
    refuse_one_sided(millivolts, np.array([window.heart_rate_bpm for window in windows]), origin)
    return WindowSet(millivolts, origin)


def _origin(spread: Spread, survey: _Survey, how: str) -> str:
    """What the windows are, in one line; no path, which would tell of the machine."""
    shares = spread.shares
    name = survey.source.resolve().name
    parts = [f"{name} ({_names(sorted(shares))})" if survey.source.is_dir() else name]
    if survey.reader.channel:
        parts.append(f"channel {survey.reader.channel}")
    if how:
        parts.append(how)
    parts.append(f"{survey.n_read} of {len(survey.paths)} files read" if len(survey.paths) > 1 else "1 file read")
    if survey.unreadable:
        parts.append(f"{len(survey.unreadable)} unreadable ({_names(sorted(survey.unreadable))})")
    if survey.copies:
        parts.append(f"{len(survey.copies)} a copy of another ({_names(sorted(survey.copies))})")
    reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(spread.rejected.items()))
    n_rejected = spread.rejected.total()
    parts.append(f"{spread.n_readable + n_rejected} windows found")
    parts.append(f"{n_rejected} rejected ({reasons})" if reasons else "none rejected")
    fewest, most = min(shares.values(), default=0), max(shares.values(), default=0)
    each = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    parts.append(f"{len(spread.chosen)} chosen, {each} of each recording, seed {survey.seed}")
    return "; ".join(parts)


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _refused(problem: str, *, advice: str) -> ConversionError:
    return ConversionError(ConversionFault.BAD_CALIBRATION, problem, advice=advice)
