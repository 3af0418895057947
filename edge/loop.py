"""The loop: blocks in, exactly one outcome for every window out."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.budget import Budget, Pace, Stage, StageTimes, resident_mb
from edge.interpreter import Tensor
from edge.model import Model, open_model
from edge.outcome import Estimated, HeartRate, Outcome, OverBudget, Rejected, Rejection
from edge.pack import SHIPPED, read_pack
from edge.signal import SampleBlock
from edge.waves.diary import DiaryReport, RhythmDiary
from edge.waves.figures import Measurements
from edge.waves.reader import WaveReader, open_reader
from edge.waves.reading import WindowReading
from edge.waves.track import Grade
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
        ``{stage: {"p50": ms, "p99": ms}}`` of the windows that ran; where several ran together, the share of each.
    diary
        Rhythm and beats over all of them.
    """

    windows: int
    estimated: int
    over_budget: int
    rejected: dict[str, int]
    latency_ms: dict[str, dict[str, float]]
    diary: DiaryReport


@dataclass(frozen=True, slots=True, eq=False)
class _Readable:
    """A window that may be read, as the network takes it."""

    window: Window
    measured: Measurements
    x: Tensor


class InferenceLoop:
    """Cuts a stream into windows and ends each as one outcome. No thread, no file, no radio.

    With a `batch`, which is for recordings, windows wait until so many are there, and the network runs once for all of
    them. The outcomes are the same, bit for bit, only later. A recording has no deadline: the latency that the budget
    limits is then a window's share of what its group took, without the wait. The first window runs alone; so does
    each while the budget is exceeded, which may be noticed up to ``batch - 1`` windows later.

    Parameters
    ----------
    model
        The pack to run.
    reader
        Reads the waves of each window, and so says whether it may be estimated; the shipped waves pack by default.
    hop_s
        From one window's start to the next one's, s.
    batch
        Windows to run together, where the pack allows it. 1, as a live stream needs it, has none wait.
    budget
        What a window may cost; the pack's own by default.
    now_s
        A clock that never runs backwards, for measuring latency only.
    resident_mb
        Reads the process's resident memory, MB.

    Attributes
    ----------
    batch
        Windows that do run together: 1 where the pack does not allow more; see `Model.batch_of`.
    """

    def __init__(
        self,
        model: Model,
        reader: WaveReader | None = None,
        *,
        hop_s: float,
        batch: int = 1,
        budget: Budget | None = None,
        now_s: Callable[[], float] = time.perf_counter,
        resident_mb: Callable[[], float] = resident_mb,
    ) -> None:
        allowed = model.pack.manifest.budget
        self.model = model
        self.reader = reader or open_reader()
        self.batch = model.batch_of(batch)
        self._label = model.pack.manifest.label
        self._hop_s = hop_s
        self._windower = Windower(model.contract.rate_hz, model.contract.window_samples, hop_s)
        self._pace = Pace(budget or Budget(allowed.latency_p99_ms, allowed.resident_mb), resident_mb)
        self._times = StageTimes(now_s)
        self._diary = RhythmDiary()
        self._waiting: list[Cut] = []
        self._ended: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()

    def push(self, block: SampleBlock) -> tuple[Outcome, ...]:
        """Take the next block and give the outcomes of the windows it completes, or of their group where they wait.

        Raises
        ------
        StreamError
            If the block does not continue the stream.
        """
        return tuple(self._end(self._windower.push(block)))

    def finish(self) -> tuple[Outcome, ...]:
        """End the stream and give the outcomes of the windows that wait and of what is left of it."""
        outcomes = tuple(self._end(self._windower.finish(), ended=True))
        self._diary.finish()
        return outcomes

    def report(self) -> LoopReport:
        """Say what has been done so far."""
        return LoopReport(
            windows=self._ended.total(),
            estimated=self._ended["Estimated"],
            over_budget=self._ended["OverBudget"],
            rejected={str(reason): n for reason, n in sorted(self._rejected.items())},
            latency_ms=self._times.percentiles(),
            diary=self._diary.report(),
        )

    def latencies_ms(self) -> dict[str, tuple[float, ...]]:
        """Every latency of the last windows by stage, oldest first, in milliseconds."""
        return self._times.values_ms()

    def _end(self, cutting: Iterator[Cut], *, ended: bool = False) -> Iterator[Outcome]:
        with self._times.timing(Stage.WINDOW):
            self._waiting.extend(cutting)
        while self._waiting:
            size = self.batch if self._pace.at_ease else 1
            if len(self._waiting) < size and not ended:
                return
            group, self._waiting = self._waiting[:size], self._waiting[size:]
            for outcome in self._outcomes(group):
                self._ended[type(outcome).__name__] += 1
                if isinstance(outcome, Rejected):
                    self._rejected[outcome.reason] += 1
                yield outcome

    def _outcomes(self, group: Sequence[Cut]) -> list[Outcome]:
        windows = [cut for cut in group if isinstance(cut, Window)]
        ended = iter(self._run(windows) if windows else [])
        return [next(ended) if isinstance(cut, Window) else cut for cut in group]

    def _run(self, windows: Sequence[Window]) -> Sequence[Outcome]:
        excess = self._pace.pass_over()
        if excess:
            hop_s = self._hop_s * self._pace.stride
            return [OverBudget(w.span, excess.limit, excess.measured, excess.allowed, hop_s) for w in windows]
        with self._times.timing(Stage.TOTAL, len(windows)):
            outcomes = self._estimate(windows)
        self._pace.ran(*[self._times.last_ms(Stage.TOTAL)] * len(windows))
        return outcomes

    def _estimate(self, windows: Sequence[Window]) -> list[Estimated | Rejected]:
        prepared = [self._prepare(window) for window in windows]
        outputs = iter(self._infer([p.x for p in prepared if isinstance(p, _Readable)]))
        return [self._decode(p, next(outputs)) if isinstance(p, _Readable) else p for p in prepared]

    def _prepare(self, window: Window) -> _Readable | Rejected:
        timing, model = self._times.timing, self.model
        with timing(Stage.MEASURE):
            reading = self.reader.read_window(window)
            self._diary.add(reading)
        if reading.measurements is None or reading.quality.grade is not Grade.WAVES:
            return _rejected(reading)
        with timing(Stage.PREPROCESS):
            signal = model.preprocess(window.millivolts)
        with timing(Stage.QUANTISE):
            x = model.quantise(signal)
        return _Readable(window, reading.measurements, x)

    def _infer(self, xs: Sequence[Tensor]) -> Iterable[Tensor]:
        if not xs:
            return ()
        with self._times.timing(Stage.INFER, len(xs)):
            if len(xs) == 1:
                return (self.model.infer(xs[0]),)
            x: NDArray[Any] = np.stack(xs)
            return self.model.infer_all(x, self.batch)

    def _decode(self, readable: _Readable, y: Tensor) -> Estimated:
        model = self.model
        with self._times.timing(Stage.DECODE):
            estimates = model.decode(y)
        return Estimated(
            span=readable.window.span,
            heart_rate=heart_rate_of(readable.measured),
            measured=readable.measured,
            estimates=estimates,
            pack=self._label,
            kernel_family=model.kernel_family,
        )


def heart_rate_of(measured: Measurements) -> HeartRate:
    """Heart rate of what was measured."""
    return HeartRate(measured.heart_rate_bpm.value, sum(measured.beats.values()))


def _rejected(reading: WindowReading) -> Rejected:
    """End a window of which no estimate is given, with what could be measured of it."""
    fault = reading.quality.fault
    reason = Rejection(fault) if fault else Rejection.NOISY
    return Rejected(reading.span, reason, reading.quality.detail, reading.measurements)


def open_loop(
    pack_path: Path | None = None,
    *,
    waves_path: Path | None = None,
    hop_s: float,
    batch: int = 1,
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
    waves_path
        The waves pack; the shipped one by default.
    hop_s
        From one window's start to the next one's, s.
    batch
        Windows to run together; see `InferenceLoop`.
    latency_p99_ms, resident_mb
        Limits in place of those the pack states; see `edge.budget.Budget`.
    runtime, n_threads
        As `edge.interpreter.open_interpreter` takes them.

    Raises
    ------
    PackError, RuntimeUnavailable
        If the pack must not be run here.
    """
    reader = open_reader(waves_path, runtime=runtime, n_threads=n_threads)
    model = open_model(read_pack(pack_path or SHIPPED), runtime=runtime, n_threads=n_threads)
    stated = model.pack.manifest.budget
    budget = Budget(latency_p99_ms or stated.latency_p99_ms, resident_mb or stated.resident_mb)
    return InferenceLoop(model, reader, hop_s=hop_s, batch=batch, budget=budget)
