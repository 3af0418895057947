"""Radio adapters: wearables in, blocks out."""

from ble_gateway.errors import FrameError, GatewayError, GatewayFault

__all__ = ["FrameError", "GatewayError", "GatewayFault"]
