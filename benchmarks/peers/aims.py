"""What the product aims at, beside what was measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np

from benchmarks.peers.accuracy import Agreements
from benchmarks.peers.comparison import Comparison
from benchmarks.peers.peak import ROWS, peak_name
from benchmarks.peers.variants import FLOAT, FULL, MIXED, MIXED_FAST, TORCH, in_batches
from converter.quantise import Mode

_TIMES_ONNXRUNTIME: Final = 4.0
_TIMES_TORCH: Final = 12.0
_SHARE_OF_PEAK: Final = 0.65
_FLOAT_LOGITS: Final = 2e-5
_TIME_OF_FULL: Final = 1.0
_GATEWAY_MB: Final = 110.0
_SPEARMAN: Final = {
    FULL: {"clean": (0.9998, 0.999)},
    MIXED: {"clean": (0.9999, 0.9999), "artefacts": (0.9999, 0.999)},
    MIXED_FAST: {"clean": (0.9999, 0.9999), "artefacts": (0.9999, 0.999)},
}
_SPEARMAN_STRESSED: Final = {MIXED: {"clean": (0.9995, 0.995)}, MIXED_FAST: {"clean": (0.9995, 0.995)}}
"""Rank correlations of the median and of the worst output, by variant and kind of windows."""


class Sense(Enum):
    """On which side of its limit a figure is to lie."""

    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that the product aims at.

    Parameters
    ----------
    figure
        What is measured.
    sense
        Which side of the limits is right.
    limits, measured
        As many of each; None where it was not measured.
    form
        Format of each number, as `str.format` takes it.
    """

    figure: str
    sense: Sense
    limits: tuple[float, ...]
    measured: tuple[float, ...] | None
    form: str

    @property
    def reached(self) -> bool | None:
        """Whether every number is on the right side; None where it was not measured."""
        if self.measured is None:
            return None
        pairs = zip(self.measured, self.limits, strict=True)
        return all(value >= limit if self.sense is Sense.AT_LEAST else value <= limit for value, limit in pairs)

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """A row of a table: figure, aim, measured, reached."""
        aim = " / ".join(self.form.format(limit) for limit in self.limits)
        measured = " / ".join(self.form.format(value) for value in self.measured or ())
        said = {True: "yes", False: "no", None: ""}[self.reached]
        return self.figure, f"{self.sense.value} {aim}", measured or "not measured", said

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, and whether the aim is reached."""
        return {
            "figure": self.figure,
            "sense": self.sense.value,
            "limits": self.limits,
            "measured": self.measured,
            "reached": self.reached,
        }


def aims(comparison: Comparison) -> tuple[Aim, ...]:
    """Put what was measured beside every aim."""
    found = [*_speed(comparison), *_accuracy(comparison.agreement, _SPEARMAN, "")]
    exact = comparison.agreement["clean"][FLOAT].max_abs_logit if comparison.reference == TORCH else None
    found.append(Aim(f"{FLOAT}, largest distance from torch, logits", *_most(_FLOAT_LOGITS, exact, "{:.1e}")))
    if comparison.stressed:
        found += _accuracy(comparison.stressed, _SPEARMAN_STRESSED, ", stressed")
    (peak_mb,) = (max(figure.values) for figure in comparison.gateway if figure.name == "peak_rss_mb")
    found.append(Aim("gateway with the full pack, peak resident memory", *_most(_GATEWAY_MB, peak_mb, "{:.0f} MB")))
    return tuple(found)


def _speed(comparison: Comparison) -> Iterator[Aim]:
    fewest = min(comparison.timings)
    ms = {name: float(np.median(timing.wall_ms)) for name, timing in comparison.timings[fewest].items()}
    peers = [name for name in ms if name.startswith("onnxruntime int8")]
    fastest = min(peers, key=ms.__getitem__, default="onnxruntime int8")
    threads = f"{fewest} thread{'s' * (fewest != 1)}"
    for name, times in ((fastest, _TIMES_ONNXRUNTIME), (TORCH, _TIMES_TORCH)):
        found = ms[name] / ms[FULL] if name in ms else None
        yield Aim(f"{name} / full, time, {threads}", *_least(times, found, "{:.2f}x"))
    best = ms[peak_name(Mode.FULL, ROWS[0])]
    for name in (FULL, in_batches(FULL)):
        share = comparison.macs / 1e9 * best / ms[name]
        yield Aim(f"{name}, share of the int8 peak, {threads}", *_least(_SHARE_OF_PEAK, share, "{:.1%}"))
    for name in (MIXED, MIXED_FAST):
        for n, timed in comparison.timings.items():
            found = float(np.median(timed[name].wall_ms) / np.median(timed[FULL].wall_ms))
            threads = f"{n} thread{'s' * (n != 1)}"
            yield Aim(f"{name} / full, time, {threads}", *_most(_TIME_OF_FULL, found, "{:.3f}x"))


def _accuracy(agreement: Agreements, wanted: dict[str, dict[str, tuple[float, float]]], of_what: str) -> Iterator[Aim]:
    for name, limits in wanted.items():
        for kind, least in limits.items():
            agreed = agreement[kind][name]
            measured = agreed.spearman_median, agreed.spearman_min
            figure = f"{name}{of_what}, Spearman, {kind}"
            yield Aim(figure, Sense.AT_LEAST, least, measured, "{:.5f}")


def _least(limit: float, measured: float | None, form: str) -> tuple[Sense, tuple[float], tuple[float] | None, str]:
    return Sense.AT_LEAST, (limit,), None if measured is None else (measured,), form


def _most(limit: float, measured: float | None, form: str) -> tuple[Sense, tuple[float], tuple[float] | None, str]:
    return Sense.AT_MOST, (limit,), None if measured is None else (measured,), form
