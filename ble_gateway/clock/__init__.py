"""When samples were taken, on the gateway's clock, and how many are missing."""

from ble_gateway.clock.arrival_line import ArrivalLine
from ble_gateway.clock.sample_clock import Placement, Recalled, SampleClock
from ble_gateway.clock.step import Stale

__all__ = ["ArrivalLine", "Placement", "Recalled", "SampleClock", "Stale"]
