"""`python -m benchmarks.nights`: a simulated night of each wearable, its clock fast and slow, as a Markdown table."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmarks.machine import Machine, this_machine
from benchmarks.night import Night, NightFigures, run_night
from benchmarks.reconnects import reconnect
from ble_gateway.wearables.catalogue import KINDS, Setup

_LAYOUTS: Final = (None, "counter2+int16le@250Hz,2.5uV")
_HEADING: Final = (
    "| wearable | clock | sent | lost, of which mended | not accounted for | gaps (wrong by) | reset off by "
    "| time error p50 / p99 / max, ms | windows (over a gap; over an unseen loss) | RSS at 10 / 50 / 100 %, MB "
    "(slope, MB/h) | wall, s | values | CPU a value, µs (stream alone) |\n" + "|---" * 13 + "|"
)


def main(
    kinds: Annotated[list[str] | None, typer.Argument(help="Which wearables; all by default.")] = None,
    hours: Annotated[float, typer.Option(help="Length of a night.", min=0.4)] = 24.0,
    rate_ppm: Annotated[float, typer.Option(help="How fast, and how slow, the wearable's clock runs.")] = 20_000.0,
    seed: Annotated[int, typer.Option(help="Of heart and radio.", min=0)] = 3,
    reconnects: Annotated[
        int | None, typer.Option(help="Instead: break and mend a link this often, and look at what is held.", min=20)
    ] = None,
    processes: Annotated[int, typer.Option(help="Nights at the same time.", min=1)] = 1,
    output: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
) -> None:
    """Play nights, each in a process of its own."""
    machine = this_machine()
    if reconnects:
        _reconnects(kinds or ["polar-h10", "anyecg-patch"], reconnects, machine, output)
        return
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}; nights of {hours:g} h\n\n{_HEADING}")
    played: list[NightFigures] = []
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawned, max_tasks_per_child=1) as pool:
        for figures in pool.map(run_night, _nights(kinds or list(KINDS), hours, rate_ppm, seed)):
            print(_row(figures), flush=True)
            played.append(figures)
            if output:
                result = {"machine": machine.as_json(), "nights": [figures.as_json() for figures in played]}
                output.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _reconnects(kinds: list[str], n: int, machine: Machine, output: Path | None) -> None:
    """Break links without packets as often as is asked for, and with all HCI and ATT packets a tenth as often."""
    print(f"{machine.line}; {datetime.now(UTC).date().isoformat()}\n")
    print("| wearable | radio | reconnects | tasks | open files | RSS, MB | wall, s |\n|---|---|---|---|---|---|---|")
    done = []
    for kind in kinds:
        for packets in (False, True):
            most = n // 10 if packets else n
            looks = tuple(most * share // 10 for share in (1, 2, 5, 10))
            done.append(came := reconnect(kind, looks, packets=packets))
            held = zip(
                *((f"{look.tasks}", f"{look.open_files}", f"{look.rss_mb:.1f}") for look in came.held), strict=True
            )
            cells = " | ".join(" / ".join(column) for column in held)
            radio = "HCI and ATT packets" if packets else "no packets"
            print(f"| {kind} | {radio} | {' / '.join(map(str, looks))} | {cells} | {came.wall_s:.0f} |", flush=True)
    if output:
        result = {"machine": machine.as_json(), "reconnects": [came.as_json() for came in done]}
        output.write_text(json.dumps(result, indent=1), encoding="utf-8")


def _nights(kinds: list[str], hours: float, rate_ppm: float, seed: int) -> list[Night]:
    setups = [Setup(None, layout) for layout in _LAYOUTS]
    return [
        Night(kind, setup, hours, drift_ppm, seed)
        for kind in kinds
        for setup in (setups if kind == "uart" else setups[:1])
        for drift_ppm in (rate_ppm, -rate_ppm)
    ]


def _row(night: NightFigures) -> str:
    errors, lost = night.time_error_ms, sum(night.lost_by_reason.values())
    cells = (
        night.label,
        f"{night.drift_ppm / 1e4:+g} %",
        f"{night.samples_sent:,}",
        f"{lost + night.samples_mended:,}, {night.samples_mended:,}",
        f"{night.unaccounted:,}",
        f"{night.gaps:,} ({night.gaps_wrong:,} by {night.gaps_wrong_by:,})",
        "-" if night.reset_wrong_by is None else f"{night.reset_wrong_by:,}",
        f"{errors['p50']:.1f} / {errors['p99']:.1f} / {errors['max']:.0f}",
        f"{night.windows:,} ({night.windows_over_gap}; {night.windows_over_unseen})",
        f"{' / '.join(f'{mb:.0f}' for mb in night.rss_mb)} ({night.rss_slope_mb_per_hour:+.2f})",
        f"{night.wall_s:.0f}",
        f"{night.notifications:,}",
        f"{night.cpu_us:.0f} ({night.stream_us:.0f})",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    typer.run(main)
