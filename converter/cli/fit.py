"""`anyecg fit`: whether a pack fits a board, and what it will cost there, before anything is flashed."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape

from converter.cli.fit_screen import board_table, boards_table, sources_table
from converter.patch.fit import Battery, Prediction, Wearing, in_words, predict, remedies
from converter.patch.fit_work import PackOnCores
from converter.patch.translate import Options
from edge.boards.fitting import Margin
from edge.boards.profile import Board
from edge.boards.shelf import board_names, read_board
from edge.cli.console import errors, output, print_json
from edge.pack import ModelPack, WavesPack, read_any_pack

_ALL: Final = "all"


def fit(
    pack: Annotated[Path, typer.Argument(help="Pack to fit.")],
    board: Annotated[str, typer.Option(help="Name of a board, a .toml file with its profile, or all.")],
    hop: Annotated[
        float | None, typer.Option(help="Seconds between windows; the window's length by default.", min=0.1)
    ] = None,
    battery_mah: Annotated[float, typer.Option(help="Battery's charge; a small LiPo by default.", min=0.1)] = 100.0,
    battery_volts: Annotated[float, typer.Option(help="Battery's mean voltage.", min=0.5)] = 3.7,
    rest_uw: Annotated[float, typer.Option(help="What front end and radio draw beside the core, uW.", min=0)] = 450.0,
    rate: Annotated[
        float | None, typer.Option(help="Sample rate of the device, Hz; the pack's own by default.", min=1.0)
    ] = None,
    from_table: Annotated[
        bool, typer.Option("--from-table", help="Estimate instructions even where they could be counted.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")] = False,
) -> None:
    """Say whether a pack fits a board, how long a window takes there, and how long the battery lasts.

    Exit status: 0 it fits (one of them, for all), 1 it does not.

    Example: anyecg fit edge/packs/waves.tflite --board nrf52840 --hop 30
    """
    boards = [read_board(name) for name in (board_names() if board == _ALL else (board,))]
    opened = read_any_pack(pack)
    contract = opened.manifest.preprocessing
    wearing = Wearing(
        contract.window_samples / contract.rate_hz if hop is None else hop,
        Battery(f"{battery_mah:g} mAh at {battery_volts:g} V", battery_mah, battery_volts),
        rest_uw,
    )
    _tell_of_another_board(opened.manifest.board, boards)
    on_cores = PackOnCores(opened, emulate=not from_table, options=Options(device_rate_hz=rate))
    with errors.status("counting instructions") as status:
        found = []
        for one in boards:
            status.update(f"counting instructions: {one.core}")
            found.append(predict(*on_cores.measure(one), one, wearing))
    others = [] if any(found) else [predict(*on_cores.estimate(one), one, wearing) for one in _others(board)]
    if as_json:
        print_json(_as_json(opened, pack, found, others, wearing))
    elif board == _ALL:
        output.print(boards_table(opened.manifest.label, found, wearing))
    else:
        _show_one(opened, pack, found[0], others, wearing, board)
    if not any(found):
        raise typer.Exit(1)


def _tell_of_another_board(made_for: str | None, boards: Sequence[Board]) -> None:
    if made_for is not None and all(board.name != made_for for board in boards):
        errors.print(f"[yellow]the pack says that it was made for {escape(made_for)}[/]", soft_wrap=True)


def _others(asked: str) -> list[Board]:
    """Return the boards that ship with the product, but for what was asked for."""
    return [] if asked == _ALL else [read_board(name) for name in board_names() if name != asked]


def _show_one(
    opened: ModelPack | WavesPack,
    pack: Path,
    found: Prediction,
    others: Sequence[Prediction],
    wearing: Wearing,
    asked: str,
) -> None:
    output.print(board_table(opened.manifest.label, found, wearing, pack.stat().st_size))
    said = [
        in_words(remedy, str(pack), asked, teaches=isinstance(opened, ModelPack)) for remedy in remedies(found, others)
    ]
    if said:
        output.print("\nWhat would make it fit")
        for clause in said:
            output.print(f"  {escape(clause)}", soft_wrap=True)
    output.print()
    output.print(sources_table(found))


def _as_json(
    opened: ModelPack | WavesPack,
    pack: Path,
    found: Sequence[Prediction],
    others: Sequence[Prediction],
    wearing: Wearing,
) -> dict[str, Any]:
    return {
        "pack": opened.manifest.label,
        "file": str(pack),
        "fits": any(found),
        "hop_s": wearing.hop_s,
        "battery": asdict(wearing.battery),
        "boards": [_board_json(one, opened, pack, others) for one in found],
    }


def _board_json(
    one: Prediction, opened: ModelPack | WavesPack, pack: Path, others: Sequence[Prediction]
) -> dict[str, Any]:
    return {
        "board": one.board.name,
        "fits": bool(one),
        "needs": one.needs.model_dump(mode="json"),
        "flash": _margin_json(one.fit.flash),
        "file": _margin_json(Margin(pack.stat().st_size, one.fit.flash.room_bytes)),
        "ram": _margin_json(one.fit.ram),
        "unknown_operators": list(one.fit.unknown_operators),
        "pace": one.pace.value,
        "instructions": {
            "basis": one.work.basis.value,
            "from": one.work.note,
            "preprocess": asdict(one.work.preprocess),
            "infer": asdict(one.work.infer),
        },
        "latency_ms": asdict(one.latency_ms),
        "energy_uj": asdict(one.energy_uj),
        "duty": asdict(one.duty),
        "mean_power_uw": {
            "computing": asdict(one.computing_uw),
            "asleep": asdict(one.asleep_uw),
            "rest": one.rest_uw,
            "all": asdict(one.mean_uw),
        },
        "battery_days": asdict(one.battery_days),
        "accelerated": None
        if one.accelerated is None
        else {"by": one.accelerated.name, "latency_ms": asdict(one.accelerated.latency_ms)},
        "would_fit_with": [
            in_words(remedy, str(pack), one.board.name, teaches=isinstance(opened, ModelPack))
            for remedy in remedies(one, others)
        ],
        "profile": one.board.model_dump(mode="json"),
    }


def _margin_json(margin: Margin) -> dict[str, int]:
    return {**asdict(margin), "spare_bytes": margin.spare_bytes}
