"""`anyecg export-c`: a pack becomes C for a microcontroller, with what proves it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from converter.patch.export import Exported, export, write_folder
from converter.patch.lint import Severity
from converter.patch.translate import Options, Source
from edge.cli.console import NOT_MEDICAL, errors, output, print_json
from edge.errors import PackError, PackFault
from edge.pack import read_any_pack


def export_c(
    pack: Annotated[Path, typer.Argument(help="Pack, or a plain int8 .tflite: that one without preprocessing.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="Folder to write; made where it is not there.")],
    rate: Annotated[
        float | None, typer.Option(help="Sample rate of the device, Hz; the pack's own by default.", min=1.0)
    ] = None,
    picovolts: Annotated[int, typer.Option(help="What one count of the device is, pV.", min=1)] = 1_000_000,
    self_test: Annotated[bool, typer.Option("--self-test/--no-self-test", help="With windows to compare.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Write a pack as C99 with static memory, equal to TFLite Micro bit for bit, and as what TFLite Micro itself takes.

    Example: anyecg export-c edge/packs/waves.tflite -o waves-c && make -C waves-c test
    """
    source = _source(pack)
    with errors.status("translating"):
        exported = export(source, Options(rate, picovolts, self_test))
        write_folder(to, exported.files, force=force)
    if source.pack is None:
        errors.print(
            f"[yellow]{escape(pack.name)} is a plain model: the C takes its int8 input, no window of counts[/]",
            soft_wrap=True,
        )
    for found in exported.findings:
        if found.severity is not Severity.SLOW:
            line = f"{found.severity} with TFLite Micro: {found.where}. {found.what}"
            errors.print(f"[yellow]{escape(line)}[/]", soft_wrap=True)
    if as_json:
        print_json(_as_json(source, exported, to))
    else:
        output.print(_table(source, exported, to))
        output.print(f"[dim]{NOT_MEDICAL}[/]")


def _source(path: Path) -> Source:
    """Read a pack; a file that is a plain TFLite model is taken as it is."""
    try:
        return Source.of_pack(read_any_pack(path))
    except PackError as error:
        data = path.read_bytes() if error.fault is PackFault.CORRUPT else b""
        if not _is_plain(data):
            raise
        return Source.of_model(data, path.stem)


def _is_plain(data: bytes) -> bool:
    """Whether it is a TFLite model with nothing behind it that looks like a pack's archive."""
    return data[4:8] == b"TFL3" and b"manifest.json" not in data


def _as_json(source: Source, exported: Exported, to: Path) -> dict[str, Any]:
    counts = exported.translated.counts
    return {
        "folder": str(to),
        "pack": source.identity.title,
        "model_sha256": source.identity.sha256,
        "files": sorted(exported.files),
        "window_samples": None if counts is None else counts.samples,
        "rate_hz": None if counts is None else counts.rate_hz,
        "needs": exported.needs.model_dump(mode="json"),
        "lint": [
            {"severity": str(found.severity), "where": found.where, "what": found.what, "advice": found.advice}
            for found in exported.findings
        ],
    }


def _table(source: Source, exported: Exported, to: Path) -> Table:
    needs, counts = exported.needs, exported.translated.counts
    table = Table(
        title=escape(source.identity.title), title_justify="left", box=None, show_header=False, pad_edge=False
    )
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    takes = "int8 input, without preprocessing"
    if counts is not None:
        takes = f"{counts.samples} counts of {counts.picovolts_per_count:,} pV at {counts.rate_hz:g} Hz"
    slow = sum(found.severity is Severity.SLOW for found in exported.findings)
    wrong = len(exported.findings) - slow
    rows = {
        "folder": f"{to}, {len(exported.files)} files",
        "takes": takes,
        "RAM": f"{needs.ram_bytes:,} bytes static, {needs.stack_bytes:,} of stack at most",
        "flash": f"about {needs.flash_bytes:,} bytes on Cortex-M4, the self-test left out",
        "multiplications": ", ".join(f"{kind} {n:,}" for kind, n in needs.macs.items()),
        "TFLite Micro": f"{len(needs.operators)} operators, arena of {needs.interpreter_arena_bytes:,} bytes",
        "known defects there": f"{wrong}, and {slow} slow operators: tflm/LINT.md",
        "prove it": f"make -C {to} test, and with BOARD=cortex-m4 emulated",
    }
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table
