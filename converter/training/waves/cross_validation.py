"""What the waves network can do for people it never saw: ``python -m converter.training.waves.cross_validation DIR``.

Each recording is read by the pack of the fold that its patient is not in, through `edge.waves.reader` as everywhere,
and scored by `converter.evaluation` as ``anyecg evaluate`` does. Three ways to come to a network are put side by side:
from scratch, transferred, and synthetic only; and int8 beside float.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from converter.evaluation.evaluate import AddedNoise, RecordResult, What, evaluate_record, findings_of
from converter.evaluation.findings import Findings, spoken
from converter.evaluation.heard import Analyse
from converter.evaluation.noise import read_noise
from converter.report.json_value import json_value
from converter.training.waves.folds import fold_of_patients
from converter.training.waves.recordings import recordings_of_people
from edge.cli.console import output, progress_bar
from edge.waves.reader import open_reader

WAYS: Final = ("transfer", "scratch", "pretrain", "transfer-float")
"""Which networks: transferred, from scratch, of the synthetic heart only, and the transferred ones not quantised."""
_NOISE: Final = Path("nstdb") / "em_noise_80s_360Hz_mV.csv"
_NOISE_RATE_HZ: Final = 360.0
_SNR_DB: Final = (24.0, 18.0, 12.0, 6.0, 0.0)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is asked of one data set.

    Parameters
    ----------
    what
        To be scored.
    folders
        Of the data, below its root.
    channel
        To read; the usual one for None.
    ways
        Networks that are asked.
    """

    what: What
    folders: tuple[str, ...]
    channel: str | None = None
    ways: tuple[str, ...] = WAYS


PARTS: Final = {
    "beats": Part(What.BEATS, ("mitdb",)),
    "waves": Part(What.WAVES, ("ludb",), "ii"),
    "intervals": Part(What.INTERVALS, ("ludb",), "ii"),
    "rhythm": Part(What.RHYTHM, ("mitdb", "cpsc2021", "cinc2017", "cinc2021")),
    "quality": Part(What.QUALITY, ("mitdb",), ways=("transfer", "transfer-float")),
}


class Readers:
    """Packs by fold, opened when they are first used.

    Parameters
    ----------
    folder
        Where ``transfer-0.tflite`` and the others lie.
    fold_of
        Fold of each record, by its folder and name.
    """

    def __init__(self, folder: Path, fold_of: dict[tuple[str, str], int]) -> None:
        self._folder, self._fold_of = folder, fold_of
        self._open: dict[str, Analyse] = {}

    def for_record(self, way: str, path: Path) -> Analyse | None:
        """Give what reads a record that it has not learnt from; None where no fold has the record."""
        kind, _, suffix = way.partition("-")
        fold = next(
            (self._fold_of[key] for part in path.parts[:-1] if (key := (part, path.name)) in self._fold_of), None
        )
        if fold is None:
            return None
        name = kind if kind == "pretrain" else f"{kind}-{fold}"
        name = f"{name}-{suffix}" if suffix else name
        if name not in self._open:
            self._open[name] = open_reader(self._folder / f"{name}.tflite").read_recording
        return self._open[name]


def folds_of_records(data: Path) -> dict[tuple[str, str], int]:
    """Fold of each record that can be learnt from, by data set and name."""
    recordings = recordings_of_people(data)
    of = fold_of_patients(recordings)
    return {(r.source, r.name.partition("/")[0]): of[r.patient] for r in recordings}


def evaluated(
    part: Part, way: str, readers: Readers, data: Path, advance: Callable[[str], None] = lambda _: None
) -> Iterator[RecordResult]:
    """Have every record of a part read by a pack that does not know its patient, and scored."""
    noisy = part.what is What.QUALITY
    added = AddedNoise(read_noise(data / _NOISE, _NOISE_RATE_HZ), _SNR_DB) if noisy else None
    for folder in part.folders:
        for header in sorted((data / folder).rglob("*.hea")):
            path = header.with_suffix("")
            analyse = readers.for_record(way, path)
            if analyse:
                advance(path.name)
                yield evaluate_record(path, part.what, analyse, channel=part.channel, added=added)


def main(arguments: Sequence[str]) -> None:
    """Measure, print the tables and keep them."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.waves.cross_validation")
    parser.add_argument("folder", type=Path, help="with the packs of the folds")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
    options = parser.parse_args(arguments)
    readers = Readers(options.folder, folds_of_records(options.data))
    path = options.folder / "cross_validation.json"
    with progress_bar() as progress:
        task = progress.add_task("", total=None)
        for name in options.parts:
            part, found = PARTS[name], {}
            for way in part.ways:
                progress.update(task, description=f"{name}, {way}")
                found[way] = findings_of(part.what, list(evaluated(part, way, readers, options.data)))
            output.print(_table(name, found))
            _keep(path, name, found)


def _keep(path: Path, name: str, found: dict[str, Findings]) -> None:
    """Add a part to what is there already."""
    log: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    log.setdefault("figures", {})[name] = _figures(name, found["transfer"])
    log.setdefault("findings", {})[name] = {way: _as_json(findings) for way, findings in found.items()}
    path.write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")


def _table(name: str, ways: dict[str, Findings]) -> Table:
    table = Table(title=name, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure")
    for way in ways:
        table.add_column(way, justify="right")
    for row in zip(*(findings.headlines for findings in ways.values()), strict=True):
        table.add_row(row[0].name, *(spoken(headline.estimate, headline.unit) for headline in row))
    return table


def _figures(name: str, findings: Findings) -> dict[str, float | str]:
    """What goes into the manifest: the figures of the transferred network."""
    sets = ", ".join(PARTS[name].folders)
    measured = f"{len(findings.records)} recordings of {sets}, cross-validated by patient"
    known = {h.key: round(h.estimate.value, 5) for h in findings.headlines if isfinite(h.estimate.value)}
    return {"measured": measured, **known}


def _as_json(findings: Findings) -> Any:
    headlines = {h.key: json_value([h.estimate.value, h.estimate.low, h.estimate.high]) for h in findings.headlines}
    return {"headlines": headlines, "records": json_value(findings.records)}


if __name__ == "__main__":
    main(sys.argv[1:])
