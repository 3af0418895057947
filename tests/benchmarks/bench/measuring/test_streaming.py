"""Hearts as a file, and processor time of a stream in parts."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.measuring.asks import Stream
from benchmarks.bench.measuring.hearts import BLOCK_SAMPLES, RATE_HZ, SCALE, blocks, write_hearts
from benchmarks.bench.measuring.streaming import processor_shares, stream
from edge.heart import HeartStream
from edge.pack import SHIPPED, SHIPPED_WAVES


def test_a_written_heart_is_the_synthetic_heart_block_by_block(tmp_path: Path) -> None:
    path = tmp_path / "hearts.npy"
    write_hearts(path, 2, 0.2)
    for seed, counts in enumerate(np.load(path)):
        for ours, theirs in zip(blocks(counts), HeartStream(seed=seed, rate_hz=RATE_HZ), strict=False):
            assert np.array_equal(ours.counts, theirs.counts[: ours.counts.size])
            assert ours.scale == theirs.scale == SCALE
            assert (ours.first_index, ours.rate_hz) == (theirs.first_index, theirs.rate_hz)


@given(st.integers(0, 3000))
def test_blocks_follow_each_other_and_lose_nothing(n: int) -> None:
    counts = np.arange(n, dtype=np.int32)
    cut = list(blocks(counts))
    assert sum(block.counts.size for block in cut) == n
    assert all(block.counts.size == BLOCK_SAMPLES for block in cut[:-1])
    assert [block.first_index for block in cut] == list(range(0, n, BLOCK_SAMPLES))


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=40), st.integers(1, 8))
def test_parts_are_equal_and_share_what_the_turns_took(cpu_s: list[float], parts: int) -> None:
    shares = processor_shares(cpu_s, parts, turn_s=30.0)
    size = max(1, len(cpu_s) // parts)
    assert len(shares) == len(cpu_s) // size
    assert sum(shares) * size * 30.0 <= sum(cpu_s) + 1e-6


def test_two_wearables_at_once_end_as_many_windows_as_each_would_alone(tmp_path: Path) -> None:
    path = tmp_path / "hearts.npy"
    write_hearts(path, 2, 1.0)
    ask = Stream(estimates=SHIPPED, waves=SHIPPED_WAVES, hearts=path, threads=1, streams=2, hop_s=10.0, parts=2)
    both, one = stream(ask), stream(ask.model_copy(update={"streams": 1}))
    assert both.windows == 2 * one.windows == 10
    assert len(one.cpu_share) == 2
    assert len(one.stages_ms["total"]) == one.windows
    assert one.peak_mb >= one.steady_mb - 0.01  # which is rounded
