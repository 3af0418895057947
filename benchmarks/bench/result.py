"""A result as people keep and share it: one JSON file that says what was measured, of what, on what, and how well."""

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from benchmarks.bench.measurement import Measurement, Part, Quantity

SCHEMA_VERSION: Final = 1
"""Version of the result this release writes, and the newest it reads."""


class OperatorTime(Part):
    """What one operator of the network takes, where the runtime tells.

    Parameters
    ----------
    name
        Its kind and place.
    ms
        Median over windows, or over groups of them where the runtime counts in whole microseconds.
    share
        Of the network's time, 0 to 1.
    """

    name: str
    ms: float = Field(ge=0)
    share: float = Field(ge=0, le=1)


class Accuracy(Part):
    """How good what is fast is: a speed is never shown without it.

    Parameters
    ----------
    name
        Of the output or the task.
    value
        The figure.
    measure
        What it is, and of whom: ``AUROC on unseen synthetic subjects``.
    """

    name: str
    value: float
    measure: str


class Memory(Part):
    """Resident memory of a process that runs the loop, in parts, MB (10^6 bytes).

    Parameters
    ----------
    interpreter_mb
        Python and the libraries, before any pack is opened.
    model_mb
        What reading the packs added.
    arena_mb
        What opening them in the runtime added: tensors, and weights packed for the kernels.
    rest_mb
        What running windows added.
    over_time
        (seconds since windows began, resident MB).
    """

    interpreter_mb: float
    model_mb: float
    arena_mb: float
    rest_mb: float
    over_time: tuple[tuple[float, float], ...] = ()


class Budget(Part):
    """A verdict on one limit.

    Parameters
    ----------
    limit
        What is limited, in words: ``latency p99, ms``.
    allowed, measured
        In the same unit.
    source
        Whose limit: the pack's manifest, or the board's profile.
    """

    limit: str
    allowed: float
    measured: float
    source: str

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.measured <= self.allowed


class PackResult(Part):
    """What was measured of one pack.

    Parameters
    ----------
    label
        Name and version.
    sha256
        Of the pack's file.
    model_sha256
        Of the model in it: what speed depends on.
    size_bytes
        Of the file.
    kind
        ``estimates`` or ``waves``.
    quantisation
        As its manifest says.
    demonstration
        Whether it is one.
    accuracy
        From its manifest; empty only where it states none, which is then said.
    kernel_family
        What ran it.
    macs, weight_bytes
        Multiply-accumulates of one window; bytes of constants they read.
    operators
        By kind, how many.
    profile
        Operator by operator; empty where the runtime tells nothing.
    profile_source
        Where the profile is from, or why there is none.
    measurements
        Each quantity and its conditions once.
    memory
        None where the loop was not run.
    budgets
        Verdicts; empty where the loop was not run.
    notes
        What was left out, or could not be made as it should be, a clause each.
    """

    label: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(gt=0)
    kind: Literal["estimates", "waves"]
    quantisation: str
    demonstration: bool
    accuracy: tuple[Accuracy, ...]
    kernel_family: str
    macs: int = Field(ge=0)
    weight_bytes: int = Field(ge=0)
    operators: dict[str, int]
    profile: tuple[OperatorTime, ...] = ()
    profile_source: str
    measurements: tuple[Measurement, ...]
    memory: Memory | None = None
    budgets: tuple[Budget, ...] = ()
    notes: tuple[str, ...] = ()

    def find(self, quantity: Quantity, **conditions: float | str) -> Iterator[Measurement]:
        """Give the measurements of a quantity whose conditions have these values."""
        for measurement in self.measurements:
            said = measurement.conditions
            if measurement.quantity is quantity and all(getattr(said, k) == v for k, v in conditions.items()):
                yield measurement


class Peak(Part):
    """What the machine could do at most, by the same runtime.

    Parameters
    ----------
    threads
        Of the kernel.
    int8_gmacs
        10^9 multiply-accumulates a second of an int8 product whose weights stay in the cache.
    read_gb_s
        10^9 bytes a second read from memory.
    """

    threads: int = Field(ge=1)
    int8_gmacs: float = Field(gt=0)
    read_gb_s: float = Field(gt=0)


class Mood(Part):
    """How the machine was while it was measured.

    Parameters
    ----------
    load_average
        One minute's, at the beginning and the end.
    stolen
        Share of processor time that the host gave to others, 0 to 1.
    others
        Share of the machine's processor time that other processes took, 0 to 1.
    yardstick_spread
        Interquartile range of the yardstick over its median, over the whole measurement.
    frequency_mhz
        Lowest and highest that was seen; None where the kernel does not tell.
    governor
        The kernel's frequency governor; empty where it does not tell.
    temperature_c
        At the beginning and the highest; None where the kernel does not tell.
    throttled
        What the board says it did against heat or low voltage, in words.
    noisy
        Why these figures deserve less trust, a clause each; empty for a quiet machine.
    """

    load_average: tuple[float, float]
    stolen: float = Field(ge=0, le=1)
    others: float = Field(ge=0, le=1)
    yardstick_spread: float = Field(ge=0)
    frequency_mhz: tuple[float, float] | None = None
    governor: str = ""
    temperature_c: tuple[float, float] | None = None
    throttled: tuple[str, ...] = ()
    noisy: tuple[str, ...] = ()


class Machine(Part):
    """The machine and its software; fields as `benchmarks.machine.Machine` has them, and the board's profile.

    Parameters
    ----------
    board
        Name of the profile in ``benchmarks/bench/boards`` that this machine is, or that is nearest; empty for none.
    """

    processor: str
    architecture: str
    n_cores: int
    memory_mb: float
    system: str
    python: str
    runtime: str
    anyecg: str
    load_average: float
    board: str = ""


class Result(Part):
    """One measurement of one machine.

    Parameters
    ----------
    schema_version
        Of this structure.
    created
        UTC, ISO 8601.
    commit
        Of the source, with ``+`` behind it where it was changed; empty for a release.
    settings
        What was asked for, as the command line has it.
    machine, mood
        On what, and how that was.
    energy_source
        What measured energy, or why nothing did.
    peaks
        By number of threads.
    packs
        What was measured.
    """

    schema_version: Literal[1]
    created: str
    commit: str
    settings: str
    machine: Machine
    mood: Mood
    energy_source: str
    peaks: tuple[Peak, ...] = ()
    packs: tuple[PackResult, ...]
