"""SMP's server side: a frame in, the answer out. Pure; what a command does is the groups' business.

Layout and errors: MCUmgr's Simple Management Protocol as Zephyr serves it (doc/services/device_mgmt/smp_protocol.rst):
what the server itself refuses is ``rc`` alone, in either version; what a group refuses is ``err`` with the group's
number, and for clients of version 1 an ``rc`` in its place.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import cbor2
from pydantic import ValidationError
from smp.error import MGMT_ERR
from smp.header import OP, Header
from smp.message import Request, Response

_HEADER: Final = struct.Struct("!BBHHBB")
_OP_MASK: Final = 0b111
_VERSION_SHIFT: Final = 3
_VERSION_MASK: Final = 0b11


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that is not obeyed.

    Parameters
    ----------
    rc
        Why, by number.
    group
        Whose number it is; None: the server's own.
    beside
        What the answer says beside it.
    """

    rc: int
    group: int | None = None
    beside: Mapping[str, int] = field(default_factory=dict)


Reply: TypeAlias = Response | Refusal


@dataclass(frozen=True, slots=True)
class Command:
    """What a group obeys: the request's class, and what it does."""

    request: type[Request]
    obey: Callable[[Any], Reply]


@dataclass(frozen=True, slots=True)
class Asked:
    """The header of a frame.

    Parameters
    ----------
    op, version, group, sequence, command
        As they stand in it.
    """

    op: int
    version: int
    group: int
    sequence: int
    command: int

    @property
    def is_request(self) -> bool:
        """Whether it is one of the two that a server answers."""
        return self.op in {OP.READ, OP.WRITE}


def read_header(frame: bytes) -> tuple[Asked, int] | None:
    """Read a frame's header; None where it is shorter than one. Returns it with the size of what follows."""
    if len(frame) < _HEADER.size:
        return None
    first, _, size, group, sequence, command = _HEADER.unpack_from(frame)
    version = first >> _VERSION_SHIFT & _VERSION_MASK
    return Asked(first & _OP_MASK, version, group, sequence, command), size


def encode_reply(asked: Asked, reply: Reply) -> bytes:
    """Write the answer to a request."""
    body = reply.BYTES[_HEADER.size :] if isinstance(reply, Response) else cbor2.dumps(_refused(reply, asked.version))
    first = asked.version << _VERSION_SHIFT | asked.op + 1
    return _HEADER.pack(first, 0, len(body), asked.group, asked.sequence, asked.command) + body


def _refused(refusal: Refusal, version: int) -> dict[str, Any]:
    if refusal.group is None:
        return {"rc": refusal.rc, **refusal.beside}
    if version == 0:
        return {"rc": int(MGMT_ERR.EUNKNOWN)}
    return {"err": {"group": refusal.group, "rc": refusal.rc}, **refusal.beside}


class SmpServer:
    """Obeys the commands of its groups.

    Parameters
    ----------
    commands
        Of all groups.
    buffer_bytes
        The largest frame it takes.
    """

    def __init__(self, commands: Iterable[Command], buffer_bytes: int) -> None:
        self._commands = {_key(command.request): command for command in commands}
        self._buffer_bytes = buffer_bytes

    def command_of(self, frame: bytes) -> type[Request] | None:
        """Return the class of the request in a frame; None where it holds none that is known."""
        read = read_header(frame)
        command = self._commands.get((read[0].group, read[0].command, read[0].op)) if read else None
        return command.request if command else None

    def answer(self, frame: bytes) -> tuple[Asked, Reply] | None:
        """Obey a frame; None where it is nothing that a server answers."""
        read = read_header(frame)
        if read is None or not read[0].is_request or len(frame) > self._buffer_bytes:
            return None
        asked, size = read
        if len(frame) != _HEADER.size + size:
            return None
        command = self._commands.get((asked.group, asked.command, asked.op))
        if command is None:
            return asked, Refusal(MGMT_ERR.ENOTSUP)
        try:
            request = _decode(command.request, frame)
        except (ValidationError, ValueError, TypeError, cbor2.CBORError):
            return asked, Refusal(MGMT_ERR.EINVAL)
        return asked, command.obey(request)

    def refuse(self, frame: bytes, refusal: Refusal) -> tuple[Asked, Reply] | None:
        """Answer a request without obeying it."""
        read = read_header(frame)
        return (read[0], refusal) if read and read[0].is_request else None


def _key(request: type[Request]) -> tuple[int, int, int]:
    return int(request._GROUP_ID), int(request._COMMAND_ID), int(request._OP)  # noqa: SLF001 - the library's own names


def _decode(request: type[Request], frame: bytes) -> Request:
    """Read a request; fields that the server does not know are passed over, as Zephyr does."""
    body = cbor2.loads(frame[_HEADER.size :]) if len(frame) > _HEADER.size else {}
    if not isinstance(body, dict):
        raise TypeError("a request is a map")
    known = {name: value for name, value in body.items() if name in request.model_fields}
    if any(isinstance(value, int) and value < 0 for value in known.values()):
        raise ValueError("no field of a request is negative")
    return request(header=Header.loads(frame[: _HEADER.size]), smp_data=frame, **known)
