"""A virtual patch that is flashed, and runs what it was flashed with on its own samples."""

from collections.abc import Iterable

import numpy as np

from ble_gateway.simulator.smp.at_work import PackAtWork
from ble_gateway.simulator.smp.device import PatchDevice
from ble_gateway.simulator.smp.frames import OFFERED
from ble_gateway.simulator.smp.runner import Runner
from ble_gateway.simulator.twin import Offered, OfferedService, Property, Sent, Taken
from ble_gateway.simulator.twins.patch import LEAD_OFF_COUNTS, PatchTwin
from ble_gateway.wearables.patch_control import PATCH_SERVICE
from ble_gateway.wearables.patch_outcome import OUTCOME, encode_outcome
from ble_gateway.wearables.wearable import OwnOutcome


class FlashedPatchTwin(PatchTwin):
    """A patch with a place for packs.

    Parameters
    ----------
    device
        What it is to whoever flashes it.
    runner
        What runs its packs.
    rate_hz
        125, 250 or 500.
    """

    def __init__(self, device: PatchDevice, runner: Runner, rate_hz: int = 250) -> None:
        fed_by_wire = device.battery_percent < 0
        super().__init__(rate_hz, battery_percent=100 if fed_by_wire else device.battery_percent)
        streaming, *others = self.services
        with_outcomes = (*streaming.characteristics, Offered(OUTCOME, Property.NOTIFY))
        self.services = (OfferedService(PATCH_SERVICE, with_outcomes), *others, OFFERED)
        self.at_work = PackAtWork(device, runner, rate_hz)
        self.last_outcome: OwnOutcome | None = None
        """The latest."""
        self.n_outcomes = 0
        """Windows that gave one, whether anybody listened or not."""

    def taken(self, taken: Taken) -> Iterable[Sent]:
        """Keep and send the samples; behind them, what a window that they complete gives."""
        sent = list(super().taken(taken))
        contact = bool(np.abs(taken.counts).max() < LEAD_OFF_COUNTS)
        for outcome in self.at_work.take(taken.counts, taken.first_index, self.epoch, contact=contact):
            self.last_outcome = outcome
            self.n_outcomes += 1
            sent.append(Sent(OUTCOME, encode_outcome(outcome)))
        return sent

    def reset(self) -> None:
        """Begin a new epoch, with no window begun."""
        super().reset()
        self.at_work.begin_anew()
