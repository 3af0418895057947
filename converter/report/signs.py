"""How the points of the report's charts look."""

from typing import Final

from edge.page.axes import Shape, Sign

CLEAN: Final = Sign("clean")
SPOILT: Final = Sign("spoilt", Shape.TRIANGLE)
STEP: Final = Sign("step")
UNNAMED: Final = Sign("unnamed")
"""Of an arithmetic that has no sign of its own."""
ARITHMETIC: Final = {"float": Sign("float"), "dynamic": Sign("dynamic", Shape.TRIANGLE), "int8": Sign("int8")}
"""By the arithmetic an operator computes in."""
