"""`python -m benchmarks.replay`: the shipped replay command on this machine, as a Markdown table and as JSON.

What a window, an hour and a process cost, `anyecg bench --loop` measures; this is about recordings and reading them.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.figures import replay_process
from benchmarks.machine import this_machine
from edge.pack import SHIPPED, read_pack


def main(
    pack: Annotated[Path, typer.Option(help="Pack to measure.")] = SHIPPED,
    recording: Annotated[Path | None, typer.Option(help="Recording to replay; the synthetic heart by default.")] = None,
    channel: Annotated[str | None, typer.Option(help="Channel of the recording.")] = None,
    runs: Annotated[int, typer.Option(help="Runs; the table shows their median and range.", min=1)] = 5,
    output: Annotated[Path | None, typer.Option(help="Also write the figures here, as JSON.")] = None,
) -> None:
    """Measure the replay command as a process."""
    machine = this_machine()
    opened = read_pack(pack)
    figures = replay_process(recording, pack, channel=channel, n_runs=runs)
    accuracy = ", ".join(f"{row.id} {row.auroc_pooled or float('nan'):.3f}" for row in opened.manifest.outputs)
    print(f"{opened.manifest.label}, {pack.stat().st_size:,} bytes; AUROC on unseen synthetic subjects: {accuracy}")
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}\n")
    print("| figure | median | range over runs | runs |\n|---|---|---|---|")
    print("\n".join(figure.row for figure in figures))
    if output:
        result = {"machine": machine.as_json(), "pack": opened.manifest.model_dump(mode="json")}
        output.write_text(json.dumps(result | {"figures": [asdict(f) for f in figures]}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
