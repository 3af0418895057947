"""`python -m benchmarks.patch`: the student and the shipped packs as C on emulated cores, as tables and JSON."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from benchmarks.machine import this_machine
from benchmarks.patch.measure import VARIANTS, Network, Row, measure, networks
from benchmarks.patch.published import AIMS, PUBLISHED
from benchmarks.patch.tables import WIDTH, beside_the_study, by_kind, totals
from converter.patch.toolchain import versions
from edge.errors import EdgeError


def main(
    windows: Annotated[int, typer.Option(help="Random windows that are held to TFLite Micro.", min=1)] = 64,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures here: JSON.")] = None,
) -> None:
    """Count instructions, RAM and flash of packs as C on emulated Cortex-M cores.

    Example: python -m benchmarks.patch --windows 64 -o build/patch.json
    """
    console, machine, today = (
        Console(width=WIDTH, highlight=False),
        this_machine(),
        datetime.now(UTC).date().isoformat(),
    )
    try:
        tools = versions() | {"tflite-micro": version("tflite-micro")}
        measured = list(networks(windows))
        rows = [row for network in measured for row in _rows(network, console)]
    except EdgeError as error:
        raise typer.BadParameter(str(error)) from error
    console.print(f"{machine.line}; {today}")
    console.print("\n".join(f"{name}: {said}" for name, said in tools.items()))
    for network in measured:
        console.print(f"{network.name}: {network.source.identity.title}, sha256 {network.source.identity.sha256[:16]}")
    for table in (totals(rows), by_kind(rows), beside_the_study(rows)):
        console.print(table)
    compared = ", ".join(f"{network.name} {network.outputs.size:,}" for network in measured)
    console.print(f"Values compared with TFLite Micro's, of {windows} random windows in each build: {compared}.")
    if output:
        facts = {
            "machine": machine.as_json(), "date": today, "tools": tools, "windows": windows,
            "networks": [asdict(network.source.identity) for network in measured],
            "rows": [_plain(row) for row in rows], "aims": {core: asdict(aim) for core, aim in AIMS.items()},
            "study": [asdict(one) for one in PUBLISHED],
        }  # fmt: skip
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _rows(network: Network, console: Console) -> list[Row]:
    return list(track(measure(network), network.name, len(VARIANTS), console=console, transient=True))


def _plain(row: Row) -> dict[str, Any]:
    counted = row.counted
    return {
        "network": row.network,
        "core": row.variant.core,
        "kernels": row.variant.name,
        "preprocess_instructions": counted.preprocess,
        "infer_instructions": counted.infer,
        "by_kind": {
            kind: {"instructions": instructions, "units": units}
            for kind, (instructions, units) in counted.by_kind().items()
        },
        "static_ram_bytes": counted.footprint.ram_bytes,
        "stack_bytes": counted.stack_bytes,
        "code_bytes": counted.footprint.code_bytes,
        "tables_bytes": counted.footprint.tables_bytes,
        "weights_bytes": counted.footprint.weights_bytes,
        "differing_values": row.differing,
    }


if __name__ == "__main__":
    typer.run(main)
