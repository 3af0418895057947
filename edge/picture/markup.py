"""Elements of SVG as text; whatever a person or a file says is escaped here."""

from typing import TypeAlias

from edge.page.markup import Markup, join, text

__all__ = ["Markup", "element", "group", "join", "number", "rectangle", "shortened", "text", "width_mm", "words"]

Attribute: TypeAlias = str | float | int | None


def element(name: str, *content: str, **attributes: Attribute) -> Markup:
    """Write an element; a name of an attribute may end in an underscore, and others in it stand for hyphens."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{join(content)}</{name}>" if content else f"<{name}{said}/>")


def group(style: str, *content: str) -> Markup:
    """Put elements of one style together; nothing where there are none."""
    return element("g", *content, class_=style) if content else Markup()


def rectangle(x: float, y: float, width: float, height: float, style: str | None = None) -> Markup:
    """Draw a rectangle, mm."""
    return element("rect", x=x, y=y, width=width, height=height, class_=style)


def words(x: float, y: float, said: str, style: str, anchor: str | None = None) -> Markup:
    """Write text whose start (or middle, or end) is at a place, mm."""
    return element("text", said, x=x, y=y, text_anchor=anchor, class_=style)


def width_mm(said: str, size_mm: float) -> float:
    """Guess how wide text is at most in the sans-serif fonts that screens and printers have."""
    return 0.62 * size_mm * len(said)


def shortened(said: str, room_mm: float, size_mm: float) -> str:
    """Leave out the middle of text that has no room."""
    most = max(3, int(room_mm / width_mm(" ", size_mm)))
    if len(said) <= most:
        return said
    head = most // 2
    return f"{said[:head]}…{said[len(said) - (most - head - 1) :]}"


def _value(value: str | float) -> str:
    return text(value) if isinstance(value, str) else number(value)


def number(value: float) -> str:
    """Write a number to a hundredth, without zeros at its end."""
    said = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if said in {"-0", ""} else said
