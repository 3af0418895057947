"""What the outputs of a network mean: a CSV or JSON with one row for each, checked cell by cell."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from converter.errors import ConversionError, ConversionFault
from converter.loinc import (
    LabTest,
    analytes_named,
    has_loinc_form,
    has_right_check_digit,
    is_less_specific,
    known_tests,
    tests_of,
)
from edge.manifest import Output

COLUMNS: Final = ("id", "name", "loinc", "direction", "unit", "low", "high", "threshold", "prevalence")
"""Of a file of labels; ``control`` may be there too."""

_OPTIONAL: Final = ("low", "high", "control")
_WRITE: Final = {
    "id": "write a name of small letters, digits and underscores, such as potassium_low",
    "name": "write what people call it on one line, such as Low potassium",
    "loinc": "write the LOINC code of the laboratory test, such as 2823-3",
    "direction": "write low or high",
    "unit": "write the unit of the limits, such as mmol/L",
    "low": "write the lower reference limit as a number such as 3.5",
    "high": "write the upper reference limit as a number such as 5.1",
    "threshold": "write the probability from which on it counts as positive, a number between 0 and 1",
    "prevalence": "write the part of positive examples in training, a number from 0 to 1",
    "control": "write yes for a negative control, else no or nothing",
}
_FAR: Final = 4.0
"""How many times a limit may be the typical one, or go into it, before it is doubted; units are ten apart at least."""
_NOTICE: Final = """\
# One row for each output of the network, in the order of its outputs: remove, add and move rows until it is so.
# low and high are typical reference limits of adults: replace them by those that made the training labels.
# direction says which of the two the output is about. Fill in threshold (between 0 and 1) and prevalence (0 to 1).
# A column control may be added, with yes for a negative control. Nothing here is medical advice.
# LOINC codes are copyright Regenstrief Institute, Inc., available at no cost under http://loinc.org/license.
"""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file of labels says.

    Parameters
    ----------
    outputs
        In the order of the rows.
    warnings
        What could not be checked or looks odd, one sentence each, naming file, row and column.
    """

    outputs: tuple[Output, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """Cells of a row by column, and where it stands: rows are counted from 1, as a table or an array shows them."""

    file: Path
    number: int
    cells: Mapping[str, str]

    def at(self, column: str, what: str) -> str:
        return f"{self.file}, row {self.number}, column {column}: {what}"

    def refusal(self, column: str, what: str, advice: str | None = None) -> ConversionError:
        return _bad(self.at(column, what), advice or _WRITE[column])

    def shown(self, column: str) -> str:
        return repr(self.cells.get(column, ""))


def read_labels(path: Path) -> Labels:
    """Read a ``.csv`` or ``.json`` file of labels.

    Parameters
    ----------
    path
        A table with `COLUMNS`, separated by commas, semicolons or tabs, and any lines of ``#`` above; or an array of
        objects with the same names, alone or as ``outputs``.

    Raises
    ------
    ConversionError
        Naming file, row and column of the first cell that is wrong, and what to write there.
    """
    outputs: dict[str, Output] = {}
    warnings: list[str] = []
    for row in _rows(path):
        output = _output(row)
        if output.id in outputs:
            raise row.refusal("id", f"{output.id} is the id of another row", "write another one")
        outputs[output.id] = output
        warnings += _check_test(row, output)
        if output.prevalence in {0, 1}:
            warnings.append(row.at("prevalence", "the output never saw both answers, so it has learnt nothing"))
    if not outputs:
        raise _bad(f"{path} has no rows", "write one row for each output of the network")
    return Labels(tuple(outputs.values()), tuple(warnings))


def template_rows() -> Iterator[dict[str, str]]:
    """Give rows to fill in: every limit of every test of the table, often measured tests first."""
    for test in known_tests().values():
        limits = {"low": test.low, "high": test.high}
        shown = {side: "" if limit is None else f"{limit:g}" for side, limit in limits.items()}
        for direction in (side for side, limit in limits.items() if limit is not None):
            yield {
                "id": f"{test.id}_{direction}",
                "name": f"{direction.capitalize()} {test.name}",
                "loinc": test.loinc,
                "direction": direction,
                "unit": test.units[0],
                **shown,
                "threshold": "",
                "prevalence": "",
            }


def labels_table(rows: Iterable[Mapping[str, str]]) -> str:
    """Write rows as the text of a CSV, with a notice above them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return _NOTICE + text.getvalue()


def _rows(path: Path) -> Iterator[_Row]:
    readers = {".csv": _csv_rows, ".tsv": _csv_rows, ".json": _json_rows}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise _bad(f"{path} is neither a .csv nor a .json", "write the labels as one of them")
    try:
        text = path.read_text(encoding="utf-8-sig")
        return iter([_Row(path, number, cells) for number, cells in read(path, text)])
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        raise _bad(
            f"{path} cannot be read as {path.suffix.lower()} ({error})", "write it anew with 'anyecg labels init'"
        ) from error


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    lines = text.splitlines()
    header = next((line for line in lines if line.strip(' ",;\t') and not line.lstrip(' "').startswith("#")), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    names: list[str] | None = None
    before = 0
    for found in reader:
        number, before = before + 1, reader.line_num
        cells = [cell.strip() for cell in found]
        if not any(cells) or (names is None and cells[0].startswith("#")):
            continue
        if names is None:
            names = [cell.casefold() for cell in cells]
            while names and not names[-1]:
                names.pop()
            _check_columns(f"{path}, row {number}", names)
        elif any(cells[len(names) :]):
            raise _bad(
                f"{path}, row {number}, after column {names[-1]}: there is a cell too many",
                "put cells that hold a separator into quotation marks, and write numbers with a decimal point",
            )
        else:
            yield number, dict(zip(names, cells, strict=False))
    if names is None:
        raise _bad(f"{path} has no line of column names", "begin it with " + ",".join(COLUMNS))


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    content = json.loads(text)
    rows = content.get("outputs") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise _bad(f"{path} holds no array of rows", "write an array with one object for each output")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise _bad(f"{path}, row {number} is no object", "write an object with " + ", ".join(COLUMNS))
        _check_columns(f"{path}, row {number}", list(row))
        for column, value in row.items():
            if isinstance(value, list | dict):
                raise _bad(f"{path}, row {number}, column {column}: {value} is no single value", _WRITE[column])
        yield number, {column: _text(value) for column, value in row.items()}


def _text(value: Any) -> str:
    """A JSON value as a table would hold it."""
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _check_columns(place: str, names: Sequence[str]) -> None:
    for name in names:
        if name not in _WRITE:
            raise _bad(f"{place}: there is no column {name!r}", "the columns are " + ", ".join(_WRITE))
        if names.count(name) > 1:
            raise _bad(f"{place}: the column {name} is there twice", "leave one of them")
    for column in COLUMNS:
        if column not in names:
            raise _bad(f"{place}: the column {column} is missing", _WRITE[column])


def _output(row: _Row) -> Output:
    for column in _WRITE:
        value = row.cells.get(column, "")
        if not value and column not in _OPTIONAL:
            raise row.refusal(column, "is empty")
        if not value.isprintable():
            raise row.refusal(column, f"{value!r} holds characters that cannot be shown")
    direction = row.cells["direction"]
    if direction not in {"low", "high"}:
        raise row.refusal("direction", f"{row.shown('direction')} is no direction")
    limits = {side: _limit(row, side) for side in ("low", "high")}
    limit = limits[direction]
    if limit is None:
        raise row.refusal(direction, f"is empty, and the output is about values that are {direction}")
    if None not in limits.values() and not limits["low"] < limits["high"]:  # type: ignore[operator]
        raise row.refusal("low", f"{row.shown('low')} is not below high, {row.shown('high')}")
    _check_code(row)
    values = {column: row.cells[column] for column in ("id", "name", "loinc", "unit", "threshold", "prevalence")}
    control = row.cells.get("control") or "no"
    try:
        return Output.model_validate({**values, "direction": direction, "limit": limit, "control": control})
    except ValidationError as error:
        column = str(error.errors()[0]["loc"][0])
        raise row.refusal(column, f"{row.shown(column)} is not what belongs there") from error


def _limit(row: _Row, side: str) -> float | None:
    cell = row.cells[side]
    if not cell:
        return None
    try:
        limit = float(cell)
    except ValueError:
        raise row.refusal(side, f"{cell!r} is no number") from None
    if not isfinite(limit):
        raise row.refusal(side, f"{cell!r} is no limit")
    return limit


def _check_code(row: _Row) -> None:
    code = row.cells["loinc"]
    if not has_loinc_form(code):
        raise row.refusal("loinc", f"{code!r} is no LOINC code")
    if not has_right_check_digit(code):
        raise row.refusal("loinc", f"{code} has a wrong check digit", "compare it with the code at https://loinc.org")


def _check_test(row: _Row, output: Output) -> Iterator[str]:
    """Hold name and unit against the table; yield what it cannot tell."""
    test = known_tests().get(output.loinc)
    if test is None:
        yield row.at("loinc", f"{output.loinc} is not in the table of tests, so what it measures was not checked")
        return
    for column in ("name", "id"):
        named = analytes_named(row.cells[column])
        if named and test.analyte not in named:
            if not all(is_less_specific(other, test.analyte) for other in named):
                raise _contradiction(row, column, test, named)
            yield row.at(column, f"{row.shown(column)} says less than {output.loinc}, which is {test.loinc_name}")
        elif not named and column == "name":
            yield row.at(
                "name", f"{row.shown('name')} was not recognised as {output.loinc}, which is {test.loinc_name}"
            )
    if not test.has_unit(output.unit):
        yield row.at("unit", f"{row.shown('unit')} is not a known unit of {output.loinc}: {', '.join(test.units)}")
        return
    typical = test.low if output.direction == "low" else test.high
    if typical and not 1 / _FAR <= output.limit / typical <= _FAR:
        yield row.at(output.direction, f"{output.limit:g} {output.unit} is far from the typical {typical:g}")


def _contradiction(row: _Row, column: str, test: LabTest, named: Iterable[str]) -> ConversionError:
    codes = " or ".join(
        f"{other.loinc} ({other.loinc_name})" for analyte in sorted(named) for other in tests_of(analyte)
    )
    return row.refusal(
        "loinc",
        f"{test.loinc} is {test.loinc_name}, but the {column} says {row.shown(column)}",
        f"write the code of that test, such as {codes}, or correct the {column}",
    )


def _bad(problem: str, advice: str) -> ConversionError:
    return ConversionError(ConversionFault.BAD_LABELS, problem, advice=advice)
