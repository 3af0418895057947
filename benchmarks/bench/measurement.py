"""One quantity, the conditions it was measured under, and what each process found."""

from enum import StrEnum
from statistics import median
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field


class Quantity(StrEnum):
    """What is measured; each has its unit and its better side."""

    COLD_START = "cold_start"
    """From the start of a process to its first outcome, s."""
    COLD_LOAD = "cold_load"
    """Reading, opening and proving the pack, its file not in the page cache, ms."""
    LOAD = "load"
    """The same with its file in the page cache, ms."""
    FIRST_INFERENCE = "first_inference"
    """The first run of the network after it was opened, ms."""
    INFERENCE = "inference"
    """A window's share of a steady run of the network, ms."""
    STAGE = "stage"
    """A stage of the loop for one window, ms; see `edge.budget.Stage`."""
    WEARABLE_HOUR = "wearable_hour"
    """Processor time of an hour of one wearable's stream, s, all threads."""
    CPU_SHARE = "cpu_share"
    """Share of one core that so many wearables take, %."""
    PEAK_RESIDENT = "peak_resident"
    """Highest resident memory of a process that runs the loop, MB (10^6 bytes)."""
    STEADY_RESIDENT = "steady_resident"
    """Its resident memory when windows have run for a while, MB."""
    ENERGY = "energy"
    """Energy of one window above what the machine draws idle, J."""

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return _UNITS[self]


_UNITS: Final = {
    Quantity.COLD_START: "s",
    Quantity.COLD_LOAD: "ms",
    Quantity.LOAD: "ms",
    Quantity.FIRST_INFERENCE: "ms",
    Quantity.INFERENCE: "ms",
    Quantity.STAGE: "ms",
    Quantity.WEARABLE_HOUR: "s",
    Quantity.CPU_SHARE: "%",
    Quantity.PEAK_RESIDENT: "MB",
    Quantity.STEADY_RESIDENT: "MB",
    Quantity.ENERGY: "J",
}
"""Of every one, less is better."""


class Part(BaseModel):
    """A part of a result: unchangeable, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Conditions(Part):
    """What a measurement was made under; only equal ones are compared.

    Parameters
    ----------
    threads
        Threads a kernel may use.
    batch
        Windows the network is given at once.
    streams
        Wearables at once; 0 where there is no stream.
    hop_s
        From one window's start to the next one's, s; 0 where there is no stream.
    stage
        Of the loop; empty where none.
    """

    threads: int = Field(default=1, ge=1)
    batch: int = Field(default=1, ge=1)
    streams: int = Field(default=0, ge=0)
    hop_s: float = Field(default=0.0, ge=0)
    stage: str = ""


class Run(Part):
    """What one process measured.

    Parameters
    ----------
    values
        In the order they were taken, in the quantity's unit.
    yardstick_ms
        Median time of a fixed piece of work done in turn with the values: how fast the machine was just then. None
        where nothing of the kind was timed.
    """

    values: Annotated[tuple[float, ...], Field(min_length=1)]
    yardstick_ms: float | None = Field(default=None, gt=0)

    @property
    def median(self) -> float:
        """The process's figure."""
        return median(self.values)


class Measurement(Part):
    """A quantity under its conditions, process by process.

    Parameters
    ----------
    quantity, conditions
        What, and under which.
    runs
        At least one. The figure to quote is the median of the runs' medians.
    """

    quantity: Quantity
    conditions: Conditions
    runs: Annotated[tuple[Run, ...], Field(min_length=1)]

    @property
    def figure(self) -> float:
        """Median over the processes of each one's median."""
        return median(run.median for run in self.runs)

    @property
    def values(self) -> tuple[float, ...]:
        """Every value of every process."""
        return tuple(value for run in self.runs for value in run.values)
