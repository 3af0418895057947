"""Samples of a running loop, folded into a tree: what share of a window is spent where."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

_FRAME: Final = re.compile(r"(?P<name>.*) \((?P<path>.*):(?P<line>\d+)\)")
_ROOT: Final = ("InferenceLoop.push", "edge/loop.py")
_NOT_COUNTED: Final = ("warm_up", "flame/windows.py")
_COMPREHENSIONS: Final = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")
_LIBRARY_DEPTH: Final = 2
"""Frames of a library that are told apart; what those call is counted with them."""


class Kind(StrEnum):
    """Whose code it is."""

    EDGE = "edge"
    NETWORK = "network"
    """The runtime that computes the networks."""
    SCIPY = "scipy"
    NUMPY = "numpy"
    OTHER = "other"
    """Python's own library, and any other."""


class Node(BaseModel):
    """A function where it was called, with what it called in the order of the source.

    Parameters
    ----------
    name, place
        Of the function, and the file it is in.
    ms
        Of a window, what it calls included.
    calls
        What it called.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    place: str
    ms: float
    calls: tuple["Node", ...] = ()

    @property
    def kind(self) -> Kind:
        """Whose code it is."""
        return _kind(self.place)


class Profile(BaseModel):
    """One revision on one machine.

    Parameters
    ----------
    revision, pack, machine, date
        What was sampled: the commit, name and version of the pack, the machine in one line, the day.
    windows, samples
        Windows timed, and samples their shares rest on.
    root
        `InferenceLoop.push`; its `Node.ms` is the mean of the windows, timed without a sampler beside them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: str
    pack: str
    machine: str
    date: str
    windows: int
    samples: int
    root: Node


@dataclass(frozen=True, slots=True)
class Frame:
    """A function on a stack: its name, its file, and the line it was at."""

    name: str
    place: str
    line: int

    @classmethod
    def parse(cls, said: str) -> Self:
        """Read a frame as py-spy writes it, with the full name of the file."""
        found = _FRAME.fullmatch(said)
        if not found:
            return cls(said, "", 0)
        return cls(found["name"], _place(found["path"]), int(found["line"]))


@dataclass(slots=True)
class _Tree:
    samples: int = 0
    line: int = 1 << 30
    calls: dict[tuple[str, str], "_Tree"] = field(default_factory=dict)

    def add(self, frames: Iterable[Frame], samples: int, line: int) -> None:
        """Count a stack below this function, which was at a line."""
        self.samples += samples
        tree = self
        for frame in frames:
            tree = tree.calls.setdefault((frame.name, frame.place), _Tree())
            tree.samples += samples
            tree.line, line = min(tree.line, line), frame.line

    def node(self, name: str, place: str, ms_per_sample: float) -> Node:
        called = sorted(self.calls.items(), key=lambda item: (item[1].line, item[0]))
        calls = tuple(tree.node(*where, ms_per_sample) for where, tree in called)
        return Node(name=name, place=place, ms=self.samples * ms_per_sample, calls=calls)


def fold(raw: str, window_ms: float) -> tuple[Node, int]:
    """Fold samples of a loop.

    Parameters
    ----------
    raw
        A line for each stack, as ``py-spy record --format raw --full-filenames`` writes it: frames from the outermost,
        semicolons between them, and how often it was met.
    window_ms
        What a window takes on average, ms.

    Returns
    -------
    tuple of Node and int
        The tree from `InferenceLoop.push` on, and the samples in it.

    Raises
    ------
    ValueError
        If the loop is not in it.
    """
    tree = _Tree()
    for frames, samples in _stacks(raw):
        named = [(frame.name, frame.place) for frame in frames]
        if _ROOT in named and _NOT_COUNTED not in named:
            at = named.index(_ROOT)
            tree.add(_told(frames[at + 1 :]), samples, frames[at].line)
    if tree.samples == 0:
        raise ValueError("no sample was taken while the loop ran")
    return tree.node(*_ROOT, window_ms / tree.samples), tree.samples


def _stacks(raw: str) -> Iterator[tuple[list[Frame], int]]:
    for line in raw.splitlines():
        stack, _, samples = line.rpartition(" ")
        yield [Frame.parse(said) for said in stack.split(";")], int(samples)


def _told(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Frames that are drawn: no comprehension's own, and of a library's only the outermost."""
    in_library = 0
    for frame in frames:
        if frame.name.rpartition(".")[2] in _COMPREHENSIONS:
            continue
        in_library = 0 if _kind(frame.place) is Kind.EDGE else in_library + 1
        if in_library <= _LIBRARY_DEPTH:
            yield frame


def _place(path: str) -> str:
    """Name a file from its package on."""
    parts = PurePosixPath(path).parts
    for above in ("site-packages", "dist-packages"):
        if above in parts:
            return "/".join(parts[parts.index(above) + 1 :])
    begins = [i for i, part in enumerate(parts) if part == "edge"]
    return "/".join(parts[begins[-1] :]) if begins else "/".join(parts[-2:])


def _kind(place: str) -> Kind:
    match place.partition("/")[0]:
        case "edge":
            return Kind.EDGE
        case "ai_edge_litert" | "tflite_runtime":
            return Kind.NETWORK
        case "scipy":
            return Kind.SCIPY
        case "numpy":
            return Kind.NUMPY
        case _:
            return Kind.OTHER
