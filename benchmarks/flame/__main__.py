"""`python -m benchmarks.flame`: where the time of one window goes, and what the loop itself costs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from benchmarks.flame.memory import watch_memory
from benchmarks.flame.overhead import measure_overhead
from benchmarks.flame.picture import draw
from benchmarks.flame.profile import Profile
from benchmarks.flame.recording import record
from edge.errors import EdgeError

_HERE: Final = Path(__file__).parents[2]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

_Pack = Annotated[Path | None, typer.Option(help="The pack of estimates; the shipped one by default.")]
_Windows = Annotated[int, typer.Option(help="Windows of ten seconds.", min=1)]


@app.command(name="record")
def record_(
    output: Annotated[Path, typer.Option("--output", "-o", help="The profile: JSON.")],
    root: Annotated[Path, typer.Option(help="A checkout of the revision to sample.", exists=True)] = _HERE,
    pack: _Pack = None,
    windows: _Windows = 2000,
) -> None:
    """Sample a revision with py-spy.

    Example: git worktree add /tmp/before 8c0d7ce && python -m benchmarks.flame record --root /tmp/before -o before.json
    """
    try:
        profile = record(root, pack, windows)
    except EdgeError as error:
        raise typer.BadParameter(str(error)) from error
    output.write_text(profile.model_dump_json(indent=1) + "\n", encoding="utf-8")
    typer.echo(f"{profile.revision}: {profile.root.ms:.3f} ms a window, {profile.samples:,} samples, in {output}")


@app.command(name="draw")
def draw_(
    before: Annotated[Path, typer.Argument(help="A profile, as record writes it.", exists=True)],
    after: Annotated[Path, typer.Argument(help="Another one.", exists=True)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The picture: SVG.")],
) -> None:
    """Draw two profiles on one scale.

    Example: python -m benchmarks.flame draw before.json after.json -o .github/flame.svg
    """
    profiles = [("Before", _read(before)), ("Now", _read(after))]
    output.write_text(draw(profiles), encoding="utf-8")
    typer.echo(f"{output}: {', '.join(f'{p.root.ms:.2f} ms at {p.revision}' for _, p in profiles)}")


@app.command()
def overhead(
    pack: _Pack = None,
    windows: _Windows = 500,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what of a window is neither network nor kernel, against the pack's inference.

    Example: python -m benchmarks.flame overhead --pack full.tflite --windows 300
    """
    try:
        found = measure_overhead(pack, windows)
    except EdgeError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        figures = {name: getattr(found, name) for name in ("loop_ms", "python_ms", "beside_networks_ms")}
        typer.echo(json.dumps(asdict(found) | figures))
        return
    typer.echo(f"Processor time of a window of 10 s, hop 10 s, median of {found.windows}, ms:")
    for said, value in (
        ("all blocks of a window, to its outcome", found.total_ms),
        ("the pack's network", found.inference_ms),
        ("the network that marks waves", found.waves_ms),
        ("linear filters and running medians", found.filters_ms),
        ("resampling", found.resampling_ms),
    ):
        typer.echo(f"  {value:7.3f}  {said}")
    for said, value in (
        ("the loop itself: all but its stages and resampling", found.loop_ms),
        ("Python and small numpy calls: all but networks, filters, medians and resampling", found.python_ms),
        ("all but the two networks", found.beside_networks_ms),
    ):
        typer.echo(f"  {value:7.3f}  {said}: {value / found.inference_ms:.1%} of the pack's network")


@app.command()
def memory(
    pack: _Pack = None,
    windows: _Windows = 500,
    hop_s: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.1)] = 10.0,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what memory a warm loop asks for.

    Example: python -m benchmarks.flame memory --windows 500
    """
    try:
        found = watch_memory(pack, windows, hop_s)
    except EdgeError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(
        f"{found.windows} windows after warm-up: {found.faults} pages from the system "
        f"({found.faults_a_window:.3f} a window), {found.edge_bytes:+,} bytes held by edge, {found.all_bytes:+,} in all"
    )


def _read(path: Path) -> Profile:
    try:
        return Profile.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise typer.BadParameter(f"{path} is no profile that record wrote") from error


if __name__ == "__main__":
    app()
