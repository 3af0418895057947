"""Laboratory tests by LOINC code: the form of a code, and a table of what the common ones measure."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_CODE: Final = re.compile(r"([1-9][0-9]{0,6})-([0-9])", re.ASCII)
_ASIDE: Final = re.compile(r"\[[^\]]*volume\]|platelet poor plasma|/100 \w+")

Words = frozenset[str]
"""Words that name a laboratory test when all of them are there."""


@dataclass(frozen=True, slots=True)
class LabTest:
    """One laboratory test of the table.

    Parameters
    ----------
    loinc, loinc_name
        Its code, and what LOINC calls it.
    analyte
        What it measures; tests of one analyte differ by specimen, method or unit.
    id, name
        For machines; for people, as within a sentence.
    units
        Ways to write its unit, the first one proposed.
    low, high
        Typical reference limits of adults; None where there is none.
    """

    loinc: str
    loinc_name: str
    analyte: str
    id: str
    name: str
    units: tuple[str, ...]
    low: float | None
    high: float | None

    def has_unit(self, unit: str) -> bool:
        """Tell whether the unit is one of the test's, however it is spelt."""
        return _spelling(unit) in map(_spelling, self.units)


def check_digit(number: str) -> int:
    """Return the Mod 10 check digit of the digits before the hyphen of a LOINC code.

    LOINC Users' Guide, "Calculating Mod 10 Check Digits": https://loinc.org/kb/users-guide/calculating-mod-10-check-digits.
    Fourteen codes that LOINC itself has withdrawn do not follow it.
    """
    odd, even = number[::-1][::2], number[::-1][1::2]
    return -sum(int(digit) for digit in even + str(2 * int(odd))) % 10


def has_loinc_form(code: str) -> bool:
    """Tell whether a code looks like one of LOINC: up to seven digits, a hyphen and a check digit."""
    return _CODE.fullmatch(code) is not None


def has_right_check_digit(code: str) -> bool:
    """Tell whether the check digit of a code that looks like one of LOINC belongs to it."""
    number, _, digit = code.partition("-")
    return check_digit(number) == int(digit)


@cache
def known_tests() -> Mapping[str, LabTest]:
    """Give the table's tests by code, often measured ones first."""
    return {row["loinc"]: _test(row) for row in _rows()}


def tests_of(analyte: str) -> tuple[LabTest, ...]:
    """Give the table's tests of an analyte."""
    return tuple(test for test in known_tests().values() if test.analyte == analyte)


def analytes_named(text: str) -> frozenset[str]:
    """Give the analytes a text names, by their most specific names: of "hemoglobin A1c" not the hemoglobin."""
    spoken = _words(text)
    found = [(words, analyte) for words, analyte in _names() if words <= spoken]
    return frozenset(analyte for words, analyte in found if not any(words < other for other, _ in found))


def is_less_specific(named: str, analyte: str) -> bool:
    """Tell whether one analyte's name is part of another's, as calcium is of ionized calcium."""
    general = [words for words, owner in _names() if owner == named]
    return any(words < own for own, owner in _names() if owner == analyte for words in general)


@cache
def _names() -> tuple[tuple[Words, str], ...]:
    return tuple((_words(name), row["analyte"]) for row in _rows() for name in row["words"].split("|") if name)


def _rows() -> Iterator[dict[str, str]]:
    text = files("converter").joinpath("loinc.csv").read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _test(row: Mapping[str, str]) -> LabTest:
    low, high = (float(row[side]) if row[side] else None for side in ("low", "high"))
    units = tuple(row["units"].split("|"))
    return LabTest(row["loinc"], row["loinc_name"], row["analyte"], row["id"], row["name"], units, low, high)


def _words(text: str) -> Words:
    """Words of a text, small, in the singular and in American spelling; not those of a LOINC name's property."""
    words = re.findall(r"[^\W_]+", _ASIDE.sub(" ", text.casefold()).replace("ae", "e"))
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words)  # noqa: PLR2004


def _spelling(unit: str) -> str:
    micro = unit.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    plain = re.sub(r"[\s\[\]]", "", micro).replace("^", "*").replace("\N{MULTIPLICATION SIGN}10", "10")
    return plain.casefold()
