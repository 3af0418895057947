from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings

from edge.waves.decode import decode
from edge.waves.marks import Rhythm
from edge.waves.runs import Run, runs_of
from edge.waves.track import RATE_HZ, Segment, Track
from tests.edge.waves.tracks import any_tracks, track_of

SHORTEST = {Segment.P: 8, Segment.QRS: 8, Segment.T: 12}


def plainly(track: Track) -> dict[Segment, list[Run]]:
    """Runs sample by sample, as one would tell a person."""
    kinds = track.segments.argmax(axis=1)
    stretches: list[list[int]] = []
    for kind, places in groupby(range(track.n_samples), key=lambda at: kinds[at]):
        there = list(places)
        if kind == Segment.NONE:
            continue
        if stretches and stretches[-1][0] == kind and there[0] - stretches[-1][2] - 1 <= 10:
            stretches[-1][2] = there[-1]
        else:
            stretches.append([kind, there[0], there[-1]])
    return {
        of: [plain_run(track, kinds, *s) for s in stretches if s[0] == of and s[2] - s[1] + 1 >= shortest]
        for of, shortest in SHORTEST.items()
    }


def plain_run(track: Track, kinds, kind: int, begin: int, last: int) -> Run:
    likely = [float(track.segments[at, kind]) if kinds[at] == kind else 0.0 for at in range(begin, last + 1)]
    centre = sum(p * at for at, p in enumerate(likely, begin)) / sum(likely)
    return Run(begin, last, begin - beyond(track, kind, begin, -1), last + beyond(track, kind, last, 1), centre)


def beyond(track: Track, kind: int, inner: int, way: int) -> float:
    """Part of a sample by which a wave reaches beyond its last one: where a line falls to one half."""
    if not 0 <= inner + way < track.n_samples:
        return 0.0
    p_in, p_out = float(track.segments[inner, kind]), float(track.segments[inner + way, kind])
    return 0.0 if p_in == p_out else min(max((p_in - 0.5) / (p_in - p_out), 0.0), 1.0)


@given(any_tracks)
@settings(max_examples=50)
def test_whatever_the_network_says_the_runs_are_those_told_sample_by_sample(track):
    runs = runs_of(track)
    for kind, expected in plainly(track).items():
        assert [run[:2] for run in runs[kind]] == [run[:2] for run in expected]
        np.testing.assert_allclose([run[2:] for run in runs[kind]], [run[2:] for run in expected], rtol=1e-12)


@given(any_tracks)
@settings(max_examples=100)
def test_each_beat_has_the_last_p_before_it_and_the_first_t_behind_it_that_are_near_enough(track):
    sinus = track_of(np.zeros(track.n_samples, int), rhythm=Rhythm.SINUS).rhythms
    track = replace(track, rhythms=sinus)
    marks, runs = decode(track, np.zeros(track.n_samples)), runs_of(track)
    begins = np.where(np.isnan(marks.qrs_on), marks.r, marks.qrs_on)
    ends = np.where(np.isnan(marks.qrs_off), marks.r, marks.qrs_off)
    for i, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        from_p = max(begin - 0.45 * RATE_HZ, ends[i - 1] if i else -np.inf)
        to_t = min(end + 0.7 * RATE_HZ, begins[i + 1] if i + 1 < len(marks) else np.inf)
        p = [run.on for run in runs[Segment.P] if from_p < run.centre < begin]
        t = [run.off for run in runs[Segment.T] if end <= run.centre < to_t]
        np.testing.assert_array_equal(marks.p_on[i], p[-1] if p else np.nan)
        np.testing.assert_array_equal(marks.t_off[i], t[0] if t else np.nan)


def test_a_wave_lies_where_it_lies_however_long_the_recording_before_it():
    n_beats, length = 600, 1024
    segments = np.zeros(length, int)
    segments[340:366], segments[400:424], segments[470:520] = Segment.P, Segment.QRS, Segment.T
    track = track_of(np.tile(segments, n_beats), 412 + length * np.arange(n_beats))
    marks = decode(track, np.zeros(track.n_samples))
    assert np.isfinite(marks.qrs_on).all()
    assert marks.r - length * np.arange(n_beats) == pytest.approx(411.5, abs=1e-6)
