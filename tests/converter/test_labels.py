"""What outputs mean: every cell that is wrong is named, and what could not be checked is told."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converter.errors import ConversionError, ConversionFault
from converter.labels import COLUMNS, labels_table, read_labels, template_rows
from converter.loinc import analytes_named, check_digit, has_loinc_form, has_right_check_digit, known_tests
from converter.training.data import OUTPUTS
from edge.manifest import Output
from tests.edge.cli.command import called

POTASSIUM = {
    "id": "potassium_low",
    "name": "Low potassium",
    "loinc": "2823-3",
    "direction": "low",
    "unit": "mmol/L",
    "low": "3.5",
    "high": "5.0",
    "threshold": "0.4",
    "prevalence": "0.1",
}
SODIUM = {
    **POTASSIUM, "id": "sodium_high", "name": "High sodium", "loinc": "2951-2", "direction": "high", "high": "145",
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write rows as a file of labels and give its path."""

    def written(*rows, name="labels.csv", delimiter=","):
        path = tmp_path / name
        if path.suffix == ".json":
            path.write_text(json.dumps(rows), encoding="utf-8")
            return path
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    return written


def refusal(path):
    with pytest.raises(ConversionError) as caught:
        read_labels(path)
    assert caught.value.fault is ConversionFault.BAD_LABELS
    assert str(path) in caught.value.problem
    return caught.value


@pytest.mark.parametrize("name", ["labels.csv", "labels.json", "LABELS.CSV"])
def test_each_row_becomes_an_output_in_order(write, name):
    read = read_labels(write(POTASSIUM, SODIUM, name=name))
    assert [(o.id, o.limit, o.direction) for o in read.outputs] == [
        ("potassium_low", 3.5, "low"),
        ("sodium_high", 145.0, "high"),
    ]
    assert (read.outputs[0].threshold, read.outputs[0].prevalence, read.outputs[0].control) == (0.4, 0.1, False)
    assert read.warnings == ()


def test_json_may_hold_numbers_and_name_its_outputs(tmp_path):
    row = {**POTASSIUM, "low": 3.5, "high": None, "threshold": 0.4, "prevalence": 0, "control": True}
    (tmp_path / "a.json").write_text(json.dumps({"outputs": [row]}))
    read = read_labels(tmp_path / "a.json").outputs[0]
    assert (read.limit, read.control) == (3.5, True)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_is_read_as_a_spreadsheet_saves_it(write, delimiter, start):
    path = write(POTASSIUM, SODIUM, delimiter=delimiter)
    header, *rows = path.read_text().splitlines()
    notes = f'"# a note, and more; and more"{delimiter * 8}\r\n{delimiter * 8}'
    lines = [notes, header.title() + delimiter, *(row + delimiter for row in rows), delimiter * 8]
    path.write_text(start + "\r\n".join(lines), encoding="utf-8", newline="")
    assert [output.id for output in read_labels(path).outputs] == ["potassium_low", "sodium_high"]


def test_columns_may_stand_in_any_order(write):
    assert read_labels(write(dict(reversed(POTASSIUM.items())))).outputs[0].id == "potassium_low"


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("id", "", "is empty"),
        ("id", "Low K", "is not what belongs there"),
        ("id", "#1", "is not what belongs there"),
        ("name", "", "is empty"),
        ("name", "\x1b[2J", "cannot be shown"),
        ("loinc", "2823", "is no LOINC code"),
        ("loinc", "٢823-3", "is no LOINC code"),
        ("loinc", "02823-3", "is no LOINC code"),
        ("loinc", "2823-4", "has a wrong check digit"),
        ("direction", "below", "is no direction"),
        ("unit", " ", "is empty"),
        ("low", "", "is empty, and the output is about values that are low"),
        ("low", "3,5", "is no number"),
        ("low", "nan", "is no limit"),
        ("low", "5.0", "is not below high"),
        ("high", "inf", "is no limit"),
        ("high", "x", "is no number"),
        ("threshold", "", "is empty"),
        ("threshold", "0", "is not what belongs there"),
        ("threshold", "1", "is not what belongs there"),
        ("threshold", "0,5", "is not what belongs there"),
        ("threshold", "nan", "is not what belongs there"),
        ("prevalence", "10%", "is not what belongs there"),
        ("prevalence", "-0.1", "is not what belongs there"),
        ("prevalence", "", "is empty"),
        ("control", "perhaps", "is not what belongs there"),
    ],
)
@pytest.mark.parametrize(("name", "number"), [("labels.csv", 3), ("labels.json", 2)])
def test_a_wrong_cell_is_refused_with_file_row_column_and_advice(write, name, number, column, cell, said):
    error = refusal(write({**SODIUM, "control": ""}, {**POTASSIUM, "control": "", column: cell}, name=name))
    assert f"row {number}, column {column}: " in error.problem
    assert (said in error.problem, len(error.advice) > 10) == (True, True)


def test_the_row_is_the_one_a_spreadsheet_shows(tmp_path):
    rows = labels_table([{**POTASSIUM, "name": "Low\npotassium"}]).splitlines()
    header = next(i for i, line in enumerate(rows, start=1) if line.startswith("id,"))
    (tmp_path / "a.csv").write_text("\n".join(rows))
    assert f"row {header + 1}, column name" in refusal(tmp_path / "a.csv").problem


def test_two_rows_of_one_id_are_refused(write):
    error = refusal(write(POTASSIUM, {**SODIUM, "id": POTASSIUM["id"]}))
    assert "row 3, column id: potassium_low is the id of another row" in error.problem


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_a_missing_column_is_named(write, name, column):
    error = refusal(write({key: cell for key, cell in POTASSIUM.items() if key != column}, name=name))
    assert f"the column {column} is missing" in error.problem


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_a_column_that_nobody_reads_is_refused(write, name):
    assert "there is no column 'treshold'" in refusal(write({**POTASSIUM, "treshold": "1"}, name=name)).problem


def test_a_column_that_is_there_twice_is_refused(write):
    path = write(POTASSIUM)
    header, row = path.read_text().splitlines()
    path.write_text(f"{header},unit\n{row},mmol/L\n")
    assert "the column unit is there twice" in refusal(path).problem


def test_a_cell_too_many_is_refused(write):
    path = write(POTASSIUM)
    path.write_text(path.read_text().replace("Low potassium", "Potassium, low"))
    assert "row 2" in refusal(path).problem


@pytest.mark.parametrize(
    "content",
    ["", "#\n", "id\n", ",".join(COLUMNS), "a,b\n1,2\n", 'id,"name\n'],
)
def test_a_table_without_rows_or_columns_is_refused(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    refusal(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "[1]", "3", '{"outputs": 3}', "[" * 100_000, '[{"id": []}]', "9" * 5000, '[{"id": 1e999}]'],
)
def test_json_that_is_no_array_of_rows_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    refusal(tmp_path / "a.json")


def test_a_list_where_a_cell_should_be_is_refused(write):
    assert "column name" in refusal(write({**POTASSIUM, "name": ["a"]}, name="a.json")).problem


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "cannot be read" in refusal(tmp_path / "absent.csv").problem


def test_a_file_of_another_kind_is_refused(tmp_path):
    assert "neither a .csv nor a .json" in refusal(tmp_path / "labels.xlsx").problem


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
@example(content=",".join(COLUMNS).encode() + b"\n\x00")
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_and_nothing_else_happens(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    refusal(tmp_path / f"a{suffix}")


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_read_or_refused(tmp_path, data):
    odd = st.text(max_size=12) | st.sampled_from(["nan", "1e999", "1_0", "²", "\x00", '"', "#", "-0", "0x1", "true"])
    rows = [{column: data.draw(odd | st.just(cell)) for column, cell in row.items()} for row in (POTASSIUM, SODIUM)]
    (tmp_path / "a.csv").write_text(labels_table(rows), encoding="utf-8", errors="replace", newline="")
    try:
        read = read_labels(tmp_path / "a.csv")
    except ConversionError as error:
        assert error.fault is ConversionFault.BAD_LABELS  # noqa: PT017 - both ends are right
    else:
        assert all(isinstance(output, Output) for output in read.outputs)


shown = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "id": st.from_regex(r"\A[a-z0-9_]{1,20}\Z"),
                "name": shown,
                "loinc": st.integers(200_000, 9_999_999).map(lambda n: f"{n}-{check_digit(str(n))}"),
                "direction": st.sampled_from(["low", "high"]),
                "unit": shown,
                "limit": numbers,
                "threshold": st.floats(0, 1, exclude_min=True, exclude_max=True),
                "prevalence": st.floats(0, 1),
            }
        ).map(lambda row: Output(**row)),
        min_size=1,
        max_size=5,
        unique_by=lambda row: row.id,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path, rows):
    cells = [
        {**{c: str(getattr(row, c, "")) for c in COLUMNS}, "low": "", "high": "", row.direction: repr(row.limit)}
        for row in rows
    ]
    (tmp_path / "a.csv").write_text(labels_table(cells), encoding="utf-8", newline="")
    (tmp_path / "a.json").write_text(json.dumps(cells), encoding="utf-8")
    assert read_labels(tmp_path / "a.csv").outputs == tuple(rows)
    assert read_labels(tmp_path / "a.json").outputs == tuple(rows)


def luhn(number):
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(number + "0"))]
    return -sum(d // 10 + d % 10 for d in doubled) % 10


@given(st.integers(1, 9_999_999).map(str))
@example("12345")
def test_the_check_digit_of_the_users_guide_is_that_of_luhn(number):
    assert check_digit(number) == luhn(number)


def test_the_check_digit_is_that_of_the_users_guides_example():
    assert check_digit("12345") == 5


@given(st.integers(1, 9_999_999).map(str), st.data())
def test_one_digit_written_wrong_is_always_found(number, data):
    at = data.draw(st.integers(0, len(number) - 1))
    wrong = number[:at] + data.draw(st.sampled_from("0123456789".replace(number[at], ""))) + number[at + 1 :]
    assert not has_right_check_digit(f"{wrong}-{check_digit(number)}")


@given(st.integers(10, 9_999_999).map(str), st.data())
def test_two_neighbours_swapped_are_found_unless_they_are_0_and_9(number, data):
    at = data.draw(st.integers(0, len(number) - 2))
    a, b = number[at], number[at + 1]
    swapped = number[:at] + b + a + number[at + 2 :]
    assert has_right_check_digit(f"{swapped}-{check_digit(number)}") == (a == b or {a, b} == {"0", "9"})


@pytest.mark.parametrize("test", known_tests().values(), ids=known_tests())
def test_a_test_of_the_table_is_sound(test):
    assert has_loinc_form(test.loinc)
    assert has_right_check_digit(test.loinc)
    assert re.fullmatch(r"[a-z0-9_]+", test.id)
    assert test.low is None or test.high is None or test.low < test.high
    assert all(test.units)


@pytest.mark.parametrize("test", known_tests().values(), ids=known_tests())
def test_a_test_of_the_table_is_known_by_its_names(test):
    assert {test.analyte in analytes_named(text) for text in (test.name, test.id, test.loinc_name)} == {True}


def test_ids_of_the_table_are_each_their_own():
    assert len({test.id for test in known_tests().values()}) == len(known_tests())


def test_the_demonstrations_outputs_agree_with_the_table(write):
    rows = [
        {**POTASSIUM, "id": o.id, "name": o.name, "loinc": o.loinc, "direction": o.direction, "unit": o.unit,
         "low": "", "high": "", o.direction: str(o.limit)}
        for o in OUTPUTS
    ]  # fmt: skip
    assert read_labels(write(*rows)).warnings == ()


@pytest.mark.parametrize(
    ("loinc", "name", "right"),
    [
        ("30934-4", "High troponin T", "6598-7"),
        ("67151-1", "Troponin I, high sensitivity", "89579-7"),
        ("30934-4", "NT-proBNP", "33762-6"),
        ("718-7", "Low haematocrit", "4544-3"),
        ("2823-3", "Hyponatremia", "2951-2"),
        ("718-7", "Hemoglobin A1c", "4548-4"),
        ("2160-0", "Creatine kinase", "2157-6"),
    ],
)
def test_a_code_of_another_test_than_the_name_says_is_refused_with_the_right_one(write, loinc, name, right):
    error = refusal(write({**POTASSIUM, "id": "a", "loinc": loinc, "name": name}))
    assert f"row 2, column loinc: {loinc} is " in error.problem
    assert right in error.advice


def test_a_code_of_another_test_than_the_id_says_is_refused(write):
    error = refusal(write({**POTASSIUM, "id": "troponin_t_high", "name": "?", "loinc": "30934-4"}))
    assert "the id says 'troponin_t_high'" in error.problem


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"loinc": f"12345-{check_digit('12345')}"}, "column loinc: 12345-5 is not in the table"),
        ({"name": "Gruppe 7"}, "column name: 'Gruppe 7' was not recognised as 2823-3"),
        ({"unit": "g/dL"}, "column unit: 'g/dL' is not a known unit of 2823-3"),
        ({"low": "35", "high": ""}, "column low: 35 mmol/L is far from the typical 3.5"),
        ({"loinc": "11555-0", "name": "Base excess", "id": "a", "low": "9", "high": ""}, "column low: 9 mmol/L is far"),
        ({"prevalence": "0"}, "column prevalence: the output never saw both answers"),
        ({"prevalence": "1"}, "column prevalence: the output never saw both answers"),
        ({"loinc": "1994-3", "name": "Low calcium", "id": "a", "high": ""}, "column name: 'Low calcium' says less"),
    ],
)
def test_what_cannot_be_checked_is_told_and_not_refused(write, changed, said):
    read = read_labels(write({**POTASSIUM, **changed}))
    assert (len(read.outputs), [said in warning for warning in read.warnings][:1]) == (1, [True])
    assert all(f"{Path('labels.csv')}, row 2, " in warning for warning in read.warnings)


@pytest.mark.parametrize("unit", ["mmol/l", "MMOL/L", "mEq/L", "meq / l"])
def test_a_unit_may_be_spelt_in_other_ways(write, unit):
    assert read_labels(write({**POTASSIUM, "unit": unit})).warnings == ()


def test_the_template_is_refused_until_it_is_filled_in_and_then_raises_no_doubt(tmp_path):
    rows = list(template_rows())
    (tmp_path / "a.csv").write_text(labels_table(rows), encoding="utf-8")
    assert "column threshold: is empty" in refusal(tmp_path / "a.csv").problem
    filled = [{**row, "threshold": "0.5", "prevalence": "0.1"} for row in rows]
    (tmp_path / "a.csv").write_text(labels_table(filled), encoding="utf-8")
    read = read_labels(tmp_path / "a.csv")
    assert (len(read.outputs), read.warnings) == (len(rows), ())


def test_the_template_has_both_directions_of_a_test_and_as_many_rows_as_the_largest_published_head():
    rows = list(template_rows())
    assert {row["direction"] for row in rows if row["loinc"] == "2823-3"} == {"low", "high"}
    assert len(rows) >= 108


def test_the_command_writes_a_file_to_fill_in(tmp_path):
    done = called("labels", "init", "-o", str(tmp_path / "l.csv"), "--outputs", "108", "--json")
    said = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, said["outputs"], said["file"]) == (0, 108, str(tmp_path / "l.csv"))
    text = (tmp_path / "l.csv").read_text()
    assert ("typical reference limits of adults" in text, "Nothing here is medical advice" in text) == (True, True)
    assert sum(not line.startswith("#") for line in text.splitlines()) == 109


def test_the_command_tells_people_what_is_left_to_do(tmp_path):
    done = called("labels", "init", "-o", str(tmp_path / "l.csv"))
    assert (done.returncode, "fill in threshold" in done.stdout, "Not a medical device" in done.stdout) == (
        0,
        True,
        True,
    )


def test_the_command_never_writes_over_a_file(tmp_path):
    (tmp_path / "l.csv").write_text("filled in")
    done = called("labels", "init", "-o", str(tmp_path / "l.csv"))
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
    assert (tmp_path / "l.csv").read_text() == "filled in"


def test_the_command_refuses_more_rows_than_there_are(tmp_path):
    done = called("labels", "init", "-o", str(tmp_path / "l.csv"), "--outputs", "5000")
    assert (done.returncode, "not 5000" in done.stderr, (tmp_path / "l.csv").exists()) == (1, True, False)


@pytest.mark.parametrize("arguments", [["init"], ["init", "-o", "a", "--outputs", "0"], ["finish"], []], ids=" ".join)
def test_used_wrongly_the_command_ends_with_2(arguments):
    assert called("labels", *arguments).returncode == 2


@pytest.mark.parametrize("arguments", [["--help"], ["init", "--help"]], ids=" ".join)
def test_the_command_explains_itself_with_an_example(arguments):
    done = called("labels", *arguments)
    assert (done.returncode, "Example: anyecg labels init" in done.stdout) == (0, True)
