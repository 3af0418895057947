"""Counts that predictions are made with: ``python -m benchmarks.counted tests/arm/recorded.json`` writes them down.

`tests.arm` counts instructions on emulated boards, and calls this when it has; what it counted goes to
``benchmarks/bench/boards/loop.toml``, where `anyecg bench boards` reads it. What that file says of memory stays.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import typer

from benchmarks.bench.boards.profile import Loop
from benchmarks.bench.boards.shelf import loop_costs
from edge.boards.profile import Figure

LOOP_FILE: Final = Path(__file__).with_name("bench") / "boards" / "loop.toml"
_MACHINE: Final = "aarch64"
_RUNTIME: Final = "litert"
_BLOCKS_A_SECOND: Final = 2
"""`tests.arm.guest` sends half a second at a time."""
_SPARE: Final = 1.2
"""How much more it may be at another hop, rate or noise than that of the recording: the high end."""
_HEAD: Final = """\
# What the loop costs on a 64-bit ARM core. The counts are written by python -m tests.arm; what is in MB, by hand.
schema_version = 1
"""


def main(recorded: Annotated[Path, typer.Argument(help="What python -m tests.arm recorded.")]) -> None:
    """Write the counts of a recording into the profile that predictions read."""
    write_counts(json.loads(recorded.read_text(encoding="utf-8")))


def write_counts(recorded: Mapping[str, Any], file: Path = LOOP_FILE) -> None:
    """Write the counts of a recording.

    Parameters
    ----------
    recorded
        As ``tests/arm/recorded.json`` has it.
    file
        The profile to write; what it says of memory is the shipped one's.
    """
    file.write_text(toml_of(counted(recorded, loop_costs())), encoding="utf-8")


def counted(recorded: Mapping[str, Any], loop: Loop) -> Loop:
    """Put the counts of a recording in the place of those of a profile; all else stays.

    Parameters
    ----------
    recorded
        As ``tests/arm/recorded.json`` has it.
    loop
        The profile; keeps its own figure of the time between windows where the recording has none.
    """
    boards = [board for board in recorded["boards"].values() if board["machine"] == _MACHINE]
    how = f"counted on emulated {_listed(boards)} ({_versions(recorded['emulator'], boards)})"
    ends = f"lowest, median and highest of them, the highest with {100 * (_SPARE - 1):.0f} % for another hop or rate"
    window = _figure(
        list(window_instructions(boards)),
        f"{how}: a window of the shipped packs less one run of each network, hop 5 s, 130 Hz; {ends}",
    )
    blocks = [board["block_instructions"] for board in boards if board.get("block_instructions")]
    if not blocks:
        return loop.model_copy(update={"window_instructions": window})
    second = _figure(
        [_BLOCKS_A_SECOND * block for block in blocks], f"{how}: blocks of half a second that end no window; {ends}"
    )
    return loop.model_copy(update={"window_instructions": window, "second_instructions": second})


def window_instructions(boards: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Give each board's instructions of one window, both networks left out."""
    for board in boards:
        networks = sum(runtimes[_RUNTIME] for runtimes in board["network_instructions"].values())
        yield board["window_instructions"] - networks


def toml_of(loop: Loop) -> str:
    """Write a profile as TOML."""
    tables = (
        f"\n[{name}]\n"
        + "".join(f"{end} = {_number(figure[end])}\n" for end in ("low", "typical", "high"))
        + f"source = {json.dumps(figure['source'])}\n"
        for name, figure in loop.model_dump(mode="json", exclude={"schema_version"}).items()
    )
    return _HEAD + "".join(tables)


def _number(value: float) -> str:
    return f"{int(value):_}" if value.is_integer() else repr(value)


def _figure(counts: Sequence[int], source: str) -> Figure:
    low, high = float(min(counts)), float(round(_SPARE * max(counts)))
    return Figure(low=low, typical=float(round(median(counts))), high=high, source=source)


def _listed(boards: Sequence[Mapping[str, Any]]) -> str:
    names = [board["core"].replace("cortex-a", "A") for board in boards]
    return "Cortex-" + ", ".join(names[:-1]) + f" and {names[-1]}"


def _versions(emulator: str, boards: Sequence[Mapping[str, Any]]) -> str:
    versions = boards[0]["versions"]
    qemu = " ".join(emulator.split()[:3]).replace(" version", "")
    return f"{qemu}, LiteRT {versions['litert']}, numpy {versions['numpy']}, scipy {versions['scipy']}"


if __name__ == "__main__":
    typer.run(main)
