import numpy as np
import pytest

from converter.training.waves.examples import People, _window, finished, synthetic
from converter.training.waves.targets import UNKNOWN_BEAT, UNKNOWN_GRADE, UNKNOWN_RHYTHM, UNKNOWN_SEGMENT
from edge.heart import VariedHeart
from edge.preprocess import WAVES, preprocess
from edge.waves.marks import BEAT_CLASSES
from edge.waves.track import STEP_SAMPLES, Grade
from tests.converter.labelled_waves import labelled

N, S, V, F, Q = range(len(BEAT_CLASSES))
LONG = labelled(n=20_000, classes=[N, S, V] * 30)
SHORT = labelled(n=1000, classes=[N] * 4)


def windows(recording, n=40, at=None):
    random = np.random.default_rng(0)
    return [_window(recording, at, random) for _ in range(n)]


def random():
    return np.random.default_rng(7)


def test_a_window_is_a_stretch_of_the_recording_played_a_little_faster_or_slower():
    for x, *_ in windows(LONG):
        speed = np.diff(x.astype(np.float64))
        assert speed.min() > 0.86 - 1e-2
        assert speed.max() < 1.17 + 1e-2


def test_what_is_known_moves_with_the_samples():
    """But for a place half way between two samples, which float32 rounds either way."""
    for x, segments, _, _ in windows(LONG):
        same = segments == LONG.segments[np.rint(x.astype(np.float64)).astype(int)]
        assert same.mean() > 0.998


def test_beats_of_a_window_are_those_of_the_recording_there():
    for x, _, beats, _ in windows(LONG):
        steps = np.rint(x[::STEP_SAMPLES].astype(np.float64)).astype(int) // STEP_SAMPLES
        np.testing.assert_array_equal(beats, LONG.beats[steps])


def test_windows_begin_anywhere():
    begins = [x[0] for x, *_ in windows(LONG, 100)]
    assert min(begins) < 2500
    assert max(begins) > 14_000


def test_a_beat_that_is_asked_for_lies_in_its_window():
    for at in (50.0, 5000.0, 19_950.0):
        assert all(x[0] <= at <= x.max() for x, *_ in windows(LONG, at=at))


def test_of_what_is_mirrored_nothing_is_asked():
    """The samples of a recording are their own numbers: where they fall it is played backwards."""
    for x, segments, beats, rhythms in windows(SHORT):
        for known, places in (
            (segments != UNKNOWN_SEGMENT, x),
            (beats != UNKNOWN_BEAT, x[::STEP_SAMPLES]),
            (rhythms != UNKNOWN_RHYTHM, x[::STEP_SAMPLES]),
        ):
            assert np.all(np.diff(places[known]) > 0)


def test_of_what_is_not_mirrored_all_is_asked():
    for x, segments, _, rhythms in windows(SHORT):
        known = x[segments != UNKNOWN_SEGMENT]
        assert (known.min(), known.max()) == pytest.approx((0, 999), abs=1.5)
        assert np.sum(rhythms != UNKNOWN_RHYTHM) >= known.size / STEP_SAMPLES - 4


def batch_of(recordings, shares, n=1):
    people, draws = People(recordings, shares), random()
    return [people.draw(draws) for _ in range(n)]


def test_a_batch_has_as_many_windows_of_each_source_as_asked():
    recordings = [labelled("ludb", "1", clean=True), labelled("mitdb", "101", classes=[N] * 30)]
    [made] = batch_of(recordings, {"ludb": 3, "mitdb": 5})
    assert made.clean.tolist() == [True] * 3 + [False] * 5


def test_a_source_that_is_absent_is_passed_over():
    [made] = batch_of([labelled("ludb", "1")], {"ludb": 3, "mitdb": 5, "cinc2017": 1})
    assert len(made.millivolts) == 3


def share_with(recordings, k):
    """Share of the windows drawn that hold a beat of a class."""
    batches = batch_of(recordings, {"mitdb": 50}, n=12)
    return np.mean([np.any(beats == k + 1) for made in batches for beats in made.beats])


COMMON = [labelled("mitdb", str(i), n=60_000, classes=[N] * 290) for i in range(30)]
RARE = np.full(290, N)


def with_one(k):
    classes = RARE.copy()
    classes[140] = k
    return labelled("mitdb", f"rare{k}", n=60_000, classes=classes)


@pytest.mark.parametrize(("k", "share"), [(S, 0.30), (V, 0.22), (F, 0.08)])
def test_windows_with_a_rare_class_come_as_often_as_asked(k, share):
    """Each is one beat of one recording in thirty-three: without asking one window in eight hundred would hold it."""
    assert share_with([*COMMON, *map(with_one, (S, V, F))], k) == pytest.approx(share, abs=0.06)


def test_a_rare_class_that_nobody_has_is_passed_over():
    assert share_with(COMMON, S) == 0.0


def test_the_same_draws_give_the_same_windows():
    one, other = (batch_of([LONG], {"mitdb": 4})[0] for _ in range(2))
    np.testing.assert_array_equal(one.millivolts, other.millivolts)


HEART = VariedHeart(1)


def test_of_a_synthetic_window_all_is_known():
    made = synthetic(HEART, np.arange(20))
    truth = HEART.windows(np.arange(20))
    np.testing.assert_array_equal(made.segments, truth.segments)
    np.testing.assert_array_equal(made.rhythms[:, 0], truth.rhythms)
    assert made.clean.all()


def test_the_beats_of_a_synthetic_window_are_told_by_class():
    made, truth = synthetic(HEART, np.arange(20)), HEART.windows(np.arange(20))
    for beats, r_s, classes in zip(made.beats, truth.r_s, truth.classes, strict=True):
        there = np.isfinite(r_s)
        np.testing.assert_array_equal(beats[np.floor(r_s[there] * 64).astype(int)], classes[there] + 1)


def test_finished_windows_are_what_the_network_reads():
    made = finished([synthetic(HEART, np.arange(3)), batch_of([LONG], {"mitdb": 2})[0]], random())
    assert (made.inputs.shape, made.inputs.dtype) == ((5, 2560), np.float32)
    assert (made.targets.segments.shape, made.targets.grades.shape) == ((5, 2560), (5, 640))


def test_three_windows_in_ten_are_turned_over():
    raw = synthetic(HEART, np.arange(200))
    inputs, upright = finished([raw], random()).inputs, preprocess(raw.millivolts, WAVES)
    alike = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(inputs, upright, strict=True)])
    assert np.mean(alike[np.abs(alike) > 0.7] < 0) == pytest.approx(0.3, abs=0.1)


def test_of_a_recording_with_noise_of_its_own_no_grade_is_known_but_the_worst():
    made = finished(batch_of([LONG], {"mitdb": 30}), random())
    assert set(np.unique(made.targets.grades).tolist()) == {Grade.NOTHING, UNKNOWN_GRADE}


def test_the_same_draws_finish_windows_alike():
    one, other = (finished([synthetic(HEART, np.arange(3))], random()).inputs for _ in range(2))
    np.testing.assert_array_equal(one, other)
