import asyncio
import math
import time

import pytest

from ble_gateway.simulator.virtual_time import run_virtually


async def _an_hour_of_minutes():
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    woke_s = []
    for minute in range(1, 61):
        await asyncio.sleep(began_s + 60 * minute - loop.time())
        woke_s.append(loop.time() - began_s)
    return woke_s


def test_an_hour_passes_at_once_and_every_timer_fires_when_it_was_due():
    began_s = time.monotonic()
    woke_s = run_virtually(_an_hour_of_minutes(), speed=math.inf)
    assert woke_s == pytest.approx([60 * minute for minute in range(1, 61)], abs=1e-6)
    assert time.monotonic() - began_s < 60


def test_the_speed_is_kept():
    async def six_seconds():
        for _ in range(60):
            await asyncio.sleep(0.1)

    began_s = time.monotonic()
    run_virtually(six_seconds(), speed=20)
    assert time.monotonic() - began_s >= 0.29


def test_time_stands_still_while_work_runs_in_a_thread():
    async def work():
        loop = asyncio.get_running_loop()
        ticks = []

        async def tick():
            while True:
                await asyncio.sleep(0.001)
                ticks.append(loop.time())

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0.0105)
        before = len(ticks), loop.time()
        await asyncio.to_thread(sum, range(3_000_000))
        after = len(ticks), loop.time()
        ticking.cancel()
        return before, after

    before, after = run_virtually(work(), speed=math.inf)
    assert after == before


def test_what_fails_in_a_thread_fails_where_it_is_awaited_and_time_goes_on():
    async def work():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(1000)
        return asyncio.get_running_loop().time()

    assert run_virtually(work(), speed=math.inf) == pytest.approx(1000)


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_a_speed_that_is_none_is_refused(speed):
    async def nothing():
        return None

    coroutine = nothing()
    with pytest.raises(ValueError, match="above 0"):
        run_virtually(coroutine, speed=speed)
    coroutine.close()
