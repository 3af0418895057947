"""Which sizes are measured."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes, each ascending, and how much is measured of each.

    Parameters
    ----------
    wearables
        How many at once.
    hops_s
        Descending, s.
    stream_s
        Stream that counts, for wearables and hops, s.
    outputs
        Of a pack.
    hours
        That a run has lasted.
    memory_hours
        That a loop and its run have lasted; they cost a loop's whole time.
    traced_hours
        Between which Python's objects are compared.
    store_mb
        Sizes of stores, MB.
    run_hours
        Length of each run in them.
    """

    wearables: tuple[int, ...] = (1, 2, 4, 8, 16)
    hops_s: tuple[float, ...] = (10.0, 5.0, 2.0, 1.0, 0.5)
    stream_s: float = 120.0
    outputs: tuple[int, ...] = (1, 8, 64, 128, 256, 512, 1024)
    hours: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 48.0)
    memory_hours: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    traced_hours: tuple[float, float] = (0.5, 1.5)
    store_mb: tuple[float, ...] = (16.0, 64.0, 256.0, 1024.0)
    run_hours: float = 2.0


FULL: Final = Plan()
QUICK: Final = Plan(
    wearables=(1, 2),
    hops_s=(10.0, 5.0),
    stream_s=20.0,
    outputs=(1, 16),
    hours=(0.1, 0.2),
    memory_hours=(0.02, 0.04),
    traced_hours=(0.02, 0.04),
    store_mb=(0.5, 1.0),
    run_hours=0.1,
)
"""Small enough to see whether it runs; its figures say nothing."""
