"""`anyecg distil`: a small network for a patch, taught by a pack."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import Progress

from converter.cli.destinations import pack_name, writing
from converter.cli.distillation import answers_table, distilled_json, distilled_table, loss_table
from converter.distil.course import Course, Epoch, Teach
from converter.distil.distil import FEWEST_WINDOWS, Plan, choose, distil
from converter.distil.errors import DistilError, DistilFault
from converter.distil.family import parse_budget
from converter.distil.identity import StudentNames
from converter.distil.recorded import People, files_of, read_people
from converter.distil.windows import labelled_batch
from converter.patch.needs import needs_of_pack
from converter.windows.sources import Reader
from edge.boards import Room, read_board
from edge.cli.console import errors, output, print_json, progress_bar
from edge.errors import EdgeError
from edge.pack import read_pack, write_pack

_NAMED: Final = 3


def distil_pack(
    teacher: Annotated[Path, typer.Argument(help="The pack to learn from.")],
    to: Annotated[Path, typer.Option("--output", "-o", help="The student's pack to write.")],
    board: Annotated[str, typer.Option(help="Board it is for: a name that anyecg fit knows, or a .toml file.")],
    budget: Annotated[
        str | None, typer.Option(help="Flash and RAM for it, such as 256kB,64kB; what the board leaves by default.")
    ] = None,
    recordings: Annotated[
        list[Path] | None, typer.Option(help="Recording or folder of them to learn from too; repeatable.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Channel of the recordings.")] = None,
    most_each: Annotated[int, typer.Option(help="Most windows of one recording.", min=1)] = 60,
    labelled: Annotated[
        Path | None, typer.Option(help="Windows with labels (.npz) to measure both on; never learned from.")
    ] = None,
    windows: Annotated[
        int, typer.Option(help="Windows of the synthetic heart to learn from.", min=FEWEST_WINDOWS)
    ] = 12_000,
    epochs: Annotated[int, typer.Option(help="Most passes over the windows.", min=1)] = Course().epochs,
    threads: Annotated[int, typer.Option(help="Of the CPU, for teaching.", min=1)] = os.cpu_count() or 1,
    seed: Annotated[int, typer.Option(help="Of the windows, the first weights and the order.", min=0)] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the pack; that of its file by default.")] = None,
    release: Annotated[str, typer.Option("--release", help="Version of the pack.")] = "1.0.0",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Teach a small int8 network for a patch what a pack says, and report what was lost. Needs no label.

    Example: anyecg distil labs.tflite --board nrf52840 --budget 256kB,64kB --recordings nights/ -o student.tflite
    """
    place = read_board(board)
    room = Room.on(place) if budget is None else _room(budget)
    _refuse_unwritable(to)
    called, taught_by = pack_name(name, to), read_pack(teacher)
    teach = _teach()
    contract = taught_by.manifest.preprocessing.as_preprocessing()
    known = labelled_batch(labelled, contract, len(taught_by.manifest.outputs)) if labelled else None
    architecture = choose(taught_by, room, needs_of_pack)
    with progress_bar() as progress:
        people = _people(recordings or [], Reader(contract, channel), most_each, seed, progress)
        done = distil(
            taught_by,
            Plan(room, architecture, windows, seed, Course(epochs=epochs, threads=threads)),
            StudentNames(called, release, place.name),
            people=people,
            labelled=known,
            teach=teach,
            needs_of=needs_of_pack,
            watch=_Shown(progress),
        )
    with writing(to):
        size_bytes = write_pack(to, done.pack)
    if as_json:
        print_json(distilled_json(done, room, people, to, size_bytes))
        return
    output.print(distilled_table(done, room, people, to, size_bytes))
    for loss in done.measured.losses:
        output.print(loss_table(loss, taught_by.manifest.outputs))
    for title, answers in (
        ("Truth, on synthetic subjects held back", done.measured.synthetic),
        ("Truth, on labelled windows", done.measured.labelled),
    ):
        if answers:
            output.print(answers_table(title, answers, taught_by.manifest.outputs))


def _room(budget: str) -> Room:
    try:
        return parse_budget(budget)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from error


def _refuse_unwritable(pack: Path) -> None:
    """Refuse, before the long work, a place that could not be written to after it."""
    if pack.is_dir():
        raise EdgeError(f"{pack} cannot be written: it is a folder", advice="name a file with -o")
    if not pack.parent.is_dir():
        raise EdgeError(f"{pack} cannot be written: there is no folder {pack.parent}", advice="make the folder")
    closed = [at for at in (pack.parent, pack) if at.exists() and not os.access(at, os.W_OK)]
    if closed:
        raise EdgeError(f"{pack} cannot be written: {closed[0]} is read-only", advice="name another place with -o")


def _teach() -> Teach:
    if find_spec("torch") is None:
        raise DistilError(
            DistilFault.NEEDS_EXTRA, "teaching a student needs torch", advice="pip install 'anyecg-edge[train]'"
        )
    from converter.distil.fit import teach

    return teach


def _people(sources: list[Path], reader: Reader, most_each: int, seed: int, progress: Progress) -> People:
    if not sources:
        return People()
    task = progress.add_task("reading recordings", total=len(files_of(sources)))
    people = read_people(sources, reader, most_each=most_each, seed=seed, advance=lambda _: progress.advance(task))
    if people.unreadable:
        named = ", ".join(people.unreadable[:_NAMED]) + (" and others" if len(people.unreadable) > _NAMED else "")
        errors.print(f"[yellow]passed over, as they cannot be read: {escape(named)}[/]", soft_wrap=True)
    return people


class _Shown:
    """Shows stages as bars, and passes as lines where there is a screen."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        task = self._progress.add_task(name, total=total)
        return lambda n: self._progress.advance(task, n)

    def tell(self, epoch: Epoch) -> None:
        best = ", the best so far" if epoch.is_best else ""
        self._progress.console.print(
            f"[dim]pass {epoch.number}: loss {epoch.training_loss:.4f}, on others {epoch.validation_loss:.4f}{best}, "
            f"{epoch.wall_s:.0f} s[/]"
        )
