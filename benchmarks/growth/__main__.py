"""`python -m benchmarks.growth`: how cost grows, as Markdown tables, one picture and JSON."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from benchmarks.growth import hop, hours, memory, outputs, size, wearables
from benchmarks.growth.memory import Holder
from benchmarks.growth.picture import draw
from benchmarks.growth.series import FEWEST_ROUNDS, Series, What
from benchmarks.growth.tables import tables
from benchmarks.machine import this_machine

_Measure: TypeAlias = Callable[[int, Path], list[Series]]

MEASURE: Final[Mapping[What, _Measure]] = {
    What.WEARABLES: lambda n, _: wearables.measure(n_rounds=n),
    What.HOP: lambda n, _: hop.measure(n_rounds=n),
    What.OUTPUTS: lambda n, _: outputs.measure(n_rounds=n),
    What.HOURS: lambda n, folder: [*hours.measure(folder=folder, n_rounds=n), memory.measure()],
    What.STORE: lambda n, folder: size.measure(folder=folder, n_rounds=n),
}


def main(
    what: Annotated[str, typer.Option(help="Some of them, with commas between.")] = ",".join(What),
    rounds: Annotated[int, typer.Option(help="Times that each size is measured.", min=FEWEST_ROUNDS)] = 5,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures here, as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw them here, as SVG.")] = None,
) -> None:
    """Measure how cost grows.

    Example: python -m benchmarks.growth --what hop,outputs -o growth.json
    """
    asked, machine = _asked(what), this_machine()
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}; {rounds} rounds\n")
    measured: list[Series] = []
    holders: tuple[Holder, ...] = ()
    for one in asked:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            some = MEASURE[one](rounds, Path(folder))
        holders = memory.holders() if one is What.HOURS else holders
        measured += some
        said = tables(some, holders if one is What.HOURS else ())
        print(f"{said}\n\n({time.monotonic() - began_s:.0f} s)\n", flush=True)
    if output:
        result = {
            "machine": machine.as_json(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "rounds": rounds,
            "series": [series.as_json() for series in measured],
            "holders": [asdict(holder) for holder in holders],
        }
        output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if picture:
        picture.write_text(draw(measured, machine.line), encoding="utf-8")


def _asked(what: str) -> list[What]:
    names = [name.strip() for name in what.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(What)]
    if unknown or not names:
        raise typer.BadParameter(f"{', '.join(unknown) or 'nothing'} cannot be measured; choose of {', '.join(What)}")
    return [one for one in What if one.value in names]


if __name__ == "__main__":
    typer.run(main)
