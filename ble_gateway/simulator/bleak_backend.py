"""Backends that let bleak speak through a bumble device instead of the machine's Bluetooth stack.

They behave as bleak's own: refusals of the peer are `BleakGATTProtocolError`, a link that breaks under a request is
`BleakError`. Bumble alone would cancel the request, which a caller takes for its own cancellation.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, ClassVar, Final, TypeVar

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci
from bumble.device import Connection, Device, Peer

T = TypeVar("T")

MTU: Final = 247
"""What Linux and the phones ask for; the H10 needs 232."""
_SMALLEST_MTU: Final = 23

_PROPERTIES: Final[tuple[tuple[int, CharacteristicPropertyName], ...]] = (
    (0x01, "broadcast"),
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
    (0x40, "authenticated-signed-writes"),
    (0x80, "extended-properties"),
)
_UUID_SIZES: Final = {0x02: 2, 0x03: 2, 0x04: 4, 0x05: 4, 0x06: 16, 0x07: 16}
"""Advertised lists of services: type of the record, bytes of one."""


def _uuid(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))


def _advertised(records: core.AdvertisingData, rssi_dbm: int) -> AdvertisementData:
    """What bleak makes of an advertisement."""
    name: str | None = None
    services: list[str] = []
    makers: dict[int, bytes] = {}
    for kind, value in records.ad_structures:
        if size := _UUID_SIZES.get(kind):
            parts = (value[at : at + size] for at in range(0, len(value), size))
            services += [_uuid(core.UUID.from_bytes(part)) for part in parts]
        elif kind == core.AdvertisingData.COMPLETE_LOCAL_NAME:
            name = value.decode("utf-8", "replace")
        elif kind == core.AdvertisingData.MANUFACTURER_SPECIFIC_DATA:
            makers[int.from_bytes(value[:2], "little")] = bytes(value[2:])
    return AdvertisementData(name, makers, {}, list(dict.fromkeys(services)), None, rssi_dbm, (records,))


@contextlib.contextmanager
def _failures_as_bleaks() -> Iterator[None]:
    """Turn what bumble says where its controller no longer answers into what bleak does."""
    try:
        yield
    except core.BaseBumbleError as error:
        raise BleakError(str(error) or "the radio does not answer") from error


class BumbleScanner(BaseBleakScanner):
    """A scanner; `backends` binds it to a device."""

    central: ClassVar[Device]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_platform: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        self.central.on(self.central.EVENT_ADVERTISEMENT, self._on_advertisement)
        with _failures_as_bleaks():
            await self.central.start_scanning(active=self._active)

    async def stop(self) -> None:
        """Stop scanning."""
        self.central.remove_listener(self.central.EVENT_ADVERTISEMENT, self._on_advertisement)
        with _failures_as_bleaks():
            await self.central.stop_scanning()

    def _on_advertisement(self, seen: Any) -> None:
        advertised = _advertised(seen.data, seen.rssi)
        if not self.is_allowed_uuid(advertised.service_uuids):
            return
        address = seen.address.to_string(False)
        device = self.create_or_update_device(address, address, advertised.local_name, seen.address, advertised)
        self.call_detection_callbacks(device, advertised)


class BumbleClient(BaseBleakClient):
    """A client; `backends` binds it to a device."""

    central: ClassVar[Device]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        services: Iterable[str] | None = None,
        **_platform: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._device = address_or_ble_device if isinstance(address_or_ble_device, BLEDevice) else None
        self._wanted = set(services) if services else None
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribed: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The peer's advertised name, else its address."""
        return (self._device and self._device.name) or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """Bytes of an attribute packet."""
        return self._connection.att_mtu if self._connection else _SMALLEST_MTU

    @property
    def is_connected(self) -> bool:
        """Whether the link stands."""
        return self._connection is not None

    async def connect(self, pair: bool, **_platform: Any) -> None:  # noqa: FBT001 - bleak's signature
        """Connect, and discover all services."""
        if self._connection:
            raise BleakError("Client is already connected")
        address = await self._find()
        try:
            connection = await self.central.connect(address, core.PhysicalTransport.LE, timeout=self._timeout)
        except core.TimeoutError as error:
            raise TimeoutError(f"no connection to {self.address}") from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error)) from error
        self._connection, self._peer = connection, Peer(connection)
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        await self._ask(lambda peer: peer.request_mtu(MTU))
        if pair:
            await self.pair()
        await self._ask(lambda peer: peer.discover_all())
        self.services = self._collect_services()

    async def disconnect(self) -> None:
        """Disconnect, if connected."""
        if self._connection:
            await self._connection.disconnect()
        self.services = None

    async def pair(self, *_: Any, **_platform: Any) -> None:
        """Pair with the peer."""
        await self._ask(lambda peer: peer.connection.pair())

    async def unpair(self) -> None:
        """Forget the peer's keys."""
        if self.central.keystore:
            await self.central.keystore.delete(self.address)

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        """Read a characteristic."""
        return bytearray(await self._ask(lambda peer: peer.read_value(characteristic.handle)))

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._ask(lambda peer: peer.read_value(descriptor.handle)))

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,  # noqa: FBT001 - bleak's signature
    ) -> None:
        """Write a characteristic."""
        value = bytes(data)
        if not response and len(value) > self.mtu_size - 3:
            raise BleakError(f"{len(value)} bytes do not fit a write without response")
        await self._ask(lambda peer: peer.write_value(characteristic.handle, value, response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        value = bytes(data)
        await self._ask(lambda peer: peer.write_value(descriptor.handle, value, True))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: NotifyCallback,
        **_platform: Any,
    ) -> None:
        """Subscribe to notifications or indications."""
        if characteristic.handle in self._subscribed:
            raise BleakError(f"notifications of {characteristic.uuid} are already on")

        def on_value(value: bytes) -> None:
            callback(bytearray(value))

        self._subscribed[characteristic.handle] = on_value
        await self._ask(lambda peer: peer.subscribe(characteristic.obj, on_value))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        on_value = self._subscribed.pop(characteristic.handle, None)
        await self._ask(lambda peer: peer.unsubscribe(characteristic.obj, on_value))

    async def _ask(self, ask: Callable[[Peer], Awaitable[T]]) -> T:
        """Run a request to its end, its failures as bleak's."""
        if self._peer is None:
            raise BleakError("Not connected")
        try:
            return await ask(self._peer)
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except core.TimeoutError as error:
            raise TimeoutError(str(error)) from error
        except core.BaseBumbleError as error:
            raise BleakError(str(error)) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._peer is None and task is not None and not task.cancelling():
                raise BleakError("the link broke during the request") from None
            raise

    async def _find(self) -> hci.Address:
        """Scan for the address.

        Always: bumble's controller takes no new connection after one that was given up, so none is begun that the
        peer would not take at once.
        """
        found: asyncio.Future[hci.Address] = asyncio.get_running_loop().create_future()

        def on_advertisement(seen: Any) -> None:
            if seen.address.to_string(False) == self.address and not found.done():
                found.set_result(seen.address)

        self.central.on(self.central.EVENT_ADVERTISEMENT, on_advertisement)
        with _failures_as_bleaks():
            await self.central.start_scanning(active=True)
        try:
            return await asyncio.wait_for(found, self._timeout)
        except TimeoutError as error:
            if self._device:
                raise TimeoutError(f"{self.address} does not advertise") from error
            raise BleakDeviceNotFoundError(self.address, f"Device {self.address} was not found") from None
        finally:
            self.central.remove_listener(self.central.EVENT_ADVERTISEMENT, on_advertisement)
            with _failures_as_bleaks():
                await self.central.stop_scanning()

    def _collect_services(self) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in self._peer.services if self._peer else ():
            if self._wanted and _uuid(service.uuid) not in self._wanted:
                continue
            collected = BleakGATTService(service, service.handle, _uuid(service.uuid))
            collection.add_service(collected)
            for found in service.characteristics:
                characteristic = BleakGATTCharacteristic(
                    found,
                    found.handle,
                    _uuid(found.uuid),
                    [name for bit, name in _PROPERTIES if int(found.properties) & bit],
                    lambda: self.mtu_size - 3,
                    collected,
                )
                collection.add_characteristic(characteristic)
                for extra in found.descriptors:
                    descriptor = BleakGATTDescriptor(extra, extra.handle, _uuid(extra.type), characteristic)
                    collection.add_descriptor(descriptor)
        return collection

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = self._peer = None
        self._subscribed.clear()
        if self._disconnected_callback:
            asyncio.get_running_loop().call_soon(self._disconnected_callback)


def backends(device: Device) -> tuple[type[BumbleClient], type[BumbleScanner]]:
    """Bind the backends to a powered bumble device: the central of every connection they make."""

    class SimulatedClient(BumbleClient):
        central = device

    class SimulatedScanner(BumbleScanner):
        central = device

    return SimulatedClient, SimulatedScanner
