"""Measure flashing: ``python -m benchmarks.flash``."""

import argparse
import asyncio
import json
import logging
import statistics
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.flash.cuts import CONFIRMED, play, stakes
from benchmarks.flash.rate import over_a_port, over_a_radio
from benchmarks.machine import this_machine


def main() -> None:
    """Measure, print, and write JSON where asked."""
    arguments = _arguments()
    logging.getLogger("smpclient").setLevel(logging.CRITICAL)
    machine = this_machine()
    print(f"On {machine.line}.")
    rates = {
        "pseudo-terminal": asyncio.run(over_a_port(arguments.times)),
        "simulated radio": asyncio.run(over_a_radio(arguments.times)),
    }
    for name, rate in rates.items():
        print(_rate_line(name, rate))
    cuts = _cuts(arguments.cuts, arguments.seed) if arguments.cuts else {}
    if arguments.output:
        told = {"machine": machine.as_json(), "rates": rates, "cuts": cuts}
        arguments.output.write_text(json.dumps(told, indent=1), encoding="utf-8")


def _rate_line(name: str, rate: dict[str, Any]) -> str:
    alone, ours = (_spread(rate[key]) for key in ("smpclient_kB_s", "anyecg_kB_s"))
    whole = statistics.median(rate["anyecg_whole_s"])
    return (
        f"{name}: {rate['size_bytes']:,} bytes, n {rate['n']}: smpclient alone {alone}, ours {ours} kB/s "
        f"(median, range); processor {_median(rate['smpclient_cpu_s'])} and {_median(rate['anyecg_cpu_s'])} s, the "
        f"simulated patch's part with it; with connecting, verification, trial and confirmation {whole:.2f} s"
    )


def _median(values: list[float]) -> str:
    return f"{statistics.median(values):.2f}"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _cuts(n: int, seed: int) -> dict[str, Any]:
    """Play flashes with cuts, and say what they came to."""
    given = stakes()
    plays = [play(number, given) for number in range(seed, seed + n)]
    ended = Counter(played.ended.partition(":")[0] for played in plays)
    unsound = [seed + at for at, played in enumerate(plays) if not played.always_sound]
    runs = Counter(played.runs for played in plays)
    twice = statistics.mean(played.sent_twice_bytes for played in plays) / len(given.new.data) if plays else 0.0
    print(
        f"cuts: {n} flashes, each through 2 cuts or resets, up to 2 kills, silence and errors (seeds {seed} to "
        f"{seed + n - 1}): {ended[CONFIRMED]} end confirmed, {n - ended[CONFIRMED]} with the old pack; "
        f"{len(unsound)} ever ran anything else; runs of the program "
        f"{', '.join(f'{runs[k]} x {k}' for k in sorted(runs))}; sent twice {100 * twice:.0f} % of a pack on average"
    )
    if unsound:
        print(f"UNSOUND: seeds {unsound}")
    return {"n": n, "seed": seed, "plays": [asdict(played) for played in plays]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flash", description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="uploads of each kind over each link")
    parser.add_argument("--cuts", type=int, default=1000, help="flashes that are cut")
    parser.add_argument("--seed", type=int, default=0, help="of the first of them")
    parser.add_argument("--output", "-o", type=Path, help="JSON file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
