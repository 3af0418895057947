"""Which radio to speak through, and which strap to look for with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from bleak import BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.wearables import polar_h10


@dataclass(frozen=True, slots=True)
class Radio:
    """Which radio bleak speaks through.

    Parameters
    ----------
    name
        For people.
    client, scanner
        bleak backends; None: those of the platform.
    """

    name: str
    client: type[BaseBleakClient] | None = None
    scanner: type[BaseBleakScanner] | None = None


ADAPTER: Final = Radio("Bluetooth adapter")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which strap to connect to: the first one seen that fits.

    Parameters
    ----------
    name
        Beginning of the advertised name.
    address
        Bluetooth address; None: any.
    """

    name: str = polar_h10.NAME_PREFIX
    address: str | None = None

    def fits(self, device: BLEDevice, advertised: AdvertisementData) -> bool:
        """Whether an advertisement is of such a strap."""
        if self.address is not None:
            return device.address.casefold() == self.address.casefold()
        return (advertised.local_name or device.name or "").startswith(self.name)

    def __str__(self) -> str:
        return self.address or f"{self.name}*"


async def require_adapter(radio: Radio) -> None:
    """Start and end a scan, so that a missing adapter is told of before anything else begins.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER``.
    """
    async with _scanning(radio):
        pass


async def find(radio: Radio, wanted: Wanted, *, timeout_s: float) -> BLEDevice:
    """Scan until a strap that fits is seen.

    Raises
    ------
    GatewayError
        ``NO_ADAPTER`` or ``NOT_FOUND``.
    """
    async with _scanning(radio) as scanner:
        device = await _first_that_fits(scanner, wanted, timeout_s)
    if device is None:
        raise GatewayError(
            GatewayFault.NOT_FOUND,
            f"no {wanted} was seen within {timeout_s:g} s",
            advice="wet the strap and wear it, so that it wakes, and disconnect it from other devices",
        )
    return device


@contextlib.asynccontextmanager
async def _scanning(radio: Radio) -> AsyncIterator[BleakScanner]:
    """Scan; whatever the adapter says against it is said in the user's words."""
    try:
        async with BleakScanner(backend=radio.scanner) as scanner:
            yield scanner
    except (BleakBluetoothNotAvailableError, BleakDBusError, OSError) as error:
        raise GatewayError(
            GatewayFault.NO_ADAPTER,
            f"no Bluetooth adapter can be used ({in_words(error)})",
            advice="plug one in, start it (systemctl start bluetooth), or try `anyecg demo`, which needs none",
        ) from error
    except BleakError as error:
        raise GatewayError(
            GatewayFault.NO_ADAPTER,
            f"the Bluetooth adapter does not scan ({in_words(error)})",
            advice="switch it off and on (bluetoothctl power off, then power on)",
        ) from error


async def _first_that_fits(scanner: BleakScanner, wanted: Wanted, timeout_s: float) -> BLEDevice | None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            async for device, advertised in scanner.advertisement_data():
                if wanted.fits(device, advertised):
                    return device
    return None


def in_words(error: Exception) -> str:
    """Say what a library's error means to the user."""
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    if isinstance(error, OSError):
        return f"the system's Bluetooth service does not answer: {error.strerror or error}"
    return str(error) or type(error).__name__
