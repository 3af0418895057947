"""Measurements in a few words, for one line of a terminal."""

from collections.abc import Iterator

from edge.waves.figures import Figure, Measurements


def in_words(measured: Measurements) -> str:
    """Say rhythm, intervals and ectopic beats, such as ``sinus, PR 160, QRS 92, QTc 410 ms, 2 V``."""
    return ", ".join(_parts(measured))


def _parts(measured: Measurements) -> Iterator[str]:
    yield str(measured.rhythm) if measured.rhythm else "unclassified"
    intervals = {"PR": measured.pr_ms, "QRS": measured.qrs_ms, "QTc": measured.qtc_fridericia_ms}
    known = [f"{name} {_rounded(figure)}" for name, figure in intervals.items() if figure.value is not None]
    if known:
        yield ", ".join(known) + " ms"
    ectopic = [f"{n} {letter}" for letter, n in measured.beats.items() if letter != "N"]
    if ectopic:
        yield " ".join(ectopic)


def _rounded(figure: Figure) -> str:
    return f"{figure.value:.0f}"
