"""Checkpoint in, pack out: writes the float graph, calibrates, quantises, and proves what was kept through `edge`."""

from converter.convert import ConversionReport, convert
from converter.errors import ConversionError, ConversionFault

__all__ = ["ConversionError", "ConversionFault", "ConversionReport", "convert"]
