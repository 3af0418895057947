"""What the marks of a chart stand for."""

from collections.abc import Iterable

from converter.report.axes import mark
from converter.report.markup import Markup, element, join


def legend(entries: Iterable[tuple[str, str]]) -> Markup:
    """Name marks: pairs of a mark's style and what it stands for."""
    named = (
        join([element("svg", mark(7, 7, style), viewBox="0 0 14 14", class_="key", aria_hidden="true"), said])
        for style, said in entries
    )
    return join([*named, ". "])
