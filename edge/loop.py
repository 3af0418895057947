"""The loop: blocks in, exactly one outcome for every window out."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge.beats import find_beats, heart_rate
from edge.budget import Budget, Pace, Stage, StageTimes, resident_mb
from edge.model import Model, open_model
from edge.outcome import Estimated, Outcome, OverBudget, Rejected
from edge.pack import SHIPPED, read_pack
from edge.quality import judge
from edge.signal import SampleBlock
from edge.windowing import Cut, Window, Windower


@dataclass(frozen=True, slots=True)
class LoopReport:
    """What a loop has done so far.

    Parameters
    ----------
    windows
        Windows that have ended, each with one outcome.
    estimated, over_budget
        Windows by what they ended as.
    rejected
        Rejected windows by reason.
    latency_ms
        ``{stage: {"p50": ms, "p99": ms}}`` of the windows that ran.
    """

    windows: int
    estimated: int
    over_budget: int
    rejected: dict[str, int]
    latency_ms: dict[str, dict[str, float]]


class InferenceLoop:
    """Cuts a stream into windows and ends each as one outcome. No thread, no file, no radio.

    Parameters
    ----------
    model
        The pack to run.
    hop_s
        From one window's start to the next one's, s.
    budget
        What a window may cost; the pack's own by default.
    now_s
        A clock that never runs backwards, for measuring latency only.
    resident_mb
        Reads the process's resident memory, MB.
    """

    def __init__(
        self,
        model: Model,
        *,
        hop_s: float,
        budget: Budget | None = None,
        now_s: Callable[[], float] = time.perf_counter,
        resident_mb: Callable[[], float] = resident_mb,
    ) -> None:
        allowed = model.pack.manifest.budget
        self.model = model
        self._hop_s = hop_s
        self._windower = Windower(model.contract.rate_hz, model.contract.window_samples, hop_s)
        self._pace = Pace(budget or Budget(allowed.latency_p99_ms, allowed.resident_mb), resident_mb)
        self._times = StageTimes(now_s)
        self._ended: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()

    def push(self, block: SampleBlock) -> tuple[Outcome, ...]:
        """Take the next block and give the outcomes of the windows it completes.

        Raises
        ------
        StreamError
            If the block does not continue the stream.
        """
        return self._end(self._windower.push(block))

    def finish(self) -> tuple[Outcome, ...]:
        """End the stream and give the outcome of what is left of it."""
        return self._end(self._windower.finish())

    def report(self) -> LoopReport:
        """Say what has been done so far."""
        return LoopReport(
            windows=self._ended.total(),
            estimated=self._ended["Estimated"],
            over_budget=self._ended["OverBudget"],
            rejected={str(reason): n for reason, n in sorted(self._rejected.items())},
            latency_ms=self._times.percentiles(),
        )

    def _end(self, cutting: Iterator[Cut]) -> tuple[Outcome, ...]:
        with self._times.timing(Stage.WINDOW):
            cuts = list(cutting)
        outcomes = tuple(self._outcome(cut) for cut in cuts)
        self._ended.update(type(outcome).__name__ for outcome in outcomes)
        self._rejected.update(outcome.reason for outcome in outcomes if isinstance(outcome, Rejected))
        return outcomes

    def _outcome(self, cut: Cut) -> Outcome:
        match cut:
            case Rejected():
                return cut
            case Window():
                excess = self._pace.pass_over()
                if excess:
                    hop_s = self._hop_s * self._pace.stride
                    return OverBudget(cut.span, excess.limit, excess.measured, excess.allowed, hop_s)
                with self._times.timing(Stage.TOTAL):
                    outcome = self._estimate(cut)
                self._pace.ran(self._times.last_ms(Stage.TOTAL))
                return outcome
            case _:
                assert_never(cut)

    def _estimate(self, window: Window) -> Estimated | Rejected:
        timing, model = self._times.timing, self.model
        with timing(Stage.MEASURE):
            beats = find_beats(window.millivolts, window.rate_hz)
            fault = judge(window, beats)
        if fault:
            return Rejected(window.span, fault.reason, fault.detail)
        with timing(Stage.PREPROCESS):
            signal = model.preprocess(window.millivolts)
        with timing(Stage.QUANTISE):
            x = model.quantise(signal)
        with timing(Stage.INFER):
            y = model.infer(x)
        with timing(Stage.DECODE):
            estimates = model.decode(y)
        return Estimated(
            span=window.span,
            quality_db=beats.contrast_db,
            heart_rate=heart_rate(beats, window.span.duration_s / window.millivolts.size),
            estimates=estimates,
            pack=model.pack.manifest.label,
            kernel_family=model.kernel_family,
        )


def open_loop(
    pack_path: Path | None = None,
    *,
    hop_s: float,
    latency_p99_ms: float | None = None,
    resident_mb: float | None = None,
    runtime: str | None = None,
    n_threads: int = 1,
) -> InferenceLoop:
    """Read a pack, prove it on this machine and put it into a loop.

    Parameters
    ----------
    pack_path
        The pack; the shipped demonstration pack by default.
    hop_s
        From one window's start to the next one's, s.
    latency_p99_ms, resident_mb
        Limits in place of those the pack states; see `edge.budget.Budget`.
    runtime, n_threads
        As `edge.interpreter.open_interpreter` takes them.

    Raises
    ------
    PackError, RuntimeUnavailable
        If the pack must not be run here.
    """
    model = open_model(read_pack(pack_path or SHIPPED), runtime=runtime, n_threads=n_threads)
    stated = model.pack.manifest.budget
    budget = Budget(latency_p99_ms or stated.latency_p99_ms, resident_mb or stated.resident_mb)
    return InferenceLoop(model, hop_s=hop_s, budget=budget)
