"""What `demo`, `run` and the replay of raw values share: loops that share a model, runs in one store, figures."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self, TypeAlias

import typer

from ble_gateway.raw import RawHeader, RawWriter
from ble_gateway.session import Work
from ble_gateway.wearables.wearable import Gives, Wearable
from edge.cli.console import output, print_json, summary_table
from edge.loop import InferenceLoop
from edge.model import open_model
from edge.pack import SHIPPED, read_pack
from edge.rhythm import RhythmLoop
from edge.store import OutcomeStore, StoredRun
from edge.summary import RunSummary
from edge.waves.reader import open_reader

RecordRawOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Keep every value as the radio brought it, for anyecg replay FILE.raw; a file each for several."),
]


class Keeping(contextlib.ExitStack):
    """All that is open while wearables stream: their runs, and the files of raw values.

    Parameters
    ----------
    store
        Where the runs go.
    pack
        Pack to run; None: the demonstration pack.
    hop_s
        From one window's start to the next one's, s.
    batch
        Windows to run together.
    raw
        Where to record values.
    """

    def __init__(
        self, store: OutcomeStore, pack: Path | None, *, hop_s: float, batch: int = 1, raw: Path | None = None
    ) -> None:
        super().__init__()
        self.store = store
        self._hop_s, self._batch, self._raw = hop_s, batch, raw
        self._model, self._reader = open_model(read_pack(pack or SHIPPED)), open_reader()
        self._n_recorded = 0

    def __enter__(self) -> Self:
        return super().__enter__()

    def work(self, wearable: Wearable, source: str) -> Work:
        """Begin a run for a wearable, with a loop that fits what it gives."""
        run: StoredRun = self.enter_context(self.store.run(source))
        return Work(self._loop(wearable), run)

    def raw_file(self, header: RawHeader) -> RawWriter | None:
        """Begin to record the values of a wearable, where that was asked for.

        Raises
        ------
        GatewayError
            If they cannot be recorded.
        """
        if self._raw is None:
            return None
        self._n_recorded += 1
        return self.enter_context(RawWriter(_numbered(self._raw, self._n_recorded), header))

    def _loop(self, wearable: Wearable) -> InferenceLoop | RhythmLoop:
        if wearable.gives is Gives.RHYTHM:
            return RhythmLoop()
        return InferenceLoop(self._model, self._reader, hop_s=self._hop_s, batch=self._batch)


def show_summaries(summaries: Sequence[RunSummary], *, as_json: bool, last: str) -> None:
    """Print what each run came to; as JSON one object, with a list of them where there are several."""
    if as_json:
        objects = [summary.as_json() for summary in summaries]
        print_json(objects[0] if len(objects) == 1 else {"runs": objects})
        return
    for summary in summaries:
        output.print(summary_table(summary))
    output.print(last)


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
