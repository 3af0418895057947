"""What a radio brought, value by value, in a file: to play it again exactly as it came.

A line of JSON for each value. The first line says what sent them; each other one holds the moment of arrival (s since
the Unix epoch, to the last bit), the characteristic and the bytes in hex, and what happened before. Whatever ends the
writing, the lines before are whole.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, Self

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.wearables.catalogue import Setup, set_up
from ble_gateway.wearables.wearable import Received, Wearable
from edge.signal import GapReason

SUFFIX: Final = ".raw"
VERSION: Final = 1
_LONGEST_LINE: Final = 4096
_LONGEST_VALUE: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""
_FLUSH_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class RawHeader:
    """What a file of raw values is of.

    Parameters
    ----------
    kind, setup
        The wearable.
    peer
        Its name.
    simulated
        Whether it was a virtual one.
    """

    kind: str
    setup: Setup
    peer: str
    simulated: bool

    def wearable(self) -> Wearable:
        """Make the wearable as it was set up.

        Raises
        ------
        GatewayError
            If this release does not know it.
        """
        return set_up(self.kind, self.setup)


class RawWriter:
    """Writes values to a file as they come.

    Use it as a context manager.

    Raises
    ------
    GatewayError
        If the file is there already, or cannot be written.
    """

    def __init__(self, path: Path, header: RawHeader) -> None:
        self._path = path
        self._flushed_s = float("-inf")
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("x", encoding="utf-8")
        self._write({"anyecg_raw": VERSION, **asdict(header)}, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self._file.closed

    def write(self, received: Received) -> None:
        """Add a value.

        Raises
        ------
        GatewayError
            If it cannot be written: the file is closed, and keeps what was written before.
        """
        fields: dict[str, Any] = {
            "at": received.arrival_s,
            "from": received.characteristic,
            "hex": received.data.hex(),
        }
        if received.after:
            fields["after"] = received.after
        flush = received.arrival_s - self._flushed_s >= _FLUSH_EVERY_S
        self._flushed_s = received.arrival_s if flush else self._flushed_s
        self._write(fields, flush=flush)

    def close(self) -> None:
        """Write what is left; safe to call twice.

        Raises
        ------
        GatewayError
            As `write` does.
        """
        with _told(self._path):
            self._file.close()

    def _write(self, fields: dict[str, Any], *, flush: bool) -> None:
        with _told(self._path):
            try:
                self._file.write(json.dumps(fields) + "\n")
                if flush:
                    self._file.flush()
            except OSError:
                with suppress(OSError):
                    self._file.close()
                raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise GatewayError(
                GatewayFault.BAD_REQUEST, f"{path} is there already", advice="choose another file for --record-raw"
            ) from error
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"{path} cannot be written ({error.strerror})",
            advice="choose another file for --record-raw, or make room",
        ) from error


class RawRecording:
    """A file of raw values, open for reading.

    Raises
    ------
    GatewayError
        ``BAD_RECORD`` if it is none, or of a newer release.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open(encoding="utf-8") as file:
                first = file.readline(_LONGEST_LINE)
        except (OSError, UnicodeDecodeError) as error:
            raise _bad(path, f"cannot be read ({getattr(error, 'strerror', None) or 'it is no text'})") from error
        self.header = _header(path, first)

    def values(self) -> Iterator[Received]:
        """Give the values in the order they came; a last line that was cut short is left out.

        Raises
        ------
        GatewayError
            ``BAD_RECORD`` at a line that is none of this format.
        """
        try:
            with self.path.open(encoding="utf-8") as file:
                file.readline(_LONGEST_LINE)
                number = 1
                while line := file.readline(_LONGEST_LINE):
                    number += 1
                    if line.endswith("\n"):
                        yield _value(self.path, number, line)
                    elif len(line) == _LONGEST_LINE:
                        raise _bad(self.path, f"has a line that is too long, line {number}")
        except (OSError, UnicodeDecodeError) as error:
            raise _bad(self.path, "cannot be read to its end") from error


def _header(path: Path, line: str) -> RawHeader:
    try:
        fields = json.loads(line)
        version = fields.pop("anyecg_raw")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _bad(path, "is no record of a radio") from error
    if not isinstance(version, int):
        raise _bad(path, "is no record of a radio")
    if version > VERSION:
        raise _bad(path, f"was written by a newer release (version {version})", "update anyecg-edge")
    try:
        header = RawHeader(setup=Setup(**fields.pop("setup")), **fields)
    except (TypeError, KeyError) as error:
        raise _bad(path, "does not say which wearable it is of") from error
    if not _is_plain(header):
        raise _bad(path, "does not say which wearable it is of")
    return header


def _is_plain(header: RawHeader) -> bool:
    """Whether each field is of its type: the file may be anyone's."""
    rate_hz, layout = header.setup.rate_hz, header.setup.layout
    return (
        isinstance(header.kind, str)
        and isinstance(header.peer, str)
        and header.peer.isprintable()
        and isinstance(header.simulated, bool)
        and (rate_hz is None or (isinstance(rate_hz, int | float) and not isinstance(rate_hz, bool)))
        and (layout is None or isinstance(layout, str))
    )


def _value(path: Path, number: int, line: str) -> Received:
    try:
        fields = json.loads(line)
        after = fields.get("after")
        received = Received(
            str(fields["from"]),
            bytes.fromhex(fields["hex"]),
            float(fields["at"]),
            GapReason(after) if after is not None else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise _bad(path, f"has a line that is no value, line {number}") from error
    if not (len(received.data) <= _LONGEST_VALUE and abs(received.arrival_s) < 1e11):  # noqa: PLR2004 - year 5138
        raise _bad(path, f"has a value that cannot be, line {number}")
    return received


def _bad(path: Path, what: str, advice: str = "give a file that --record-raw wrote") -> GatewayError:
    return GatewayError(GatewayFault.BAD_RECORD, f"{path} {what}", advice=advice)
