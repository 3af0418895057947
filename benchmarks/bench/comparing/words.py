"""Figures, conditions and accuracies in the words that tables use."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.bench.comparing.ratio import Ratio
from benchmarks.bench.measurement import Measurement, Quantity
from benchmarks.bench.result import Accuracy

_FEW: Final = 4
"""Accuracies that are named one by one; of more, the median is."""

_SAYS_NOTHING: Final = 10.0
"""An interval whose upper end is so many times the lower one."""


def what(measurement: Measurement) -> str:
    """Name a quantity with its conditions, as far as they are not the usual ones."""
    said = measurement.conditions
    name = measurement.quantity.value.replace("_", " ")
    if measurement.quantity is Quantity.STAGE and said.stage:
        name = f"stage {said.stage}"
    parts = [name]
    if said.stage and measurement.quantity is not Quantity.STAGE:
        parts.append(said.stage)
    if said.threads > 1:
        parts.append(f"{said.threads} threads")
    if said.batch > 1:
        parts.append(f"batch {said.batch}")
    if said.streams > 1:
        parts.append(f"{said.streams} streams")
    if said.hop_s > 0.0:
        parts.append(f"hop {said.hop_s:g} s")
    return ", ".join(parts)


def figure(measurement: Measurement) -> str:
    """Say the figure in its unit, three digits."""
    return f"{measurement.figure:#.3g}".rstrip(".") + f" {measurement.quantity.unit}"


def interval(ratio: Ratio | None) -> str:
    """Say a ratio with its interval."""
    if ratio is None:
        return "-"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.value:.2f}"
    if ratio.width > _SAYS_NOTHING:
        return f"{ratio.value:.2f} (too noisy)"
    return f"{ratio.value:.2f} ({ratio.low:.2f} - {ratio.high:.2f})"


def accuracy_line(accuracy: Sequence[Accuracy]) -> str:
    """Say how good the pack is, in one line: a few accuracies by name, many by their median and range."""
    if not accuracy:
        return "accuracy: its manifest states none"
    by_measure: dict[str, list[Accuracy]] = {}
    for one in accuracy:
        by_measure.setdefault(one.measure, []).append(one)
    return "accuracy: " + "; ".join(f"{measure}: {_figures(ones)}" for measure, ones in by_measure.items())


def _figures(ones: Sequence[Accuracy]) -> str:
    if len(ones) <= _FEW:
        return ", ".join(f"{one.name} {one.value:.3g}" for one in ones)
    values = [one.value for one in ones]
    return f"median {median(values):.3g} of {len(values)} outputs ({min(values):.3g} - {max(values):.3g})"


def briefly(measurements: Sequence[Measurement], most: int = _FEW) -> str:
    """Name a few of these measurements and count the others."""
    named = "; ".join(what(one) for one in measurements[:most])
    more = len(measurements) - most
    return f"{named}; and {more} more" if more > 0 else named
