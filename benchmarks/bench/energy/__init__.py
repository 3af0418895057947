"""What a machine draws: meters behind one small protocol."""

from benchmarks.bench.energy.energy import Energy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.meter import EnergyMeter, over

__all__ = ["Energy", "EnergyError", "EnergyFault", "EnergyMeter", "over"]
