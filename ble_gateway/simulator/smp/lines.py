"""SMP on a wire: frames in lines of base64 with a length and a CRC. Pure.

Source: Zephyr, ``doc/services/device_mgmt/smp_transport.rst`` ("UART/serial and console"); the framing is that of
`smp.packet`.
`smp.packet`.
"""

import binascii
import struct
from collections.abc import Generator, Iterator
from typing import Final

from smp import packet
from smp.exceptions import SMPException

LINE_LENGTH: Final = 127
"""Of a whole line that is sent, with its two marks and its end."""
_LONGEST_LINE: Final = 128
"""Zephyr's CONFIG_UART_MCUMGR_RX_BUF_SIZE: what does not fit is lost."""
_OVERHEAD: Final = 4
"""Length and CRC share the buffer of a frame."""


def to_lines(frame: bytes) -> list[bytes]:
    """Cut a frame into lines."""
    return list(packet.encode(frame, line_length=LINE_LENGTH))


class LineReader:
    """Puts lines together; what is no line of SMP, or does not fit, is passed over.

    Parameters
    ----------
    buffer_bytes
        The largest frame, with what the wire adds.
    burst_lines
        How many lines at once it takes; None: any number.
    """

    def __init__(self, buffer_bytes: int, *, burst_lines: int | None = None) -> None:
        self._buffer_bytes = buffer_bytes
        self._burst_lines = burst_lines
        self._rest = b""
        self._frame: Generator[None, bytes, bytes] | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Read what came at once; yields the frames that it completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines[: self._burst_lines]:
            frame = self._put(line + b"\n") if len(line) < _LONGEST_LINE else None
            if frame is not None and len(frame) + _OVERHEAD <= self._buffer_bytes:
                yield frame

    def _put(self, line: bytes) -> bytes | None:
        if line.startswith(packet.START_DELIMITER):
            self._frame = packet.decode()
            next(self._frame)
        elif self._frame is None or not line.startswith(packet.CONTINUE_DELIMITER):
            return None
        frame, self._frame = self._frame, None
        try:
            frame.send(line)
        except StopIteration as done:
            return bytes(done.value)
        except (SMPException, binascii.Error, struct.error):
            return None
        self._frame = frame
        return None
