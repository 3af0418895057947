"""An event loop on virtual time: a play runs at any speed, and its time stamps are those of the script.

Timers fire at exactly the time they were set for, whatever the host is doing, and time stands still while work runs
in threads: a machine too slow for the speed asked for makes the play slower, and loses no sample.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_CATCH_UP_S: Final = 0.5
"""A play that fell behind by more than this does not hurry to make up for it."""


class _Pace:
    """Virtual time, and how long to sleep for it."""

    def __init__(self, speed: float) -> None:
        self.now_s = 0.0
        self._speed = speed
        self._anchor = (time.monotonic(), 0.0)

    def sleep_until(self, due_s: float) -> float:
        """How long to sleep until virtual time is `due_s`, s."""
        real_s, virtual_s = self._anchor
        sleep_s = real_s + (due_s - virtual_s) / self._speed - time.monotonic()
        if sleep_s < -_CATCH_UP_S:
            self._anchor = (time.monotonic(), due_s)
        return max(0.0, sleep_s)


class _PacedSelector(selectors.BaseSelector):
    """The loop's way to wait: for files as ever, for timers on virtual time."""

    def __init__(self, pace: _Pace) -> None:
        self._selector = selectors.DefaultSelector()
        self._pace = pace
        self.n_working = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return self._selector.select(0)
        if timeout is None or self.n_working:
            return self._selector.select(None)
        due_s = self._pace.now_s + timeout
        ready = self._selector.select(self._pace.sleep_until(due_s))
        if not ready:
            self._pace.now_s = due_s
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._selector.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._selector.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._selector.get_map()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._selector.get_key(fileobj)

    def close(self) -> None:
        self._selector.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time()`` is virtual.

    For everything that is in this process: sockets work, but their peers do not share the virtual time.

    Parameters
    ----------
    speed
        Virtual seconds per second, above 0; ``math.inf``: as fast as the work allows.
    """

    def __init__(self, speed: float) -> None:
        self._pace = _Pace(speed)
        self._paced = _PacedSelector(self._pace)
        super().__init__(self._paced)

    def time(self) -> float:
        """Virtual time, s since the loop was made."""
        return self._pace.now_s

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Run `func` in a thread; virtual time stands still until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._paced.n_working += 1
        future.add_done_callback(self._work_done)
        return future

    def _work_done(self, _: "asyncio.Future[Any]") -> None:
        self._paced.n_working -= 1

    async def shutdown_default_executor(self, *args: Any) -> None:
        """Wait for the threads to end, in real time."""
        self._paced.n_working += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._paced.n_working -= 1


def run_virtually(main: Coroutine[Any, Any, T], *, speed: float) -> T:
    """Run `main` to its end on virtual time, as `asyncio.run` does on real time.

    Raises
    ------
    ValueError
        If `speed` is not above 0.
    """
    if not speed > 0:
        raise ValueError(f"speed is {speed}: must be above 0")
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(speed)) as runner:
        return runner.run(main)
