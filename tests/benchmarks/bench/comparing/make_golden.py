"""`python -m tests.benchmarks.bench.comparing.make_golden`: rewrite the results beside it, on purpose only."""

from dataclasses import replace
from pathlib import Path

from benchmarks.bench.measurement import Quantity
from benchmarks.bench.result import Result
from tests.benchmarks.bench.comparing.simulated import INFERENCE, SERVER, Simulation

GOLDEN = Path(__file__).parent / "golden"


def results() -> dict[str, Result]:
    """Name each golden result; SIMULATED, as its settings say."""
    usual = Simulation(seed=1)
    after = "1" * 40
    return {
        "before": usual.result(),
        "after_unchanged": usual.result(commit=after),
        "after_slower": usual.result(slower=1.2, commit=after),
        "after_heavier": usual.result(heavier=1.1, commit=after),
        "after_faster_inference": replace(usual, factors={(Quantity.INFERENCE, INFERENCE): 0.7}).result(commit=after),
        "noisy": replace(usual, noisy=("other processes took 31 % of the machine",)).result(commit=after),
        "one_run": replace(usual, n_runs=1).result(commit=after),
        "server": replace(usual, machine=SERVER).result(slower=0.3),
    }


def main() -> None:
    """Write them."""
    GOLDEN.mkdir(exist_ok=True)
    for name, result in results().items():
        said = result.model_copy(update={"settings": "SIMULATED"})
        (GOLDEN / f"{name}.json").write_text(said.model_dump_json() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
