"""What goes wrong with a virtual patch while it is flashed, from a seed. Pure.

As `ble_gateway.simulator.script` does for the stream: the same mishaps and frames give the same failures.
"""

import math
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import cbor2
import numpy as np
from smp.error import MGMT_ERR
from smp.file_management import FS_MGMT_ERR, FileHashChecksumResponse
from smp.header import GroupId
from smp.message import Response

from ble_gateway.simulator.smp.memory import Memory
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, Runner, RunningPack, SelfTested
from ble_gateway.simulator.smp.server import Refusal, read_header

_UPLOADS: Final = {(GroupId.FILE_MANAGEMENT, 0), (GroupId.IMAGE_MANAGEMENT, 1)}
_WRITE: Final = 2
_LOW_BATTERY_PERCENT: Final = 3
_ANOTHER_BOARD: Final = "another-board"
_SPOILED: Final = "pack"
"""Names in flash memory that begin so are spoiled."""


class Wrong(StrEnum):
    """What is wrong with a patch all the time."""

    HASH = "hash"
    """It gives a wrong hash of a file."""
    FLIP = "flip"
    """It flips one bit of a pack when it stores it."""
    SELF_TEST = "self-test"
    """Every self-test differs in one output."""
    BATTERY = "battery"
    """Its battery is low."""
    BOARD = "board"
    """It is another board."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that goes wrong; the parts of requests are drawn from the seed.

    Parameters
    ----------
    seed
        Not negative.
    cut_at, reset_at
        The link breaks, or the patch resets, with the request that brings so many uploaded bytes, counted over all
        uploads; the seed decides whether before or after it was obeyed.
    space_bytes
        What its file system holds; None: what its slots do.
    slow_s
        How long every answer takes, s.
    lost, refused, unreadable
        Part of requests that are not answered; answered with an error; answered with an error that carries more than
        the library of most clients reads.
    garbled
        Part of lines on the wire that have a wrong byte, or a line of something else before them.
    burst_lines
        How many lines at once its wire takes; those behind them in a burst are lost. None: any number.
    wrongs
        What is wrong all the time.
    """

    seed: int = 0
    cut_at: tuple[int, ...] = ()
    reset_at: tuple[int, ...] = ()
    space_bytes: int | None = None
    slow_s: float = 0.0
    lost: float = 0.0
    refused: float = 0.0
    unreadable: float = 0.0
    garbled: float = 0.0
    burst_lines: int | None = None
    wrongs: frozenset[Wrong] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if (
            min(self.seed, self.space_bytes or 0, *self.cut_at, *self.reset_at, 0) < 0
            or not 0 <= self.slow_s < math.inf
        ):
            raise ValueError("seed, bytes and seconds must not be negative")
        if self.burst_lines is not None and self.burst_lines < 1:
            raise ValueError("a wire takes one line at least")
        if not all(0 <= part <= 1 for part in (self.lost, self.refused, self.unreadable, self.garbled)):
            raise ValueError("a part of requests is 0 to 1")


CALM: Final = Plan()
"""Nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """What happens around one request.

    Parameters
    ----------
    heard, answered
        Whether the request, and its answer, arrive.
    refusal
        What is answered in place of obeying it.
    delay_s
        How long the answer takes, s.
    cuts, resets
        What happens next.
    """

    heard: bool = True
    answered: bool = True
    refusal: Refusal | None = None
    delay_s: float = 0.0
    cuts: bool = False
    resets: bool = False


class Mishaps:
    """What happens to one request after the other."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._chances = np.random.default_rng(plan.seed)
        self._uploaded_bytes = 0

    @property
    def space_bytes(self) -> int | None:
        """What its file system holds."""
        return self.plan.space_bytes

    def next(self, frame: bytes) -> Step:
        """Tell what happens to the next request."""
        plan = self.plan
        before, self._uploaded_bytes = self._uploaded_bytes, self._uploaded_bytes + _uploaded(frame)
        cuts = _passes(plan.cut_at, before, self._uploaded_bytes)
        resets = _passes(plan.reset_at, before, self._uploaded_bytes)
        if cuts or resets:
            return Step(heard=self._falls(0.5), answered=False, cuts=cuts, resets=resets)
        if self._falls(plan.lost):
            return Step(heard=self._falls(0.5), answered=False)
        return Step(refusal=self._refusal(frame), delay_s=plan.slow_s)

    def distorted(self, reply: Response) -> Response:
        """Return an answer as it is given."""
        if Wrong.HASH in self.plan.wrongs and isinstance(reply, FileHashChecksumResponse):
            output = reply.output
            lie = output ^ 1 if isinstance(output, int) else bytes([output[0] ^ 1]) + output[1:]
            return FileHashChecksumResponse(type=reply.type, off=reply.off, len=reply.len, output=lie)
        return reply

    def worn(self, memory: Memory) -> Memory:
        """Return flash memory as it is."""
        return _Worn(memory, self._chances) if Wrong.FLIP in self.plan.wrongs else memory

    def seen(self, identity: Identity) -> Identity:
        """Return what the patch says it is."""
        if Wrong.BATTERY in self.plan.wrongs:
            identity = replace(identity, battery_percent=_LOW_BATTERY_PERCENT)
        return replace(identity, board=_ANOTHER_BOARD) if Wrong.BOARD in self.plan.wrongs else identity

    def tested(self, runner: Runner) -> Runner:
        """Return a runner whose self-tests go as they are to go."""
        return _FailingSelfTest(runner) if Wrong.SELF_TEST in self.plan.wrongs else runner

    def garbled(self, lines: list[bytes]) -> list[bytes]:
        """Return lines as they arrive on a bad wire."""
        return [garbled for line in lines for garbled in self._garbled(line)] if self.plan.garbled else lines

    def _garbled(self, line: bytes) -> Iterator[bytes]:
        if not self._falls(self.plan.garbled):
            yield line
            return
        if self._falls(0.5):
            yield b"[00:00:01.000,000] <wrn> adc: overrun\r\n"
            yield line
            return
        at = int(self._chances.integers(len(line) - 1))
        yield line[:at] + bytes([int(self._chances.integers(256))]) + line[at + 1 :]

    def _refusal(self, frame: bytes) -> Refusal | None:
        if self._falls(self.plan.refused):
            return Refusal(MGMT_ERR.ENOMEM)
        if self._falls(self.plan.unreadable):
            return Refusal(FS_MGMT_ERR.FILE_OFFSET_NOT_VALID, GroupId.FILE_MANAGEMENT, {"len": _uploaded(frame)})
        return None

    def _falls(self, chance: float) -> bool:
        return chance > 0 and float(self._chances.random()) < chance


def _uploaded(frame: bytes) -> int:
    """Bytes of a file or an image in a request."""
    read = read_header(frame)
    if read is None or read[0].op != _WRITE or (read[0].group, read[0].command) not in _UPLOADS:
        return 0
    try:
        body = cbor2.loads(frame[8:])
    except (cbor2.CBORError, ValueError):
        return 0
    data = body.get("data") if isinstance(body, dict) else None
    return len(data) if isinstance(data, bytes) else 0


def _passes(marks: tuple[int, ...], before: int, after: int) -> bool:
    return any(before <= mark < after for mark in marks)


class _Worn(MutableMapping[str, bytes]):
    """Flash memory that flips a bit of each pack it stores."""

    def __init__(self, memory: Memory, chances: np.random.Generator) -> None:
        self._memory, self._chances = memory, chances

    def __getitem__(self, name: str) -> bytes:
        return self._memory[name]

    def __setitem__(self, name: str, value: bytes) -> None:
        if name.startswith(_SPOILED) and value:
            at, bit = int(self._chances.integers(len(value))), int(self._chances.integers(8))
            value = value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :]
        self._memory[name] = value

    def __delitem__(self, name: str) -> None:
        del self._memory[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._memory)

    def __len__(self) -> int:
        return len(self._memory)


class _FailingSelfTest:
    """A runner whose self-tests find one more difference than there is."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def self_test(self, pack: bytes) -> SelfTested | CannotRun:
        tested = self._runner.self_test(pack)
        return replace(tested, differing=tested.differing + 1) if isinstance(tested, SelfTested) else tested

    def start(self, pack: bytes) -> RunningPack | CannotRun:
        return self._runner.start(pack)
