"""`anyecg bench`: packs as arguments measure them; `compare` and `report` read results."""

from typing import Any, Final

import typer
from typer.core import TyperGroup

_MEASURING: Final = "run"


class _MeasuresByDefault(TyperGroup):
    """A group whose arguments go to `run` where they do not begin with the name of another verb."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [_MEASURING, *args]
        return super().parse_args(ctx, args)


bench = typer.Typer(name="bench", cls=_MeasuresByDefault, add_completion=False)


@bench.callback(epilog="Example: anyecg bench edge/packs/demonstration.tflite --loop --json result.json")
def about() -> None:
    """What a pack costs on this machine: latency, throughput, memory, energy. `anyecg bench run --help` says it all."""
