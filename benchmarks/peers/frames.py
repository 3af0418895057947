"""Arrays over a pipe: the length of each in eight bytes, then the array as numpy's own file format has it."""

import io
import struct
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

_LENGTH: Final = struct.Struct("<Q")


def write_array(stream: BinaryIO, array: NDArray[Any]) -> None:
    """Send an array, and let it go at once."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    stream.write(_LENGTH.pack(content.tell()) + content.getvalue())
    stream.flush()


def read_array(stream: BinaryIO) -> NDArray[Any] | None:
    """Receive an array; None where the other side has ended, between two arrays or within one."""
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    (size,) = _LENGTH.unpack(length)
    content = stream.read(size)
    if len(content) < size:
        return None
    array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return array
