"""Measure what the pieces of a window cost on each emulated core: ``python -m benchmarks.cores``.

It prints the tables of ``edge/boards/cores``: for each unit the typical cost over layers of the shapes that networks
for ECG have, and the lowest and highest that these layers show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from benchmarks.cores.layers import layers
from benchmarks.cores.measuring import count_network, count_preprocessing
from converter.patch.fit_counts import network_units, preprocessing_units
from converter.patch.schedule import schedule
from converter.patch.toolchain import Build, Core, versions
from edge.boards.profile import Unit
from edge.pack import SHIPPED_WAVES, read_waves_pack
from edge.preprocess import Bandpass, Compress, MedianBaseline, Notch, Preprocessing, Step, SwingScale, ZScore

VARIANTS: Final = {
    "cortex-m4": (Core.CORTEX_M4, Build()),
    "cortex-m33": (Core.CORTEX_M33, Build()),
    "cortex-m55": (Core.CORTEX_M55, Build()),
    "plain C on cortex-m4": (Core.CORTEX_M4, Build(defines={"ANYECG_PLAIN": "1"})),
}
"""What is measured."""
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

_BEYOND: Final = 1.08
"""How much further the ends lie than what was measured, for layers that were not."""
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
    """Measure every variant and print its table."""
    print("; ".join(versions().values()))
    for name, (core, build) in VARIANTS.items():
        costs = _costs(_networks(core, build)) | _costs(_preprocessings(core, build))
        print(f"\n{name}\n[instructions]")
        for unit in Unit:
            if unit in costs:
                print(f"{unit} = [{', '.join(f'{figure:.3g}' for figure in costs[unit])}]")


def _networks(core: Core, build: Build) -> list[Measured]:
    scheduled = [schedule(layer.network) for layer in layers()]
    return [Measured(network_units(one), count_network(one, core, build)) for one in scheduled]


def _preprocessings(core: Core, build: Build) -> list[Measured]:
    pack = read_waves_pack(SHIPPED_WAVES)
    window = pack.self_test.windows_uv[0]
    rate_hz = pack.manifest.preprocessing.rate_hz
    contracts = [Preprocessing(rate_hz, window.size, steps) for steps in _STEPS]
    asked = [*((contract, rate_hz) for contract in contracts), *((contracts[0], other) for other in _OTHER_RATES_HZ)]
    return [
        Measured(preprocessing_units(contract, rate), count_preprocessing(contract, window, rate, core, build))
        for contract, rate in asked
    ]


def _costs(measured: Sequence[Measured]) -> dict[Unit, tuple[float, float, float]]:
    """Fit one cost a unit, none below 0, by least squares of the relative error; the spread is that of the programs."""
    units = sorted({unit for one in measured for unit in one.units})
    shares = np.array([[one.units.get(unit, 0) / one.instructions for unit in units] for one in measured])
    typical, _residual = nnls(shares, np.ones(len(measured)))
    explained = shares @ typical
    costs = {}
    for column, unit in enumerate(units):
        matters = shares[:, column] * typical[column] > 0.25 * explained
        ratios = 1 / explained[matters] if matters.any() else np.ones(1)
        low, high = min(1.0, ratios.min()) / _BEYOND, max(1.0, ratios.max()) * _BEYOND
        costs[unit] = (float(low * typical[column]), float(typical[column]), float(high * typical[column]))
    return costs


if __name__ == "__main__":
    main()
