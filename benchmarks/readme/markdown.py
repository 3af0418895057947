"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Sequence

_HUNDRED, _THOUSAND = 100.0, 1000.0


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column is left-aligned as the others."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Three digits, never an exponent: 0.0123, 1.23, 12.3, 123, 1,234."""
    if abs(value) >= _THOUSAND:
        return f"{value:,.0f}"
    said = f"{value:#.3g}" if value else "0"
    return f"{value:.4f}" if "e" in said else said.rstrip(".")


def short(value: float) -> str:
    """Two digits, as a prediction deserves."""
    return f"{value:#.2g}".rstrip(".") if value < _HUNDRED else f"{value:,.0f}"


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
