"""Results that people measured on a board, and what they say of a pack."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from benchmarks.bench.boards.judging import Basis, Figured
from benchmarks.bench.boards.prediction import Prediction
from benchmarks.bench.comparing.reading import read_result
from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.result import PackResult, Result
from edge.boards.span import Span
from edge.budget import Stage

_SHIPPED = files("benchmarks") / "bench" / "boards" / "results"
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Found:
    """A result and where it is from.

    Parameters
    ----------
    name
        Of its file.
    result
        What it says.
    """

    name: str
    result: Result


def shipped_results() -> tuple[Found, ...]:
    """Read the results that ship with the product; there may be none."""
    with as_file(_SHIPPED) as folder:
        return read_results(folder) if folder.is_dir() else ()


def read_results(path: Path) -> tuple[Found, ...]:
    """Read a result, or all in a folder in order of their names.

    Parameters
    ----------
    path
        A ``.json`` of `anyecg bench`, or a folder of them.

    Raises
    ------
    BenchError
        If it is not there, or a file is no result.
    """
    if not path.exists():
        raise BenchError(BenchFault.MISSING, f"there is no {path}", advice="check the path")
    chosen = sorted(path.glob(f"*{_SUFFIX}")) if path.is_dir() else [path]
    return tuple(Found(file.name, read_result(file)) for file in chosen)


def as_measured(prediction: Prediction, results: Iterable[Found]) -> Prediction:
    """Put what was measured of this pack on this board in the place of what is predicted.

    Of several results the newest counts, quantity by quantity. A result counts where its machine says it is this board
    and its pack has the same model.

    Parameters
    ----------
    prediction
        Of the pack on the board.
    results
        Of any boards and packs.
    """
    for found in sorted(results, key=lambda found: found.result.created):
        if found.result.machine.board != prediction.profile.name:
            continue
        for pack in found.result.packs:
            if pack.model_sha256 == prediction.asked.model_sha256:
                source = f"{found.name}, {found.result.created[:10]}, anyecg {found.result.machine.anyecg}"
                prediction = _with(prediction, dict(_figures(pack, prediction.asked.hop_s, source)))
    return prediction


def _with(prediction: Prediction, measured: dict[str, Figured]) -> Prediction:
    window_ms = measured.get("window_ms", prediction.window_ms)
    busy_w = measured.get("busy_w")
    return replace(
        prediction,
        inference_ms=measured.get("inference_ms", prediction.inference_ms),
        window_ms=window_ms,
        limited_ms=measured.get("limited_ms", prediction.limited_ms),
        core_share=measured.get("core_share", prediction.core_share),
        resident_mb=measured.get("resident_mb", prediction.resident_mb),
        energy_j=_energy_j(window_ms, busy_w) if busy_w else prediction.energy_j,
    )


def _energy_j(window_ms: Figured, busy_w: Figured) -> Figured:
    """Give a whole window's energy: what is measured is a run of the network, and the rest keeps a core as busy."""
    source = f"{busy_w.span.typical:.2g} W above idle while the network ran, times a window's time: {busy_w.source}"
    return Figured(window_ms.span * 1e-3 * busy_w.span, window_ms.basis, source)


def _figures(pack: PackResult, hop_s: float, source: str) -> Iterator[tuple[str, Figured]]:
    """What a result says, by the prediction's field."""
    looked_for = {
        "inference_ms": pack.find(Quantity.INFERENCE, threads=1, batch=1, streams=0),
        "window_ms": pack.find(Quantity.STAGE, threads=1, stage=Stage.TOTAL.value),
        "limited_ms": pack.find(Quantity.STAGE, threads=1, stage=_limited(pack).value),
        "resident_mb": pack.find(Quantity.PEAK_RESIDENT, threads=1),
    }
    for field, measurements in looked_for.items():
        measurement = next(measurements, None)
        if measurement is not None:
            yield field, _figured(measurement, 1.0, source)
    energy = next(pack.find(Quantity.ENERGY, threads=1), None)
    inference = next(pack.find(Quantity.INFERENCE, threads=1, batch=1, streams=0), None)
    if energy is not None and inference is not None and energy.figure > 0:
        yield "busy_w", _figured(energy, 1e3 / inference.figure, source)
    hour = next(pack.find(Quantity.WEARABLE_HOUR, threads=1, hop_s=hop_s), None)
    if hour is not None:
        yield "core_share", _figured(hour, 1 / 3600.0, source)


def _limited(pack: PackResult) -> Stage:
    """Which stage a pack's manifest limits."""
    return Stage.MEASURE if pack.kind == "waves" else Stage.TOTAL


def _figured(measurement: Measurement, scale: float, source: str) -> Figured:
    low, high = np.percentile(measurement.values, (5, 99)).tolist()
    typical = measurement.figure
    n = f"n = {len(measurement.values):,} in {len(measurement.runs)} processes"
    span = Span(max(0.0, min(low, typical)), typical, max(high, typical)) * scale
    return Figured(span, Basis.MEASURED, f"{source}, {n}")
