"""Sentences that stand in several sections."""

from typing import Final

from benchmarks.bench.comparing.words import accuracy_line
from benchmarks.bench.report.series import Subject
from benchmarks.bench.result import PackResult
from edge.page.markup import Markup, element, join

_SUFFIX: Final = " DEMONSTRATION"
NOT_A_DEVICE: Final = "Not a medical device. Estimates are not laboratory results."


def how_to(missing: str, command: str) -> Markup:
    """Say what is not there, and what measures it."""
    return element("p", f"{missing}. ", element("code", command), " does it.", class_="note")


def without_demonstration(label: str) -> str:
    """Take the word from a label, where it stands beside it in colour."""
    return label.removesuffix(_SUFFIX)


def told(label: str, pack: PackResult) -> Markup:
    """Write a label, and that the pack is a demonstration in colour."""
    if not pack.demonstration:
        return join([label])
    return join([without_demonstration(label), " ", element("span", "DEMONSTRATION", class_="demonstration")])


def pack_heading(subject: Subject) -> Markup:
    """Head what is said of a pack's speed with its name, and with how good it is."""
    return heading_of(subject.label, subject.entries[0][1])


def heading_of(name: str, pack: PackResult) -> Markup:
    """Head what is said of a pack in one result."""
    return join(
        [
            element("h3", told(name, pack)),
            element("p", accuracy_line(pack.accuracy), class_="note quality"),
        ]
    )
