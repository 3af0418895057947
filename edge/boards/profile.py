"""A board's profile, validated field by field: what it has, what it keeps for itself, and where each figure is from."""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from edge.boards.span import Span

SCHEMA_VERSION: Final = 1
"""Version of the profile this release reads."""
_MOST_BYTES: Final = 1 << 32
_SHORTEST_SOURCE: Final = 8


class Unit(StrEnum):
    """A piece of a window's work, small enough that its cost on a core hardly depends on the pack."""

    CONV = "conv"
    """A multiplication of a convolution along time."""
    POINTWISE = "pointwise"
    """A multiplication of a convolution of one step."""
    DEPTHWISE = "depthwise"
    """A multiplication of a depthwise convolution."""
    DENSE = "dense"
    """A multiplication of a fully connected layer, or of a convolution that writes one row."""
    OUTPUT = "output"
    """A value that one of these writes, rescaled and rounded."""
    MEAN = "mean"
    """A value that a mean over time reads."""
    MAX = "max"
    """A value that a maximum compares."""
    TABLE = "table"
    """A value that is looked up, as a logistic function is."""
    MULTIPLY = "multiply"
    """A product of two tensors' values."""
    ADD = "add"
    """A sum of two tensors' values."""
    COPY = "copy"
    """A value that is only moved."""
    TAP = "tap"
    """A sample that a resampled one reads."""
    SECTION = "section"
    """A sample in a second-order section of a filter, one way."""
    MEDIAN = "median"
    """A sample that a running median looks at, for one that it writes."""
    SAMPLE = "sample"
    """A sample in any other step of the preprocessing."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


def _ascending(triple: tuple[float, float, float]) -> tuple[float, float, float]:
    Span(*triple)  # or else a ValueError
    return triple


Triple = Annotated[
    tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]],
    Field(strict=False),
    AfterValidator(_ascending),
]
"""Low, typical and high, as a list in TOML."""


class Figure(_Part):
    """A figure as a span, with its source.

    Parameters
    ----------
    low, typical, high
        In the unit that the field's name says, ascending from above 0.
    source
        A data sheet and its section, a published result, a measurement, or ``estimate`` with the reason.
    """

    low: float = Field(gt=0)
    typical: float = Field(gt=0)
    high: float = Field(gt=0)
    source: str = Field(min_length=_SHORTEST_SOURCE)

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError(f"low {self.low:g}, typical {self.typical:g} and high {self.high:g} do not ascend")
        return self

    @property
    def span(self) -> Span:
        """The figure without its source."""
        return Span(self.low, self.typical, self.high)


class Memory(_Part):
    """Flash or RAM.

    Parameters
    ----------
    total_bytes
        What the board has.
    reserved_bytes
        What firmware, Bluetooth and storage take before any pack.
    source, reserved_source
        Where the two are from.
    """

    total_bytes: int = Field(gt=0, le=_MOST_BYTES)
    reserved_bytes: int = Field(ge=0)
    source: str = Field(min_length=_SHORTEST_SOURCE)
    reserved_source: str = Field(min_length=_SHORTEST_SOURCE)

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.reserved_bytes >= self.total_bytes:
            raise ValueError(f"reserved_bytes {self.reserved_bytes} leave nothing of total_bytes {self.total_bytes}")
        return self

    @property
    def free_bytes(self) -> int:
        """What is left for packs."""
        return self.total_bytes - self.reserved_bytes


class Clock(_Part):
    """The core's clock while it computes.

    Parameters
    ----------
    mhz
        Its frequency.
    source
        Where it is from.
    """

    mhz: float = Field(gt=0, le=5000)
    source: str = Field(min_length=_SHORTEST_SOURCE)


class Npu(_Part):
    """A neural accelerator beside the core.

    Parameters
    ----------
    name
        What it is called.
    cycles_per_mac
        Of its own clock, over a whole network, what lies between its layers included.
    mhz
        Its clock.
    """

    name: str = Field(min_length=1)
    cycles_per_mac: Figure
    mhz: float = Field(gt=0, le=5000)


class Board(_Part):
    """A board that a pack may be flashed to.

    Parameters
    ----------
    schema_version
        Of this structure.
    name, title
        For machines and for people.
    core
        Name of the core's profile in ``edge/boards/cores``.
    flash, ram
        Memory that is there without asking for more.
    slots
        Copies of a pack that must have a place at once: 2, to go back when a new one fails.
    operators
        TFLite's names of those its firmware can run; empty where packs are compiled for it.
    clock
        Of the core.
    cycles_per_instruction
        Of the core with this board's memory.
    active_mw
        Drawn from the supply while it computes.
    asleep_uw
        Drawn while it waits, memory kept.
    npu
        Its accelerator, if it has one.
    """

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    title: str = Field(min_length=1)
    core: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    flash: Memory
    ram: Memory
    slots: int = Field(default=2, ge=1, le=8)
    operators: tuple[str, ...] = Field(default=(), strict=False)
    clock: Clock
    cycles_per_instruction: Figure
    active_mw: Figure
    asleep_uw: Figure
    npu: Npu | None = None

    @model_validator(mode="after")
    def _saves_by_sleeping(self) -> Self:
        asleep_mw = self.asleep_uw.high / 1e3
        if asleep_mw >= self.active_mw.low:
            raise ValueError(f"asleep_uw ({asleep_mw:g} mW) is no less than active_mw ({self.active_mw.low:g} mW)")
        return self


class Core(_Part):
    """A core, and what the generated C costs on it where its instructions are not counted.

    Parameters
    ----------
    schema_version
        Of this structure.
    name, title
        For machines and for people.
    counted_on
        The emulated core whose counted instructions stand for this one's; None where none comes near.
    instructions
        For one of each unit: low, typical, high.
    source
        Where all of them are from.
    """

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    counted_on: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    instructions: dict[Annotated[Unit, Field(strict=False)], Triple]
    source: str = Field(min_length=_SHORTEST_SOURCE)

    @model_validator(mode="after")
    def _knows_every_unit(self) -> Self:
        missing = [unit.value for unit in Unit if unit not in self.instructions]
        if missing:
            raise ValueError(f"there is nothing for {', '.join(missing)}")
        return self

    def cost(self, unit: Unit) -> Span:
        """Return the instructions for one of a unit."""
        return Span(*self.instructions[unit])
