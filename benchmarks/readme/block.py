"""The place of the tables in a Markdown file: between two lines that stay there."""

from pathlib import Path
from typing import Final

from benchmarks.readme.errors import ReadmeError, ReadmeFault

BEGIN: Final = "<!-- measured: begin -->"
END: Final = "<!-- measured: end -->"


def replaced(text: str, block: str, name: str) -> str:
    """Put a block between the two lines, in place of what is there.

    Parameters
    ----------
    text
        Of the file.
    block
        Markdown, without the lines.
    name
        Of the file, for errors.

    Raises
    ------
    ReadmeError
        If the lines are not there, each once and in order.
    """
    lines = text.splitlines()
    for line in (BEGIN, END):
        if (n := lines.count(line)) != 1:
            raise _refused(name, f"has the line {line} {n} times")
    begin, end = lines.index(BEGIN), lines.index(END)
    if end < begin:
        raise _refused(name, f"has {END} before {BEGIN}")
    return "\n".join([*lines[: begin + 1], "", *block.strip().splitlines(), "", *lines[end:], ""])


def read_markdown(path: Path) -> str:
    """Read a Markdown file, or say in one line why not."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadmeError(
            ReadmeFault.UNREADABLE, f"{path} cannot be read ({error})", advice="give a Markdown file with --readme"
        ) from error


def _refused(name: str, what: str) -> ReadmeError:
    advice = f"put the lines {BEGIN} and {END} where the tables shall stand, each once"
    return ReadmeError(ReadmeFault.NO_MARKERS, f"{name} {what}", advice=advice)
