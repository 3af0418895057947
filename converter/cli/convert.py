"""`anyecg convert`: a fine-tuned checkpoint becomes a pack that says what was kept."""

import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from converter.calibration import WindowSet, recorded_split, synthetic_windows, with_artefacts
from converter.convert import ConversionReport, PackIdentity, convert
from converter.ecgfounder.checkpoint import Checkpoint, read_checkpoint
from converter.labels import read_labels
from converter.quantise import Mode
from converter.verify import Parity
from edge.budget import peak_resident_mb
from edge.cli.console import errors, output, print_json
from edge.manifest import PackBudget, Provenance
from edge.pack import write_pack
from edge.preprocess import ECGFOUNDER

_NOT_STATED: Final = "not stated"
_SHOWN: Final = 12


def convert_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="Fine-tuned Net1D: .pth, .safetensors or .npz.")],
    labels: Annotated[Path, typer.Option(help="A row for each output: .csv or .json; see anyecg labels init.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The pack to write.")],
    calibration: Annotated[
        Path | None, typer.Option(help="Recording, .npz or folder of them; the synthetic heart without it.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Channel of the recordings.")] = None,
    mode: Annotated[Mode, typer.Option(help="How much becomes int8.")] = Mode.FULL,
    windows: Annotated[int, typer.Option(help="Windows to calibrate with, and to verify with.", min=8)] = 64,
    least_spearman: Annotated[
        float, typer.Option(help="Rank correlation with float that an output must keep.", min=-1.0, max=1.0)
    ] = 0.95,
    accept: Annotated[list[str] | None, typer.Option(help="Output that may be lost all the same; repeatable.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the pack; that of its file by default.")] = None,
    release: Annotated[str, typer.Option("--release", help="Version of the pack.")] = "1.0.0",
    lead: Annotated[str, typer.Option(help="Lead the network was trained with.")] = "II",
    trained_on: Annotated[str, typer.Option(help="What the network was trained on.")] = _NOT_STATED,
    intended_use: Annotated[str, typer.Option(help="What the pack is for.")] = "Research only. Not a medical device.",
    limits: Annotated[str, typer.Option(help="What it must not be used for, and on whom it fails.")] = _NOT_STATED,
    demonstration: Annotated[bool, typer.Option("--demonstration", help="Call it one wherever it speaks.")] = False,
    budget_ms: Annotated[float, typer.Option(help="Latency limit (p99) to state in the pack.", min=1)] = 250.0,
    budget_mb: Annotated[float, typer.Option(help="Memory limit to state in the pack.", min=1)] = 400.0,
    seed: Annotated[int, typer.Option(help="Of the choice of windows.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Convert a fine-tuned single-lead ECGFounder checkpoint, and measure what was kept through the inference loop.

    Example: anyecg convert finetuned.pth --labels labs.csv --calibration recordings/ -o labs.tflite
    """
    began_s = time.monotonic()
    described = read_labels(labels)
    for warning in described.warnings:
        errors.print(f"[yellow]{escape(warning)}[/]", soft_wrap=True)
    read = read_checkpoint(checkpoint, n_outputs=len(described.outputs))
    _tell_of_batch_norm(read)
    fitting, verifying = _windows(calibration, windows, seed, channel)
    identity = PackIdentity(
        name=name or to.stem.lower(),
        version=release,
        lead=lead,
        outputs=described.outputs,
        budget=PackBudget(latency_p99_ms=budget_ms, resident_mb=budget_mb),
        provenance=Provenance(
            demonstration=demonstration,
            training_data=trained_on,
            intended_use=intended_use,
            limits=limits,
            created=datetime.now(UTC).date().isoformat(),
            converter="",
        ),
    )
    with errors.status("converting and verifying"):
        pack, report = convert(
            read,
            identity,
            preprocessing=ECGFOUNDER,
            mode=mode,
            calibration=fitting,
            verification=verifying,
            spoilt=with_artefacts(verifying, seed=seed),
            least_spearman=least_spearman,
            accept=frozenset(accept or ()),
        )
    size_bytes = write_pack(to, pack)
    seconds = time.monotonic() - began_s
    if as_json:
        print_json({**_as_json(report, size_bytes, seconds, fitting, verifying), "ignored_weights": len(read.ignored)})
    else:
        output.print(_table(report, to, size_bytes, seconds, fitting, verifying))
        output.print(_outputs(report))


def _tell_of_batch_norm(checkpoint: Checkpoint) -> None:
    """Say what was left aside: ECGFounder's files carry batch normalisation that its network never applies."""
    if checkpoint.batch_norm_trained:
        errors.print(
            "[yellow]the batch normalisation in the checkpoint was trained; it is left aside, as ECGFounder does: if "
            "the network was fine-tuned with use_bn=True, this pack is wrong[/]",
            soft_wrap=True,
        )


def _windows(source: Path | None, n: int, seed: int, channel: str | None) -> tuple[WindowSet, WindowSet]:
    if source is None:
        errors.print("[yellow]no --calibration: the ranges are those of a synthetic heart[/]")
        return synthetic_windows(ECGFOUNDER, n, seed=2 * seed + 1), synthetic_windows(ECGFOUNDER, n, seed=2 * seed + 2)
    with errors.status(f"reading {escape(str(source))}"):
        return recorded_split(source, ECGFOUNDER, n, n, seed=seed, channel=channel)


def _as_json(
    report: ConversionReport, size_bytes: int, seconds: float, calibration: WindowSet, verification: WindowSet
) -> dict[str, Any]:
    return {
        "mode": report.mode,
        "size_bytes": size_bytes,
        "float_bytes": report.float_bytes,
        "model_bytes": report.model_bytes,
        "seconds": round(seconds, 2),
        "peak_rss_mb": round(peak_resident_mb(), 1),
        "calibration": calibration.origin,
        "verification": verification.origin,
        "outputs_failed": list(report.lost),
        **_agreement(report.parity),
        "spoilt": _agreement(report.spoilt) if report.spoilt else None,
    }


def _agreement(parity: Parity) -> dict[str, Any]:
    ranks = [row["spearman"] for row in parity.as_json()["outputs"]]
    known = [rank for rank in ranks if rank is not None]
    return {
        "windows": parity.n_windows,
        "spearman": {
            "median": median(known) if known else None,
            "min": min(known) if len(known) == len(ranks) else None,
        },
        "max_abs_logit": max(row.max_abs_logit for row in parity.outputs),
        "flips": sum(row.flips for row in parity.outputs),
    }


def _table(
    report: ConversionReport,
    path: Path,
    size_bytes: int,
    seconds: float,
    calibration: WindowSet,
    verification: WindowSet,
) -> Table:
    table = Table(title="Converted", title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, said in {
        "pack": f"{path}, {size_bytes:,} bytes",
        "model": f"{report.mode}: {report.float_bytes:,} bytes of float became {report.model_bytes:,}",
        "calibrated with": calibration.origin,
        "verified with": verification.origin,
        "lost, accepted": ", ".join(report.lost) or "none",
        "took": f"{seconds:.1f} s, {peak_resident_mb():.0f} MB at the most",
    }.items():
        table.add_row(what, escape(said))
    return table


def _outputs(report: ConversionReport) -> Table:
    """The outputs that agree least with float, worst first."""
    table = Table(
        title="Agreement with float, worst outputs first", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("output", no_wrap=True)
    for heading in ("rank\ncorrelation", "largest\nlogit error", "flips", "rank, with\nartefacts"):
        table.add_column(heading, justify="right")
    spoilt = {row.output_id: row for row in report.spoilt.outputs} if report.spoilt else {}
    worst = sorted(report.parity.outputs, key=lambda row: row.spearman)[:_SHOWN]
    for row in worst:
        with_artefact = f"{spoilt[row.output_id].spearman:.4f}" if spoilt else "-"
        table.add_row(row.output_id, f"{row.spearman:.4f}", f"{row.max_abs_logit:.3f}", str(row.flips), with_artefact)
    hidden = len(report.parity.outputs) - len(worst)
    table.caption = f"{report.parity.n_windows} windows" + (f"; {hidden} more outputs agree better" if hidden else "")
    table.caption_justify = "left"
    return table
