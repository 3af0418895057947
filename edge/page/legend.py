"""What the marks of a chart stand for."""

from collections.abc import Iterable

from edge.page.axes import Sign, mark
from edge.page.markup import Markup, element, join


def legend(entries: Iterable[tuple[Sign, str]]) -> Markup:
    """Name signs: pairs of a sign and what it stands for."""
    named = (
        join([element("svg", mark(7, 7, sign), viewBox="0 0 14 14", class_="key", aria_hidden="true"), said])
        for sign, said in entries
    )
    return join(named)
