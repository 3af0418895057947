"""The place of the tables in a Markdown file."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.readme.block import BEGIN, END, replaced
from benchmarks.readme.errors import ReadmeError, ReadmeFault
from tests.benchmarks.readme.kept import FINDINGS

ROOT = Path(__file__).parents[3]
LINES = st.lists(st.text(st.characters(exclude_categories=("C", "Z"))).filter(lambda line: line not in (BEGIN, END)))


def test_what_stands_between_the_lines_is_replaced_and_nothing_else():
    text = f"# Title\n\n{BEGIN}\nold\n{END}\n\nrest\n"
    assert replaced(text, "new\n", "R") == f"# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nrest\n"


@given(LINES, LINES, LINES, LINES)
def test_to_replace_twice_is_to_replace_once(before, old, new, after):
    text = "\n".join([*before, BEGIN, *old, END, *after, ""])
    once = replaced(text, "\n".join(new), "R")
    assert replaced(once, "\n".join(new), "R") == once
    assert once.splitlines()[: len(before)] == before


@pytest.mark.parametrize(
    ("text", "what"),
    [("", f"R has the line {BEGIN} 0 times"), (f"{BEGIN}\n", f"R has the line {END} 0 times"),
     (f"{BEGIN}\n{BEGIN}\n{END}\n", f"R has the line {BEGIN} 2 times"),
     (f"{END}\n{BEGIN}\n", f"R has {END} before {BEGIN}")],
)  # fmt: skip
def test_a_file_without_a_place_for_them_is_refused(text, what):
    with pytest.raises(ReadmeError, match=what) as refused:
        replaced(text, "new", "R")
    assert refused.value.fault is ReadmeFault.NO_MARKERS


def run(*arguments):
    command = [sys.executable, "-m", "benchmarks.readme", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_kept_findings_are_written_again_without_measuring(tmp_path):
    kept, readme = tmp_path / "findings.json", tmp_path / "R.md"
    kept.write_text(FINDINGS.model_dump_json())
    readme.write_text(f"# Title\n{BEGIN}\n{END}\n")
    done = run("--readme", readme, "--from", kept)
    assert done.returncode == 0, done.stderr
    assert "**full-size, 108 outputs**" in readme.read_text()


@pytest.mark.parametrize(
    ("readme", "kept", "said"),
    [("# No place\n", "{}", "put the lines"), (f"{BEGIN}\n{END}\n", "{}", "is no kept measurement"),
     (None, "{}", "give a Markdown file"), (f"{BEGIN}\n{END}\n", None, "findings.json cannot be read")],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_words_and_leaves_the_file_alone(tmp_path, readme, kept, said):
    paths = tmp_path / "R.md", tmp_path / "findings.json"
    for path, content in zip(paths, (readme, kept), strict=True):
        if content is not None:
            path.write_text(content)
    done = run("--readme", paths[0], "--from", paths[1])
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not paths[0].exists() or paths[0].read_text() == readme
