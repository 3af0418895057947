"""What a patch asks of whatever runs its packs."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SelfTested:
    """How a pack's self-test went.

    Parameters
    ----------
    windows
        Windows tried.
    differing
        Outputs that differ by more than the pack allows.
    """

    windows: int
    differing: int


@dataclass(frozen=True, slots=True)
class CannotRun:
    """A pack that cannot be run here, and why, one clause for people."""

    why: str


@dataclass(frozen=True, slots=True)
class Feed:
    """What a running pack takes of the patch's samples, and what its outputs mean.

    Parameters
    ----------
    window_samples
        Device counts in a window.
    rate_hz
        Rate they are taken at.
    picovolts_per_count
        What a count means.
    scale, zero_point
        Of an output: ``(output - zero_point) * scale``.
    """

    window_samples: int
    rate_hz: float
    picovolts_per_count: int
    scale: float
    zero_point: int


class RunningPack(Protocol):
    """A pack that takes windows."""

    @property
    def feed(self) -> Feed: ...  # noqa: D102 - what it takes

    def run(self, counts: NDArray[np.int32]) -> NDArray[np.int8] | None:
        """Return the outputs for one window, shape (n_outputs,); None where it has died."""
        ...

    def close(self) -> None:
        """Run no more."""
        ...


class Runner(Protocol):
    """Runs packs; each call may take seconds."""

    def self_test(self, pack: bytes) -> SelfTested | CannotRun:
        """Run a pack's own windows."""
        ...

    def start(self, pack: bytes) -> RunningPack | CannotRun:
        """Run a pack, whose self-test has passed, on windows to come."""
        ...
