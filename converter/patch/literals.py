"""Values as C writes them, and constants that stand in a file once, however many use them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.numerics import Range, Rescale

_PER_LINE: Final = 16
_TYPES: Final = {
    np.dtype(np.int8): "int8_t",
    np.dtype(np.int16): "int16_t",
    np.dtype(np.int32): "int32_t",
}
_STRUCT_BYTES: Final = {"anyecg_conv_t": 32, "anyecg_mul_t": 16, "anyecg_add_t": 32, "anyecg_pad_t": 14}
"""On a machine of 32 bits."""
_INT32_MIN: Final = -(1 << 31)


def integer(value: int) -> str:
    """Write an int32: the least one has no literal of its own."""
    return "INT32_MIN" if value == _INT32_MIN else str(value)


def listed(values: Sequence[int]) -> str:
    """Write an initialiser's values, in lines."""
    words = [integer(value) for value in values]
    return ",\n".join("  " + ", ".join(words[at : at + _PER_LINE]) for at in range(0, len(words), _PER_LINE))


def rescale_literal(by: Rescale) -> str:
    """Write an ``anyecg_rescale_t``."""
    return f"{{{by.multiplier}, {by.shift}}}"


def range_literal(ends: Range) -> str:
    """Write an ``anyecg_range_t``."""
    return f"{{{ends.zero}, {ends.lowest}, {ends.highest}}}"


def text_literal(text: str) -> str:
    """Write a string: printable ASCII, all else as a question mark."""
    escaped = _printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("?", "\\?") + '"'  # two in a row would begin a trigraph


def in_a_comment(text: str) -> str:
    """Write text that ends neither a comment nor its line."""
    return _printable(text).replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")


def _printable(text: str) -> str:
    return "".join(c if " " <= c <= "~" else "?" for c in text)


@dataclass(frozen=True, slots=True, eq=False)
class _Array:
    kind: str
    name: str
    values: NDArray[Any]

    def __str__(self) -> str:
        body = listed(self.values.tolist())
        return f"static const {self.kind} {self.name}[{self.values.size}] = {{\n{body}\n}};"


class Constants:
    """The constants of a file, in the order in which they are first wanted; `size_bytes` on a machine of 32 bits."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, bytes], str] = {}
        self._definitions: list[_Array | str] = []
        self.size_bytes = 0

    def array(self, name: str, values: NDArray[Any]) -> str:
        """Return the name of an array with these values; `name` where there is none yet."""
        kind, flat = _TYPES[values.dtype], np.ascontiguousarray(values).reshape(-1)
        known = self._names.setdefault((kind, hashlib.sha256(flat.tobytes()).digest()), name)
        if known == name:
            self.size_bytes += flat.nbytes
            self._definitions.append(_Array(kind, name, flat))
        return known

    def struct(self, kind: str, name: str, fields: Iterable[str]) -> str:
        """Return the name of a structure with these fields; `name` where there is none yet."""
        body = ", ".join(fields)
        known = self._names.setdefault((kind, body.encode()), name)
        if known == name:
            self.size_bytes += _STRUCT_BYTES[kind]
            self._definitions.append(f"static const {kind} {name} = {{\n  {body}\n}};")
        return known

    @property
    def definitions(self) -> str:
        """All of them as C; millions of weights take seconds."""
        return "\n\n".join(map(str, self._definitions))
