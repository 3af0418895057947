"""Checkpoint in, pack out: writes the float graph, calibrates, quantises, and proves what was kept through `edge`."""

from converter.errors import ConversionError, ConversionFault

try:
    from converter.convert import ConversionReport, convert
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"ai_edge_quantizer", "flatbuffers", "safetensors"}:
        raise
    # Without the extra `convert` there is no conversion; what needs nothing of it (evaluation, labels) can be imported.

__all__ = ["ConversionError", "ConversionFault", "ConversionReport", "convert"]
