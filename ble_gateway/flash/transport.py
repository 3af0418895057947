"""Ways to a device: a serial port, or Bluetooth through a `Radio`, real or simulated; the framing is `smpclient`'s."""

import asyncio
import errno
from dataclasses import dataclass
from typing import Final, Protocol

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError
from bleak_retry_connector import BleakClientWithServiceCache, establish_connection
from serial import SerialException
from smp.header import Header
from smpclient.transport import SMP_CHARACTERISTIC_UUID, SMPTransport, SMPTransportDisconnected
from smpclient.transport.ble import SMPBLETransport
from smpclient.transport.serial import SMPSerialTransport

from ble_gateway.flash.errors import FlashError, FlashFault
from ble_gateway.radio import Radio, Wanted, find_one

LINK_ERRORS: Final = (SMPTransportDisconnected, BleakError, SerialException, OSError, EOFError)
"""What a transport raises when there is nobody at the other end any more."""
_WRITE_S: Final = 10.0
_ATTEMPTS: Final = 2
_BUSY: Final = frozenset({errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM})


class Line(Protocol):
    """A way to one device."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def address(self) -> str:
        """What its transport connects to."""
        ...

    def transport(self) -> SMPTransport:
        """Make a transport for one connection."""
        ...


@dataclass(frozen=True, slots=True)
class PortLine:
    """A serial port: UART, USB, or a pseudo-terminal.

    Parameters
    ----------
    address
        Path of the port.
    baud
        Bits a second; USB does not mind.
    """

    address: str
    baud: int = 115_200

    @property
    def name(self) -> str:
        """The port's path."""
        return self.address

    def transport(self) -> SMPTransport:
        """Make a transport that has the port for itself."""
        return PortTransport(baudrate=self.baud, exclusive=True, write_timeout=_WRITE_S)


@dataclass(frozen=True, slots=True)
class RadioLine:
    """Bluetooth.

    Parameters
    ----------
    address
        Address or name of the device.
    radio
        Through which radio.
    """

    address: str
    radio: Radio

    @property
    def name(self) -> str:
        """Address or name, and the radio."""
        return f"{self.address} through the {self.radio.name}"

    def transport(self) -> SMPTransport:
        """Make a transport that looks for the device when it connects."""
        return RadioTransport(self.radio)


class PortTransport(SMPSerialTransport):
    """`SMPSerialTransport` that says at once why a port cannot be opened, and looks for answers five times as often."""

    _POLLING_INTERVAL_S = 0.001  # type: ignore[misc]  # the library's 5 ms are most of what a chunk takes by USB

    async def connect(self, address: str, timeout_s: float) -> None:  # noqa: ARG002 - the library's signature
        """Open the port.

        Raises
        ------
        FlashError
            ``NO_PORT``, ``PORT_BUSY`` or ``PORT_DENIED``.
        """
        self._reset_state()
        self._conn.port = address
        try:
            self._conn.open()
            self._conn.reset_input_buffer()
        except (SerialException, OSError, ValueError) as error:
            self._conn.close()
            raise _port_trouble(address, error) from error


def _port_trouble(path: str, error: Exception) -> FlashError:
    number = getattr(error, "errno", None)
    if number in _BUSY:
        return FlashError(
            FlashFault.PORT_BUSY,
            f"{path} is in use by another program",
            advice="close terminals and other flashers on it, and try again",
        )
    if number in _DENIED:
        return FlashError(
            FlashFault.PORT_DENIED,
            f"this user may not open {path}",
            advice="join the group that owns it (sudo usermod -aG dialout $USER) and log in again",
        )
    if number in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
        return FlashError(
            FlashFault.NO_PORT, f"there is no port {path}", advice="plug the device in, and see ls /dev/tty*"
        )
    what = (
        f"cannot be opened ({error.strerror})" if isinstance(error, OSError) and error.strerror else "is no serial port"
    )
    return FlashError(FlashFault.NO_PORT, f"{path} {what}", advice="check the path, and see ls /dev/tty*")


class RadioTransport(SMPBLETransport):
    """`SMPBLETransport` through a `Radio`, whose requests may be given up: the library's own keeps a lock then.

    Parameters
    ----------
    radio
        Through which radio.
    """

    def __init__(self, radio: Radio) -> None:
        super().__init__()
        self._radio = radio
        self._news = asyncio.Event()

    async def _connect(self, address: str, timeout_s: float) -> None:
        async with self._radio.one_at_a_time:
            seen = await find_one(self._radio, Wanted(address), timeout_s=timeout_s / 2)
            self._client = await establish_connection(
                BleakClientWithServiceCache,
                seen.device,
                seen.label,
                disconnected_callback=self._on_disconnected,
                max_attempts=_ATTEMPTS,
                use_services_cache=False,
                backend=self._radio.client,
            )
        self._disconnected_event.clear()
        found = self._client.services.get_characteristic(SMP_CHARACTERISTIC_UUID)
        if found is None:
            raise FlashError(
                FlashFault.NO_SMP,
                f"{seen.label} at {seen.address} has no SMP service",
                advice="check that it is the patch, and that its firmware serves MCUmgr by Bluetooth",
            )
        self._smp_characteristic = found
        await self._client.start_notify(found, self._on_value)

    @property
    def mtu(self) -> int:
        """What a write may hold, bytes; some systems learn it only once the connection has settled."""
        return self._smp_characteristic.max_write_without_response_size

    async def receive(self) -> bytes:
        """Wait for the next whole message.

        Raises
        ------
        SMPTransportDisconnected
            If the device is gone.
        """
        while True:
            if len(self._buffer) >= Header.SIZE:
                size = Header.SIZE + int.from_bytes(self._buffer[2:4], "big")
                if len(self._buffer) >= size:
                    message = bytes(self._buffer[:size])
                    del self._buffer[:size]
                    return message
            if self._disconnected_event.is_set():
                raise SMPTransportDisconnected(f"{self._client.address} is gone")
            self._news.clear()
            await self._news.wait()

    def _on_value(self, _: BleakGATTCharacteristic, data: bytearray) -> None:
        self._buffer.extend(data)
        self._news.set()

    def _on_disconnected(self, _: BleakClient) -> None:
        self._disconnected_event.set()
        self._news.set()
