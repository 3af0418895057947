"""True frames in every wrong way: nothing raises, and the accounts stay closed."""

import asyncio
import functools
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.simulator.catalogue import twin_of
from ble_gateway.simulator.script import Script
from ble_gateway.stream import Stream
from ble_gateway.wearables.catalogue import KINDS, set_up
from edge.signal import GapReason
from tests.ble_gateway.faults import assert_all_is_accounted_for
from tests.ble_gateway.scenes import close_after, on_virtual_time, ramp, read_to_the_end, scene

COUNTED = ("polar-h10", "movesense", "anyecg-patch", "health-sensor")
"""Their frames say beyond doubt which samples they hold."""


@functools.cache
def _recorded(kind):
    values = []

    @on_virtual_time
    async def play():
        async with scene(
            Script(seed=3, loss=0.02, disconnect_every_s=12, outage_s=1), kind=kind, packets=False
        ) as on_air:
            link, stream = on_air.link(), Stream(on_air.wearable)
            async with link:
                closing = asyncio.create_task(close_after(on_air, link))
                await read_to_the_end(_Heard(link, values), stream)
                await closing

    play()
    return tuple(values)


class _Heard:
    """A link, and all that it brought."""

    def __init__(self, link, values):
        self.link, self.values = link, values
        self.write, self.restart = link.write, link.restart

    async def __aiter__(self):
        async for received in self.link:
            self.values.append(received)
            yield received


def _truncated(chance, values):
    return [replace(v, data=v.data[: chance.randint(0, len(v.data))]) if chance.random() < 0.1 else v for v in values]


def _repeated(chance, values):
    return [v for v in values for _ in range(1 + (chance.random() < 0.2) * chance.randint(1, 5))]


def _reordered(chance, values):
    data = sorted(values, key=lambda v: v.arrival_s + chance.uniform(0, chance.choice([0.1, 3.0, 60.0])))
    return [replace(v, characteristic=d.characteristic, data=d.data) for v, d in zip(values, data, strict=True)]


def _flipped(chance, values):
    def flip(data):
        at = chance.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]

    return [replace(v, data=flip(v.data)) if v.data and chance.random() < 0.1 else v for v in values]


def _spliced(chance, values):
    """Frames that were sent at other times, in the middle."""
    return [chance.choice(values).data if chance.random() < 0.1 else v.data for v in values]


def _from_other_times(chance, values):
    return [replace(v, data=data) for v, data in zip(values, _spliced(chance, values), strict=True)]


def _at_other_times(chance, values):
    """The gateway's own clock is set, stands still, and goes back."""
    return [
        replace(v, arrival_s=v.arrival_s + chance.choice([-1e6, -10, 0.5, 3, 1e9])) if chance.random() < 0.05 else v
        for v in values
    ]


def _cut_off(chance, values):
    """Whole spells are missing, with and without a word of it."""
    kept, at = [], 0
    while at < len(values):
        n = chance.randint(1, 40)
        kept += values[at : at + n]
        at += n + chance.randint(0, 60)
    return [replace(v, after=chance.choice(list(GapReason))) if chance.random() < 0.05 else v for v in kept]


BAD_THINGS = (_truncated, _repeated, _reordered, _flipped, _from_other_times, _at_other_times, _cut_off)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(st.lists(st.sampled_from(BAD_THINGS), min_size=1, max_size=3), st.randoms(use_true_random=True))
def test_true_frames_in_any_wrong_way_are_survived_and_the_accounts_stay_closed(kind, bad_things, chance):
    values = list(_recorded(kind))
    for bad_thing in bad_things:
        values = bad_thing(chance, values)
    stream = Stream(set_up(kind))
    blocks = [block for value in values for block in stream.feed(value)]
    requests = stream.requests()
    blocks += stream.finish()
    assert_all_is_accounted_for(stream, blocks)
    assert len(requests) <= len(values)
    for block in blocks:
        assert np.isfinite(block.start_s)
        assert block.end_index < 2**62


@pytest.mark.parametrize("kind", COUNTED)
@given(st.randoms(use_true_random=True))
@settings(max_examples=15)
def test_frames_that_are_cut_short_cost_themselves_and_nothing_else(kind, chance):
    wearable = set_up(kind)
    values = _recorded(kind)
    n_cut, kept = 0, []
    for value in values:
        if value.characteristic == wearable.data and len(kept) > 30 and chance.random() < 0.05:
            n_cut += 1
            kept.append(replace(value, data=value.data[: chance.randint(0, min(8, len(value.data) - 1))]))
        else:
            kept.append(value)
    whole, cut = Stream(wearable), Stream(wearable)
    for stream, played in ((whole, values), (cut, kept)):
        blocks = [block for value in played for block in stream.feed(value)] + stream.finish()
        assert_all_is_accounted_for(stream, blocks)
        for block in blocks:
            np.testing.assert_array_equal(block.counts, ramp(10_000)[block.first_index : block.end_index])
    assert cut.samples_lost <= whole.samples_lost + n_cut * twin_of(kind).frame_samples


@pytest.mark.parametrize("kind", COUNTED)
@pytest.mark.parametrize("bad_thing", [thing for thing in BAD_THINGS if thing is not _at_other_times])
def test_no_sample_is_placed_in_the_future_for_frames_that_say_so(kind, bad_thing):
    for seed in range(5):
        stream = Stream(set_up(kind))
        for value in bad_thing(random.Random(seed), list(_recorded(kind))):
            for block in stream.feed(value):
                assert block.start_s + block.n_samples * block.period_s < value.arrival_s + 5
