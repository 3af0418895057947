"""What a gateway sees of a device's frames, and the truth: the clock errs, the radio delays and loses."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ble_gateway.wearables.wearable import Counted, Position, Timed, Unplaced

BEGIN_S = 1_790_000_000.0
EPOCH_NS = 599_616_000_000_000_000
"""What a strap says that was never told the time: the year 2019."""


@dataclass(frozen=True)
class Device:
    """How a device says where its samples belong: `says` is told the first count, its size, and the last's time, ns."""

    rate_hz: float
    frame_samples: int
    says: Callable[[int, int, int], Position]


DEVICES = {
    "time stamps, 1 ns": Device(130.0, 73, lambda _first, _n, ns: Timed(EPOCH_NS + ns)),
    "time stamps, 1 ms": Device(512.0, 16, lambda _first, _n, ns: Timed(ns // 1_000_000 * 1_000_000, 1_000_000)),
    "count to 256": Device(500.0, 10, lambda first, _n, _ns: Counted(first % 256, 256)),
    "count to 2**16": Device(250.0, 25, lambda first, _n, _ns: Counted(first % 2**16, 2**16)),
    "count to 2**32, 1 ms": Device(
        250.0, 25, lambda first, _n, ns: Counted(first % 2**32, 2**32, ns // 1_000_000 * 1_000_000, 7)
    ),
    "nothing": Device(128.0, 16, lambda _first, _n, _ns: Unplaced()),
}


@dataclass(frozen=True)
class Weather:
    """What happens to frames; times in s.

    Parameters
    ----------
    clock_error, rate_error
        By how much the device's clock is slow, and its rate high on that clock.
    warming_ppm
        Amplitude of a slow sinusoid on the clock's rate, of `warming_s` period.
    """

    seed: int = 0
    clock_error: float = 0.0
    rate_error: float = 0.0
    warming_ppm: float = 20.0
    warming_s: float = 6 * 3600.0
    loss: float = 0.01
    jitter_s: float = 0.02
    stall_every_s: float = 120.0
    away_every_s: float = 600.0
    reset_at_s: float = math.inf


@dataclass(frozen=True)
class Arrival:
    """A frame that arrived, and the truth: index of its first sample, when that and the last were taken."""

    position: Position
    n_samples: int
    arrival_s: float
    broken: bool
    first_index: int
    start_s: float
    last_s: float
    was_reset: bool


def arrivals(device: Device, weather: Weather, duration_s: float) -> Iterator[Arrival]:
    """Yield all that arrives in that time on the device's clock."""
    chance = random.Random(weather.seed)
    swing_s = weather.warming_ppm * 1e-6 * weather.warming_s / (2 * math.pi)
    turn = 2 * math.pi / weather.warming_s
    rate_hz, size = device.rate_hz * (1 + weather.rate_error), device.frame_samples
    queue_s, stall_until_s, away_until_s = 0.0, 0.0, -1.0
    next_stall_s, next_away_s = weather.stall_every_s, weather.away_every_s
    broken, reset_index, n_reset = False, 0, 0

    def true_s(device_s: float) -> float:
        return device_s * (1 + weather.clock_error) + swing_s * math.sin(turn * device_s)

    for first in range(0, int(duration_s * rate_hz) - size, size):
        last_device_s = (first + size - 1) / rate_hz
        last_s = true_s(last_device_s)
        if last_s > next_away_s:
            next_away_s += weather.away_every_s
            away_until_s, broken = last_s + chance.uniform(3, 60), True
            if not n_reset and last_s > weather.reset_at_s:
                reset_index, n_reset = first, 1
        if last_s > next_stall_s:
            next_stall_s = last_s + chance.expovariate(1 / weather.stall_every_s)
            stall_until_s = last_s + chance.uniform(1, 2)
        lost = chance.random() < weather.loss
        delay_s = chance.expovariate(1 / weather.jitter_s) if weather.jitter_s else 0.0
        if lost or last_s < away_until_s:
            continue
        queue_s = max(queue_s, last_s + delay_s, stall_until_s)
        ns = round((last_device_s - reset_index / rate_hz) * 1e9)
        position = device.says(first - reset_index, size, ns)
        start_s = true_s(first / rate_hz)
        yield Arrival(
            position, size, BEGIN_S + queue_s, broken, first, BEGIN_S + start_s, BEGIN_S + last_s, n_reset == 1
        )
        broken, n_reset = False, 2 * (n_reset > 0)
