from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.errors import StreamError
from edge.outcome import Rejected, Rejection
from edge.resample import PolyphaseResampler
from edge.signal import Scale
from edge.waves.track import RATE_HZ
from edge.windowing import Window, Windower
from tests.edge.signals import block, cuts_of, stream

RATES_HZ = [100.0, 128.0, 129.87, 250.0, 360.0, 500.0, 1000.0]
LENGTH, PACK_RATE_HZ = 500, 50.0
"""Ten seconds of a pack slow enough to try many streams."""


def cut(blocks, *, hop_s=10.0, rate_hz=PACK_RATE_HZ, window_samples=LENGTH):
    windower = Windower(rate_hz, window_samples, hop_s)
    return [made for b in blocks for made in windower.push(b)] + list(windower.finish())


def ramp(n):
    return np.arange(n) % 4000


def facts(made):
    """All there is to a window or a rejection, comparable; times as cutting may round them."""
    span = made.span
    where = (span.first_index, span.n_samples, round(span.start_s, 6), round(span.duration_s, 6))
    if isinstance(made, Rejected):
        return (*where, made.reason)
    return (*where, made.millivolts.tobytes(), made.waves.tobytes(), made.railed_fraction, made.contact)


@st.composite
def streams(draw):
    """Counts, two ways to cut them into blocks, what is lost of them, and the rate."""
    rate_hz = draw(st.sampled_from([20.0, 32.5, 50.0, 64.0, 100.0]))
    n = draw(st.integers(2, 4000))
    bounds = sorted(draw(st.lists(st.integers(1, n), max_size=6, unique=True)))
    lost = list(zip(bounds[::2], bounds[1::2], strict=False))
    assume(not (lost and lost[0][0] == 0))
    return ramp(n), draw(cuts_of(n)), draw(cuts_of(n)), lost, rate_hz


@given(
    st.data(), st.integers(600, 4000), st.sampled_from([20.0, 64.0, 100.0, 256.0]), st.sampled_from([0.3, 1.0, 10.0])
)
def test_what_waves_are_read_off_are_stretches_of_the_stream_resampled_once(data, n, rate_hz, hop_s):
    blocks = stream(ramp(n), data.draw(cuts_of(n)), rate_hz=rate_hz)
    resampler = PolyphaseResampler(rate_hz, RATE_HZ)
    once = np.concatenate([resampler.push(ramp(n) * 1e-3), resampler.finish()])
    windows = [made for made in cut(blocks, hop_s=hop_s) if isinstance(made, Window)]
    begins = [round(i * round(hop_s * PACK_RATE_HZ) * RATE_HZ / PACK_RATE_HZ) for i in range(len(windows))]
    expected = [once[begin : begin + 2560] for begin in begins]
    assert [window.waves.tobytes() for window in windows] == [part.tobytes() for part in expected]


@pytest.mark.parametrize("rate_hz", [50.0, 360.0])
def test_windows_that_overlap_share_their_samples_and_nobody_may_write_there(rate_hz):
    first, second, *_ = cut([block(ramp(round(20 * rate_hz)), rate_hz=rate_hz)], hop_s=1.0)
    for one, other in ((first.millivolts, second.millivolts), (first.waves, second.waves)):
        assert np.shares_memory(one, other)
        assert not one.flags.writeable


def test_a_pack_at_the_rate_of_the_waves_reads_what_they_are_read_off():
    [window] = cut([block(ramp(2000), rate_hz=200.0)], rate_hz=RATE_HZ, window_samples=2560)
    assert window.waves.tobytes() == window.millivolts.tobytes()


@given(streams(), st.sampled_from([1.0, 2.5, 10.0, 12.0]))
def test_the_windows_do_not_depend_on_how_the_stream_was_cut(made, hop_s):
    counts, cuts, others, lost, rate_hz = made
    first = [facts(w) for w in cut(stream(counts, cuts, lost, rate_hz=rate_hz), hop_s=hop_s)]
    assert first == [facts(w) for w in cut(stream(counts, others, lost, rate_hz=rate_hz), hop_s=hop_s)]


@given(streams(), st.sampled_from([1.0, 2.5, 10.0, 12.0]))
def test_no_window_and_no_rejection_spans_a_gap(made, hop_s):
    counts, cuts, _, lost, rate_hz = made
    for w in cut(stream(counts, cuts, lost, rate_hz=rate_hz), hop_s=hop_s):
        assert not any(w.span.first_index < end and w.span.end_index > begin for begin, end in lost)


@given(streams(), st.sampled_from([1.0, 2.5, 10.0]))
def test_every_sample_that_arrived_is_in_an_outcome(made, hop_s):
    counts, cuts, _, lost, rate_hz = made
    covered = np.zeros(len(counts), bool)
    for first, end in lost:
        covered[first:end] = True
    for w in cut(stream(counts, cuts, lost, rate_hz=rate_hz), hop_s=hop_s):
        covered[w.span.first_index : w.span.end_index] = True
    assert covered.all()


@given(streams())
def test_windows_one_after_another_share_no_sample(made):
    counts, cuts, _, lost, rate_hz = made
    spans = [w.span for w in cut(stream(counts, cuts, lost, rate_hz=rate_hz))]
    assert all(a.end_index <= b.first_index for a, b in pairwise(spans))


@given(st.floats(20.0, 2000.0), st.integers(1, 3000), st.sampled_from([0.5, 3.3, 10.0, 11.0]))
def test_any_rate_and_length_ends_in_spans_that_hold_samples(rate_hz, n, hop_s):
    for w in cut(stream(ramp(n), rate_hz=rate_hz), hop_s=hop_s):
        assert 0 <= w.span.first_index < w.span.end_index <= n


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ten_seconds_at_any_rate_are_one_full_window_and_nothing_else(rate_hz):
    n = round(10 * rate_hz)
    [only] = cut(stream(ramp(n), [n // 3], rate_hz=rate_hz), rate_hz=500.0, window_samples=5000)
    assert (only.millivolts.shape, only.span.first_index, only.span.n_samples) == ((5000,), 0, n)


def test_a_rest_shorter_than_a_source_sample_is_no_window_of_its_own():
    assert len(cut(stream(ramp(1299), rate_hz=129.87), rate_hz=500.0, window_samples=5000)) == 1


def test_what_a_gap_cuts_short_is_rejected_for_the_gap_and_the_end_for_the_end():
    made = cut(stream(ramp(2000), lost=[(700, 900)], rate_hz=50.0))
    assert [(type(w), getattr(w, "reason", None), w.span.first_index, w.span.n_samples) for w in made] == [
        (Window, None, 0, 500),
        (Rejected, Rejection.GAP, 500, 200),
        (Window, None, 900, 500),
        (Window, None, 1400, 500),
        (Rejected, Rejection.ENDED, 1900, 100),
    ]


def test_a_rejection_says_how_much_of_a_window_there_was():
    [only] = cut(stream(ramp(200), rate_hz=50.0))
    assert only.detail == "4.0 s of the 10 s a window needs"


def test_overlapping_windows_begin_every_hop():
    made = cut(stream(ramp(1000), [77, 500], rate_hz=50.0), hop_s=2.5)
    assert [w.span.first_index for w in made] == [0, 125, 250, 375, 500]


def test_a_hop_longer_than_a_window_leaves_samples_between_windows():
    made = cut(stream(ramp(1500), rate_hz=50.0), hop_s=20.0)
    assert [(w.span.first_index, w.span.n_samples) for w in made] == [(0, 500), (1000, 500)]


def test_the_samples_of_a_window_are_those_of_its_span():
    [_, second] = cut(stream(ramp(1000), [333], rate_hz=50.0))
    np.testing.assert_allclose(second.millivolts, np.arange(500, 1000) * 1e-3)


def test_a_window_takes_its_time_from_the_block_it_begins_in():
    late = block(ramp(500), 300, rate_hz=50.0)
    object.__setattr__(late, "start_s", 6.25)
    [first, second] = cut([block(ramp(300), rate_hz=50.0), late], hop_s=6.0)
    assert (first.span.start_s, second.span.start_s) == (0.0, 6.25)


def test_a_window_lasts_until_its_last_block_says():
    slow = block(ramp(500), 250, rate_hz=50.0)
    object.__setattr__(slow, "period_s", 0.0202)
    [first, *_] = cut([block(ramp(250), rate_hz=50.0), slow])
    assert first.span.duration_s == pytest.approx(5.0 + 250 * 0.0202)


def test_samples_at_the_rails_are_counted_in_the_window_they_are_in():
    scale = Scale(1e-3, rails=(-100, 100))
    counts = np.zeros(1000)
    counts[490:520] = 100
    [first, second] = cut(
        [block(counts[:495], rate_hz=50.0, scale=scale), block(counts[495:], 495, rate_hz=50.0, scale=scale)]
    )
    assert (first.railed_fraction, second.railed_fraction) == (10 / 500, 20 / 500)


def test_a_window_has_no_contact_when_any_of_its_blocks_has_none():
    blocks = [block(ramp(500), 500 * i, rate_hz=50.0, contact=contact) for i, contact in enumerate([True, False, None])]
    assert [w.contact for w in cut(blocks)] == [True, False, True]


@given(st.data(), st.integers(600, 2000), st.sampled_from([0.5, 1.0, 12.0]))
def test_windows_that_overlap_each_know_what_was_wrong_in_them(data, n, hop_s):
    draws = np.random.default_rng(n)
    counts = np.where(draws.random(n) < 0.02, 100, 0)
    bounds = [0, *data.draw(cuts_of(n)), n]
    contact = data.draw(st.lists(st.sampled_from([None, True, False]), min_size=len(bounds), max_size=len(bounds)))
    scale = Scale(1e-3, rails=(-100, 100))
    blocks = [
        block(counts[begin:end], begin, rate_hz=50.0, scale=scale, contact=said)
        for (begin, end), said in zip(pairwise(bounds), contact, strict=False)
    ]
    off = np.concatenate([np.full(b.n_samples, b.contact is False) for b in blocks])
    for window in (made for made in cut(blocks, hop_s=hop_s) if isinstance(made, Window)):
        inside = slice(window.span.first_index, window.span.end_index)
        assert window.railed_fraction == np.count_nonzero(counts[inside]) / 500
        assert window.contact == (not off[inside].any())


def test_a_stream_that_skips_samples_without_saying_so_is_refused():
    windower = Windower(PACK_RATE_HZ, LENGTH, 10.0)
    list(windower.push(block(ramp(10), rate_hz=50.0)))
    with pytest.raises(StreamError, match="begins at sample 20 where 10"):
        list(windower.push(block(ramp(10), 20, rate_hz=50.0)))


def test_a_stream_that_changes_its_rate_is_refused():
    windower = Windower(PACK_RATE_HZ, LENGTH, 10.0)
    list(windower.push(block(ramp(10), rate_hz=50.0)))
    with pytest.raises(StreamError, match="a block of 100 Hz in a stream of 50 Hz"):
        list(windower.push(block(ramp(10), 10, rate_hz=100.0)))


def test_a_stream_may_begin_at_any_sample():
    [only] = cut([block(ramp(500), 123_456, rate_hz=50.0, lost_before=56)])
    assert only.span.first_index == 123_456


@pytest.mark.parametrize("hop_s", [0.0, -1.0])
def test_a_hop_of_less_than_a_sample_is_refused(hop_s):
    with pytest.raises(ValueError, match="hop_s"):
        Windower(PACK_RATE_HZ, LENGTH, hop_s)


def test_a_stream_that_never_began_ends_in_nothing():
    assert cut([]) == []
