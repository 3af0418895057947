"""The endless stream of one heart."""

from itertools import islice

import numpy as np
import pytest

from edge.heart import SILENT, HeartStream, PatchNoise
from edge.heart.stream import RAILS


def take_s(stream: HeartStream, seconds: float) -> np.ndarray:
    n_blocks = int(np.ceil(seconds * stream.rate_hz / 73))
    return np.concatenate([block.counts for block in islice(stream, n_blocks)])


def test_blocks_follow_each_other_without_gaps_in_index_and_time() -> None:
    end_index, end_s = 0, 1000.0
    for block in islice(HeartStream(1, start_s=1000.0), 80):
        block.follows(end_index)
        assert block.start_s == pytest.approx(end_s, abs=1e-9)
        assert block.n_samples == 73
        end_index, end_s = block.end_index, block.start_s + block.n_samples * block.period_s


def test_block_size_does_not_change_the_samples() -> None:
    small = np.concatenate([block.counts for block in islice(HeartStream(1, block_samples=10), 400)])
    large = np.concatenate([block.counts for block in islice(HeartStream(1, block_samples=1000), 4)])
    np.testing.assert_array_equal(small, large)


def test_a_seed_gives_one_stream_and_a_subject_another() -> None:
    one, again, other = (take_s(HeartStream(1, subject=s), 30.0) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("subject", range(4))
def test_the_mean_rate_is_the_traits(subject: int) -> None:
    stream = HeartStream(2, subject=subject)
    n_beats = stream.truth(0.0, 300.0).n_beats[0]
    assert 60.0 * n_beats / 300.0 == pytest.approx(stream.traits.heart_rate_bpm[0], rel=0.02)


def test_r_peaks_of_the_counts_are_those_of_the_truth_across_all_seams() -> None:
    stream = HeartStream(2, noise=SILENT, rate_hz=500.0)
    counts, rate_hz = take_s(stream, 65.0), stream.rate_hz
    truth = stream.truth(1.0, 60.0)
    for place, height in zip(truth.r_peak_s[0] * rate_hz, truth.r_mv[0], strict=True):
        around = counts[round(place) - 30 : round(place) + 31]
        assert abs(np.argmax(around) - 30) <= 1
        assert around.max() == pytest.approx(1000.0 * height, rel=0.05)


def test_neither_waves_nor_noise_jump_at_the_seams() -> None:
    counts = take_s(HeartStream(2, rate_hz=500.0, noise=PatchNoise(motion_per_min=0.0)), 200.0)
    steps = np.abs(np.diff(counts.astype(np.int64)))
    seams = steps[np.arange(1, 20) * 5000 - 1]
    assert np.median(seams) < 3 * np.median(steps) + 10


def test_lost_contact_is_stated_and_reaches_towards_the_rail() -> None:
    stream = HeartStream(2, noise=PatchNoise(lost_per_min=4.0))
    blocks = list(islice(stream, 400))
    far = np.array([np.abs(block.counts).max() > 16_000 for block in blocks])
    stated = np.array([block.contact is False for block in blocks])
    assert 0 < stated.sum() < len(blocks)
    np.testing.assert_array_equal(far, stated)


def test_counts_are_microvolts_within_the_rails() -> None:
    block = next(HeartStream(2))
    assert block.scale.rails == RAILS
    counts = take_s(HeartStream(2, noise=SILENT), 20.0)
    assert 200 < np.ptp(counts) < 6000


def test_noise_is_there_from_the_first_second_on() -> None:
    level = PatchNoise(baseline_mv=0.0, mains_mv=0.0, motion_mv=0.0, spread_db=0.0)
    noise = np.stack(
        [np.subtract(*(take_s(HeartStream(2, subject=s, noise=n), 30.0) for n in (level, SILENT))) for s in range(12)]
    )
    assert noise[:, :130].std() > 0.7 * noise.std()
