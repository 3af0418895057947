"""`anyecg bench report`: results as one page with plots."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from benchmarks.bench.cli.app import bench
from edge.cli.console import output

_STDOUT: Final = Path("-")


@bench.command(name="report")
def report(
    results: Annotated[list[Path], typer.Argument(help="Results of anyecg bench; the others are held to the first.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The page to write, HTML.")] = Path("report.html"),
    figures_to: Annotated[
        Path | None, typer.Option("--json", help="Write the page's figures to this file too; - for stdout.")
    ] = None,
) -> None:
    """Make one self-contained page of results: budgets, latency, memory, roofline, streams; several side by side.

    Example: anyecg bench report result.json -o report.html
    """
    from benchmarks.bench.comparing.comparison import Named
    from benchmarks.bench.comparing.reading import read_result
    from benchmarks.bench.comparing.writing import write_json
    from benchmarks.bench.report.document import as_json
    from benchmarks.bench.report.page import comparisons_of, render
    from benchmarks.bench.report.places import refuse_places, write_page
    from benchmarks.bench.report.series import MOST
    from edge.cli.console import print_json

    if len(results) > MOST:
        raise typer.BadParameter(
            f"one page has room for {MOST} results, these are {len(results)}", param_hint="RESULTS"
        )
    figures = None if figures_to == _STDOUT else figures_to
    refuse_places(results, [to, *([figures] if figures else [])])
    named = [Named(str(path), read_result(path)) for path in results]
    comparisons = comparisons_of(named)
    write_page(to, render(named, comparisons))
    if figures:
        write_json(figures, as_json(named, comparisons))
    if figures_to == _STDOUT:
        print_json(as_json(named, comparisons))
    else:
        output.print(f"{escape(str(to))}, {to.stat().st_size:,} bytes", soft_wrap=True)
