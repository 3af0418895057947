"""Cost against the number of outputs: the network, its decoding, and the outcome's place in the store."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.growth.series import Costs, Kind, Measure, Series, What, measure_rounds
from benchmarks.growth.streams import Piece, pieces, run_once
from benchmarks.growth.widen import with_outputs
from edge.interpreter import Tensor
from edge.model import Model, open_model
from edge.outcome import Estimated
from edge.pack import SHIPPED, read_pack
from edge.store import OutcomeStore
from edge.store_rows import outcome_row
from edge.waves.reader import WaveReader, open_reader

_NETWORK: Final = Kind("network", "ms a window", Measure.CPU)
_DECODE: Final = Kind("decoding", "ms a window", Measure.CPU)
_ROW: Final = Kind("row for the store", "ms a window", Measure.CPU)
_BYTES: Final = Kind("store", "bytes an outcome", Measure.SPACE)
_PACK: Final = Kind("pack", "bytes", Measure.SPACE)
_CALLS: Final = 30
_STORED: Final = 200
_STRETCH_S: Final = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class _Widened:
    """A pack with so many outputs, opened, with an outcome of it and what that takes in a store."""

    model: Model
    x: Tensor
    outcome: Estimated
    bytes_stored: float
    bytes_packed: int


def measure(sizes: Sequence[int], *, n_rounds: int) -> list[Series]:
    """Measure the demonstration pack with each number of outputs; its `n_rounds` times are in one process."""
    reader = open_reader()
    opened = {n: _open(n, reader) for n in sizes}
    measured = measure_rounds(sizes, lambda n: _costs(opened[int(n)]), n_rounds=n_rounds)
    return measured.series(What.OUTPUTS, "outputs", (_NETWORK, _DECODE, _ROW, _BYTES, _PACK))


def _open(n: int, reader: WaveReader) -> _Widened:
    pack = with_outputs(read_pack(SHIPPED), n)
    model = open_model(pack)
    run = run_once(model, reader, _STRETCH_S)
    outcome = next(o for _, outcomes in run for o in outcomes if isinstance(o, Estimated))
    return _Widened(model, pack.self_test.inputs[0], outcome, _stored_bytes(run), len(pack.to_bytes()))


def _stored_bytes(run: Sequence[Piece]) -> float:
    """Bytes by which a store grows for an outcome, over many; their samples are left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcomes.db"
        with OutcomeStore.open(path) as store, store.run("outcomes") as stored:
            outcomes = (o for _, ended in pieces(run) for o in ended if isinstance(o, Estimated))
            stored.end(islice(outcomes, _STORED))
        return path.stat().st_size / _STORED


def _costs(widened: _Widened) -> Costs:
    model, x = widened.model, widened.x
    y = model.infer(x)
    return {
        _NETWORK.name: _cpu_ms(lambda: model.infer(x)),
        _DECODE.name: _cpu_ms(lambda: model.decode(y)),
        _ROW.name: _cpu_ms(lambda: outcome_row(1, widened.outcome)),
        _BYTES.name: widened.bytes_stored,
        _PACK.name: float(widened.bytes_packed),
    }


def _cpu_ms(call: Callable[[], object]) -> float:
    call()
    began_s = time.process_time()
    for _ in range(_CALLS):
        call()
    return 1e3 * (time.process_time() - began_s) / _CALLS
