import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.mending import Hole, Mender, Piece
from edge.signal import Gap, GapReason, Scale

RATE_HZ = 100.0
COUNT_AT_0 = 2**32 - 150
"""The wearable's count comes round within the streams tried here."""
MODULUS = 2**32
_SCALE = Scale(0.001)
_TRUTH = np.random.default_rng(0).integers(-1000, 1000, 100_000, dtype=np.int32)


def _piece(first_index, n_samples):
    counts = _TRUTH[first_index : first_index + n_samples]
    return Piece(first_index, counts, _SCALE, 1e9 + first_index / RATE_HZ, 1 / RATE_HZ, 0.001, None)


def _hole(first_index, n_samples):
    return Hole(first_index, n_samples, GapReason.FRAME_LOST, (COUNT_AT_0 + first_index) % MODULUS, MODULUS)


def _mender(*items):
    mender = Mender(RATE_HZ)
    for item in items:
        mender.put(item)
    return mender


def _assert_each_index_is_there_once_and_true(ordered, end_index):
    index = 0
    for item in ordered:
        assert item.first_index == index
        index = item.end_index
        if isinstance(item, Piece):
            np.testing.assert_array_equal(item.counts, _TRUTH[item.first_index : item.end_index])
            np.testing.assert_allclose(item.start_s, 1e9 + item.first_index / RATE_HZ, rtol=0, atol=1e-6)
    assert index == end_index


runs = st.lists(st.tuples(st.sampled_from(["arrives", "is lost", "cannot come"]), st.integers(1, 60)), max_size=12)
cuts = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 80)), max_size=20)


@given(runs, cuts, st.randoms(use_true_random=False))
def test_whatever_comes_back_in_whatever_order_each_index_is_given_once_in_order_and_to_the_bit(runs, cuts, chance):
    mender, ordered, end_index, missing = Mender(RATE_HZ), [], 0, set()
    back = [(first, n) for first, n in cuts]
    for what, n_samples in runs:
        indices = range(end_index, end_index + n_samples)
        match what:
            case "arrives":
                mender.put(_piece(end_index, n_samples))
            case "is lost":
                mender.put(_hole(end_index, n_samples))
                missing |= set(indices)
            case "cannot come":
                mender.put(Gap(end_index, n_samples, GapReason.DEVICE_RESET))
        end_index += n_samples
        if back and chance.random() < 0.7:
            missing -= _send_again(mender, back.pop(), end_index, missing)
        if chance.random() < 0.5:
            ordered += mender.take()
    while back:
        missing -= _send_again(mender, back.pop(), end_index, missing)
    came = mender.mended
    ordered += mender.finish()
    _assert_each_index_is_there_once_and_true(ordered, end_index)
    lost = {i for gap in ordered if isinstance(gap, Gap) for i in range(gap.first_index, gap.end_index)}
    never = {i for gap in ordered if getattr(gap, "reason", None) is GapReason.DEVICE_RESET for i in _indices(gap)}
    assert lost - never == missing
    assert came == sum(n for what, n in runs if what == "is lost") - len(missing)


def _indices(item):
    return range(item.first_index, item.end_index)


def _send_again(mender, cut, end_index, missing):
    """A piece comes back; the indices that were missing of it."""
    first, n_samples = cut
    indices = set(range(first, min(first + n_samples, end_index)))
    if indices:
        assert mender.mend(_piece(first, len(indices)), now_s=0.0) is bool(indices & missing)
    return indices


@given(st.lists(st.integers(0, 99), min_size=1, max_size=100), st.integers(1, 30))
def test_what_the_wearable_no_longer_has_is_lost_and_the_rest_can_still_come(given_up, n_samples):
    mender = _mender(_piece(0, 50), _hole(50, 100), _piece(150, 50))
    gone = set()
    for first in given_up:
        mender.give_up((COUNT_AT_0 + 50 + first) % MODULUS, n_samples)
        gone |= set(range(50 + first, 50 + first + n_samples))
    mender.mend(_piece(0, 200), now_s=0.0)
    ordered = list(mender.take())
    _assert_each_index_is_there_once_and_true(ordered, 200)
    assert {i for item in ordered if isinstance(item, Gap) for i in _indices(item)} == gone & set(range(50, 150))


@given(st.integers(0, MODULUS - 1), st.integers(0, MODULUS - 1))
def test_what_is_gone_elsewhere_leaves_a_hole_alone(first, n_samples):
    mender = _mender(_hole(0, 10), _piece(10, 10))
    mender.give_up(first, n_samples)
    gaps = [item for item in mender.finish() if isinstance(item, Gap)]
    assert [(gaps[0].first_index, gaps[-1].end_index)] == [(0, 10)]


@given(st.integers(0, 99) | st.just(0), st.integers(1, 100))
def test_what_is_asked_for_is_what_is_missing_by_the_wearables_own_count(first, n_samples):
    mender = _mender(_hole(100, 100))
    mender.mend(_piece(100 + first, min(n_samples, 100 - first)), now_s=0.0)
    asked = mender.to_ask(10.0)
    holes = [range(100, 100 + first), range(100 + min(100, first + n_samples), 200)]
    missing = next(filter(None, holes), None)
    if missing is None:
        assert asked is None
    else:
        assert (asked.first_index, asked.n_samples) == (missing.start, len(missing))
        assert asked.device_first == (COUNT_AT_0 + missing.start) % MODULUS


def test_a_piece_that_nothing_of_was_missing_is_refused():
    mender = _mender(_piece(0, 10), _hole(10, 10), _piece(20, 10))
    assert not mender.mend(_piece(0, 10), now_s=0.0)
    assert not mender.mend(_piece(20, 10), now_s=0.0)
    assert mender.mended == 0


def test_nothing_behind_a_hole_is_given_before_it_is_mended():
    mender = _mender(_piece(0, 10), _hole(10, 10), _piece(20, 10))
    assert [item.first_index for item in mender.take()] == [0]
    assert mender.holes
    mender.mend(_piece(10, 10), now_s=0.0)
    assert [item.first_index for item in mender.take()] == [10, 20]
    assert not mender.holes


def test_it_is_asked_four_times_three_seconds_apart_by_arrivals_and_then_given_up():
    mender = _mender(_hole(0, 10), _piece(10, 10))
    asked_s = [at_s for at_s in np.arange(0, 30, 0.5) if mender.to_ask(at_s)]
    assert asked_s == [0, 3, 6, 9]
    assert [type(item) for item in mender.take()] == [Gap, Piece]


def test_while_no_time_passes_by_arrivals_nothing_is_asked_twice_or_given_up():
    mender = _mender(_hole(0, 10), _piece(10, 10))
    assert mender.to_ask(5.0)
    assert [mender.to_ask(at_s) for at_s in [5.0] * 100 + [4.0, -1e9, float("-inf")]] == [None] * 103
    assert list(mender.take()) == []


def test_what_comes_back_slowly_is_waited_for_and_not_given_up():
    mender = _mender(_hole(0, 1000), _piece(1000, 10))
    assert mender.to_ask(0.0)
    for first in range(0, 1000, 10):
        mender.mend(_piece(first, 10), now_s=2.0 * first)
        assert mender.to_ask(2.0 * first + 2.9) is None
    assert mender.mended == 1000


def test_after_a_new_connection_it_is_asked_at_once_and_as_often_again():
    mender = _mender(_hole(0, 10), _piece(10, 10))
    assert [mender.to_ask(at_s) is not None for at_s in (0, 3, 6)] == [True] * 3
    mender.reconnected()
    assert [mender.to_ask(at_s) is not None for at_s in (6.1, 9.1, 12.1, 15.1, 18.1)] == [True] * 4 + [False]


def test_the_first_of_several_holes_is_asked_for_and_given_up_alone():
    mender = _mender(_hole(0, 10), _piece(10, 10), _hole(20, 10), _piece(30, 10))
    asked = [mender.to_ask(at_s).first_index for at_s in (0, 3, 6, 9, 12)]
    assert asked == [0, 0, 0, 0, 20]


@given(st.integers(1, 400), st.integers(1, 40))
def test_no_hole_holds_up_more_than_five_minutes_of_what_came_after_it(n_samples, hole_samples):
    mender = Mender(rate_hz=1.0)
    mender.put(_hole(0, hole_samples))
    held, ordered, end_index = 0, [], hole_samples
    while end_index < 1000:
        mender.put(_piece(end_index, n_samples))
        end_index += n_samples
        ordered += mender.take()
        held = max(held, end_index - (ordered[-1].end_index if ordered else 0))
    assert 300 - n_samples < held <= 300 + n_samples
    _assert_each_index_is_there_once_and_true([*ordered, *mender.finish()], end_index)


def test_at_the_end_what_is_still_missing_is_lost():
    mender = _mender(_piece(0, 10), _hole(10, 10), _piece(20, 10))
    _assert_each_index_is_there_once_and_true(ordered := list(mender.finish()), 30)
    assert [(gap.first_index, gap.n_samples, gap.reason) for gap in ordered[1:2]] == [(10, 10, GapReason.FRAME_LOST)]
    assert list(mender.finish()) == []
