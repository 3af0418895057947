"""`anyecg bench report` as it is used, and as it is used wrongly."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks.bench.cli import bench
from benchmarks.bench.errors import BenchError, BenchFault
from tests.benchmarks.bench.report.results import a_pack, a_result

runner = CliRunner()


@pytest.fixture
def kept(tmp_path):
    """Two results as files."""
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for i, file in enumerate(files):
        file.write_text(a_result(a_pack(seed=i)).model_dump_json(), encoding="utf-8")
    return files


def run(*words):
    return runner.invoke(bench, ["report", *map(str, words)])


def test_a_result_becomes_a_page_and_its_name_and_size_are_said(kept, tmp_path):
    page = tmp_path / "page.html"
    done = run(kept[0], "-o", page)
    assert done.exit_code == 0, done.output
    assert f"{page}, {page.stat().st_size:,} bytes" in done.output
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_results_side_by_side_are_compared_and_their_figures_written(kept, tmp_path):
    figures = tmp_path / "figures.json"
    assert run(*kept, "-o", tmp_path / "page.html", "--json", figures).exit_code == 0
    said = json.loads(figures.read_text(encoding="utf-8"))
    assert [one["letter"] for one in said["results"]] == ["A", "B"]
    assert said["comparison"]["regression"] is False


def test_figures_go_to_stdout_alone(kept, tmp_path):
    done = run(kept[0], "-o", tmp_path / "page.html", "--json", "-")
    assert json.loads(done.output)["comparison"] is None


@pytest.mark.parametrize("option", ["-o", "--json"])
def test_no_result_is_overwritten(kept, option):
    before = kept[0].read_bytes()
    done = run(kept[0], option, kept[0])
    assert isinstance(done.exception, BenchError)
    assert done.exception.fault is BenchFault.BAD_SETTING
    assert kept[0].read_bytes() == before


def test_a_page_and_its_figures_cannot_be_one_file(kept, tmp_path):
    done = run(kept[0], "-o", tmp_path / "x", "--json", tmp_path / "x")
    assert done.exception.fault is BenchFault.BAD_SETTING


def test_what_cannot_be_written_is_one_line(kept, tmp_path):
    done = run(kept[0], "-o", tmp_path / "nowhere" / "page.html")
    assert done.exception.fault is BenchFault.UNWRITABLE
    assert "\n" not in str(done.exception)


def test_what_is_no_result_is_one_line(tmp_path):
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    done = run(tmp_path / "other.json", "-o", tmp_path / "page.html")
    assert done.exception.fault is BenchFault.NOT_A_RESULT
    assert not (tmp_path / "page.html").exists()


def test_more_results_than_letters_are_used_wrongly(kept, tmp_path):
    assert run(*[kept[0]] * 27, "-o", tmp_path / "page.html").exit_code == 2


def test_without_a_result_it_is_used_wrongly():
    assert run().exit_code == 2


def test_help_has_an_example():
    assert "anyecg bench report result.json -o report.html" in run("--help").output
