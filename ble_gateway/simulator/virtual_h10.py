"""A virtual Polar H10 on a bumble device: it plays a script and keeps the truth that a receiver can only estimate."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from numpy.typing import NDArray

from ble_gateway.simulator.script import Script
from ble_gateway.simulator.source import frames
from ble_gateway.wearables import heart_rate, polar_h10
from ble_gateway.wearables.polar_h10 import EcgFrame, Measurement, Opcode, Response, Status, Stopped
from edge.beats import find_beats
from edge.beats import heart_rate as mean_heart_rate

FRAME_SAMPLES: Final = 73
NEVER_SET_NS: Final = 599_616_000_000_000_000
"""The clock of a strap that was never told the time starts at 2019-01-01."""
_BATTERY_PERCENT: Final = 87
_WARM_UP_S: Final = 0.5
_HEART_RATE_S: Final = 8.0
"""The strap's own heart rate is the mean over so long."""
_NO_HEART_MICROVOLTS: Final = 10_000
"""What no heart gives is an electrode off the skin; a real strap measures the impedance."""
_CONNECTION_TIMEOUT: Final = 0x08
"""HCI's reason for a link that broke."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the strap says it is."""

    name: str = f"{polar_h10.NAME_PREFIX} 5EED0001"
    address: str = "F0:5E:ED:00:00:01"


@dataclass(frozen=True, slots=True)
class Truth:
    """When samples were taken.

    Parameters
    ----------
    start_s
        True time of sample 0, s since the Unix epoch.
    period_s
        True sample period, s.
    """

    start_s: float
    period_s: float

    def times_s(self, first_index: int, n_samples: int) -> NDArray[np.float64]:
        """True times of samples in a row, s since the Unix epoch, shape (n_samples,)."""
        return self.start_s + np.arange(first_index, first_index + n_samples, dtype=np.float64) * self.period_s


@dataclass(slots=True)
class _Air:
    """What the strap sees of its peers."""

    connection: Connection | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class VirtualH10:
    """A strap that begins its play at the first start command, and is switched off when the play is over.

    While no one listens it goes on taking samples, as a worn strap does: they are lost.

    Parameters
    ----------
    controller
        A bumble controller on the air to be on.
    samples
        Microvolts at 130 Hz of the strap's own clock, in chunks of any size.
    script
        What happens to it.
    clock
        True Unix time, s.
    n_samples
        End after so many samples; None: with the source. Disconnects keep clear of the end only where it is known.
    """

    def __init__(
        self,
        controller: Any,
        samples: Iterable[NDArray[np.int32]],
        script: Script,
        *,
        clock: Callable[[], float],
        n_samples: int | None = None,
        identity: Identity | None = None,
    ) -> None:
        identity = identity or Identity()
        self._script, self._clock = script, clock
        self._frames = frames(samples, FRAME_SAMPLES, n_samples)
        self._ends_s = float("inf") if n_samples is None else n_samples / polar_h10.RATE_HZ
        self._air = _Air()
        self._streaming = False
        self._play: asyncio.Task[None] | None = None
        self._recent = np.empty(0, np.int32)
        self.over = asyncio.Event()
        """Set when the play has ended."""
        self.samples_sent = 0
        """Samples taken, whether they arrived or not."""
        self.truth: Truth | None = None
        """When they were taken; None before the play."""
        self.commands: list[bytes] = []
        """What was written to the control point."""
        self.control = Characteristic(
            polar_h10.PMD_CONTROL_POINT,
            Characteristic.Properties.READ | Characteristic.Properties.WRITE | Characteristic.Properties.INDICATE,
            Characteristic.READABLE | Characteristic.WRITEABLE,
            CharacteristicValue(
                read=lambda _: polar_h10.encode_features(polar_h10.Feature.ECG | polar_h10.Feature.ACCELERATION),
                write=self._on_command,
            ),
        )
        self.data = _notifying(polar_h10.PMD_DATA)
        self.heart_rate = _notifying(heart_rate.HEART_RATE_MEASUREMENT)
        self.device = Device.from_config_with_hci(
            DeviceConfiguration(
                name=identity.name,
                address=Address(identity.address),
                advertising_interval_min=100,
                advertising_interval_max=100,
            ),
            controller,
            controller,
        )
        self.device.add_services(self._services())
        # All in one packet: bumble's virtual controller does not pass scan responses on.
        self.device.advertising_data = bytes(
            AdvertisingData(
                [
                    (AdvertisingData.FLAGS, bytes([0x06])),
                    (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, bytes.fromhex("0d18")),
                    (AdvertisingData.COMPLETE_LOCAL_NAME, identity.name.encode()),
                ]
            )
        )
        self.device.on("connection", self._on_connection)

    async def power_on(self) -> None:
        """Wake up and advertise."""
        await self.device.power_on()
        await self.device.start_advertising()

    async def power_off(self) -> None:
        """Leave the air."""
        for task in [*self._air.tasks, *([self._play] if self._play else [])]:
            task.cancel()
        self._streaming = False
        if self._air.connection:
            self._air.connection.remove_all_listeners("disconnection")
            await self._air.connection.disconnect()
            self._air.connection = None
        await self.device.stop_advertising()

    async def notify(self, characteristic: Characteristic[Any], value: bytes) -> None:
        """Send a notification, as long as the link carries, if anyone has subscribed."""
        await self.device.notify_subscribers(characteristic, value)

    async def indicate(self, packet: bytes) -> None:
        """Indicate on the control point."""
        if self._air.connection:
            await self.device.indicate_subscriber(self._air.connection, self.control, packet)

    def answer(self, command: bytes) -> Response:
        """Answer a command of the control point, and do what it says."""
        if len(command) < 2:  # noqa: PLR2004 - opcode, measurement
            return Response(command[0] if command else 0, 0, Status.INVALID_LENGTH)
        opcode, measurement = command[0], command[1] & 0x3F
        if opcode not in set(Opcode):
            return Response(opcode, measurement, Status.INVALID_OPCODE)
        if measurement != Measurement.ECG:
            return Response(opcode, measurement, Status.NOT_SUPPORTED)
        match Opcode(opcode):
            case Opcode.SETTINGS:
                offered = polar_h10.encode_settings(polar_h10.ECG_SETTINGS)
                return Response(opcode, measurement, Status.OK, parameters=offered)
            case Opcode.START if self._streaming:
                return Response(opcode, measurement, Status.ALREADY_IN_STATE)
            case Opcode.START if command != polar_h10.start_ecg():
                return Response(opcode, measurement, Status.INVALID_PARAMETER)
            case Opcode.START:
                self._streaming = True
                self._play = self._play or asyncio.create_task(self._run(), name="virtual H10")
            case Opcode.STOP:
                self._streaming = False
        return Response(opcode, measurement, Status.OK)

    def _on_command(self, _: Connection, command: bytes) -> None:
        self.commands.append(bytes(command))
        self._spawn(self.indicate(polar_h10.encode_control(self.answer(bytes(command)))))

    def _on_connection(self, connection: Connection) -> None:
        self._air.connection = connection
        connection.on("disconnection", self._on_disconnection)

    def _on_disconnection(self, _reason: int) -> None:
        self._air.connection = None
        self._streaming = False
        if not self.over.is_set():
            self._spawn(self._return_after(self._script.outage_s))

    async def _return_after(self, outage_s: float) -> None:
        await asyncio.sleep(outage_s)
        await self.device.start_advertising()

    async def _run(self) -> None:
        """Take samples and send them, until they end."""
        true_period_s = 1 / polar_h10.RATE_HZ / (1 + self._script.drift_ppm * 1e-6)
        loop = asyncio.get_running_loop()
        began_s = loop.time() + _WARM_UP_S
        self.truth = Truth(self._clock() + _WARM_UP_S, true_period_s)
        before_s = 0.0
        for number, (samples, last) in enumerate(self._frames):
            self.samples_sent += samples.size
            taken_s = (self.samples_sent - 1) * true_period_s
            await asyncio.sleep(began_s + taken_s - loop.time())
            fate = self._script.fate(number, last=last)
            if self._script.disconnects_within(before_s, taken_s, ends_s=self._ends_s):
                await self._break_link()
            before_s = taken_s
            await asyncio.sleep(began_s + taken_s + fate.delay_s - loop.time())
            if fate.arrives and self._streaming:
                await self._send(samples)
        self._streaming = False
        self.over.set()
        await self.indicate(polar_h10.encode_control(Stopped((Measurement.ECG,))))

    async def _send(self, samples: NDArray[np.int32]) -> None:
        device_ns = NEVER_SET_NS + round((self.samples_sent - 1) / polar_h10.RATE_HZ * 1e9)
        await self.notify(self.data, polar_h10.encode_ecg(EcgFrame(device_ns, samples)))
        self._recent = np.concatenate([self._recent, samples])[-round(_HEART_RATE_S * polar_h10.RATE_HZ) :]
        if self._recent.size >= _HEART_RATE_S / 2 * polar_h10.RATE_HZ:
            beats = find_beats(self._recent / 1000, polar_h10.RATE_HZ)
            mean = mean_heart_rate(beats, 1 / polar_h10.RATE_HZ)
            contact = bool(np.abs(samples).max() < _NO_HEART_MICROVOLTS)
            says = heart_rate.HeartRateMeasurement(round(mean.bpm or 0), contact=contact)
            await self.notify(self.heart_rate, heart_rate.encode_heart_rate(says))

    async def _break_link(self) -> None:
        if self._air.connection:
            await self._air.connection.disconnect(_CONNECTION_TIMEOUT)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._air.tasks.add(task)
        task.add_done_callback(self._air.tasks.discard)

    def _services(self) -> list[Service]:
        return [
            Service(polar_h10.PMD_SERVICE, [self.control, self.data]),
            Service(heart_rate.HEART_RATE_SERVICE, [self.heart_rate, _readable("2A38", b"\x01")]),
            Service(heart_rate.BATTERY_SERVICE, [_readable(heart_rate.BATTERY_LEVEL, bytes([_BATTERY_PERCENT]))]),
            Service(
                "180A",
                [
                    _readable("2A29", b"anyecg-edge simulator"),
                    _readable("2A24", b"H10 (simulated)"),
                    _readable("2A26", b"5.0.0"),
                ],
            ),
        ]


def _notifying(uuid: str) -> Characteristic[Any]:
    return Characteristic(uuid, Characteristic.Properties.NOTIFY, Characteristic.READABLE, b"")


def _readable(uuid: str, value: bytes) -> Characteristic[Any]:
    return Characteristic(uuid, Characteristic.Properties.READ, Characteristic.READABLE, value)
