"""Which radio to speak through, and what it sees: wearables by their advertisements."""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bleak import BleakAdapter, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.trouble import adapter_trouble
from ble_gateway.wearables import heart_rate
from ble_gateway.wearables.catalogue import recognise
from ble_gateway.wearables.wearable import Advertised, Wearable

NO_RSSI_DBM: Final = -127
"""Where the signal is not known: of a device that is connected and does not advertise."""
_OTHERS_S: Final = 1.5
"""After the first fit, others that fit as well have so long to be seen."""


@dataclass(frozen=True, slots=True)
class Radio:
    """Which radio bleak speaks through.

    Parameters
    ----------
    name
        For people.
    client, scanner
        bleak backends; None: those of the platform.
    one_at_a_time
        Held while a link searches and connects: controllers take one connection request at a time.
    """

    name: str
    client: type[BaseBleakClient] | None = None
    scanner: type[BaseBleakScanner] | None = None
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)

    @property
    def simulated(self) -> bool:
        """Whether no real radio is behind it."""
        return self.client is not None


def adapter() -> Radio:
    """Speak through the machine's Bluetooth adapter, for the running event loop."""
    return Radio("Bluetooth adapter")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device that advertises.

    Parameters
    ----------
    device
        For bleak.
    name
        As advertised, safe to print; empty where it has none.
    rssi_dbm
        Signal strength, the latest.
    wearable
        What it is, in its usual set-up; None where it is nothing this gateway knows.
    battery_percent
        Where it is advertised.
    """

    device: BLEDevice
    name: str
    rssi_dbm: int
    wearable: Wearable | None
    battery_percent: int | None = None

    @property
    def address(self) -> str:
        """Its Bluetooth address (on macOS: the system's identifier)."""
        return self.device.address

    @property
    def label(self) -> str:
        """Its name, or its address where it has none."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which wearable is meant.

    Parameters
    ----------
    text
        Its address, or the beginning of its name; empty: whatever is supported.
    kind
        Take it for this kind, whatever it advertises.
    """

    text: str = ""
    kind: str | None = None

    def fits(self, seen: Sighting) -> bool:
        """Whether this is such a device."""
        if not self.text:
            return seen.wearable is not None and self.kind in (None, seen.wearable.kind)
        return seen.address.casefold() == self.text.casefold() or seen.name.startswith(self.text)

    def __str__(self) -> str:
        return self.text or (f"wearable of kind {self.kind}" if self.kind else "supported wearable")


async def require_adapter(radio: Radio) -> None:
    """Start and end a scan, so that a missing adapter is told of before anything else begins.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    async with scanning(radio):
        pass


async def discover(radio: Radio, *, duration_s: float) -> list[Sighting]:
    """List all that advertises within `duration_s`, strongest first; each as it was seen last.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    seen: dict[str, Sighting] = {}
    async with contextlib.aclosing(sightings(radio, timeout_s=duration_s)) as advertised:
        async for sighting in advertised:
            seen[sighting.address] = sighting
    return sorted(seen.values(), key=lambda sighting: -sighting.rssi_dbm)


async def find_one(radio: Radio, wanted: Wanted, *, timeout_s: float) -> Sighting:
    """Scan until a device that fits is seen, and a little longer to know that it is the only one.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``, ``NOT_FOUND``, or ``AMBIGUOUS`` where several fit.
    """
    (found,) = await find_each(radio, [wanted], timeout_s=timeout_s)
    if isinstance(found, GatewayError):
        raise found
    return found


async def find_each(radio: Radio, wanted: Sequence[Wanted], *, timeout_s: float) -> list[Sighting | GatewayError]:
    """Scan once for several, as `find_one` does for one; what was not found is an error in its place.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    searches = [_Search(one) for one in wanted]
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(None) as enough,
            contextlib.aclosing(sightings(radio, timeout_s=timeout_s)) as advertised,
        ):
            async for seen in advertised:
                for search in searches:
                    search.look_at(seen, loop.time())
                over_s = max(search.over_s for search in searches)
                if over_s <= loop.time():
                    break
                enough.reschedule(over_s if math.isfinite(over_s) else None)
    return [search.result(timeout_s) for search in searches]


@dataclass(slots=True)
class _Search:
    """What was seen that fits."""

    wanted: Wanted
    found: dict[str, Sighting] = field(default_factory=dict)
    over_s: float = math.inf
    """When the search is over, on the event loop's clock: with an address at once, with a name a little later."""

    def look_at(self, seen: Sighting, now_s: float) -> None:
        if self.wanted.fits(seen):
            self.found[seen.address] = seen
            by_address = seen.address.casefold() == self.wanted.text.casefold()
            self.over_s = min(self.over_s, now_s if by_address else now_s + _OTHERS_S)

    def result(self, timeout_s: float) -> Sighting | GatewayError:
        """Tell which one it is: one that has the whole name before those whose names only begin so."""
        exact = {address: seen for address, seen in self.found.items() if self.wanted.text in (address, seen.name)}
        fitting = exact or self.found
        if not fitting:
            return GatewayError(
                GatewayFault.NOT_FOUND,
                f"no {self.wanted} was seen within {timeout_s:g} s",
                advice="wear it, wet a strap's electrodes, disconnect it from other devices, and see anyecg scan",
            )
        if len(fitting) > 1:
            several = ", ".join(f"{fitting[address].label} at {address}" for address in sorted(fitting))
            return GatewayError(
                GatewayFault.AMBIGUOUS, f"{len(fitting)} devices fit ({several})", advice="say which by its address"
            )
        return next(iter(fitting.values()))


async def find_again(radio: Radio, known: Sighting, *, timeout_s: float) -> Sighting | None:
    """Scan for a device that was seen before; None where it is not seen in time.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    async with contextlib.aclosing(sightings(radio, timeout_s=timeout_s)) as advertised:
        async for seen in advertised:
            if seen.address == known.address:
                return seen
    return None


async def sightings(radio: Radio, *, timeout_s: float) -> AsyncGenerator[Sighting, None]:
    """Tell of what the system is connected to, and of every advertisement within `timeout_s`.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    async with scanning(radio) as scanner:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for held in await _held(radio):
                    yield held
                async for device, advertised in scanner.advertisement_data():
                    yield _sighting(device, advertised)


async def _held(radio: Radio) -> list[Sighting]:
    """List what the system is connected to, as a gateway that was killed left it: it does not advertise."""
    if radio.scanner is not None:
        return []
    try:
        system = await BleakAdapter.get()
        return [_held_sighting(device) for device in await system.get_connected_devices()]
    except NotImplementedError:  # where bleak knows no way
        return []


def _held_sighting(device: BLEDevice) -> Sighting:
    known = device.details.get("props", {}) if isinstance(device.details, dict) else {}  # of BlueZ
    name = _printable(device.name)
    says = Advertised(name, frozenset(map(str.lower, known.get("UUIDs", ()))), frozenset())
    return Sighting(device, name, known.get("RSSI", NO_RSSI_DBM), recognise(says))


@contextlib.asynccontextmanager
async def scanning(radio: Radio) -> AsyncIterator[BleakScanner]:
    """Scan; whatever the adapter says against it is said in the user's words."""
    try:
        async with BleakScanner(backend=radio.scanner) as scanner:
            yield scanner
    except (BleakError, OSError, EOFError) as error:
        raise adapter_trouble(error) from error


def _sighting(device: BLEDevice, advertised: AdvertisementData) -> Sighting:
    name = _printable(advertised.local_name or device.name)
    battery = advertised.service_data.get(heart_rate.BATTERY_SERVICE, b"")
    says = Advertised(
        name, frozenset(map(str.lower, advertised.service_uuids)), frozenset(advertised.manufacturer_data)
    )
    percent = battery[0] if len(battery) == 1 and battery[0] <= 100 else None  # noqa: PLR2004
    return Sighting(device, name, advertised.rssi, recognise(says), percent)


def _printable(name: str | None) -> str:
    return "".join(filter(str.isprintable, name or ""))
