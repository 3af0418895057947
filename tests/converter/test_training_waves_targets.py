import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.training.waves import targets as t
from converter.training.waves.targets import steps_of_beats
from edge.waves.marks import BEAT_CLASSES, RHYTHMS
from edge.waves.track import Grade, Segment

NONE, P, QRS, T = Segment
ALLOWED = {
    "segments": t.SEGMENTS_ALLOWED,
    "beats": t.BEATS_ALLOWED,
    "rhythms": t.RHYTHMS_ALLOWED,
    "grades": t.GRADES_ALLOWED,
}


def allowed(table, code):
    return set(np.flatnonzero(table[code]).tolist())


@pytest.mark.parametrize(("table", "n"), [("segments", 4), ("beats", 6), ("rhythms", 3), ("grades", 3)])
def test_a_known_answer_allows_itself_alone(table, n):
    np.testing.assert_array_equal(ALLOWED[table][:n], np.eye(n))


@pytest.mark.parametrize(
    ("code", "answers"),
    [
        (t.NOT_QRS, {NONE, P, T}),
        (t.UNKNOWN_SEGMENT, {NONE, P, QRS, T}),
        (t.NONE_OR_T, {NONE, T}),
        (t.NOT_P, {NONE, QRS, T}),
    ],
)
def test_a_code_of_segments_allows_what_its_name_says(code, answers):
    assert allowed(t.SEGMENTS_ALLOWED, code) == answers


@pytest.mark.parametrize(
    ("table", "code", "answers"),
    [
        ("beats", t.SOME_BEAT, set(range(1, 1 + len(BEAT_CLASSES)))),
        ("beats", t.UNKNOWN_BEAT, set(range(1 + len(BEAT_CLASSES)))),
        ("rhythms", t.UNKNOWN_RHYTHM, set(range(len(RHYTHMS)))),
        ("grades", t.UNKNOWN_GRADE, set(Grade)),
    ],
)
def test_a_code_of_all_else_allows_what_its_name_says(table, code, answers):
    assert allowed(ALLOWED[table], code) == answers


@pytest.mark.parametrize("table", ALLOWED)
def test_every_code_allows_something(table):
    assert ALLOWED[table].sum(axis=1).min() >= 1


def test_each_code_of_beats_has_a_weight_and_what_is_unknown_none():
    assert len(t.BEAT_WEIGHTS) == len(t.BEATS_ALLOWED)
    assert t.BEAT_WEIGHTS[t.UNKNOWN_BEAT] == 0.0


def test_a_beat_is_told_on_five_steps_and_unknown_on_one_more_either_side():
    codes = steps_of_beats(np.array([40.0]), np.array([2]), 20)
    assert codes.tolist() == [0] * 7 + [t.UNKNOWN_BEAT] + [3] * 5 + [t.UNKNOWN_BEAT] + [0] * 6


def test_a_beat_at_an_end_is_cut_off_there():
    codes = steps_of_beats(np.array([0.0, 79.0]), np.array([0, 1]), 20)
    u = t.UNKNOWN_BEAT
    assert codes.tolist() == [1, 1, 1, u] + [0] * 12 + [u, 2, 2, 2]


def test_a_beat_beyond_the_ends_leaves_only_what_reaches_in():
    codes = steps_of_beats(np.array([-8.0, 500.0]), np.array([0, 0]), 20)
    assert codes.tolist() == [1, t.UNKNOWN_BEAT] + [0] * 18


def test_beats_side_by_side_are_both_told():
    codes = steps_of_beats(np.array([40.0, 60.0]), np.array([0, 2]), 30)
    assert codes[8:18].tolist() == [1] * 5 + [3] * 5


def test_a_beat_of_unknown_class_is_some_beat():
    assert t.SOME_BEAT in steps_of_beats(np.array([40.0]), np.array([t.SOME_BEAT - 1]), 20)


def test_without_beats_there_are_none():
    assert not steps_of_beats(np.empty(0), np.empty(0, np.int64), 20).any()


@given(st.lists(st.integers(0, 2559), max_size=12), st.integers(0, 3), st.integers(0, 3))
def test_steps_of_a_beat_are_as_many_as_asked(places, reach, margin):
    r = np.array(sorted(set(places)), float)
    codes = steps_of_beats(r, np.zeros(r.size, np.int64), 640, reach=reach, margin=margin)
    near = np.abs(np.arange(640)[:, None] - np.floor(r / 4)).min(axis=1, initial=1e9)
    expected = np.where(near <= reach, 1, np.where(near <= reach + margin, t.UNKNOWN_BEAT, 0))
    np.testing.assert_array_equal(codes, expected)
