"""What a machine draws: meters behind one small protocol. None of the meters was tried on hardware yet."""

from benchmarks.bench.energy.energy import Energy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.meter import EnergyMeter, over
from benchmarks.bench.energy.opening import FORMS, open_meter

__all__ = ["FORMS", "Energy", "EnergyError", "EnergyFault", "EnergyMeter", "open_meter", "over"]
