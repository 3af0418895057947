"""A strap and its radio in a few lines of arithmetic: what a receiver sees, and the truth beside it."""

from dataclasses import dataclass

import numpy as np

from ble_gateway.simulator.script import Script
from ble_gateway.wearables.polar_pmd import PMD_DATA, EcgFrame, encode_ecg
from ble_gateway.wearables.wearable import Received
from edge.signal import GapReason

BEGIN_S = 1_790_000_000.0
FIRST_STAMP_NS = 599_616_000_000_000_000
"""What a strap says that was never told the time: the year 2019."""


@dataclass(frozen=True)
class Arrival:
    """A notification, and when its samples were truly taken."""

    received: Received
    true_times_s: np.ndarray
    first_index: int


def play(script: Script, *, duration_s: float, rate_hz: float = 130.0, frame_samples: int = 73) -> list[Arrival]:
    """Return all that arrives; `rate_hz` is in seconds of the strap's clock, `script.drift_ppm` fast."""
    true_period_s = 1 / rate_hz / (1 + script.drift_ppm * 1e-6)
    n_frames = int(duration_s * rate_hz // frame_samples)
    arrivals, queue_s, away_until_s, broke = [], 0.0, -1.0, False
    fates = script.fates()
    for frame in range(n_frames):
        first = frame * frame_samples
        index = np.arange(first, first + frame_samples)
        times_s = index * true_period_s
        before_s = times_s[-1] - frame_samples * true_period_s
        if script.disconnects_within(before_s, times_s[-1], ends_s=duration_s):
            away_until_s, broke = times_s[-1] + script.outage_s, True
        fate = fates.next(times_s[-1], spared=frame in {0, n_frames - 1})
        if times_s[-1] < away_until_s or not fate.arrives:
            continue
        queue_s = max(queue_s, times_s[-1] + fate.delay_s)
        stamp_ns = FIRST_STAMP_NS + round(index[-1] / rate_hz * 1e9)
        data = encode_ecg(EcgFrame(stamp_ns, (index % 1000).astype(np.int32)))
        after = GapReason.DISCONNECTED if broke else None
        arrivals.append(Arrival(Received(PMD_DATA, data, BEGIN_S + queue_s, after), BEGIN_S + times_s, first))
        broke = False
    return arrivals
