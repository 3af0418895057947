"""Numbers as people read them: three figures that count, and never an exponent."""

import math
from typing import Final

from edge.page.markup import MINUS, UNKNOWN

_FIGURES: Final = 3
_MILLION: Final = 1_000_000


def three(value: float | None) -> str:
    """Write a number with three significant figures, all digits before the point; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, _FIGURES - 1 - magnitude)
    magnitude = math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, _FIGURES - 1 - magnitude)}f}".replace("-", MINUS)


def percent(share: float) -> str:
    """Write a share, 0 to 1, as per cent."""
    return f"{three(100 * share)} %"


def counted(n: int) -> str:
    """Write a count, in millions where it is large."""
    return f"{three(n / _MILLION)} million" if n >= _MILLION else f"{n:,}"


def processes(n: int) -> str:
    """Count processes."""
    return "1 process" if n == 1 else f"{n:,} processes"


def listed(said: list[str]) -> str:
    """Join clauses as a sentence does."""
    return "".join(said) if len(said) <= 1 else f"{', '.join(said[:-1])} and {said[-1]}"
