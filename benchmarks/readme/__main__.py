"""`python -m benchmarks.readme`: measures everything and writes it into the README, between its two lines."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.readme.block import read_markdown, replaced
from benchmarks.readme.findings import read_findings
from benchmarks.readme.page import block
from edge.cli.console import errors
from edge.errors import EdgeError

_CHECKPOINT: Final = Path("build/full_size/checkpoint.pth")


def main(
    checkpoint: Annotated[
        Path | None,
        typer.Option(help=f"Full-size Net1D; {_CHECKPOINT} where it is there.", exists=True, dir_okay=False),
    ] = None,
    readme: Annotated[Path, typer.Option(help="File that the tables are written into.")] = Path("README.md"),
    output: Annotated[Path, typer.Option(help="Folder where everything is kept.")] = Path("build/readme"),
    quick: Annotated[bool, typer.Option("--quick", help="See whether everything runs; worth as much.")] = False,
    again: Annotated[
        Path | None, typer.Option("--from", help="Write what was kept in this findings.json, and measure nothing.")
    ] = None,
) -> None:
    """Make the README's measured tables: what packs cost, peers, the signal's side, boards.

    Example: python -m benchmarks.readme --checkpoint build/full_size/checkpoint.pth
    """
    try:
        text = read_markdown(readme)
        replaced(text, "", str(readme))  # a README without a place for them is told before anything is measured
        if again is None:
            again = _measure(checkpoint or (_CHECKPOINT if _CHECKPOINT.is_file() else None), output, quick=quick)
        readme.write_text(replaced(text, block(read_findings(again)), str(readme)), encoding="utf-8")
    except (EdgeError, OSError) as error:
        errors.print(str(error), markup=False, style="red", soft_wrap=True)
        sys.exit(1)
    errors.print(f"{readme} has the tables of {again}", markup=False, soft_wrap=True)


def _measure(checkpoint: Path | None, folder: Path, *, quick: bool) -> Path:
    """Measure, and keep it; return where."""
    # Read when torch loads its OpenMP: threads that spin between calls would take the cores of the next variant.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger().setLevel(logging.ERROR)
    from benchmarks.readme.collect import collect, quick_plan, whole_plan  # noqa: PLC0415 - only where it measures

    plan = (quick_plan if quick else whole_plan)(checkpoint, folder)
    if checkpoint is None:
        errors.print("shipped packs only: no full-size checkpoint was given (make full-size)")
    errors.print(f"about {plan.minutes[checkpoint is not None]:.0f} minutes on two quiet cores")
    findings = collect(plan, lambda what: errors.print(f"- {what}"))
    plan.kept.write_text(findings.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return plan.kept


if __name__ == "__main__":
    typer.run(main)
