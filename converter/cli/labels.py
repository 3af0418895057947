"""`anyecg labels`: files that say what the outputs of a network mean."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from converter.errors import ConversionError, ConversionFault
from converter.labels import labels_table, template_rows
from edge.cli.console import NOT_MEDICAL, output, print_json

labels = typer.Typer(name="labels", add_completion=False, no_args_is_help=True)


@labels.callback(epilog="Example: anyecg labels init -o labels.csv")
def about() -> None:
    """Say what the outputs of a network mean: one row for each, with its LOINC code, limits and threshold."""


@labels.command()
def init(
    to: Annotated[Path, typer.Option("--output", "-o", help="CSV to write; never over another file.")],
    outputs: Annotated[
        int | None, typer.Option(min=1, help="Rows to write; all that the table has by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Write a file of labels to fill in, with the laboratory tests that are measured most.

    Example: anyecg labels init -o labels.csv --outputs 108
    """
    rows = list(islice(template_rows(), outputs))
    if outputs is not None and len(rows) < outputs:
        raise ConversionError(
            ConversionFault.BAD_LABELS,
            f"the table of laboratory tests gives {len(rows)} rows, not {outputs}",
            advice=f"ask for {len(rows)}, and write the others by hand",
        )
    _write_new(to, labels_table(rows))
    if as_json:
        print_json({"file": str(to), "outputs": len(rows), "tests": len({row["loinc"] for row in rows})})
    else:
        output.print(f"{to}: {len(rows)} rows", markup=False)
        output.print("Replace the limits by the laboratory's own, and fill in threshold and prevalence.")
        output.print(f"[dim]{NOT_MEDICAL}[/]")


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConversionError(
            ConversionFault.BAD_LABELS, f"{path} cannot be written ({error.strerror})", advice="name another file"
        ) from error
