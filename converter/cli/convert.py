"""`anyecg convert`: a fine-tuned checkpoint becomes a pack that says what was kept."""

import hashlib
import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape

from converter.calibration import (
    WindowSet,
    labelled_windows,
    recorded_split,
    synthetic_windows,
    with_artefacts,
)
from converter.cli.conversion import conversion_json, conversion_table, outputs_table
from converter.cli.destinations import pack_name, refuse_unwritable, writing
from converter.convert import NotKept, convert
from converter.ecgfounder.checkpoint import Checkpoint, read_checkpoint
from converter.gate import Gate
from converter.labels import read_labels
from converter.patch.needs import with_needs
from converter.quantise import Mode
from converter.report.compose import compose
from converter.report.page import write_report
from converter.target import Target
from converter.torch_check import largest_difference_from_torch
from converter.trial import PackIdentity
from edge.budget import peak_resident_mb
from edge.cli.console import errors, output, print_json
from edge.manifest import PackBudget, Provenance
from edge.pack import write_pack
from edge.preprocess import ECGFOUNDER

_NOT_STATED: Final = "not stated"
_KEEP: Final = Gate()
_TORCH_WINDOWS: Final = 4


class _Asked(StrEnum):
    """A mode, or the choice of one."""

    AUTO = "auto"
    FULL = "full"
    MIXED = "mixed"
    DYNAMIC = "dynamic"
    FLOAT = "float"


def convert_checkpoint(
    checkpoint: Annotated[Path, typer.Argument(help="Fine-tuned Net1D: .pth, .safetensors or .npz.")],
    labels: Annotated[Path, typer.Option(help="A row for each output: .csv or .json; see anyecg labels init.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The pack to write.")],
    calibration: Annotated[
        Path | None, typer.Option(help="Recording, .npz or folder of them; the synthetic heart without it.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Channel of the recordings.")] = None,
    labelled: Annotated[
        Path | None, typer.Option(help="Windows with labels (.npz) to verify with: AUROC before and after.")
    ] = None,
    mode: Annotated[
        _Asked, typer.Option(help="How much becomes int8; auto is the fastest that keeps every output.")
    ] = _Asked.AUTO,
    runtime: Annotated[Target, typer.Option(help="The runtime the pack is for.")] = Target.LITERT,
    windows: Annotated[int, typer.Option(help="Windows to calibrate with, and to verify with.", min=8)] = 64,
    least_spearman: Annotated[
        float, typer.Option(help="Rank correlation with float that an output must keep.", min=-1.0, max=1.0)
    ] = _KEEP.least_spearman,
    least_spearman_spoilt: Annotated[
        float, typer.Option(help="The same on windows with artefacts.", min=-1.0, max=1.0)
    ] = _KEEP.least_spearman_spoilt,
    most_flips: Annotated[
        float, typer.Option(help="Part of an output's decisions that may change.", min=0.0, max=1.0)
    ] = _KEEP.most_flips,
    most_auroc_shift: Annotated[
        float, typer.Option(help="How far its AUROC may move, with --labelled.", min=0.0, max=1.0)
    ] = _KEEP.most_auroc_shift,
    accept: Annotated[list[str] | None, typer.Option(help="Output that may be lost all the same; repeatable.")] = None,
    report_to: Annotated[
        Path | None, typer.Option("--report", help="Page to write, with .json beside it; report.html by the pack.")
    ] = None,
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
    page = report_to or to.with_name("report.html")
    refuse_unwritable(to, page)
    called = pack_name(name, to)
    described = read_labels(labels)
    for warning in described.warnings:
        errors.print(f"[yellow]{escape(warning)}[/]", soft_wrap=True)
    read = read_checkpoint(checkpoint, n_outputs=len(described.outputs))
    _tell_of_batch_norm(read)
    known = labelled_windows(labelled, ECGFOUNDER, len(described.outputs)) if labelled else None
    fitting, unseen = _windows(calibration, windows, seed, channel)
    verifying = known or unseen
    identity = PackIdentity(
        name=called,
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
    refused: NotKept | None = None
    try:
        with errors.status("converting") as status:
            pack, done = convert(
                read,
                identity,
                preprocessing=ECGFOUNDER,
                calibration=fitting,
                verification=verifying,
                spoilt=with_artefacts(verifying, seed=seed),
                mode=None if mode is _Asked.AUTO else Mode(mode),
                target=runtime,
                gate=Gate(least_spearman, least_spearman_spoilt, most_flips, most_auroc_shift),
                accept=frozenset(accept or ()),
                tell=lambda stage: status.update(f"converting: {stage}"),
            )
            status.update("converting: what it asks of a patch")
            pack = with_needs(pack)
        with writing(to):
            size_bytes = write_pack(to, pack)
    except NotKept as error:
        refused, pack, done, size_bytes = error, error.pack, error.report, 0
    with errors.status("writing the report"):
        checked = done.source.inputs[:_TORCH_WINDOWS]
        report = compose(
            pack,
            done,
            checkpoint_name=checkpoint.name,
            checkpoint_sha256=_sha256(checkpoint),
            pack_bytes=size_bytes,
            float_vs_torch_max=largest_difference_from_torch(read, checked, done.source.ranges.logits[:_TORCH_WINDOWS]),
            seconds=time.monotonic() - began_s,
            peak_rss_mb=peak_resident_mb(),
        )
        with writing(page):
            write_report(page, report)
    if as_json:
        print_json({**conversion_json(report), "ignored_weights": len(read.ignored), "report": str(page)})
    elif not refused:
        output.print(conversion_table(report, to, page))
        output.print(outputs_table(report))
    if refused:
        errors.print(f"the report shows what was lost: {escape(str(page))}", soft_wrap=True)
        raise refused


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
