"""A runner for virtual patches that runs packs with LiteRT: as good as compiled C for what is not about the C."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ble_gateway.simulator.smp.runner import CannotRun, Feed, SelfTested
from edge.errors import EdgeError
from edge.model import Model, open_model
from edge.pack import ModelPack
from edge.resample import PolyphaseResampler

UV_PER_COUNT = 0.5
RATE_HZ = 250.0
"""Of the virtual patch's samples."""


def window_of(counts, rate_hz):
    """A window of the patch's counts, resampled alone to `rate_hz`, as the C does it; mV."""
    resampler = PolyphaseResampler(RATE_HZ, rate_hz)
    millivolts = np.asarray(counts, np.float64) * UV_PER_COUNT * 1e-3
    return np.concatenate([resampler.push(millivolts), resampler.finish()])


class InterpretedRunner:
    """Opens each pack once: that runs its self-test."""

    def __init__(self):
        self._opened: dict[str, Model | str] = {}

    def self_test(self, pack: bytes) -> SelfTested | CannotRun:
        model = self._open(pack)
        if isinstance(model, str):
            return CannotRun(model)
        return SelfTested(len(model.pack.self_test.inputs), 0)

    def start(self, pack: bytes):
        model = self._open(pack)
        return CannotRun(model) if isinstance(model, str) else Interpreted(model)

    def _open(self, pack: bytes) -> Model | str:
        key = hashlib.sha256(pack).hexdigest()
        if key not in self._opened:
            try:
                self._opened[key] = open_model(ModelPack.from_bytes(pack))
            except EdgeError as error:
                self._opened[key] = str(error)
        return self._opened[key]


@dataclass
class Interpreted:
    model: Model

    @property
    def feed(self) -> Feed:
        contract = self.model.contract
        quantisation = self.model._interpreter.output.quantisation
        picovolts = round(UV_PER_COUNT * 1e6)
        n_samples = round(contract.window_samples * RATE_HZ / contract.rate_hz)
        return Feed(n_samples, RATE_HZ, picovolts, quantisation.scale, quantisation.zero_point)

    def run(self, counts):
        millivolts = window_of(counts, self.model.contract.rate_hz)
        return self.model.infer(self.model.quantise(self.model.preprocess(millivolts)))

    def close(self):
        pass
