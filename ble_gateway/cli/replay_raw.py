"""`anyecg replay FILE.raw`: what a radio brought, through decoder, clock and loop again."""

from pathlib import Path

from ble_gateway.cli.work import Keeping
from ble_gateway.raw import RawRecording
from ble_gateway.session import Work
from ble_gateway.stream import Block, Stream
from edge.cli.console import outcome_line, output, progress_bar
from edge.outcome import Outcome
from edge.store import OutcomeStore
from edge.summary import RunSummary, summarise


def replay_raw(
    file: Path, store: OutcomeStore, pack: Path | None, *, hop_s: float, batch: int, lines: bool
) -> RunSummary:
    """Play a file of raw values into the store, as they came.

    Raises
    ------
    GatewayError
        If the file cannot be played.
    StoreError
        If samples cannot be kept.
    """
    recording = RawRecording(file)
    header = recording.header
    stream = Stream(header.wearable())
    words = "DEMONSTRATION: " if header.simulated else ""
    source = f"{words}{header.peer} ({header.kind}), played again from {file.name}"
    n_values = 0
    with Keeping(store, pack, hop_s=hop_s, batch=batch) as keeping, progress_bar() as progress:
        work = keeping.work(stream.wearable, source)
        task = progress.add_task(file.name, total=file.stat().st_size)
        for received in recording.values():
            n_values += 1
            progress.update(task, advance=len(received.data) * 2)
            _take(work, stream.feed(received), lines=lines)
            stream.requests()
        _take(work, stream.finish(), lines=lines)
        _print(work.end(), lines=lines)
    return summarise(
        work.loop,
        work.run,
        source=source,
        counted_as="sent",
        samples=work.run.samples_stored + work.run.samples_lost,
        store=store.path,
        extra={
            "simulated": header.simulated,
            "values": n_values,
            "samples_mended": stream.samples_mended,
            "lost_by_reason": {str(reason): n for reason, n in sorted(stream.lost.items())},
            "bad_frames": stream.bad_frames,
            "stale_frames": stream.stale_frames,
            "own_outcomes": stream.own_outcomes,
        },
    )


def _take(work: Work, blocks: list[Block], *, lines: bool) -> None:
    for block in blocks:
        _print(work.take(block), lines=lines)


def _print(outcomes: tuple[Outcome, ...], *, lines: bool) -> None:
    for outcome in outcomes if lines else ():
        output.print(outcome_line(outcome), soft_wrap=True)
