"""All that the tables are made of, as one JSON file: measured once, rendered as often as it takes."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError

from benchmarks.bench.boards.prediction import Prediction
from benchmarks.bench.measurement import Part
from benchmarks.bench.result import Result
from benchmarks.peers.result import Cleaning, NetworkPeers
from benchmarks.readme.errors import ReadmeError, ReadmeFault
from edge.boards.span import Span


class Range(Part):
    """Lowest, typical and highest that a figure may be."""

    low: float
    typical: float
    high: float

    @classmethod
    def of(cls, span: Span) -> Self:
        """The same as a part of a result."""
        return cls(low=span.low, typical=span.typical, high=span.high)


class Limit(Part):
    """What became of a budget on a board: ``met, by prediction``."""

    limit: str
    whose: str
    allowed: float
    words: str
    kept: bool


class OnBoard(Part):
    """A pack on a board.

    Parameters
    ----------
    pack, board
        Label; name of the profile.
    inference_ms, window_ms
        One run of the network; one window to its outcome.
    wearables
        On one core at once.
    resident_mb
        Of the process.
    limits
        The board's and the pack's.
    """

    pack: str
    board: str
    inference_ms: Range
    window_ms: Range
    wearables: Range
    resident_mb: Range
    limits: tuple[Limit, ...]

    @classmethod
    def of(cls, one: Prediction) -> Self:
        """What the tables need of a prediction, or of a measurement in its place."""
        return cls(
            pack=one.asked.label,
            board=one.profile.name,
            inference_ms=Range.of(one.inference_ms.span),
            window_ms=Range.of(one.window_ms.span),
            wearables=Range.of(one.wearables.span),
            resident_mb=Range.of(one.resident_mb.span),
            limits=tuple(
                Limit(
                    limit=verdict.limit,
                    whose=verdict.whose.value,
                    allowed=verdict.allowed,
                    words=verdict.words,
                    kept=verdict.standing.kept,
                )
                for verdict in one.verdicts
            ),
        )


class Findings(Part):
    """One measurement of everything.

    Parameters
    ----------
    bench
        What `anyecg bench` found; machine, commit and mood are in it.
    networks
        Each network on every runtime.
    cleaning
        The signal's side.
    boards
        Packs on boards.
    load_average
        One minute's, before and after the peers were timed.
    left_out
        What was not measured, and how it can be, a sentence each.
    """

    bench: Result
    networks: tuple[NetworkPeers, ...]
    cleaning: Cleaning
    boards: tuple[OnBoard, ...]
    load_average: tuple[float, float]
    left_out: tuple[str, ...]


def read_findings(path: Path) -> Findings:
    """Read what was kept, or say in one line why not."""
    advice = "measure again with python -m benchmarks.readme"
    try:
        return Findings.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ReadmeError(ReadmeFault.UNREADABLE, f"{path} cannot be read ({error})", advice=advice) from error
    except ValidationError as error:
        what = f"{path} is no kept measurement of this release ({error.error_count()} rules broken)"
        raise ReadmeError(ReadmeFault.UNREADABLE, what, advice=advice) from error
