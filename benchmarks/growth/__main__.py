"""`python -m benchmarks.growth`: how cost grows, as Markdown tables, one picture and JSON."""

import json
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, assert_never

import typer

from benchmarks.growth import hop, hours, memory, outputs, size, wearables
from benchmarks.growth.memory import Holder
from benchmarks.growth.picture import draw
from benchmarks.growth.plan import FULL, QUICK, Plan
from benchmarks.growth.series import FEWEST_ROUNDS, Series, What
from benchmarks.growth.tables import tables
from benchmarks.machine import this_machine


def main(
    what: Annotated[str, typer.Option(help="Some of them, with commas between.")] = ",".join(What),
    rounds: Annotated[int, typer.Option(help="Times that each size is measured.", min=FEWEST_ROUNDS)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Two small sizes each: does it run? No figures.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the figures here, as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw them here, as SVG.")] = None,
) -> None:
    """Measure how cost grows.

    Example: python -m benchmarks.growth --what hop,outputs -o growth.json
    """
    for path in filter(None, (output, picture)):
        if not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"{path} cannot be written: there is no folder {path.absolute().parent}")
    asked, machine, plan = _asked(what), this_machine(), QUICK if quick else FULL
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}; {rounds} rounds\n")
    measured: list[Series] = []
    holders: tuple[Holder, ...] = ()
    for one in asked:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            some = _measured(one, plan, rounds, Path(folder))
        holders = memory.holders(plan.traced_hours) if one is What.HOURS else holders
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


def _measured(what: What, plan: Plan, n_rounds: int, folder: Path) -> list[Series]:
    match what:
        case What.WEARABLES:
            return wearables.measure(plan.wearables, stream_s=plan.stream_s, n_rounds=n_rounds)
        case What.HOP:
            return hop.measure(plan.hops_s, stream_s=plan.stream_s, n_rounds=n_rounds)
        case What.OUTPUTS:
            return outputs.measure(plan.outputs, n_rounds=n_rounds)
        case What.HOURS:
            return [*hours.measure(plan.hours, folder=folder, n_rounds=n_rounds), memory.measure(plan.memory_hours)]
        case What.STORE:
            return size.measure(plan.store_mb, folder=folder, run_hours=plan.run_hours, n_rounds=n_rounds)
        case _:
            assert_never(what)


def _asked(what: str) -> list[What]:
    names = [name.strip() for name in what.split(",") if name.strip()]
    unknown = [name for name in names if name not in list(What)]
    if unknown or not names:
        raise typer.BadParameter(f"{', '.join(unknown) or 'nothing'} cannot be measured; choose of {', '.join(What)}")
    return [one for one in What if one.value in names]


app = typer.Typer(add_completion=False)
app.command()(main)


if __name__ == "__main__":
    app()
