"""What a radio brought, value by value, in a file: to play it again exactly as it came.

A line of JSON for each value. The first line says what sent them; each other one holds the moment of arrival (s since
the Unix epoch, to the last bit), the characteristic and the bytes in hex, and what happened before. Whatever ends the
writing, the lines before are whole.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
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
        If the file cannot be written.
    """

    def __init__(self, path: Path, header: RawHeader) -> None:
        self._path = path
        self._flushed_s = float("-inf")
        first = {"anyecg_raw": VERSION, **asdict(header)}
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("x", encoding="utf-8")
            self._file.write(json.dumps(first) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with _told(self._path):
            self._file.close()

    def write(self, received: Received) -> None:
        """Add a value."""
        fields: dict[str, Any] = {
            "at": received.arrival_s,
            "from": received.characteristic,
            "hex": received.data.hex(),
        }
        if received.after:
            fields["after"] = received.after
        with _told(self._path):
            self._file.write(json.dumps(fields) + "\n")
            if received.arrival_s - self._flushed_s >= _FLUSH_EVERY_S:
                self._file.flush()
                self._flushed_s = received.arrival_s


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except FileExistsError as error:
        raise GatewayError(
            GatewayFault.BAD_REQUEST, f"{path} is there already", advice="choose another file for --record-raw"
        ) from error
    except OSError as error:
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
        version = int(fields.pop("anyecg_raw"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _bad(path, "is no record of a radio") from error
    if version > VERSION:
        raise _bad(path, f"was written by a newer release (version {version})", "update anyecg-edge")
    try:
        setup = fields.pop("setup")
        header = RawHeader(setup=Setup(**setup), **fields)
    except (TypeError, KeyError) as error:
        raise _bad(path, "does not say which wearable it is of") from error
    if not isinstance(header.kind, str) or not isinstance(header.peer, str):
        raise _bad(path, "does not say which wearable it is of")
    return header


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
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _bad(path, f"has a line that is no value, line {number}") from error
    if not (len(received.data) <= _LONGEST_VALUE and abs(received.arrival_s) < 1e11):  # noqa: PLR2004 - year 5138
        raise _bad(path, f"has a value that cannot be, line {number}")
    return received


def _bad(path: Path, what: str, advice: str = "give a file that --record-raw wrote") -> GatewayError:
    return GatewayError(GatewayFault.BAD_RECORD, f"{path} {what}", advice=advice)
