"""What a comparison is asked for, and what it found."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.figures import Figure
from benchmarks.peers.accuracy import Agreements
from benchmarks.peers.timing import Timing, ratio
from benchmarks.peers.variants import FULL


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured.

    Parameters
    ----------
    n_calibration, n_test
        Windows to calibrate and to compare with; rounded up to whole batches.
    n_rounds
        Times each variant is timed.
    n_threads
        Numbers of threads, one after the other.
    n_processes
        Processes started for each variant.
    """

    n_calibration: int
    n_test: int
    n_rounds: int
    n_threads: tuple[int, ...]
    n_processes: int


@dataclass(frozen=True, slots=True)
class Placement:
    """What a mixed variant's placement was predicted to be; see `converter.sensitivity.placement.Step`."""

    noise: float
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What was measured.

    Parameters
    ----------
    settings
        How much of it.
    versions
        Packages behind each runtime that is installed.
    macs, n_weights
        Multiply-accumulates of one window; weights of the layers they are of.
    load_average
        Just before, and just after the timing of each number of threads.
    reference
        Name of the variant that the agreements compare with.
    size_bytes
        By variant.
    placements
        By mixed variant.
    agreement, stressed
        Of the network's variants, and of another network's, where one was given.
    timings
        By number of threads and name: variants for a window, products for 10^9 multiply-accumulates.
    processes
        By variant: the figures of `benchmarks.peers.child`.
    gateway
        The figures of `benchmarks.peers.gateway`, with the pack of `FULL`.
    """

    settings: Settings
    versions: dict[str, str]
    macs: int
    n_weights: int
    load_average: tuple[float, ...]
    reference: str
    size_bytes: dict[str, int]
    placements: dict[str, Placement]
    agreement: Agreements
    stressed: Agreements
    timings: dict[int, dict[str, Timing]]
    processes: dict[str, tuple[Figure, ...]]
    gateway: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values, single times included."""
        return {
            "settings": asdict(self.settings),
            "versions": self.versions,
            "macs": self.macs,
            "n_weights": self.n_weights,
            "load_average": self.load_average,
            "reference": self.reference,
            "size_bytes": self.size_bytes,
            "placements": {name: asdict(placement) for name, placement in self.placements.items()},
            "ratios": {
                n: {name: asdict(ratio(timed[name].wall_ms, timed[FULL].wall_ms)) for name in self.size_bytes}
                for n, timed in self.timings.items()
            },
            "agreement": _agreements_as_json(self.agreement),
            "stressed": _agreements_as_json(self.stressed),
            "timings": {
                n: {name: timing.as_json() for name, timing in timed.items()} for n, timed in self.timings.items()
            },
            "processes": {name: [asdict(figure) for figure in figures] for name, figures in self.processes.items()},
            "gateway": [asdict(figure) for figure in self.gateway],
        }


def _agreements_as_json(agreements: Agreements) -> dict[str, Any]:
    return {kind: {name: asdict(agreed) for name, agreed in of.items()} for kind, of in agreements.items()}
