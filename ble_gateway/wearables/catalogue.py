"""All wearables that the gateway knows, and how an advertisement tells which one it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.wearables import (
    health_sensor,
    healthypi,
    heart_rate,
    movesense,
    npg_lite,
    patch,
    polar_h10,
    uart,
    viatom,
)
from ble_gateway.wearables.wearable import Advertised, Wearable


@dataclass(frozen=True, slots=True)
class Setup:
    """How a wearable is to be set up; None: as usual.

    Parameters
    ----------
    rate_hz
        Sample rate.
    layout
        Of a UART stream, as `uart.parse_format` reads it.
    """

    rate_hz: float | None = None
    layout: str | None = None


_MAKE: Final[dict[str, Callable[[Setup], Wearable]]] = {
    "polar-h10": lambda _: polar_h10.wearable(),
    "movesense": lambda setup: movesense.wearable(int(setup.rate_hz or 200)),
    "viatom-er1": lambda _: viatom.wearable("er1"),
    "viatom-er2": lambda _: viatom.wearable("er2"),
    "healthypi-move": lambda _: healthypi.wearable(),
    "npg-lite": lambda setup: npg_lite.wearable(setup.rate_hz or 500),
    "anyecg-patch": lambda setup: patch.wearable(setup.rate_hz or 250),
    "health-sensor": lambda setup: health_sensor.wearable(setup.rate_hz or 250),
    "uart": lambda setup: uart.wearable(uart.parse_format(setup.layout) if setup.layout else uart.USUAL),
    "heart-rate": lambda _: heart_rate.wearable(),
}
"""In the order in which they are recognised: what a maker names before what any maker may send."""

KINDS: Final = tuple(_MAKE)
WEARABLES: Final = tuple(make(Setup()) for make in _MAKE.values())
"""Each kind in its usual set-up."""


def recognise(advertised: Advertised) -> Wearable | None:
    """Which wearable an advertisement is of, in its usual set-up; None where it is none of them."""
    return next((wearable for wearable in WEARABLES if wearable.recognised_by(advertised)), None)


def set_up(kind: str, setup: Setup | None = None) -> Wearable:
    """Make a wearable of a kind.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for a kind there is not, or a set-up it does not have.
    """
    setup = setup or Setup()
    if kind not in _MAKE:
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"there is no wearable of kind {kind!r}",
            advice=f"choose one of {', '.join(KINDS)} (see anyecg devices)",
        )
    usual = WEARABLES[KINDS.index(kind)]
    if setup.rate_hz is not None and kind != "uart" and setup.rate_hz not in usual.rates_hz:
        offered = ", ".join(f"{rate:g}" for rate in usual.rates_hz) or "none"
        raise GatewayError(
            GatewayFault.BAD_REQUEST,
            f"{usual.title} has no rate of {setup.rate_hz:g} Hz",
            advice=f"choose one of its rates, Hz: {offered}",
        )
    if setup.layout is not None and kind != "uart":
        raise GatewayError(GatewayFault.BAD_REQUEST, f"{usual.title} has one layout only", advice="leave --layout away")
    return _MAKE[kind](setup)
