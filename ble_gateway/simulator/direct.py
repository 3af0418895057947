"""A simulated radio without packets: bleak on one side, twins on the other, nothing in between.

It carries a night of eight wearables in minutes, where the radio of `air` carries every HCI and ATT packet. What it
gives to bleak's callers, and how it fails, is the same.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError

from ble_gateway.radio import Radio
from ble_gateway.simulator.peripheral import Ears
from ble_gateway.simulator.twin import Advertisement, OfferedService, Property, Sent

MTU: Final = 247
_ADVERTISE_EVERY_S: Final = 0.1
_RSSI_DBM: Final = -50
_PROPERTIES: Final[dict[Property, CharacteristicPropertyName]] = {
    Property.READ: "read",
    Property.WRITE: "write",
    Property.WRITE_WITHOUT_RESPONSE: "write-without-response",
    Property.NOTIFY: "notify",
    Property.INDICATE: "indicate",
}


class DirectAir:
    """What all wearables and gateways without packets share."""

    def __init__(self) -> None:
        self.peripherals: dict[str, DirectPeripheral] = {}

    def peripheral(
        self, advertisement: Advertisement, services: tuple[OfferedService, ...], address: str
    ) -> "DirectPeripheral":
        """Make the radio of a wearable."""
        made = DirectPeripheral(advertisement, services, address)
        self.peripherals[address] = made
        return made

    def radio(self) -> Radio:
        """Make the radio of a gateway."""

        class Client(DirectClient):
            air = self

        class Scanner(DirectScanner):
            air = self

        return Radio("simulated radio without packets", Client, Scanner)


class DirectPeripheral:
    """The radio of one wearable."""

    def __init__(self, advertisement: Advertisement, services: tuple[OfferedService, ...], address: str) -> None:
        self.advertisement, self.services, self.address = advertisement, services, address
        self.ears = Ears()
        self.advertises = False
        self.client: DirectClient | None = None
        self.offered = {offered.uuid: offered for service in services for offered in service.characteristics}

    @property
    def largest_value_bytes(self) -> int:
        """What fits one notification."""
        return MTU - 3

    async def power_on(self) -> None:
        """Be there, and advertise."""
        self.advertises = True

    async def power_off(self) -> None:
        """Be gone; a gateway's link breaks."""
        self.ears = Ears()
        await self.drop()
        self.advertises = False

    async def advertise(self) -> None:
        """Advertise again."""
        self.advertises = self.client is None

    async def drop(self) -> None:
        """Break the link, as distance does."""
        if self.client:
            self.client.broke(properly=False)

    async def send(self, sent: Sent) -> None:
        """Notify or indicate, if a gateway has asked for it."""
        if self.client and (callback := self.client.subscribed.get(sent.characteristic)):
            callback(bytearray(sent.value[: MTU - 3]))


class DirectScanner(BaseBleakScanner):
    """A scanner; `DirectAir.radio` binds it to the air."""

    air: ClassVar[DirectAir]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        _scanning_mode: str,
        **_platform: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        self._task = asyncio.create_task(self._hear())

    async def stop(self) -> None:
        """Stop scanning."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _hear(self) -> None:
        while True:
            for peripheral in list(self.air.peripherals.values()):
                if peripheral.advertises:
                    self._detect(peripheral)
            await asyncio.sleep(_ADVERTISE_EVERY_S)

    def _detect(self, peripheral: DirectPeripheral) -> None:
        says = peripheral.advertisement
        makers = dict([says.maker]) if says.maker else {}
        advertised = AdvertisementData(says.name, makers, {}, list(says.services), None, _RSSI_DBM, (peripheral,))
        if self.is_allowed_uuid(advertised.service_uuids):
            address = peripheral.address
            device = self.create_or_update_device(address, address, says.name, peripheral, advertised)
            self.call_detection_callbacks(device, advertised)


class DirectClient(BaseBleakClient):
    """A client; `DirectAir.radio` binds it to the air."""

    air: ClassVar[DirectAir]

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
        self._wanted = set(services) if services else None
        self._peripheral: DirectPeripheral | None = None
        self.subscribed: dict[str, Callable[[bytearray], None]] = {}
        """Who is to be told what, by characteristic."""

    @property
    def name(self) -> str:
        """The peer's address."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """Bytes of an attribute packet."""
        return MTU

    @property
    def is_connected(self) -> bool:
        """Whether the link stands."""
        return self._peripheral is not None

    async def connect(self, pair: bool, **_platform: Any) -> None:  # noqa: ARG002, FBT001 - bleak's signature
        """Connect, where the wearable advertises."""
        peripheral = self.air.peripherals.get(self.address)
        if peripheral is None or not peripheral.advertises:
            await asyncio.sleep(self._timeout)
            raise BleakDeviceNotFoundError(self.address, f"Device {self.address} was not found")
        self._peripheral, peripheral.client, peripheral.advertises = peripheral, self, False
        self.services = _collected(peripheral, self._wanted)
        peripheral.ears.connected()

    async def disconnect(self) -> None:
        """Disconnect, if connected."""
        if self._peripheral:
            self.broke(properly=True)
        self.services = None

    def broke(self, *, properly: bool) -> None:
        """End the link, and tell both sides."""
        peripheral, self._peripheral = self._peripheral, None
        self.subscribed.clear()
        if peripheral is None:
            return
        peripheral.client = None
        peripheral.ears.disconnected(properly)
        if self._disconnected_callback:
            asyncio.get_running_loop().call_soon(self._disconnected_callback)

    async def pair(self, *_: Any, **_platform: Any) -> None:
        """Pair: nothing is secret here."""

    async def unpair(self) -> None:
        """Forget the peer: nothing is kept here."""

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        """Read a characteristic."""
        peripheral = self._peer()
        value = peripheral.ears.read(characteristic.uuid)
        return bytearray(peripheral.offered[characteristic.uuid].value if value is None else value)

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        """Refuse: there are none."""
        raise BleakError(f"there is no descriptor {descriptor.uuid}")

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,  # noqa: ARG002, FBT001 - bleak's signature
    ) -> None:
        """Write a characteristic."""
        self._peer().ears.written(characteristic.uuid, bytes(data))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Refuse: there are none."""
        raise BleakError(f"there is no descriptor {descriptor.uuid} for {len(bytes(data))} bytes")

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_platform: Any
    ) -> None:
        """Subscribe to notifications or indications."""
        if characteristic.uuid in self.subscribed:
            raise BleakError(f"notifications of {characteristic.uuid} are already on")
        peripheral = self._peer()
        self.subscribed[characteristic.uuid] = callback
        peripheral.ears.subscribed(characteristic.uuid)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        self.subscribed.pop(characteristic.uuid, None)

    def _peer(self) -> DirectPeripheral:
        if self._peripheral is None:
            raise BleakError("Not connected")
        return self._peripheral


def _collected(peripheral: DirectPeripheral, wanted: set[str] | None) -> BleakGATTServiceCollection:
    collection, handles = BleakGATTServiceCollection(), itertools.count(1)
    for service in peripheral.services:
        if wanted and service.uuid not in wanted:
            continue
        collected = BleakGATTService(service, next(handles), service.uuid)
        collection.add_service(collected)
        for offered in service.characteristics:
            properties = [_PROPERTIES[flag] for flag in offered.properties]
            collection.add_characteristic(
                BleakGATTCharacteristic(offered, next(handles), offered.uuid, properties, lambda: MTU - 3, collected)
            )
    return collection
