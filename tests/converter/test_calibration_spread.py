"""The choice of windows, stated as laws over recordings of any number and length."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.windows.sources import ReadableWindow
from converter.windows.spread import Spread, draw
from edge.outcome import Rejection

LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=8)


def numbered(first, n):
    """Windows that hold their number."""
    for i in range(n):
        yield i / n, ReadableWindow(np.full(4, first + i, np.float32), 60.0)


def chosen(lengths, n, seed=0):
    """What is chosen of recordings of the given lengths: (recording, window)."""
    spread = Spread(n)
    for i, length in enumerate(lengths):
        spread.add(draw(f"r{i}", numbered(0, length), n, seed=seed))
    return [(choice.name, int(choice.window.millivolts[0])) for choice in spread.chosen]


@given(LENGTHS, st.integers(1, 40))
def test_as_many_windows_as_asked_for_are_chosen_or_all(lengths, n):
    assert len(set(chosen(lengths, n))) == min(n, sum(lengths))


@given(LENGTHS, st.integers(1, 40))
def test_no_recording_gives_two_more_than_one_that_has_windows_left(lengths, n):
    names = [name for name, _ in chosen(lengths, n)]
    given_by = [names.count(f"r{i}") for i in range(len(lengths))]
    spare = [count for count, length in zip(given_by, lengths, strict=True) if count < length]
    assert max(given_by) <= min(spare, default=max(given_by)) + 1


@given(LENGTHS, st.integers(1, 20), st.integers(1, 20))
def test_a_larger_choice_holds_the_smaller_one(lengths, n, more):
    assert chosen(lengths, n + more)[: min(n, sum(lengths))] == chosen(lengths, n)


@given(LENGTHS, st.integers(1, 8))
def test_a_settled_choice_is_changed_by_no_further_recording(lengths, n):
    spread = Spread(n)
    for i, length in enumerate([*lengths, *[1] * n]):
        spread.add(draw(f"r{i}", numbered(0, length), n, seed=0))
    assert spread.is_settled
    before = list(spread.chosen)
    spread.add(draw("last", numbered(0, 30), n, seed=0))
    assert spread.chosen == before


def test_recordings_of_one_length_are_drawn_from_at_other_places():
    drawn = {tuple(int(w.millivolts[0]) for w in draw(f"r{i}", numbered(0, 30), 4, seed=0).windows) for i in range(20)}
    assert len(drawn) == 20


def test_every_window_of_a_recording_is_as_likely_to_be_drawn():
    counts = np.zeros(20)
    for seed in range(2000):
        for window in draw("r", numbered(0, 20), 5, seed=seed).windows:
            counts[int(window.millivolts[0])] += 1
    assert counts == pytest.approx(np.full(20, 500.0), abs=5 * np.sqrt(500 * 0.75))


def test_windows_that_cannot_be_read_are_counted_by_reason_and_change_no_draw():
    judged = list(numbered(0, 9))
    spoilt = [(0.0, Rejection.NOISY), *judged[:4], (0.5, Rejection.FLAT), (0.5, Rejection.NOISY), *judged[4:]]
    clean, with_faults = draw("r", judged, 5, seed=0), draw("r", spoilt, 5, seed=0)
    assert with_faults.windows == clean.windows
    assert with_faults.rejected == {Rejection.NOISY: 2, Rejection.FLAT: 1}


def test_days_of_windows_are_never_held_at_once():
    def days():
        for i in range(20_000):
            yield i / 20_000, ReadableWindow(np.full(500, i, np.float32), 60.0)

    tracemalloc.start()
    try:
        drawn = draw("days", days(), 16, seed=0)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert drawn.n_readable == 20_000
    assert peak_bytes < 40 * 500 * 4
