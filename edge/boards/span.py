"""A figure that is known to lie between two others, and its arithmetic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A positive figure with the lowest and the highest it may be.

    Products and sums take the ends together, so that the result holds whatever the inputs are within theirs: it is
    rather too wide than too narrow.

    Parameters
    ----------
    low, typical, high
        In one unit, ``0 <= low <= typical <= high``.
    """

    low: float
    typical: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.typical <= self.high:
            raise ValueError(f"{self.low:g}, {self.typical:g}, {self.high:g} do not ascend from 0")

    @classmethod
    def exactly(cls, value: float) -> "Span":
        """Return the span of a figure that is certain."""
        return cls(value, value, value)

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.typical + other.typical, self.high + other.high)

    def __mul__(self, other: "Span | float") -> "Span":
        if not isinstance(other, Span):
            other = Span.exactly(other)
        return Span(self.low * other.low, self.typical * other.typical, self.high * other.high)

    def under(self, numerator: float) -> "Span":
        """Return ``numerator / self``; self is above 0."""
        return Span(numerator / self.high, numerator / self.typical, numerator / self.low)
