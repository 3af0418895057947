"""Recordings of people to learn from and to report on: no person is in both."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from converter.distil.errors import DistilError, DistilFault
from converter.distil.windows import RECORDED, Batch
from converter.evaluation.patients import patient_of
from converter.windows.sources import ReadableWindow, Reader, recordings_in
from converter.windows.spread import Drawn, draw
from edge.errors import RecordingError, RecordingFault

_HELD_BACK_SHARE: Final = 0.25
_FIRST_SUBJECT: Final = 1_000_000_000
"""Numbers of people begin where those of the synthetic heart never reach."""
_BATCH: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """The readable windows of one person.

    Parameters
    ----------
    name
        As their recordings are called.
    windows
        In no order.
    """

    name: str
    windows: tuple[ReadableWindow, ...]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """People to learn from, and others to report on.

    Parameters
    ----------
    training, held_back
        With no person in common; where there is one person only, the first three quarters and the last.
    unreadable
        Files that were passed over.
    sources
        Names of what was given: folders, or recordings.
    """

    training: tuple[Person, ...] = ()
    held_back: tuple[Person, ...] = ()
    unreadable: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Say what they are, in one line; nothing where there are none."""
        if not self.training:
            return ""
        learned, held = (_n_windows(side) for side in (self.training, self.held_back))
        learners, others = (_people(side) for side in (self.training, self.held_back))
        named = ", ".join(self.sources)
        return (
            f"recordings ({named}), {learned:,} windows of {learners} to learn from and {held:,} of {others} held back"
        )


def batches(people: Sequence[Person], n_outputs: int) -> Iterator[Batch]:
    """Give windows of people, whose truth is not known."""
    for number, person in enumerate(people):
        for first in range(0, len(person.windows), _BATCH):
            some = person.windows[first : first + _BATCH]
            millivolts = np.stack([window.millivolts for window in some])
            subjects = np.full(len(some), _FIRST_SUBJECT + number, np.int64)
            yield Batch(millivolts, RECORDED, subjects, np.full((len(some), n_outputs), np.nan, np.float32))


def files_of(sources: Sequence[Path]) -> list[Path]:
    """List the recordings that are named, and those in the folders that are named, at every depth.

    Raises
    ------
    DistilError
        If there is none.
    """
    found = [file for source in sources for file in (recordings_in(source) if source.is_dir() else [source])]
    if sources and not found:
        raise _nothing(f"no recording lies in {', '.join(map(str, sources))}")
    return found


def read_people(
    sources: Sequence[Path],
    reader: Reader,
    *,
    most_each: int,
    seed: int,
    advance: Callable[[str], None] = lambda _: None,
) -> People:
    """Draw readable windows of each person, and set people with a quarter of them aside.

    Recordings are of one person where their names say so (`converter.evaluation.patients.patient_of`). Files that
    cannot be read are passed over and named; copies of one that has been read are passed over.

    Parameters
    ----------
    sources
        Recordings, and folders of them.
    reader
        Rate, length and channel of the windows, which are judged as `edge.loop` judges them.
    most_each
        Windows of one recording.
    seed
        Of the choice.
    advance
        Told the name of each file when it has been read.

    Raises
    ------
    DistilError
        If there is none, or no window of any can be read.
    RecordingError
        If the package that reads a format is not installed.
    """
    files = files_of(sources)
    found: dict[str, dict[Path, Drawn]] = {}
    unreadable: list[str] = []
    why = ""
    seen: set[int | None] = {None}  # a recording without a readable window has no fingerprint
    for file in files:
        try:
            drawn = draw(file.stem, reader.windows(file), most_each, seed=seed)
        except (RecordingError, OSError) as error:
            if isinstance(error, RecordingError) and error.fault is RecordingFault.NEEDS_EXTRA:
                raise
            unreadable.append(file.name)
            why = why or f": {error.problem if isinstance(error, RecordingError) else error}"
        else:
            if drawn.fingerprint not in seen:
                found.setdefault(patient_of(file.stem), {})[file] = drawn
                seen.add(drawn.fingerprint)
        advance(file.name)
    if not found:
        raise _nothing(f"no window of {len(files)} {'recording' if len(files) == 1 else 'recordings'} can be read{why}")
    if len(found) == 1:
        ((name, recordings),) = found.items()
        training, held_back = _parted(name, recordings, reader, most_each=most_each, seed=seed)
    else:
        training, held_back = _chosen(found, seed)
    # No more than the last part of a path, which would tell of the machine.
    return People(training, held_back, tuple(unreadable), tuple(source.resolve().name for source in sources))


def _chosen(found: Mapping[str, Mapping[Path, Drawn]], seed: int) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
    """Set people with a quarter of the windows aside."""
    people = [
        Person(name, tuple(window for drawn in recordings.values() for window in drawn.windows))
        for name, recordings in sorted(found.items())
    ]
    shuffled = [people[i] for i in np.random.default_rng(seed).permutation(len(people))]
    training: list[Person] = []
    held_back: list[Person] = []
    # Those with most windows first, each to the side that lacks the larger part of its share.
    for person in sorted(shuffled, key=lambda person: -len(person.windows)):
        lacking = _n_windows(held_back) / _HELD_BACK_SHARE < _n_windows(training) / (1.0 - _HELD_BACK_SHARE)
        (held_back if lacking else training).append(person)
    return tuple(training), tuple(held_back)


def _n_windows(side: Sequence[Person]) -> int:
    return sum(len(person.windows) for person in side)


def _parted(
    name: str, recordings: Mapping[Path, Drawn], reader: Reader, *, most_each: int, seed: int
) -> tuple[tuple[Person, ...], tuple[Person, ...]]:
    """Take the beginning of the one person's recordings to learn from, and set the end aside."""
    share = 1.0 - _HELD_BACK_SHARE
    first, last = (
        tuple(
            window
            for file in recordings
            for window in draw(file.stem, reader.windows(file), most, seed=seed, within=within).windows
        )
        for within, most in (
            (lambda begins: begins < share, round(share * most_each)),
            (lambda begins: begins >= share, round(_HELD_BACK_SHARE * most_each)),
        )
    )
    if not first or not last:
        raise _nothing(f"the one recording of {name} is too short to learn from its beginning and report on its end")
    return (Person(name, first),), (Person(name, last),)


def _people(side: Sequence[Person]) -> str:
    return f"{len(side)} {'person' if len(side) == 1 else 'people'}"


def _nothing(problem: str) -> DistilError:
    return DistilError(
        DistilFault.NOTHING_RECORDED,
        problem,
        advice="give WFDB records, .edf, .csv, .tsv, .txt or .npz files of readable signal, or leave --recordings out",
    )
