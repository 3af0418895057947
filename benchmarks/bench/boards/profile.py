"""A gateway board's profile: what it has, what the product may take of it, and where each figure is from."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.boards.profile import Clock, Figure

SCHEMA_VERSION: Final = 1
"""Version of the profiles this release reads."""
_SHORTEST_REASON: Final = 8
_NAME: Final = r"^[a-z0-9][a-z0-9._-]*$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class Memory(_Part):
    """What a board has of memory, MB (10^6 bytes).

    Parameters
    ----------
    total_mb
        In the chips.
    available_mb
        What the system leaves for programs once it is up, nothing else running.
    source
        Where both are from.
    """

    total_mb: float = Field(gt=0)
    available_mb: float = Field(gt=0)
    source: str = Field(min_length=_SHORTEST_REASON)

    @model_validator(mode="after")
    def _system_takes_some(self) -> Self:
        if self.available_mb >= self.total_mb:
            raise ValueError(f"available_mb {self.available_mb:g} is no less than total_mb {self.total_mb:g}")
        return self


class Limit(_Part):
    """What the product may take of the board, and why no more.

    Parameters
    ----------
    allowed
        In the unit of the field that it stands in.
    why
        What more would break.
    """

    allowed: float = Field(gt=0)
    why: str = Field(min_length=_SHORTEST_REASON)


class Budgets(_Part):
    """The product's own limits on a board; a pack's manifest has limits of its own beside them.

    Parameters
    ----------
    latency_p99_ms
        From a full window to its outcome, 99th percentile.
    resident_mb
        Of the process that runs everything, MB (10^6 bytes).
    core_share
        Of one core, 0 to 1, for one wearable with a window every 10 s.
    wearables
        At once, with a window every 10 s each, on one core: at least so many.
    """

    latency_p99_ms: Limit
    resident_mb: Limit
    core_share: Limit
    wearables: Limit


class Power(_Part):
    """What a board draws at its supply.

    Parameters
    ----------
    idle_w
        Booted, nothing running.
    busy_core_w
        More than that while one core computes.
    """

    idle_w: Figure
    busy_core_w: Figure


class Profile(_Part):
    """A board that the gateway may run on.

    Parameters
    ----------
    schema_version
        Of this structure.
    name, title
        For machines and for people.
    models
        What ``/proc/device-tree/model`` begins with on it; the longest beginning of all profiles decides.
    core
        Name of the core's profile in ``benchmarks/bench/boards/cores``.
    n_cores
        How many of them.
    clock
        Of a core while it computes.
    memory, budgets, power
        See there.
    """

    schema_version: Literal[1]
    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    models: Annotated[tuple[str, ...], Field(strict=False)] = ()
    core: str = Field(pattern=_NAME)
    n_cores: int = Field(ge=1, le=64)
    clock: Clock
    memory: Memory
    budgets: Budgets
    power: Power

    @model_validator(mode="after")
    def _budget_is_there(self) -> Self:
        if self.budgets.resident_mb.allowed > self.memory.available_mb:
            raise ValueError(
                f"resident_mb {self.budgets.resident_mb.allowed:g} is more than the "
                f"{self.memory.available_mb:g} MB that the system leaves"
            )
        return self


class Core(_Part):
    """A core, and what work costs on it.

    Parameters
    ----------
    schema_version
        Of this structure.
    name, title
        For machines and for people.
    cycles_per_mac
        Of one core, for an int8 multiply-accumulate of a whole network in XNNPACK, what lies between included.
    cycles_per_instruction
        Of Python, numpy and scipy: all that is not the network.
    """

    schema_version: Literal[1]
    name: str = Field(pattern=_NAME)
    title: str = Field(min_length=1)
    cycles_per_mac: Figure
    cycles_per_instruction: Figure


class Loop(_Part):
    """What the loop costs on any 64-bit ARM core, counted, and what it holds in memory.

    Parameters
    ----------
    schema_version
        Of this structure.
    window_instructions
        Of one window from the block that completes it to its outcome, both networks left out.
    second_instructions
        Of one second of one wearable's signal that completes no window.
    process_mb
        Resident memory with the smallest packs, MB (10^6 bytes).
    mb_per_model_mb
        What each MB of a model adds to that: its bytes, and its weights packed for the kernels.
    """

    schema_version: Literal[1]
    window_instructions: Figure
    second_instructions: Figure
    process_mb: Figure
    mb_per_model_mb: Figure
