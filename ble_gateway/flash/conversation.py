"""Ask a device, and get an answer or a reason: through silence, noise and a link that comes and goes, but not for ever.

`smpclient` carries and frames; it asks once. Here a question is asked again, an answer that comes late is not taken for
that of the next one, and an error that the library cannot read is read.
"""

import asyncio
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cbor2
from smp.error import MGMT_ERR
from smp.exceptions import SMPException
from smp.file_management import FS_MGMT_ERR
from smp.header import GroupId, Header
from smp.image_management import IMG_MGMT_ERR
from smp.message import WriteRequest
from smp.os_management import OS_MGMT_RET_RC
from smpclient import SMPClient
from smpclient.exceptions import SMPClientException
from smpclient.generics import SMPRequest, TEr1, TEr2, TRep
from smpclient.requests.os_management import MCUMgrParametersRead
from smpclient.transport import SMPTransport

from ble_gateway.errors import GatewayError
from ble_gateway.flash.errors import DeviceRefused, FlashError, FlashFault
from ble_gateway.flash.messages import GROUP, PatchError
from ble_gateway.flash.transport import LINK_ERRORS, Line
from edge.errors import EdgeError

_NONSENSE: Final = (
    SMPException, SMPClientException, binascii.Error, struct.error, cbor2.CBORError, ValueError, TypeError, LookupError,
    ArithmeticError, RecursionError,
)  # fmt: skip
"""What the libraries raise at bytes that are no answer; `ValidationError` is a `ValueError`."""
_CODES: Final = {
    GroupId.OS_MANAGEMENT: OS_MGMT_RET_RC,
    GroupId.IMAGE_MANAGEMENT: IMG_MGMT_ERR,
    GroupId.FILE_MANAGEMENT: FS_MGMT_ERR,
    GROUP: PatchError,
}
_SEQUENCE_AT: Final = 6
_SLOWEST: Final = 8.0
_LEAST_DATA_BYTES: Final = 128
"""With it a request fits two lines of a serial port."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try.

    Parameters
    ----------
    answer_s
        For an answer; twice as long after each one that did not come, up to eight times, and at least twice as long as
        the last one took.
    work_s
        For an answer that takes work: a self-test, erasing flash.
    asks
        How often a question is asked.
    connect_s
        For a connection.
    pauses_s
        Before each attempt to connect again.
    restart_s
        Before each look whether a device that restarts is back.
    """

    answer_s: float = 2.5
    work_s: float = 60.0
    asks: int = 4
    connect_s: float = 20.0
    pauses_s: tuple[float, ...] = (0.2, 1.0, 2.0, 4.0, 8.0, 8.0)
    restart_s: tuple[float, ...] = (1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The link broke; it is being made again.

    Parameters
    ----------
    why
        What went wrong, for people.
    attempt, attempts
        Which one this is, and of how many.
    """

    why: str
    attempt: int
    attempts: int


class Unanswered(Exception):
    """No answer to one question; `fault` says why.

    Parameters
    ----------
    fault
        ``NO_SMP`` (silence), ``GARBLED`` or ``LINK_LOST``.
    why
        For people.
    """

    def __init__(self, fault: FlashFault, why: str) -> None:
        super().__init__(why)
        self.fault = fault
        self.why = why


class Conversation:
    """A conversation with one device.

    Parameters
    ----------
    line
        The way to it.
    patience
        How long to wait, and how often to try.
    tell
        Told when the link is made again.
    """

    def __init__(
        self, line: Line, patience: Patience | None = None, tell: Callable[[Reconnecting], None] = lambda _: None
    ) -> None:
        self._line = line
        self.patience = patience or Patience()
        self._tell = tell
        self._transport: SMPTransport | None = None
        self._client: SMPClient | None = None
        self._why = ""
        self._slowness = 1.0
        self._most_data_bytes: int | None = None

    async def open(self) -> None:
        """Connect, and hear whether SMP is spoken.

        Raises
        ------
        FlashError
            ``NO_PORT``, ``PORT_BUSY``, ``PORT_DENIED``, ``NO_SMP`` or ``LINK_LOST``.
        GatewayError
            If there is no adapter, or no such device in reach.
        """
        try:
            await self._connect()
        except Unanswered as first:
            if first.fault is FlashFault.LINK_LOST:
                await self._reconnect(first.why)
                return
            try:
                await self._connect()
            except Unanswered as again:
                raise self._no_smp(again) from again

    async def close(self) -> None:
        """Disconnect; safe to call twice, and never raises what a link that is gone raises."""
        transport, self._transport, self._client = self._transport, None, None
        if transport is None:
            return
        try:
            async with asyncio.timeout(self.patience.answer_s):
                await transport.disconnect()
        except (*LINK_ERRORS, *_NONSENSE, TimeoutError):
            return

    async def ask(self, request: SMPRequest[TRep, TEr1, TEr2], doing: str, *, within_s: float | None = None) -> TRep:
        """Ask what may be asked twice, until it is answered or patience is at its end.

        Parameters
        ----------
        request
            As `smpclient.requests` has them.
        doing
            What is asked for, as in "the device does not ...".
        within_s
            For an answer, at first.

        Raises
        ------
        DeviceRefused
            If the answer is no.
        FlashError
            ``LINK_LOST``, ``NO_SMP`` or ``GARBLED`` where there is none.
        """
        for n in range(self.patience.asks):
            try:
                return await self.ask_once(request, doing, within_s=within_s)
            except Unanswered as error:
                failed: Unanswered | DeviceRefused = error
                if n or error.fault is not FlashFault.NO_SMP:
                    await self.hang_up(error.why)
            except DeviceRefused as refused:
                if not refused.may_pass:
                    raise
                failed = refused
                await asyncio.sleep(self.patience.pauses_s[0])
        raise failed if isinstance(failed, DeviceRefused) else self._given_up(doing, failed)

    async def ask_once(
        self, request: SMPRequest[TRep, TEr1, TEr2], doing: str, *, within_s: float | None = None
    ) -> TRep:
        """Ask once, over a link that is made again where it broke before.

        Raises
        ------
        Unanswered
            If no answer comes; whether the device heard the question is not known.
        DeviceRefused
            If the answer is no.
        FlashError
            ``LINK_LOST`` if the link cannot be made again.
        """
        if self._transport is None:
            await self._reconnect(self._why)
        return await self._ask(request, doing, within_s or self.patience.answer_s)

    async def hang_up(self, why: str) -> None:
        """Drop the link; the next question makes it again."""
        await self.close()
        self._why = why

    async def room_bytes(self, request: WriteRequest) -> int:
        """Return how many bytes of data to send with this request, whose data is empty: all that a frame takes.

        Raises
        ------
        FlashError
            ``LINK_LOST`` if there is no link to know it of, and it cannot be made again.
        """
        client = self._client or await self._reconnect(self._why)
        room = max(1, client.get_max_cbor_and_data_size(request)[1])
        return min(room, self._most_data_bytes or room)

    def send_less(self, n_bytes: int) -> None:
        """Send half as much with a request from now on as these `n_bytes`, to which there was no answer.

        A device may drop what comes at once beyond a few lines, whatever it says of its buffers.
        """
        self._most_data_bytes = max(_LEAST_DATA_BYTES, n_bytes // 2)

    async def _connect(self) -> SMPClient:
        """Connect, and learn how large a frame may be; `Unanswered` where that fails and nobody says more."""
        transport = self._line.transport()
        try:
            async with asyncio.timeout(self.patience.connect_s * 2):
                await transport.connect(self._line.address, self.patience.connect_s)
        except EdgeError:
            raise
        except (*LINK_ERRORS, *_NONSENSE) as error:
            raise _unanswered(error) from error
        self._transport = transport
        self._client = client = SMPClient(transport, self._line.address)
        try:
            await self._learn_buffers(transport)
        except Unanswered:
            await self.close()
            raise
        return client

    async def _learn_buffers(self, transport: SMPTransport) -> None:
        """Ask how large a frame may be; where the device cannot tell, the transport keeps to what any server takes."""
        for _ in range(self.patience.asks):
            try:
                buffers = await self._ask(MCUMgrParametersRead(), "tell its buffers", self.patience.answer_s)
                transport.initialize(buffers.buf_size)
            except DeviceRefused as refused:
                if refused.may_pass:
                    continue
            except ValueError as error:  # no frame would fit
                raise _unanswered(error) from error
            return

    async def _reconnect(self, why: str) -> SMPClient:
        pauses_s = self.patience.pauses_s
        for attempt, pause_s in enumerate(pauses_s, start=1):
            await asyncio.sleep(pause_s)
            self._tell(Reconnecting(why, attempt, len(pauses_s)))
            try:
                return await self._connect()
            except (Unanswered, FlashError, GatewayError) as error:
                why = error.why if isinstance(error, Unanswered) else error.problem
        raise FlashError(
            FlashFault.LINK_LOST,
            f"{self._line.name} is out of reach: {why}",
            advice="bring it nearer or plug it in, and run the same again: it goes on from where the device is",
        )

    async def _ask(self, request: SMPRequest[TRep, TEr1, TEr2], doing: str, within_s: float) -> TRep:
        limit_s = within_s * self._slowness
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            async with asyncio.timeout(limit_s):
                frame = await self._exchange(request)
            self._slowness = min(max(1.0, 2 * (loop.time() - began_s) / within_s), _SLOWEST)
            return _read(request, frame, doing)
        except TimeoutError as error:
            self._slowness = min(2 * self._slowness, _SLOWEST)
            raise Unanswered(FlashFault.NO_SMP, f"no answer within {limit_s:g} s") from error
        except (*LINK_ERRORS, *_NONSENSE) as error:
            raise _unanswered(error) from error

    async def _exchange(self, request: SMPRequest[TRep, TEr1, TEr2]) -> bytes:
        transport = self._transport
        if transport is None:
            raise ConnectionError("not connected")
        await transport.send(request.BYTES)
        while True:
            frame = await transport.receive()
            if len(frame) >= Header.SIZE and frame[_SEQUENCE_AT] == request.header.sequence:
                return frame

    def _no_smp(self, error: Unanswered) -> FlashError:
        heard = "answers nothing" if error.fault is FlashFault.NO_SMP else f"answers no SMP ({error.why})"
        return FlashError(
            FlashFault.NO_SMP if error.fault is FlashFault.NO_SMP else error.fault,
            f"{self._line.name} {heard}",
            advice="check that it is the patch, that it is on, and that its firmware serves MCUmgr here",
        )

    def _given_up(self, doing: str, error: Unanswered) -> FlashError:
        return FlashError(
            error.fault,
            f"{self._line.name} was asked {self.patience.asks} times to {doing}: {error.why}",
            advice="switch it off and on, and run the same again: it goes on from where the device is",
        )


def _read(request: SMPRequest[TRep, TEr1, TEr2], frame: bytes, doing: str) -> TRep:
    """Read an answer; what the library does not know of it is passed over."""
    header = Header.loads(frame[: Header.SIZE])
    body: Any = cbor2.loads(frame[Header.SIZE :])
    if not isinstance(body, dict):
        raise TypeError("an answer is a map")
    _refuse_errors(body, doing)
    response = request._Response  # noqa: SLF001 - the library's protocol
    known = {name: value for name, value in body.items() if name in response.model_fields}
    return response(header=header, smp_data=frame, **known)


def _refuse_errors(body: dict[str, Any], doing: str) -> None:
    """Raise what the answer says of an error, whatever else it says."""
    if isinstance(fault := body.get("err"), dict):
        group, code = int(fault["group"]), int(fault["rc"])
        codes = _CODES.get(group)
        beside = {name: value for name, value in body.items() if name != "err"}
    elif isinstance(code := body.get("rc", 0), int) and code:
        group, codes = None, MGMT_ERR
        beside = {name: value for name, value in body.items() if name != "rc"}
    else:
        return
    name = codes(code).name if codes and code in list(codes) else ""
    raise DeviceRefused(doing, group, code, name, beside)


def _unanswered(error: BaseException) -> Unanswered:
    if isinstance(error, TimeoutError):
        return Unanswered(FlashFault.NO_SMP, str(error) or "no answer in time")
    if isinstance(error, LINK_ERRORS):
        return Unanswered(FlashFault.LINK_LOST, _first_line(error) or "the link broke")
    return Unanswered(FlashFault.GARBLED, f"bytes that are no answer: {_first_line(error) or type(error).__name__}")


def _first_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).strip().partition("\n")[0]
