"""The radio of a virtual wearable: what carries a twin's bytes to a gateway, and a gateway's to the twin."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address

from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent

_CONNECTION_TIMEOUT = 0x08
"""HCI's reason for a link that broke."""
_GATEWAY_LEFT = 0x13
"""HCI's reason for a link that the other side has ended."""
_SMALLEST_MTU: Final = 23
_NOTIFICATION_HEADER: Final = 3
_BASE = "-0000-1000-8000-00805f9b34fb"
DEVICE_INFORMATION: Final = OfferedService(
    f"0000180a{_BASE}", (Offered(f"00002a24{_BASE}", Property.READ, b"simulated by anyecg-edge"),)
)
"""Every virtual wearable says that it is none."""
_PROPERTIES = {
    Property.READ: Characteristic.Properties.READ,
    Property.WRITE: Characteristic.Properties.WRITE,
    Property.WRITE_WITHOUT_RESPONSE: Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    Property.NOTIFY: Characteristic.Properties.NOTIFY,
    Property.INDICATE: Characteristic.Properties.INDICATE,
}


@dataclass(slots=True)
class Ears:
    """What a wearable is told of its gateway; each must return at once."""

    read: Callable[[str], bytes | None] = field(default=lambda _: None)
    written: Callable[[str, bytes], None] = field(default=lambda _, __: None)
    subscribed: Callable[[str], None] = field(default=lambda _: None)
    connected: Callable[[], None] = field(default=lambda: None)
    disconnected: Callable[[bool], None] = field(default=lambda _: None)
    """Called with whether the gateway has left properly; else the link broke."""


class Peripheral(Protocol):
    """A radio with services, seen from the wearable's side.

    Attributes
    ----------
    ears
        Whom to tell; set before `power_on`.
    """

    ears: Ears

    @property
    def largest_value_bytes(self) -> int:
        """What fits one notification on the connection there is."""
        ...

    async def power_on(self) -> None:
        """Be there, and advertise."""
        ...

    async def power_off(self) -> None:
        """Be gone; a gateway's link breaks."""
        ...

    async def advertise(self) -> None:
        """Advertise again."""
        ...

    async def drop(self) -> None:
        """Break the link, as distance does."""
        ...

    async def send(self, sent: Sent) -> None:
        """Notify or indicate, if a gateway has asked for it."""
        ...


class BumblePeripheral:
    """On a bumble device: real HCI and ATT packets.

    Parameters
    ----------
    controller
        A bumble controller on the air to be on.
    advertisement, services
        What it shows.
    address
        Its random static address.
    """

    def __init__(
        self, controller: Any, advertisement: Advertisement, services: tuple[OfferedService, ...], address: str
    ) -> None:
        self.ears = Ears()
        self._connection: Connection | None = None
        self._indicating: asyncio.Task[None] | None = None
        self.characteristics: dict[str, Characteristic[Any]] = {}
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=advertisement.name,
                address=Address(address),
                advertising_interval_min=100,
                advertising_interval_max=100,
            ),
            controller,
            controller,
        )
        self.device.add_services([self._service(service) for service in (*services, DEVICE_INFORMATION)])
        # All in one packet: bumble's virtual controller does not pass scan responses on.
        self.device.advertising_data = bytes(_advertising_data(advertisement))
        self.device.on("connection", self._on_connection)

    @property
    def largest_value_bytes(self) -> int:
        """What fits one notification on the connection there is."""
        return (self._connection.att_mtu if self._connection else _SMALLEST_MTU) - _NOTIFICATION_HEADER

    async def power_on(self) -> None:
        """Be there, and advertise."""
        await self.device.power_on()
        await self.device.start_advertising()

    async def power_off(self) -> None:
        """Be gone; a gateway's link breaks."""
        if self._connection:
            self._connection.remove_all_listeners("disconnection")
            await self._connection.disconnect()
            self._connection = None
        await self.device.stop_advertising()

    async def advertise(self) -> None:
        """Advertise again."""
        await self.device.start_advertising()

    async def drop(self) -> None:
        """Break the link, as distance does."""
        if self._connection:
            await self._connection.disconnect(_CONNECTION_TIMEOUT)

    async def send(self, sent: Sent) -> None:
        """Notify or indicate, if a gateway has asked for it."""
        characteristic = self.characteristics[sent.characteristic]
        if self._connection is None:
            return
        if characteristic.properties & Characteristic.Properties.NOTIFY:
            await self.device.notify_subscriber(self._connection, characteristic, sent.value)
        else:
            indicating = self.device.indicate_subscriber(self._connection, characteristic, sent.value)
            self._indicating = asyncio.create_task(indicating)
            await asyncio.gather(self._indicating, return_exceptions=True)

    def _service(self, service: OfferedService) -> Service:
        return Service(service.uuid, [self._characteristic(offered) for offered in service.characteristics])

    def _characteristic(self, offered: Offered) -> Characteristic[Any]:
        uuid = offered.uuid

        def read(_: Connection) -> bytes:
            value = self.ears.read(uuid)
            return offered.value if value is None else value

        def write(_: Connection, value: bytes) -> None:
            self.ears.written(uuid, bytes(value))

        properties = Characteristic.Properties(0)
        for flag in offered.properties:
            properties |= _PROPERTIES[flag]
        characteristic: Characteristic[Any] = Characteristic(
            uuid,
            properties,
            Characteristic.READABLE | Characteristic.WRITEABLE,
            CharacteristicValue(read=read, write=write),
        )
        characteristic.on(characteristic.EVENT_SUBSCRIPTION, self._on_subscription(uuid))
        self.characteristics[uuid] = characteristic
        return characteristic

    def _on_subscription(self, uuid: str) -> Callable[..., None]:
        def told(_: Connection, notify: bool, indicate: bool) -> None:  # noqa: FBT001 - bumble's signature
            if notify or indicate:
                self.ears.subscribed(uuid)

        return told

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        connection.on("disconnection", self._on_disconnection)
        self.ears.connected()

    def _on_disconnection(self, reason: int) -> None:
        self._connection = None
        if self._indicating:
            self._indicating.cancel()  # bumble would wait half a minute for the gateway to confirm it
        self.ears.disconnected(reason == _GATEWAY_LEFT)


def _advertising_data(advertisement: Advertisement) -> AdvertisingData:
    short = [uuid[4:8] for uuid in advertisement.services if uuid.endswith(_BASE)]
    long = [uuid for uuid in advertisement.services if not uuid.endswith(_BASE)]
    records: list[tuple[int, bytes]] = [(AdvertisingData.FLAGS, bytes([0x06]))]
    if short:
        listed = b"".join(bytes.fromhex(uuid)[::-1] for uuid in short)
        records.append((AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, listed))
    if long:
        listed = b"".join(bytes.fromhex(uuid.replace("-", ""))[::-1] for uuid in long)
        records.append((AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, listed))
    if advertisement.maker:
        company, value = advertisement.maker
        records.append((AdvertisingData.MANUFACTURER_SPECIFIC_DATA, company.to_bytes(2, "little") + value))
    records.append((AdvertisingData.COMPLETE_LOCAL_NAME, advertisement.name.encode()))
    return AdvertisingData(records)


def in_background(tasks: set[asyncio.Task[None]], coroutine: Any) -> None:
    """Run something beside, and keep it until it is done."""
    task = asyncio.create_task(coroutine)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
