"""The signal's side: the published preparation is ours in numbers, and each way to clean has its figures."""

import numpy as np
import pytest

from benchmarks.peers.cleaning import NEUROKIT, OURS, PUBLISHED, measure_cleaning
from benchmarks.peers.published import prepare
from edge.heart import Heart, PatchNoise
from edge.preprocess import ECGFOUNDER, preprocess


def test_the_published_preparation_gives_what_the_contract_gives():
    keys = np.column_stack([np.arange(6), np.zeros((6, 2), np.int64)])
    windows = Heart(3).windows(keys, noise=PatchNoise(), snr_db=0.0).millivolts
    theirs = np.stack([prepare(window, 500.0) for window in windows])
    np.testing.assert_allclose(preprocess(windows, ECGFOUNDER), theirs, atol=1e-6)


def test_each_has_its_time_and_what_it_keeps_and_what_is_missing_is_said():
    found = measure_cleaning(n_windows=2, n_rounds=2)
    by_name = {row.name: row for row in found.rows}
    assert by_name[PUBLISHED].max_abs_difference < 1e-6
    assert by_name[OURS].correlation == pytest.approx(by_name[PUBLISHED].correlation, abs=1e-6)
    assert (NEUROKIT in by_name) == ("NeuroKit2" not in found.missing) == bool(by_name[OURS].rate_error_bpm)
