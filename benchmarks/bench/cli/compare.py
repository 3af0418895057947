"""`anyecg bench compare`: results side by side, and whether something became worse."""

from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.bench.cli.app import bench
from edge.cli.console import output

_STDOUT: Final = Path("-")


@bench.command(name="compare")
def compare(
    results: Annotated[
        list[Path], typer.Argument(help="Results of anyecg bench, at least two; the first is what others are held to.")
    ],
    threshold: Annotated[
        float, typer.Option(help="Least change of practical weight, percent.", min=0.0, max=100.0)
    ] = 5.0,
    to: Annotated[
        Path | None, typer.Option("--json", help="Write the comparison to this file; - for stdout alone.")
    ] = None,
) -> None:
    """Put results side by side: only like with like, each ratio with its interval.

    Exit 1 where something became slower or heavier beyond noise on the same machine; another machine is not judged.

    Example: anyecg bench compare before.json after.json
    """
    from benchmarks.bench.comparing.as_json import as_json
    from benchmarks.bench.comparing.comparison import Named, compare_all
    from benchmarks.bench.comparing.reading import read_result
    from benchmarks.bench.comparing.tables import page
    from benchmarks.bench.comparing.writing import write_json
    from edge.cli.console import print_json

    if len(results) < 2:  # noqa: PLR2004 - a comparison is of two
        raise typer.BadParameter("give at least two results", param_hint="RESULTS")
    named = [Named(str(path), read_result(path)) for path in results]
    comparisons = compare_all(named, threshold=threshold / 100.0)
    if to == _STDOUT:
        print_json(as_json(comparisons))
    else:
        for part in page(comparisons):
            output.print(part)
        if to is not None:
            write_json(to, as_json(comparisons))
    if any(comparison.regressed for comparison in comparisons):
        raise typer.Exit(1)
