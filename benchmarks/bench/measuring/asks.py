"""What a process that measures is asked, and what it answers; both are JSON between the two.

Every process measures one thing of one pack and ends: what another one has left in caches and memory is gone.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from benchmarks.bench.measurement import Part, Run
from benchmarks.bench.result import Memory, OperatorTime


class Load(Part):
    """Read, open and prove a pack, the runtime's library included.

    Parameters
    ----------
    pack
        Its file.
    cold
        Drop file and library from the page cache before.
    """

    kind: Literal["load"] = "load"
    pack: Path
    cold: bool


class Loaded(Part):
    """Answer to `Load`.

    Parameters
    ----------
    ms
        Time it took.
    kept
        Name of each file that stayed in the page cache, with the share of it that did, 0 to 1.
    """

    ms: float
    kept: dict[str, float] = Field(default_factory=dict)


class Infer(Part):
    """Run the network of a pack, again and again.

    Parameters
    ----------
    pack
        Its file.
    threads
        Of a kernel.
    batches
        Windows at once, one after the other.
    seconds
        For all of them together.
    """

    kind: Literal["infer"] = "infer"
    pack: Path
    threads: int
    batches: tuple[int, ...]
    seconds: float


class Inferred(Part):
    """Answer to `Infer`.

    Parameters
    ----------
    kernel_family
        What ran.
    first_ms
        The first run of all.
    runs
        By batch, ms a window; a batch that the network cannot take is missing.
    yardstick_ms
        Every time of the yardstick.
    """

    kernel_family: str
    first_ms: float
    runs: dict[int, Run]
    yardstick_ms: tuple[float, ...]


class Stream(Part):
    """Give hearts to loops, as fast as they take them.

    Parameters
    ----------
    estimates, waves
        The packs.
    hearts
        File of `benchmarks.bench.measuring.hearts`.
    threads
        Of a kernel.
    streams
        Loops at once, each with a heart of its own; they share the model of estimates, as in the gateway.
    hop_s
        From one window's start to the next one's.
    parts
        Stretches of the stream whose processor time is one value each.
    """

    kind: Literal["stream"] = "stream"
    estimates: Path
    waves: Path
    hearts: Path
    threads: int
    streams: int
    hop_s: float
    parts: int


class Streamed(Part):
    """Answer to `Stream`.

    Parameters
    ----------
    cpu_share
        Of each stretch: processor seconds a second of stream, of all threads and all streams.
    stages_ms
        By stage, its latencies.
    memory
        In parts, and over time.
    peak_mb, steady_mb
        Highest, and median of the second half.
    yardstick_ms
        Every time of the yardstick; its own processor time is in no figure.
    windows
        Windows that have ended.
    rejected
        How many of them were, by reason.
    """

    cpu_share: tuple[float, ...]
    stages_ms: dict[str, tuple[float, ...]]
    memory: Memory
    peak_mb: float
    steady_mb: float
    yardstick_ms: tuple[float, ...]
    windows: int
    rejected: dict[str, int]


class FindPeak(Part):
    """Find what the machine can do at most.

    Parameters
    ----------
    threads
        Of the kernel, and of the reading.
    seconds
        For each of the two.
    """

    kind: Literal["peak"] = "peak"
    threads: int
    seconds: float


class PeakFound(Part):
    """Answer to `FindPeak`: the best of many runs, as a peak is."""

    int8_gmacs: float
    read_gb_s: float


class Profile(Part):
    """Ask the runtime what each operator takes.

    Parameters
    ----------
    pack
        Its file.
    seconds
        How long to look.
    """

    kind: Literal["profile"] = "profile"
    pack: Path
    seconds: float


class Profiled(Part):
    """Answer to `Profile`; without operators where the runtime tells nothing, and `source` says why."""

    operators: tuple[OperatorTime, ...]
    source: str


class Draw(Part):
    """Say that it is ready, wait for a line, then run the network for so long.

    Parameters
    ----------
    pack
        Its file.
    threads
        Of a kernel.
    seconds
        From the line on.
    """

    kind: Literal["draw"] = "draw"
    pack: Path
    threads: int
    seconds: float


class Drawn(Part):
    """Answer to `Draw`: windows that have run."""

    windows: int


Ask: TypeAlias = Annotated[Load | Infer | Stream | FindPeak | Profile | Draw, Field(discriminator="kind")]
"""Whatever a process may be asked."""
Answer: TypeAlias = Loaded | Inferred | Streamed | PeakFound | Profiled | Drawn
"""Whatever it may answer."""

read_ask: TypeAdapter[Ask] = TypeAdapter(Ask)
"""Reads an `Ask` from JSON."""
