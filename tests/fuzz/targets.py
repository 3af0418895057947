"""What is fuzzed: decoder, stream and dialogues of every wearable, fed with any bytes as if a radio had brought them.

A fuzzed input is a row of values. Each begins with a byte: in its low half which characteristic it is of (15: the link
breaks instead), in its high half what happened before. Then follow its length (255: all that is left) and its bytes.
"""

import gc
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final

import numpy as np

from ble_gateway.errors import FrameError, GatewayError
from ble_gateway.simulator.catalogue import twin_of
from ble_gateway.stream import Block, Stream
from ble_gateway.wearables import movesense, viatom
from ble_gateway.wearables.catalogue import KINDS, Setup, set_up
from ble_gateway.wearables.heart_rate import BATTERY_LEVEL, HEART_RATE_MEASUREMENT, decode_vitals
from ble_gateway.wearables.wearable import (
    Ask,
    Beats,
    Charge,
    Counted,
    Dialogue,
    Ended,
    Event,
    Missing,
    Position,
    Read,
    Received,
    Samples,
    Step,
    Timed,
    Unplaced,
    Wearable,
)
from edge.signal import GapReason, SampleBlock

CORPUS: Final = Path(__file__).parent / "corpus"
FOUND: Final = Path("build/fuzz")
LONGEST_VALUE: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""
_UNKNOWN: Final = "00002a00-0000-1000-8000-00805f9b34fb"
_LINK_BREAKS: Final = 0x0F
_ALL_THAT_IS_LEFT: Final = 0xFF
_AFTER: Final = (None, GapReason.QUEUE_OVERFLOW, GapReason.DISCONNECTED)
"""What a link may say that happened."""
_MOST_STEPS: Final = 50


@dataclass(frozen=True)
class Target:
    """A wearable, and the characteristics whose values it is fed; first `sealed` with what a checksum would refuse."""

    wearable: Wearable
    characteristics: tuple[str, ...]
    sealed: Callable[[bytes], bytes] = bytes


def _target(kind: str, wearable: Wearable) -> Target:
    offered = (c.uuid for service in twin_of(kind).services for c in service.characteristics)
    return Target(wearable, tuple(dict.fromkeys((*offered, HEART_RATE_MEASUREMENT, BATTERY_LEVEL, _UNKNOWN))))


def _viatom_frame(value: bytes) -> bytes:
    """Make a whole frame with its checksum of what is long enough for one."""
    if len(value) < len(viatom.encode_frame(viatom.Frame(0))):
        return value
    return viatom.encode_frame(viatom.Frame(value[1], value[7:-1], value[3], value[4]))


def _uart(layout: str) -> Target:
    return _target("uart", set_up("uart", Setup(layout=layout)))


TARGETS: Final = {
    **{kind: _target(kind, set_up(kind)) for kind in KINDS},
    "movesense-millivolts": _target("movesense", movesense.wearable(millivolts=True)),
    "viatom-sealed": replace(_target("viatom-er1", set_up("viatom-er1")), sealed=_viatom_frame),
    "uart-samples": _uart("int16be@250Hz,1uV"),
    "uart-counter": _uart("counter2+int16le@250Hz,1uV"),
    "uart-packets": _uart("packet1x5+int16le@250Hz,1uV"),
}
"""By name: every kind as it is usually set up, and what else a set-up makes another decoder of."""


def parse(data: bytes, target: Target) -> Iterator[Received | None]:
    """Read a fuzzed input: values, None where the link breaks. There are no bytes that are none."""
    at, number = 0, 0
    while at < len(data):
        head, number = data[at], number + 1
        at += 1
        if head & 0x0F == _LINK_BREAKS:
            yield None
            continue
        size = data[at] if at < len(data) else 0
        size = LONGEST_VALUE if size == _ALL_THAT_IS_LEFT else size
        value = data[at + 1 : at + 1 + size]
        at += 1 + len(value)
        characteristic = target.characteristics[(head & 0x0F) % len(target.characteristics)]
        yield Received(characteristic, value, 1_790_000_000.0 + 0.2 * number, _AFTER[(head >> 4) % len(_AFTER)])


def compose(values: Iterable[tuple[str, bytes] | None], target: Target) -> bytes:
    """Write an input that brings these values; None where the link breaks."""
    written = bytearray()
    for value in values:
        if value is None:
            written.append(_LINK_BREAKS)
        else:
            characteristic, data = value
            written += bytes([target.characteristics.index(characteristic), len(data)]) + data
    return bytes(written)


def run(data: bytes, target: Target) -> None:
    """Do all that is done with what a radio brings."""
    play(data, target)
    pour(data, target)
    converse(data, target)


def play(data: bytes, target: Target) -> list[Event]:
    """Feed an input to decoders, one a connection, as a stream does; all their events, each of them checked."""
    decoder, events = target.wearable.decoder(), []
    n_bytes = n_samples = 0
    for received in parse(data, target):
        if received is None:
            decoder, n_bytes, n_samples = target.wearable.decoder(), 0, 0
            continue
        received = replace(received, data=target.sealed(received.data))  # noqa: PLW2901 - as if it had come so
        n_bytes += len(received.data)
        try:
            for event in chain(decode_vitals(received), decoder.feed(received)):
                check(event)
                events.append(event)
                n_samples += event.counts.size if isinstance(event, Samples) else 0
                assert n_samples <= n_bytes, "more samples than bytes"
        except FrameError as error:
            str(error)
    return events


def pour(data: bytes, target: Target) -> Stream:
    """Feed an input to a stream; its blocks, each of them checked, follow each other without a hole."""
    stream, after, end_index = Stream(target.wearable), None, 0
    for received in parse(data, target):
        if received is None:
            after = GapReason.DISCONNECTED
            continue
        value = replace(received, data=target.sealed(received.data), after=after or received.after)
        end_index, after = _follow(stream.feed(value), end_index), None
        stream.requests()
    end_index = _follow(stream.finish(), end_index)
    assert end_index == stream.samples_received + stream.samples_lost
    return stream


def _follow(blocks: Iterable[Block], end_index: int) -> int:
    for block in blocks:
        block.follows(end_index)
        assert math.isfinite(block.start_s)
        assert math.isfinite(block.time_uncertainty_s)
        assert block.time_uncertainty_s >= 0
        if isinstance(block, SampleBlock):
            assert math.isfinite(block.period_s)
            assert block.period_s > 0
        end_index = block.end_index
    return end_index


def converse(data: bytes, target: Target) -> None:
    """Hold the dialogues with a wearable that answers with the values of an input, and falls silent after them."""
    for dialogue in (target.wearable.start(), target.wearable.stop()):
        _hold(dialogue, (received.data for received in parse(data, target) if received is not None))


def _hold(dialogue: Dialogue, answers: Iterator[bytes]) -> None:
    reply: bytes | None = None
    for _ in range(_MOST_STEPS):
        try:
            step = dialogue.send(reply)
        except StopIteration:
            return
        except GatewayError as error:
            str(error)
            return
        reply = _reply(step, answers)
        if reply is None and isinstance(step, Ask):
            dialogue.close()
            return
    raise AssertionError("a dialogue without end")


def _reply(step: Step, answers: Iterator[bytes]) -> bytes | None:
    match step:
        case Read():
            return next(answers, None)
        case Ask(is_answer=is_answer):
            return next((answer for answer in answers if is_answer(answer)), None)
    return None


def check(event: Event) -> None:
    """Fail where an event is one that no wearable can mean."""
    match event:
        case Samples(counts, scale, position, contact):
            assert counts.dtype == np.int32
            assert counts.ndim == 1
            assert 1 <= counts.size <= LONGEST_VALUE * 8
            assert math.isfinite(scale.millivolts_per_count)
            assert scale.millivolts_per_count != 0
            assert math.isfinite(scale.zero_count)
            assert contact in {None, False, True}
            _check_position(position)
        case Beats(bpm, rr_s, contact):
            assert bpm >= 0
            assert all(math.isfinite(interval) and interval >= 0 for interval in rr_s)
            assert contact in {None, False, True}
        case Charge(percent):
            assert 0 <= percent <= 100
        case Missing(first, n_samples):
            assert first >= 0
            assert n_samples >= 1
        case _:
            assert isinstance(event, Ended)


def _check_position(position: Position) -> None:
    match position:
        case Counted(first, modulus, last_ns, epoch):
            assert 0 <= first < modulus
            assert last_ns is None or isinstance(last_ns, int)
            assert isinstance(epoch, int)
        case Timed(last_ns, resolution_ns):
            assert isinstance(last_ns, int)
            assert isinstance(resolution_ns, int)
            assert resolution_ns >= 1
        case _:
            assert isinstance(position, Unplaced)


def held_bytes(decoder: object) -> int:
    """What a decoder keeps in memory, bytes; what is code, or shared by all decoders, left out."""
    shared = (type, ModuleType, FunctionType, BuiltinFunctionType, Wearable)
    seen, size, waiting = set(), 0, [decoder]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen and not isinstance(thing, shared):
            seen.add(id(thing))
            size += sys.getsizeof(thing) + (thing.nbytes if isinstance(thing, np.ndarray) else 0)
            waiting += gc.get_referents(thing)
    return size
