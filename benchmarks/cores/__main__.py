"""Measure what the pieces of a window cost on each emulated core: ``python -m benchmarks.cores [--write]``.

It prints the tables of ``edge/boards/cores``, or writes them: for each unit the typical cost over layers of the shapes
that networks for ECG have, and beside it ends that are a little beyond the lowest and the highest measured.
"""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from scipy.optimize import nnls

from benchmarks.cores.layers import layers
from benchmarks.cores.measuring import Variant
from converter.patch.fit_counts import network_units, preprocessing_units
from converter.patch.schedule import schedule
from converter.patch.toolchain import Build, Core, versions
from edge.boards.profile import Unit
from edge.boards.span import Span
from edge.pack import SHIPPED_WAVES, read_waves_pack
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, Step, SwingScale, ZScore

CORES: Final = Path(__file__).parents[2] / "edge" / "boards" / "cores"
"""Where the tables are kept."""
VARIANTS: Final = {
    "cortex-m4": Variant(Core.CORTEX_M4),
    "cortex-m33": Variant(Core.CORTEX_M33),
    "cortex-m55": Variant(Core.CORTEX_M55),
    "xtensa-lx7": Variant(Core.CORTEX_M4, Build(defines={"ANYECG_PLAIN": "1"})),
}
"""What is measured for each table; a core that is not emulated takes the plain C kernels of another."""
_FOREIGN: Final = {"xtensa-lx7": (0.6, 1.7)}
"""How much further apart the ends are where another core was measured."""
_BEYOND: Final = 1.15
"""How much further the ends lie than what was measured, for layers that were not."""
_MATTERS: Final = 0.25
"""Part of a program that a unit must take for the program to say how far its cost varies."""
_STEPS: Final[tuple[tuple[Step, ...], ...]] = (
    (ZScore(1e-8),),
    (SwingScale(2.0, 1e-4), Compress(0.125)),
    (Notch(50.0, 30.0), ZScore(1e-8)),
    (Bandpass(0.5, 40.0, 2), ZScore(1e-8)),
    (Bandpass(0.5, 40.0, 4), ZScore(1e-8)),
    (MedianBaseline(0.2), ZScore(1e-8)),
    (MedianBaseline(0.6), ZScore(1e-8)),
)
"""Contracts that show one kind of step each."""
_OTHER_RATES_HZ: Final = (128.0, 250.0, 512.0)
"""Rates of a patch that are not the contract's."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one program took.

    Parameters
    ----------
    units
        Of its work.
    instructions
        Counted.
    """

    units: dict[Unit, int]
    instructions: float


def main() -> None:
    """Measure every variant, and print or write its table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cores", description=__doc__)
    parser.add_argument("--write", action="store_true", help="into edge/boards/cores")
    parser.add_argument("cores", nargs="*", choices=[[], *VARIANTS], help="all by default")
    asked = parser.parse_args()
    print("; ".join(versions().values()))
    for name in asked.cores or VARIANTS:
        table = _table(name)
        print(f"\n{name}\n{table}")
        if asked.write:
            path = CORES / f"{name}.toml"
            kept, _instructions = re.split(r"(?<=\[instructions\]\n)", path.read_text(encoding="utf-8"))
            path.write_text(kept + table, encoding="utf-8")


def _table(name: str) -> str:
    low, high = _FOREIGN.get(name, (1.0, 1.0))
    costs = _costs(_networks(VARIANTS[name])) | _costs(_preprocessings(VARIANTS[name]))
    rows = ((unit, costs[unit]) for unit in Unit)
    return "".join(
        f"{unit} = [{cost.low * low:.3g}, {cost.typical:.3g}, {cost.high * high:.3g}]\n" for unit, cost in rows
    )


def _networks(variant: Variant) -> list[Measured]:
    scheduled = [schedule(layer.network) for layer in layers()]
    with TemporaryDirectory() as name:
        kernels = variant.compiled_kernels(Path(name))
        return [Measured(network_units(one), variant.count_network(one, kernels)) for one in scheduled]


def _preprocessings(variant: Variant) -> list[Measured]:
    pack = read_waves_pack(SHIPPED_WAVES)
    window = pack.self_test.windows_uv[0]
    rate_hz = pack.manifest.preprocessing.rate_hz
    contracts = [Preprocessing(rate_hz, window.size, steps) for steps in _STEPS]
    asked = [*((contract, rate_hz) for contract in contracts), *((contracts[0], other) for other in _OTHER_RATES_HZ)]
    return [
        Measured(preprocessing_units(contract, rate), variant.count_preprocessing(contract, window, rate))
        for contract, rate in asked
    ]


def _costs(measured: Sequence[Measured]) -> dict[Unit, Span]:
    """Fit one cost a unit, none below 0, by least squares of the relative error; the spread is that of the programs."""
    units = sorted({unit for one in measured for unit in one.units})
    shares = np.array([[one.units.get(unit, 0) / one.instructions for unit in units] for one in measured])
    typical, _residual = nnls(shares, np.ones(len(measured)))
    explained = shares @ typical
    costs = {}
    for column, unit in enumerate(units):
        matters = shares[:, column] * typical[column] > _MATTERS * explained
        ratios = 1 / explained[matters] if matters.any() else np.ones(1)
        low, high = min(1.0, ratios.min()) / _BEYOND, max(1.0, ratios.max()) * _BEYOND
        costs[unit] = Span(float(low * typical[column]), float(typical[column]), float(high * typical[column]))
    return costs


if __name__ == "__main__":
    main()
