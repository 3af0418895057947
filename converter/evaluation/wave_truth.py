"""Waves as people marked them: brackets round a peak's symbol, as LUDB and the QT database keep them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.waves.marks import WaveMarks

Floats: TypeAlias = NDArray[np.float64]

ON, PEAK, OFF = 0, 1, 2
"""Columns of a wave's places."""
_FIELD_OF_SYMBOL: Final = {"p": "p", "N": "qrs", "t": "t"}
_OPEN, _CLOSED = "(", ")"


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """Waves of a stretch, in order of their peaks.

    Parameters
    ----------
    p, qrs, t
        Shape (n, 3): onset, peak and end of each, s; NaN where an end is not marked. For QRS the peak is its middle.
    """

    p: Floats
    qrs: Floats
    t: Floats

    def between(self, begin_s: float, end_s: float) -> "Waves":
        """Keep the waves whose peaks lie in a stretch."""
        kept = ((getattr(self, f.name)) for f in fields(self))
        return Waves(*(waves[(waves[:, PEAK] >= begin_s) & (waves[:, PEAK] <= end_s)] for waves in kept))


def waves_of(at_s: Floats, symbols: Sequence[str]) -> Waves:
    """Read waves off annotations.

    Parameters
    ----------
    at_s, symbols
        Of every annotation of a lead, in order.
    """
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in _FIELD_OF_SYMBOL.values()}
    for name, places in _bracketed(at_s, symbols):
        found[name].append(places)
    return Waves(**{name: np.array(places, np.float64).reshape(-1, 3) for name, places in found.items()})


def _bracketed(at_s: Floats, symbols: Sequence[str]) -> Iterator[tuple[str, tuple[float, float, float]]]:
    for i, symbol in enumerate(symbols):
        if symbol in _FIELD_OF_SYMBOL:
            on = at_s[i - 1] if i and symbols[i - 1] == _OPEN else np.nan
            off = at_s[i + 1] if i + 1 < len(symbols) and symbols[i + 1] == _CLOSED else np.nan
            yield _FIELD_OF_SYMBOL[symbol], (float(on), float(at_s[i]), float(off))


def waves_of_marks(marks: WaveMarks, begin_s: float = 0.0) -> Waves:
    """Waves as they were read, moved to where their stretch begins in the record, s."""

    def column(on: Floats, peak: Floats, off: Floats) -> Floats:
        waves = np.stack([on, peak, off], axis=1) / marks.rate_hz + begin_s
        waves = waves[np.isfinite(peak)]
        return np.asarray(waves[np.argsort(waves[:, PEAK], kind="stable")], np.float64)

    return Waves(
        column(marks.p_on, marks.p_peak, marks.p_off),
        column(marks.qrs_on, marks.r, marks.qrs_off),
        column(marks.t_on, marks.t_peak, marks.t_off),
    )
