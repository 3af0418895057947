"""Writes a seed for every target: what the wearable's twin says in the first moments of a stream.

``python -m tests.fuzz.seeds`` rewrites ``corpus/*/twin``; other files there once found something, and stay.
"""

from collections.abc import Iterator

import numpy as np

from ble_gateway.simulator.catalogue import twin_of
from ble_gateway.simulator.twin import Taken, Twin
from ble_gateway.simulator.twins.movesense import Form, MovesenseTwin
from ble_gateway.simulator.twins.uart import UartTwin
from ble_gateway.wearables import uart
from ble_gateway.wearables.wearable import Ask, Read, Subscribe, Wearable, Write
from tests.fuzz.targets import CORPUS, TARGETS, compose

_MOST_BYTES = 1000
_FRAMES = 10


def _twin(name: str) -> Twin:
    match name:
        case "movesense-millivolts":
            return MovesenseTwin(form=Form.MICROVOLTS)
        case "uart-samples":
            return UartTwin(uart.parse_format("int16be@250Hz,1uV"))
        case "uart-counter":
            return UartTwin(uart.parse_format("counter2+int16le@250Hz,1uV"))
        case "uart-packets":
            return UartTwin(uart.parse_format("packet1x5+int16le@250Hz,1uV"))
        case "viatom-sealed":
            return twin_of("viatom-er1")
    return twin_of(name)


def says(twin: Twin, wearable: Wearable) -> Iterator[tuple[str, bytes]]:
    """What it says from the connect on: reads, answers, a few frames, and its end."""
    dialogue, reply = wearable.start(), None
    try:
        while True:
            step, reply = dialogue.send(reply), None
            match step:
                case Read(characteristic):
                    reply = _value(twin, characteristic)
                    yield from [] if reply is None else [(characteristic, reply)]
                case Subscribe(characteristic):
                    yield from ((sent.characteristic, sent.value) for sent in twin.subscribed(characteristic))
                case Write(characteristic, data):
                    yield from ((sent.characteristic, sent.value) for sent in twin.written(characteristic, data))
                case Ask(write, _, is_answer):
                    answers = list(twin.written(write.characteristic, write.data))
                    reply = next(sent.value for sent in answers if is_answer(sent.value))
                    yield from ((sent.characteristic, sent.value) for sent in answers)
    except StopIteration:
        yield from _streams(twin, wearable)


def _value(twin: Twin, characteristic: str) -> bytes | None:
    offered = {c.uuid: c.value for service in twin.services for c in service.characteristics}
    said = twin.read(characteristic)
    return offered.get(characteristic) if said is None else said


def _streams(twin: Twin, wearable: Wearable) -> Iterator[tuple[str, bytes]]:
    low, high = twin.rails
    for frame in range(_FRAMES):
        index = np.arange(frame * twin.frame_samples, (frame + 1) * twin.frame_samples)
        counts = np.clip((index * 37 % 400 - 200) * (-1) ** frame, low, high).astype(np.int32)
        sending = [*twin.taken(Taken(counts, int(index[0]), round(index[-1] / twin.rate_hz * 1e9)))]
        if wearable.poll:
            sending += twin.written(wearable.poll.write.characteristic, wearable.poll.write.data)
        yield from ((sent.characteristic, sent.value) for sent in sending)
    yield from ((sent.characteristic, sent.value) for sent in twin.ended())


def main() -> None:
    """Write them."""
    for name, target in TARGETS.items():
        said, size = [], 0
        for characteristic, value in says(_twin(name), target.wearable):
            if len(value) < 0xFF and size + len(value) + 2 <= _MOST_BYTES:
                said.append((characteristic, value))
                size += len(value) + 2
        path = CORPUS / name / "twin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compose(said, target))


if __name__ == "__main__":
    main()
