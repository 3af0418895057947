"""Our own patch: a GATT service that counts its samples, stamps them, and sends again what was lost.

Source: ``ble_gateway/PATCH_PROTOCOL.md``, version 1. No hardware speaks it yet, only the virtual patch.
"""

from collections.abc import Iterator
from typing import Final

from ble_gateway.errors import FrameError, GatewayError, GatewayFault
from ble_gateway.wearables.patch_control import (
    ANSWER_MARK,
    CONTROL,
    INFORMATION,
    PATCH_SERVICE,
    RATES_HZ,
    Answer,
    Backfill,
    Farewell,
    Gone,
    Opcode,
    Setup,
    Start,
    Status,
    Stop,
    decode_information,
    decode_packet,
    encode_command,
)
from ble_gateway.wearables.patch_outcome import OUTCOME, decode_outcome
from ble_gateway.wearables.patch_stream import (
    COUNT_MODULUS,
    STREAM,
    TICK_HZ,
    VERSION,
    decode_frame,
    unwrapped_ticks,
)
from ble_gateway.wearables.wearable import (
    Advertised,
    Ask,
    Counted,
    Dialogue,
    Ended,
    Event,
    Gives,
    Missing,
    Read,
    Received,
    Samples,
    Subscribe,
    Trust,
    Wearable,
    Write,
)

KIND: Final = "anyecg-patch"

_ADVICE: Final = {
    Status.NO_SUCH_RATE: "choose another rate",
    Status.LINK_TOO_SLOW: "bring it nearer, or use an adapter that grants a larger MTU",
    Status.BATTERY_LOW: "charge it",
}


class PatchDecoder:
    """Reads stream, control and outcomes; the answer to the start command says what the samples mean."""

    def __init__(self) -> None:
        self._setup: Setup | None = None

    def feed(self, received: Received) -> Iterator[Event]:
        """Read one value."""
        if received.characteristic == STREAM:
            yield self._samples(received.data)
        elif received.characteristic == OUTCOME:
            yield decode_outcome(received.data)
        elif received.characteristic == CONTROL:
            match decode_packet(received.data):
                case Answer(setup=Setup() as setup):
                    self._setup = setup
                case Gone(first, n_samples):
                    yield Missing(first, n_samples)
                case Farewell():
                    yield Ended()

    def _samples(self, data: bytes) -> Samples:
        frame = decode_frame(data)
        if self._setup is None:
            raise FrameError("a frame before the answer that says its scale", data)
        last = frame.first + frame.counts.size - 1
        ticks = unwrapped_ticks(frame.ticks, last, self._setup.rate_hz)
        position = Counted(frame.first, COUNT_MODULUS, ticks * 1_000_000_000 // TICK_HZ, frame.epoch)
        return Samples(frame.counts, self._setup.scale, position, contact=not frame.lead_off)


def recognise(advertised: Advertised) -> bool:
    """Whether it advertises the patch's service."""
    return PATCH_SERVICE in advertised.services


def _start(rate_hz: int) -> Dialogue:
    value = yield Read(INFORMATION)
    if not value or value[0] != VERSION:
        raise _refused("it does not speak version 1 of the patch's protocol", "update its firmware, or this gateway")
    offered = decode_information(value).rates_hz
    if rate_hz not in offered:
        rates = ", ".join(f"{rate} Hz" for rate in offered) or "no rate"
        raise _refused(f"it offers {rates}, not {rate_hz} Hz", "choose a rate that it offers")
    yield Subscribe(STREAM)
    yield Subscribe(CONTROL)
    yield Subscribe(OUTCOME, needed=False)
    packet = yield Ask(
        Write(CONTROL, encode_command(Start(rate_hz))),
        CONTROL,
        lambda packet: packet[:2] == bytes([ANSWER_MARK, Opcode.START]),
    )
    match decode_packet(packet or b""):
        case Answer(setup=Setup(rate_hz=started_hz)):
            if started_hz != rate_hz:
                raise _refused(f"it streams at {started_hz} Hz, not at {rate_hz} Hz", "update its firmware")
        case Answer(status=status):
            words = status.name.lower().replace("_", " ")
            raise _refused(f"it does not start ({words})", _ADVICE.get(status, "update its firmware"))


def _stop() -> Dialogue:
    yield Write(CONTROL, encode_command(Stop()))


def _backfill(first: int, n_samples: int) -> Write:
    return Write(CONTROL, encode_command(Backfill(first, n_samples)))


def _refused(what: str, advice: str) -> GatewayError:
    return GatewayError(GatewayFault.REFUSED, what, advice=advice)


def wearable(rate_hz: float = 250.0) -> Wearable:
    """Set up a patch that streams at one of `RATES_HZ`.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` where the protocol has no such rate.
    """
    if rate_hz not in RATES_HZ:
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"a patch has no rate of {rate_hz:g} Hz",
            advice=f"choose one of {', '.join(map(str, RATES_HZ))} Hz",
        )
    return Wearable(
        kind=KIND,
        title="anyecg patch",
        gives=Gives.WAVES,
        rate_hz=rate_hz,
        rates_hz=tuple(map(float, RATES_HZ)),
        placed_by="a count of samples, and time stamps",
        trust=Trust.OURS,
        limits=("No hardware speaks its protocol yet: only the virtual patch does.",),
        recognised_by=recognise,
        data=STREAM,
        start=lambda: _start(int(rate_hz)),
        stop=_stop,
        decoder=PatchDecoder,
        backfill=_backfill,
    )
