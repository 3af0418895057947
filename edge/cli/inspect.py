"""`anyecg inspect`: what a pack is, and whether it may be trusted on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from edge.cli.console import NOT_MEDICAL, output, print_json
from edge.errors import EdgeError
from edge.interpreter import installed_runtimes
from edge.manifest import Manifest, WavesManifest
from edge.model import open_model
from edge.pack import SHIPPED, ModelPack, WavesPack, read_any_pack
from edge.signature import BadlySigned, SignatureError, SignedBy, Unsigned, check
from edge.waves.network import open_waves_model


def inspect(
    pack: Annotated[Path, typer.Argument(help="Pack to look into; the demonstration pack by default.")] = SHIPPED,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Show what a pack is and run its self-test on every runtime of this machine.

    Example: anyecg inspect edge/packs/demonstration.tflite
    """
    opened = read_any_pack(pack)
    tests = {name: _self_test(opened, name) for name in installed_runtimes()}
    if as_json:
        print_json(_as_json(pack, opened, tests))
    else:
        output.print(_facts(pack, opened.manifest, tests))
        if isinstance(opened, WavesPack):
            output.print(_figures(opened.manifest))
        else:
            output.print(_outputs(opened.manifest))
            output.print(_losses(opened.manifest))
        output.print(f"[dim]{NOT_MEDICAL}[/]")
    failed = [why for why in tests.values() if why != "passed"]
    if failed:
        raise typer.Exit(1)


def _self_test(pack: ModelPack | WavesPack, runtime: str) -> str:
    try:
        if isinstance(pack, WavesPack):
            open_waves_model(pack, runtime=runtime)
        else:
            open_model(pack, runtime=runtime)
    except EdgeError as error:
        return str(error)
    return "passed"


def _as_json(path: Path, pack: ModelPack | WavesPack, tests: dict[str, str]) -> dict[str, Any]:
    manifest = pack.manifest.model_dump(mode="json")
    return {
        "file": str(path),
        "size_bytes": path.stat().st_size,
        "self_test": tests,
        "signature": _signature(path),
        "parity": pack.parity,
        "manifest": manifest,
    }


def _signature(path: Path) -> str:
    try:
        signing = check(path.read_bytes())
    except SignatureError as error:
        return f"not checked: {error}"
    match signing:
        case Unsigned():
            return "none"
        case SignedBy():
            return f"by key {signing.fingerprint}"
        case BadlySigned(why):
            return f"does not hold: {why}"


def _facts(path: Path, manifest: Manifest | WavesManifest, tests: dict[str, str]) -> Table:
    contract, provenance = manifest.preprocessing, manifest.provenance
    table = Table(title=manifest.label, title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("file", f"{path}, {path.stat().st_size:,} bytes")
    table.add_row(
        "model", f"{manifest.quantisation}, {manifest.model_size_bytes:,} bytes, sha256 {manifest.model_sha256}"
    )
    table.add_row(
        "input", f"{contract.window_samples} samples at {contract.rate_hz:g} Hz, trained on lead {manifest.lead}"
    )
    table.add_row("preprocessing", " > ".join(step.kind for step in contract.steps))
    table.add_row("budget", f"p99 {manifest.budget.latency_p99_ms:g} ms, {manifest.budget.resident_mb:g} MB resident")
    table.add_row("on a patch", _on_a_patch(manifest))
    table.add_row("trained on", provenance.training_data)
    table.add_row("intended use", provenance.intended_use)
    table.add_row("limits", provenance.limits)
    table.add_row("made", f"{provenance.created} by {provenance.converter}")
    table.add_row("signature", escape(_signature(path)))
    for runtime, result in tests.items():
        style = "green" if result == "passed" else "bold red"
        table.add_row(f"self-test, {runtime}", f"[{style}]{result}[/]")
    return table


def _on_a_patch(manifest: Manifest | WavesManifest) -> str:
    needs = manifest.patch
    if needs is None:
        return "not stated; anyecg fit works it out"
    made_for = f", made for {manifest.board}" if manifest.board else ""
    return (
        f"{needs.flash_bytes:,} bytes of flash, {needs.ram_bytes:,} of RAM and {needs.stack_bytes:,} of stack as C; "
        f"{needs.interpreter_arena_bytes:,} of arena in TFLite Micro{made_for}"
    )


def _figures(manifest: WavesManifest) -> Table:
    table = Table(title="Measured", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("on", overflow="fold")
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right")
    for name, figures in manifest.figures.items():
        known = {key: value for key, value in figures.items() if not isinstance(value, str)}
        how = "; ".join(value for value in figures.values() if isinstance(value, str))
        for row, (key, value) in enumerate(known.items()):
            table.add_row("" if row else escape(f"{name} ({how})"), key, f"{value:.4g}")
    return table


def _outputs(manifest: Manifest) -> Table:
    table = Table(title="Outputs", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("output", "LOINC", "limit"):
        table.add_column(heading, no_wrap=True)
    for heading in ("thres-\nhold", "AUROC", "within\nsubject"):
        table.add_column(heading, justify="right")
    for row in manifest.outputs:
        sign = "<" if row.direction == "low" else ">"
        table.add_row(
            escape(row.name),
            row.loinc,
            f"{sign} {row.limit:g} {escape(row.unit)}",
            f"{row.threshold:.2f}",
            _figure(row.auroc_pooled),
            _figure(row.auroc_within_subject),
        )
    if any(row.control for row in manifest.outputs):
        table.caption = "control: a negative control, no relation to the ECG is modelled, an AUROC of 0.5 is expected"
        table.caption_justify = "left"
    return table


def _losses(manifest: Manifest) -> Table:
    """Return what was lost of each output and accepted; without rows, and invisible, where all was kept."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for row in manifest.outputs:
        if row.accepted_loss:
            table.add_row(f"lost of {escape(row.name)}", escape(row.accepted_loss))
    return table


def _figure(auroc: float | None) -> str:
    return "-" if auroc is None else f"{auroc:.3f}"
