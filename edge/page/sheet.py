"""A page that needs nothing but itself: no script, no picture or style from elsewhere."""

from collections.abc import Iterable

from edge.page.markup import Markup, element, join
from edge.page.style import STYLE


def sheet(title: str, sections: Iterable[Markup], *, style: str = "") -> str:
    """Write a page of HTML under its title.

    Parameters
    ----------
    title
        In words.
    sections
        What follows it.
    style
        Rules of its charts and sections, beside those of every page.
    """
    head = [
        Markup('<meta charset="utf-8">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        element("title", title),
        element("style", Markup(STYLE + style)),
    ]
    body = join([element("h1", title), *sections])
    page = element("html", element("head", *head), element("body", element("main", body)), lang="en-GB")
    return f"<!DOCTYPE html>\n{page}\n"
