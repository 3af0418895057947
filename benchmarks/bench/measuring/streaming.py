"""The whole loop, of one wearable or of many: each stage, processor time, memory."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from benchmarks.bench.measuring.asks import Stream, Streamed
from benchmarks.bench.measuring.hearts import BLOCK_SAMPLES, RATE_HZ, blocks
from benchmarks.bench.measuring.inferring import thinned
from benchmarks.bench.measuring.runtime import import_runtime
from benchmarks.bench.measuring.yardstick import Yardstick
from benchmarks.bench.result import Memory
from edge.budget import Budget, resident_mb
from edge.loop import InferenceLoop
from edge.model import open_model
from edge.pack import read_pack, read_waves_pack
from edge.signal import SampleBlock
from edge.waves.network import open_waves_model
from edge.waves.reader import WaveReader

_TURN_BLOCKS: Final = 53
"""Of each stream between two looks at the yardstick and at memory: half a minute."""
TURN_S: Final = _TURN_BLOCKS * BLOCK_SAMPLES / RATE_HZ
"""How long that is, s."""
_UNLIMITED: Final = Budget(float("inf"), float("inf"))
"""Every window runs: what the pack allows itself is judged afterwards."""


def stream(ask: Stream) -> Streamed:
    """Open the packs, then stream every heart to its loop, block by block in the order of time."""
    hearts = [blocks(heart) for heart in np.load(ask.hearts)[: ask.streams]]
    yardstick = Yardstick()
    import_runtime()
    before_mb = resident_mb()
    estimates, waves = read_pack(ask.estimates), read_waves_pack(ask.waves)
    read_mb = resident_mb()
    model = open_model(estimates, n_threads=ask.threads)
    loops = []
    for _ in hearts:
        reader = WaveReader(open_waves_model(waves, n_threads=ask.threads))
        loops.append(InferenceLoop(model, reader, hop_s=ask.hop_s, budget=_UNLIMITED))
    opened_mb = resident_mb()
    cpu_s, over_time = [], []
    began_s = time.perf_counter()
    for turn in _turns(hearts):
        cpu_s.append(_push(loops, turn))
        over_time.append((round(time.perf_counter() - began_s, 3), round(resident_mb(), 2)))
        yardstick.measure()
    steady_mb = median(mb for _, mb in over_time[len(over_time) // 2 :])
    reports = [loop.report() for loop in loops]
    return Streamed(
        cpu_share=processor_shares(cpu_s, ask.parts),
        stages_ms=_stages(loops),
        memory=Memory(
            interpreter_mb=before_mb,
            model_mb=read_mb - before_mb,
            arena_mb=opened_mb - read_mb,
            rest_mb=steady_mb - opened_mb,
            over_time=tuple(over_time),
        ),
        peak_mb=_peak_mb(),
        steady_mb=steady_mb,
        yardstick_ms=tuple(round(ms, 4) for ms in yardstick.times_ms),
        windows=sum(report.windows for report in reports),
        rejected=sum((Counter(report.rejected) for report in reports), Counter()),
    )


def _turns(hearts: list[Iterator[SampleBlock]]) -> Iterator[list[tuple[SampleBlock, ...]]]:
    """Give half a minute of all hearts after the other, block by block; what is left in the end is left out."""
    moments = zip(*hearts, strict=True)
    while len(turn := list(islice(moments, _TURN_BLOCKS))) == _TURN_BLOCKS:
        yield turn


def _push(loops: list[InferenceLoop], turn: list[tuple[SampleBlock, ...]]) -> float:
    """Push a turn into the loops; the processor time it took, s."""
    began_s = time.process_time()
    for moment in turn:
        for loop, block in zip(loops, moment, strict=True):
            loop.push(block)
    return time.process_time() - began_s


def processor_shares(cpu_s: list[float], parts: int, turn_s: float = TURN_S) -> tuple[float, ...]:
    """Processor seconds a second of stream, of each of so many equal parts; what does not divide is left out.

    Parameters
    ----------
    cpu_s
        Of each turn.
    parts
        How many, where there are as many turns.
    turn_s
        Stream of one turn, s.
    """
    size = max(1, len(cpu_s) // parts)
    begins = range(0, len(cpu_s) - size + 1, size)
    return tuple(sum(cpu_s[begin : begin + size]) / (size * turn_s) for begin in begins)


def _stages(loops: list[InferenceLoop]) -> dict[str, tuple[float, ...]]:
    together: dict[str, list[float]] = {}
    for loop in loops:
        for stage, ms in loop.latencies_ms().items():
            together.setdefault(stage, []).extend(ms)
    return {stage: thinned(ms) for stage, ms in together.items()}


def _peak_mb() -> float:
    """Peak resident memory, MB (10^6 bytes). Not getrusage's, which a parent process hands on."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return resident_mb()
