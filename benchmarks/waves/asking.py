"""Each question from records to its tables and its JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, assert_never

from rich.table import Table

from benchmarks.waves import comparing as ask
from benchmarks.waves import tables
from benchmarks.waves.comparing import Compared, Progress
from benchmarks.waves.cost import measure_cost
from benchmarks.waves.detectors import detectors, has
from benchmarks.waves.interval_rows import interval_rows
from benchmarks.waves.neurokit import DEFAULT_DELINEATOR, Chain
from benchmarks.waves.packs import Packs, records_of
from benchmarks.waves.trying import Failures, Read, ReaderOf
from converter.evaluation.bootstrap import Estimate
from converter.evaluation.ec57 import beat_figures
from converter.evaluation.noise import read_noise
from converter.evaluation.pooling import pool
from converter.evaluation.quality import QualityScore
from converter.evaluation.records import Record, read_record
from edge.cli.console import progress_bar
from edge.waves.marks import Floats
from edge.waves.reading import RecordingReading
from edge.waves.track import Grade

NOISE: Final = Path("nstdb", "em_noise_80s_360Hz_mV.csv")
NOISE_RATE_HZ: Final = 360.0
WAVE_LEAD: Final = "ii"
INTERVAL_LEADS: Final = ("i", "ii")


class Question(StrEnum):
    """What is compared."""

    BEATS = "beats"
    WAVES = "waves"
    INTERVALS = "intervals"
    QUALITY = "quality"
    COST = "cost"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of a question, for people and for machines."""

    tables: list[Table]
    said: list[str]
    result: Any


@dataclass(slots=True)
class Comparison:
    """All questions on the same data with the same packs.

    Parameters
    ----------
    data, packs
        The folder of data sets; ours.
    records
        Names such as ``mitdb/106``, of which alone it is asked; all by default.
    fold, folds
        Only patients of this fold, by these; all where it is None.
    full_size
        A pack of estimates to time beside.
    n_rounds
        Times each is timed.
    best
        NeuroKit2's delineator that did best, once that is known.
    """

    data: Path
    packs: Packs
    records: tuple[str, ...]
    fold: int | None
    folds: dict[str, int]
    full_size: Path | None
    n_rounds: int
    best: str = field(default=DEFAULT_DELINEATOR)

    def answer(self, question: Question) -> Answer:
        """Ask one question; waves before cost, which takes the best delineator."""
        match question:
            case Question.BEATS:
                return self._beats()
            case Question.WAVES:
                return self._waves()
            case Question.INTERVALS:
                return self._intervals()
            case Question.QUALITY:
                return self._quality()
            case Question.COST:
                return self._cost()
            case _:
                assert_never(question)

    def _beats(self) -> Answer:
        records = self._read("mitdb")
        readers = self._ours("mitdb") | {name: ask.always(read) for name, read in detectors().items()}
        with _progress(len(records) * len(readers)) as progress:
            compared = ask.compare_beats(records, readers, progress)
        figures = {one.name: ask.beat_estimates(one) for one in compared}
        result = [
            _with(one, figures[one.name]) | {"records": {s.record: beat_figures(s) for s in one.scores}}
            for one in compared
        ]
        return Answer(list(tables.beat_tables(compared, figures)), list(tables.failures(compared)), result)

    def _waves(self) -> Answer:
        records = self._read("ludb", WAVE_LEAD)
        readers = self._ours("ludb") | self._delineators()
        with _progress(len(records) * len(readers)) as progress:
            compared = ask.compare_waves(records, readers, progress)
        figures = {one.name: ask.wave_estimates(one) for one in compared}
        best = ask.best_delineator(figures)
        self.best = best or self.best
        shown = list(tables.wave_tables(compared, figures, best))
        result = {"best": best, "analysers": [_with(one, figures[one.name]) for one in compared]}
        return Answer(shown, list(tables.failures(compared)), result)

    def _intervals(self) -> Answer:
        shown, said, result = [], [], []
        for lead in INTERVAL_LEADS:
            records = self._read("ludb", lead)
            readers = self._ours("ludb") | self._delineators()
            with _progress(len(records) * len(readers)) as progress:
                compared = ask.compare_intervals(records, readers, progress)
            rows = interval_rows(lead, compared)
            shown.append(tables.interval_table(lead, rows))
            said += list(tables.failures(compared))
            result += [row.as_json() for row in rows]
        return Answer(shown, said, result)

    def _quality(self) -> Answer:
        records = self._read("ludb", WAVE_LEAD)
        readers = self._ours("ludb")
        if has("neurokit2"):
            gate = Chain(None, judges=True)
            readers |= {"zhao2018": ask.always(gate.read), "zhao2018, Excellent alone": ask.always(_strictly(gate))}
        noise = read_noise(self.data / NOISE, NOISE_RATE_HZ)
        with _progress(len(records) * len(readers) * (1 + len(ask.SNR_DB))) as progress:
            levels = ask.compare_quality(records, readers, noise, progress)
        figures = {level: {one.name: ask.quality_estimates(one) for one in levels[level]} for level in levels}
        result = {
            level: [_with(one, figures[level][one.name]) | {"counts": _counts(one)} for one in compared]
            for level, compared in levels.items()
        }
        said = [f"{level}: {line}" for level, compared in levels.items() for line in tables.failures(compared)]
        return Answer([tables.quality_table(levels, figures)], said, result)

    def _cost(self) -> Answer:
        records = self._read("ludb", WAVE_LEAD)
        peer = self.best if has("neurokit2") else None
        cost = measure_cost(records, self.packs.readers[0], peer, self.full_size, self.n_rounds)
        return Answer([tables.cost_table(cost)], [], cost.as_json())

    def _read(self, source: str, channel: str | None = None) -> list[Record]:
        paths = records_of(self.data, source, self.records)
        kept = [p for p in paths if self.fold is None or self.folds[f"{source}/{p.name}"] == self.fold]
        if not kept:
            raise FileNotFoundError(f"none of the records asked for is in {source} of {self.data}")
        return [read_record(path, channel) for path in kept]

    def _ours(self, source: str) -> dict[str, ReaderOf]:
        def reader_of(record: Record) -> Read:
            reader = self.packs.of(f"{source}/{record.name}")
            return lambda millivolts, rate_hz, _: reader.read_recording(millivolts, rate_hz)

        return {ask.OURS: reader_of}

    @staticmethod
    def _delineators() -> dict[str, ReaderOf]:
        return ask.delineators() if has("neurokit2") else {}


def _strictly(gate: Chain) -> Read:
    """Turn away what is barely acceptable."""

    def read(millivolts: Floats, rate_hz: float, failures: Failures) -> RecordingReading:
        reading = gate.read(millivolts, rate_hz, failures)
        return replace(reading, windows=tuple(
            replace(w, quality=replace(w.quality, grade=Grade.NOTHING)) if w.quality.grade is Grade.RATE else w
            for w in reading.windows
        ))  # fmt: skip

    return read


def _with(one: Compared[Any], figures: dict[str, Estimate]) -> dict[str, Any]:
    return one.as_json() | {"figures": {name: asdict(estimate) for name, estimate in figures.items()}}


def _counts(one: Compared[QualityScore]) -> dict[str, int]:
    pooled = asdict(pool(one.scores))
    return {name: value for name, value in pooled.items() if name.startswith("n_")}


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """Show how far it is, on stderr."""
    with progress_bar() as bar:
        task = bar.add_task("", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
