"""What happens to a simulated wearable: loss, jitter, drift and disconnects, from a seed. Pure."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

_DRAWN: Final = 4096
CALM_END_S: Final = 15.0
"""The strap is within reach for the last seconds: a loss is known only by what arrives after it."""


@dataclass(frozen=True, slots=True)
class FrameFate:
    """What happens to one frame.

    Parameters
    ----------
    arrives
        False where the radio loses it.
    delay_s
        How long after its last sample it leaves the wearable.
    """

    arrives: bool
    delay_s: float


@dataclass(frozen=True, slots=True)
class Script:
    """All that happens in one play; the same seed gives the same play.

    The first and the last frame always arrive, and no outage reaches into the last `CALM_END_S`, so that every
    loss can be counted.

    Parameters
    ----------
    seed
        Not negative.
    loss
        Share of frames that the radio loses, 0 to 1 (1 excluded).
    jitter_s
        Mean of the delay of a frame, exponentially distributed, s.
    drift_ppm
        How much faster than true time the wearable's clock runs.
    disconnect_every_s
        Time between disconnects; None: never.
    outage_s
        How long the wearable stays out of reach after a disconnect.
    burst_every_s
        Time between bursts of interference, in which everything is lost; None: never.
    burst_s
        How long a burst lasts.
    reset_at_s
        When the wearable starts anew and counts from 0, s since the begin of the play, in order.
    """

    seed: int = 0
    loss: float = 0.0
    jitter_s: float = 0.0
    drift_ppm: float = 0.0
    disconnect_every_s: float | None = None
    outage_s: float = 3.0
    burst_every_s: float | None = None
    burst_s: float = 1.0
    reset_at_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}: must not be negative")
        if not 0 <= self.loss < 1:
            raise ValueError(f"loss is {self.loss}: must be 0 to 1")
        if not (0 <= self.jitter_s < math.inf and 0 <= self.outage_s < math.inf):
            raise ValueError("jitter and outage must not be negative")
        if not abs(self.drift_ppm) < 1e5:  # noqa: PLR2004 - ten per cent: no crystal is so bad
            raise ValueError(f"drift is {self.drift_ppm} ppm: must be within 100000")
        if self.disconnect_every_s is not None and not self.disconnect_every_s > 0:
            raise ValueError("the time between disconnects must be positive")
        if self.burst_every_s is not None and not 0 <= self.burst_s < self.burst_every_s:
            raise ValueError("bursts must be shorter than the time between them")

    def fates(self) -> "Fates":
        """Draw what happens to frame after frame."""
        return Fates(self)

    def interferes(self, at_s: float) -> bool:
        """Whether a burst of interference is on, `at_s` since the begin of the play."""
        every_s = self.burst_every_s
        return every_s is not None and at_s >= every_s and at_s % every_s < self.burst_s

    def resets_within(self, from_s: float, to_s: float) -> bool:
        """Whether the wearable starts anew in ``from_s < t <= to_s``."""
        return any(from_s < at_s <= to_s for at_s in self.reset_at_s)

    def disconnects_within(self, from_s: float, to_s: float, *, ends_s: float) -> bool:
        """Whether the link breaks in ``from_s < t <= to_s``, s since the begin of a play of `ends_s`."""
        every_s = self.disconnect_every_s
        if every_s is None or to_s + self.outage_s > ends_s - CALM_END_S:
            return False
        return math.floor(to_s / every_s) > max(0, math.floor(from_s / every_s))


class Fates:
    """What happens to one frame after the other."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._chances = np.random.default_rng(script.seed)
        self._drawn: list[tuple[float, float]] = []

    def next(self, at_s: float, *, spared: bool) -> FrameFate:
        """Tell what happens to the next frame, sent `at_s` since the begin of the play."""
        if not self._drawn:
            self._drawn = [(float(a), float(b)) for a, b in self._chances.random((_DRAWN, 2))]
        chance, delay = self._drawn.pop()
        arrives = spared or (chance >= self._script.loss and not self._script.interferes(at_s))
        return FrameFate(arrives=arrives, delay_s=-self._script.jitter_s * math.log1p(-delay))
