"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Sequence
from textwrap import TextWrapper
from typing import Final

_WIDTH: Final = 140
_TWO_DIGITS, _THREE_DIGITS = 99.5, 999.5
"""From here on, whole numbers have as many."""


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [f"| {' | '.join(line)} |" for line in (heading, *rows)]
    return "\n".join([lines[0], "|---" * len(heading) + "|", *lines[1:]])


def paragraph(text: str) -> str:
    """Break a paragraph, or each point of a list, into lines; a table stays as it is."""
    if text.startswith("|"):
        return text
    wrap = TextWrapper(_WIDTH, break_long_words=False, break_on_hyphens=False)
    wrap.subsequent_indent = "  " if text.startswith("- ") else ""
    return "\n".join(wrap.fill(line) for line in text.splitlines())


def number(value: float) -> str:
    """Three digits, never an exponent: 0.0123, 1.23, 12.3, 123, 1,234."""
    if abs(value) >= _THREE_DIGITS:
        return f"{value:,.0f}"
    said = f"{value:#.3g}" if value else "0"
    return f"{value:.4f}" if "e" in said else said.rstrip(".")


def short(value: float) -> str:
    """Two digits, as a prediction deserves."""
    return f"{value:#.2g}".rstrip(".") if value < _TWO_DIGITS else f"{value:,.0f}"


def between(low: float | None, high: float | None) -> str:
    """An interval behind a figure; nothing where it is not known."""
    return "" if low is None or high is None else f" ({number(low)} - {number(high)})"


def fraction(value: float) -> str:
    """A correlation with as many digits as tell it from 1, and no 0 before the point: .998, .99997, 1."""
    if value > 1 - 5e-6:
        return "1"
    digits = 3 if value < 0.99 else 4 if value < 0.999 else 5  # noqa: PLR2004
    return f"{value:.{digits}f}".replace("0.", ".", 1)


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f} %"
