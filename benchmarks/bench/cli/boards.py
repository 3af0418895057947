"""`anyecg bench boards`: what packs cost on boards that are not at hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.bench.cli.app import bench

if TYPE_CHECKING:
    from benchmarks.bench.boards.prediction import Prediction


@bench.command(name="boards")
def boards(
    packs: Annotated[list[Path] | None, typer.Argument(help="Packs; every shipped one by default.")] = None,
    board: Annotated[
        list[str] | None, typer.Option(help="Only this board, with every range and source: a name or a .toml file.")
    ] = None,
    hop: Annotated[float, typer.Option(help="From one window's start to the next one's, s.", min=0.5)] = 10.0,
    result: Annotated[
        list[Path] | None, typer.Option(help="Result of anyecg bench, or a folder of them: measured beats predicted.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Say what packs cost on Raspberry Pis, and whether that keeps the boards' budgets: by prediction until measured.

    Exit status: 0 every pack keeps the budgets of one of the boards at least, 1 one of them does not.

    Example: anyecg bench boards edge/packs/demonstration.tflite --board pi-zero-2-w
    """
    from benchmarks.bench.boards.asking import asked_of
    from benchmarks.bench.boards.measured import as_measured, read_results, shipped_results
    from benchmarks.bench.boards.prediction import predict
    from benchmarks.bench.boards.shelf import core_of, loop_costs, profile_names, read_profile
    from edge.cli.console import print_json
    from edge.pack import SHIPPED, SHIPPED_WAVES

    profiles = [read_profile(name) for name in board or profile_names()]
    results = [*shipped_results(), *(found for path in result or () for found in read_results(path))]
    found = []
    for path in packs or (SHIPPED, SHIPPED_WAVES):
        asked = asked_of(path, hop)
        predicted = [predict(asked, profile, core_of(profile), loop_costs()) for profile in profiles]
        found.append([as_measured(one, results) for one in predicted])
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found, in_detail=bool(board))
    if not all(any(on_boards) for on_boards in found):
        raise typer.Exit(1)


def _show(found: "list[list[Prediction]]", *, in_detail: bool) -> None:
    from benchmarks.bench.boards.shelf import loop_costs
    from benchmarks.bench.boards.tables import (
        board_table,
        boards_table,
        heading,
        legend,
        reasons_table,
        sources_table,
        verdicts_table,
    )
    from edge.cli.console import output

    for on_boards in found:
        if not in_detail:
            output.print(heading(on_boards[0].asked))
            output.print(boards_table(on_boards))
            continue
        for one in on_boards:
            output.print(board_table(one))
            output.print()
            output.print(verdicts_table(one))
            output.print(reasons_table(one))
            output.print()
            output.print(sources_table(one, loop_costs()))
            output.print()
    if not in_detail:
        output.print(legend([one for on_boards in found for one in on_boards]))


def _as_json(found: "list[list[Prediction]]") -> dict[str, Any]:
    from dataclasses import asdict

    from benchmarks.bench.boards.shelf import core_of, loop_costs

    profiles = {one.profile.name: one.profile for on_boards in found for one in on_boards}
    return {
        "packs": [
            {**asdict(on_boards[0].asked), "boards": [_board_json(one) for one in on_boards]} for on_boards in found
        ],
        "profiles": {name: profile.model_dump(mode="json") for name, profile in profiles.items()},
        "cores": {core_of(profile).name: core_of(profile).model_dump(mode="json") for profile in profiles.values()},
        "loop": loop_costs().model_dump(mode="json"),
    }


def _board_json(one: "Prediction") -> dict[str, Any]:
    from dataclasses import asdict

    figures = {
        "inference_ms": one.inference_ms,
        "window_ms": one.window_ms,
        "core_share": one.core_share,
        "wearables": one.wearables,
        "resident_mb": one.resident_mb,
        "energy_j": one.energy_j,
    }
    return {
        "board": one.profile.name,
        "keeps_budgets": bool(one),
        **{name: asdict(figured) for name, figured in figures.items()},
        "mean_w": asdict(one.mean_w),
        "budgets": [
            {
                "limit": verdict.limit,
                "allowed": verdict.allowed,
                "is": asdict(verdict.figured.span),
                "at_least": verdict.at_least,
                "whose": verdict.whose.value,
                "standing": verdict.standing.value,
                "basis": verdict.figured.basis.value,
            }
            for verdict in one.verdicts
        ],
    }
