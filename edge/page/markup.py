"""Words, numbers and tables as HTML; everything that is said is escaped here."""

import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_FORBIDDEN: Final = re.compile("[^\\t\\n\\r\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document may hold, not even escaped."""


class Markup(str):
    """Text that is HTML, or SVG, already."""

    __slots__ = ()


UNKNOWN: Final = "\N{EN DASH}"
"""Stands where nothing was measured, or where there is no number."""
MINUS: Final = "\N{MINUS SIGN}"
"""As wide as a digit, unlike a hyphen."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and whether it holds numbers."""

    heading: str
    is_number: bool = False


def text(said: object) -> Markup:
    """Escape what is said, unless it is markup already."""
    return said if isinstance(said, Markup) else Markup(html.escape(_FORBIDDEN.sub("\ufffd", str(said)), quote=True))


def join(parts: Iterable[str]) -> Markup:
    """Put parts one after another."""
    return Markup("".join(text(part) for part in parts))


def element(name: str, *content: str, **attributes: object) -> Markup:
    """Write an element; an attribute's name may end in an underscore, and underscores within it stand for hyphens."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{join(content)}</{name}>")


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, caption: str = "") -> Markup:
    """Write a table that scrolls sideways where the page is narrow; the first column names its row."""

    def cell(column: Column, content: str, name: str) -> Markup:
        scope = "row" if name == "th" else None
        return element(name, content, scope=scope, class_="n" if column.is_number else None)

    head = join(element("th", c.heading, scope="col", class_="n" if c.is_number else None) for c in columns)
    body = join(
        element("tr", *(cell(c, v, "td" if i else "th") for i, (c, v) in enumerate(zip(columns, row, strict=True))))
        for row in rows
    )
    parts = [element("caption", caption)] if caption else []
    parts += [element("thead", element("tr", head)), element("tbody", body)]
    inner = element("table", *parts)
    return element("div", inner, class_="scroll", tabindex=0, role="group", aria_label=caption or columns[0].heading)


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Write what is what."""
    return element("dl", *(join((element("dt", what), element("dd", said))) for what, said in pairs))


def number(value: float | None, form: str = ".4g") -> str:
    """Write a number; a dash where there is none."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return format(value, form).replace("-", MINUS)


def megabytes(n_bytes: float | None) -> str:
    """Write a size."""
    return UNKNOWN if n_bytes is None else f"{n_bytes / 1e6:,.2f} MB"


def plural(n: int, word: str) -> str:
    """Count things, by a word that takes an s."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
