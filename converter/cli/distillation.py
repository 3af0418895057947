"""What teaching a student says on the screen, and to machines."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from converter.distil.distil import Distilled
from converter.distil.figures import Loss, OutputLoss
from converter.distil.recorded import People
from converter.distil.truth import Answer
from converter.training.evaluate import Auroc
from edge.boards import Room
from edge.manifest import Output

_SHOWN: Final = 12
_LOSSES: Final = ("corre-\nlation", "mean\ndiff.", "same\nside", "positive:\nteacher", "\nstudent", "AUROC")
_AREAS: Final = ("positive", "AUROC:\nteacher", "\nstudent", "within\nteacher", "subject\nstudent")
_CONTROLS: Final = (
    "control: no relation to the ECG is modelled; a student may follow what its teacher says of it all the same, and "
    "neither knows the truth (an AUROC of 0.5)"
)


def distilled_json(done: Distilled, room: Room, people: People, pack: Path, size_bytes: int) -> dict[str, Any]:
    """Return the one object of ``--json``."""
    manifest = done.pack.manifest
    return {
        "pack": str(pack),
        "size_bytes": size_bytes,
        "model_bytes": manifest.model_size_bytes,
        "model_sha256": manifest.model_sha256,
        "board": manifest.board,
        "student_of": done.pack.parity["student_of"],
        "parameters": done.architecture.n_parameters,
        "macs": done.architecture.n_macs,
        "budget": {"flash_bytes": room.flash_bytes, "ram_bytes": room.ram_bytes},
        "needs": done.needs.model_dump(mode="json"),
        "recordings": people.origin or None,
        "unreadable": list(people.unreadable),
        **done.measured.as_json(),
        "epochs": [asdict(epoch) for epoch in done.epochs],
        "seconds": {stage: round(seconds, 2) for stage, seconds in done.seconds.items()},
    }


def distilled_table(done: Distilled, room: Room, people: People, pack: Path, size_bytes: int) -> Table:
    """What was made, of what, and what it costs."""
    manifest, needs, parity = done.pack.manifest, done.needs, done.measured.parity
    table = Table(title=manifest.label, title_justify="left", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    ram_bytes = needs.ram_bytes + needs.stack_bytes
    for what, said in {
        "pack": f"{pack}, {size_bytes:,} bytes",
        "student of": f"{done.pack.parity['student_of']['teacher']}, {done.pack.parity['student_of']['model_bytes']:,} "
        f"bytes, became {manifest.model_size_bytes:,}",
        "network": f"{done.architecture.n_parameters:,} parameters, {done.architecture.n_macs:,} multiplications",
        "for": f"{manifest.board}: flash {needs.flash_bytes:,} of {room.flash_bytes:,} bytes, RAM {ram_bytes:,} of "
        f"{room.ram_bytes:,}",
        "learned from": manifest.provenance.training_data,
        "passed over": f"{len(people.unreadable)} files that cannot be read" if people.unreadable else "nothing",
        "int8 beside float": f"least rank correlation {parity.spearman_min:.4f}, {parity.flips} decisions "
        f"changed on {parity.n_windows} windows",
        "took": ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in done.seconds.items()),
    }.items():
        table.add_row(what, escape(said))
    return table


def loss_table(loss: Loss, outputs: Sequence[Output]) -> Table:
    """What was lost on windows of one kind, worst outputs first where there are many."""
    table = Table(
        title=f"Beside its teacher: {loss.windows}, {loss.n_windows} held back",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("output", overflow="fold")
    for heading in _LOSSES:
        table.add_column(heading, justify="right", no_wrap=True)
    rows = loss.outputs if len(loss.outputs) <= _SHOWN else sorted(loss.outputs, key=_correlation)[:_SHOWN]
    names = {output.id: output.name for output in outputs}
    for row in rows:
        table.add_row(
            escape(names[row.output_id]),
            _figure(row.correlation),
            f"{row.mean_difference:.3f}",
            f"{row.agreement:.1%}",
            f"{row.teacher_positive:.1%}",
            f"{row.student_positive:.1%}",
            _figure(row.auroc_of_decisions),
        )
    hidden = len(loss.outputs) - len(rows)
    table.caption = f"{hidden} more outputs follow more closely" if hidden else None
    table.caption_justify = "left"
    return table


def answers_table(title: str, answers: Sequence[Answer], outputs: Sequence[Output]) -> Table:
    """How well both answer where the truth is known; those that lose most first where there are many."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("output", overflow="fold")
    for heading in _AREAS:
        table.add_column(heading, justify="right", no_wrap=True)
    rows = answers if len(answers) <= _SHOWN else sorted(answers, key=_shift)[:_SHOWN]
    named = {output.id: output for output in outputs}
    for row in rows:
        areas = (row.teacher, row.student, row.teacher_within, row.student_within)
        table.add_row(
            escape(named[row.output_id].name), f"{row.n_positive} of {row.n_windows}", *(_area(area) for area in areas)
        )
    hidden = len(answers) - len(rows)
    notes = [f"{hidden} more outputs lose less"] if hidden else []
    if any(named[row.output_id].control for row in rows):
        notes.append(_CONTROLS)
    table.caption, table.caption_justify = "; ".join(notes) or None, "left"
    return table


def _correlation(row: OutputLoss) -> float:
    return -1.0 if row.correlation is None else row.correlation


def _shift(row: Answer) -> float:
    return row.student.value - row.teacher.value


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _area(area: Auroc | None) -> str:
    return "-" if area is None else f"{area.value:.3f}"
