"""The pack that runs on a virtual patch: windows of its samples in, outcomes out."""

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ble_gateway.simulator.smp.device import PatchDevice
from ble_gateway.simulator.smp.runner import CannotRun, Runner, RunningPack
from ble_gateway.wearables.patch_outcome import MAX_OUTPUTS
from ble_gateway.wearables.wearable import OwnOutcome

_PREFIX: Final = 8


class PackAtWork:
    """Runs what the patch's slots say is to run, on each window of samples in a row.

    Parameters
    ----------
    device
        Whose slots.
    runner
        What runs packs.
    rate_hz
        Of the patch's samples.
    """

    def __init__(self, device: PatchDevice, runner: Runner, rate_hz: float) -> None:
        self._device, self._runner, self._rate_hz = device, runner, rate_hz
        self._sha256: bytes | None = None
        self._running: RunningPack | None = None
        self._held: list[NDArray[np.int32]] = []
        self._n_held = self._first = 0
        self._contact = True
        self.why = ""
        """Why nothing runs though something should, for people."""

    @property
    def works(self) -> bool:
        """Whether a pack runs."""
        return self._running is not None

    def refresh(self) -> bool:
        """Run what the slots say is to run; whether that is another than before."""
        data = self._device.running_file()
        sha256 = None if data is None else hashlib.sha256(data).digest()
        if sha256 == self._sha256:
            return False
        self.close()
        self._sha256, self.why = sha256, ""
        if data is not None:
            self._start(data)
        return True

    def take(self, counts: NDArray[np.int32], first: int, epoch: int, *, contact: bool) -> Iterator[OwnOutcome]:
        """Take samples; yields what the windows that they complete give.

        Parameters
        ----------
        counts
            ``NDArray[int32]``, shape (n,).
        first
            Count of the first one.
        epoch
            Of the count.
        contact
            False where an electrode was off.
        """
        running = self._running
        if running is None:
            return
        if first != self._first + self._n_held:
            self.begin_anew(first)
        self._held.append(counts)
        self._n_held += counts.size
        self._contact &= contact
        while self._n_held >= running.feed.window_samples:
            outcome = self._window(running, epoch)
            if outcome is None:
                return
            yield outcome
            self._contact = contact

    def begin_anew(self, first: int = 0) -> None:
        """Forget the samples of a window that is not whole; the next one begins with sample `first`."""
        self._held, self._n_held, self._first, self._contact = [], 0, first, True

    def close(self) -> None:
        """Run nothing."""
        if self._running:
            self._running.close()
        self._running = self._sha256 = None
        self.begin_anew()

    def _start(self, data: bytes) -> None:
        match self._runner.start(data):
            case CannotRun(why):
                self.why = why
            case running if running.feed.rate_hz != self._rate_hz:
                self.why = f"it takes {running.feed.rate_hz:g} Hz, and the patch samples at {self._rate_hz:g} Hz"
                running.close()
            case running:
                self._running = running

    def _window(self, running: RunningPack, epoch: int) -> OwnOutcome | None:
        size = running.feed.window_samples
        counts = np.concatenate(self._held)
        window, rest = counts[:size], counts[size:]
        outputs = running.run(window)
        if outputs is None or not 1 <= outputs.size <= MAX_OUTPUTS:
            self.why = "it died" if outputs is None else f"its {outputs.size} outputs do not fit one notification"
            running.close()
            self._running = None
            return None
        first, self._first = self._first, self._first + size
        self._held, self._n_held = [rest], rest.size
        pack = (self._sha256 or b"")[:_PREFIX]
        return OwnOutcome(
            epoch,
            first,
            size,
            pack,
            outputs,
            running.feed.scale,
            running.feed.zero_point,
            contact=self._contact,
            on_trial=self._device.slots.on_trial is not None,
            simulated=True,
        )
