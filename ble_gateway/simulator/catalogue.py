"""A virtual twin of every wearable that the gateway knows."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.twin import Twin
from ble_gateway.simulator.twins.health_sensor import HealthSensorTwin
from ble_gateway.simulator.twins.healthypi import HealthyPiTwin
from ble_gateway.simulator.twins.heart_rate import HeartRateTwin
from ble_gateway.simulator.twins.movesense import MovesenseTwin
from ble_gateway.simulator.twins.npg_lite import NpgLiteTwin
from ble_gateway.simulator.twins.patch import PatchTwin
from ble_gateway.simulator.twins.polar_h10 import H10Twin
from ble_gateway.simulator.twins.uart import UartTwin
from ble_gateway.simulator.twins.viatom import ViatomTwin
from ble_gateway.wearables import uart
from ble_gateway.wearables.catalogue import Setup, set_up

_ADDRESS: Final = "F0:5E:ED:00:00:{:02X}"
MOST: Final = 0xFE


def twin_of(kind: str, setup: Setup | None = None, *, number: int = 1, seed: int = 0) -> Twin:
    """Make a twin; those after the first have their number in their name.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for a kind there is not, or a set-up it does not have.
    """
    setup = setup or Setup()
    wearable = set_up(kind, setup)
    rate_hz = wearable.rate_hz
    make: dict[str, Callable[[], Twin]] = {
        "polar-h10": H10Twin,
        "movesense": lambda: MovesenseTwin(int(rate_hz)),
        "viatom-er1": lambda: ViatomTwin("er1"),
        "viatom-er2": lambda: ViatomTwin("er2"),
        "healthypi-move": HealthyPiTwin,
        "npg-lite": lambda: NpgLiteTwin(rate_hz),
        "anyecg-patch": lambda: PatchTwin(int(rate_hz)),
        "health-sensor": lambda: HealthSensorTwin(rate_hz),
        "uart": lambda: UartTwin(uart.parse_format(setup.layout) if setup.layout else uart.USUAL),
        "heart-rate": lambda: HeartRateTwin(_intervals_s(seed)),
    }
    twin = make[kind]()
    if number > 1:
        twin.advertisement = replace(twin.advertisement, name=_numbered(twin.advertisement.name, number))
    return twin


def _numbered(name: str, number: int) -> str:
    """Put a number in place of the digits, else of the letters, at the end of a name: it stays as long as it was."""
    digits = f"{number:0{len(name) - len(name.rstrip('0123456789'))}}"
    return name[: -len(digits)] + digits


def address_of(number: int) -> str:
    """Address of virtual wearable `number`, 1 to `MOST`.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for more of them.
    """
    if not 1 <= number <= MOST:
        raise GatewayError(
            GatewayFault.BAD_REQUEST, f"{number} virtual wearables are too many", advice=f"ask for {MOST} at most"
        )
    return _ADDRESS.format(number)


def _intervals_s(seed: int) -> Iterator[float]:
    """Intervals of a heart at rest that breathes, without end, s. Synthetic."""
    chance = np.random.default_rng(seed)
    at_s = 0.0
    while True:
        breath = 0.04 * np.sin(2 * np.pi * 0.25 * at_s)
        interval_s = float(np.clip(0.85 + breath + 0.02 * chance.standard_normal(), 0.4, 1.6))
        at_s += interval_s
        yield interval_s
