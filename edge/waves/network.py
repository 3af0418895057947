"""The waves pack on a runtime: windows in, what the network says along them out; proven by its own self-test."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import PackError, PackFault
from edge.interpreter import Interpreter, Tensor, open_interpreter
from edge.pack import WavesPack
from edge.preprocess import preprocess
from edge.proof import prove
from edge.waves.track import RATE_HZ, SAID, STEP_SAMPLES, Track


class WavesModel:
    """A waves pack that has passed its self-test on this machine.

    Parameters
    ----------
    pack
        What to run.
    interpreter
        The runtime that has loaded ``pack.model``.

    Raises
    ------
    PackError
        If the model does not fit the manifest, or the self-test fails.
    """

    def __init__(self, pack: WavesPack, interpreter: Interpreter) -> None:
        self.pack = pack
        self.contract = pack.manifest.preprocessing.as_preprocessing()
        self._interpreter = interpreter
        self._check_fits()
        label = pack.manifest.label
        prove(label, pack.self_test, interpreter, lambda millivolts: self._taken(self.prepare(millivolts)))

    @property
    def kernel_family(self) -> str:
        """The kernels that compute it."""
        return self._interpreter.kernel_family

    @property
    def window_samples(self) -> int:
        """Samples in a window, at `edge.waves.track.RATE_HZ`."""
        return self.contract.window_samples

    def prepare(self, millivolts: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Apply the manifest's preprocessing to windows, shape (..., window_samples), mV."""
        return preprocess(millivolts, self.contract)

    def track(self, prepared: NDArray[np.float32]) -> Track:
        """Say what the network says of one prepared window, shape (window_samples,)."""
        return Track.of_logits(self._logits(self._interpreter.invoke(self._taken(prepared)))[0])

    def _taken(self, prepared: NDArray[np.float32]) -> Tensor:
        quantisation = self._interpreter.input.quantisation
        return quantisation.quantise(prepared) if quantisation else prepared

    def _logits(self, y: Tensor) -> NDArray[np.float32]:
        quantisation = self._interpreter.output.quantisation
        real = quantisation.dequantise(y.astype(np.int8)) if quantisation else y.astype(np.float32)
        return real.reshape(-1, self.window_samples // STEP_SAMPLES, sum(SAID))

    def _check_fits(self) -> None:
        manifest, run = self.pack.manifest, self._interpreter
        window = self.window_samples
        expected = (1, window), window // STEP_SAMPLES * sum(SAID)
        if (run.input.shape, int(np.prod(run.output.shape))) != expected or self.contract.rate_hz != RATE_HZ:
            raise PackError(
                PackFault.MODEL_MISMATCH,
                f"the model of {manifest.name} maps {run.input.shape} to {run.output.shape} at "
                f"{self.contract.rate_hz:g} Hz, which is no waves network of this release",
                advice="make the pack again, or update anyecg-edge",
            )


def open_waves_model(pack: WavesPack, *, runtime: str | None = None, n_threads: int = 1) -> WavesModel:
    """Load a waves pack on a runtime of this machine; see `edge.interpreter.open_interpreter` and `WavesModel`."""
    return WavesModel(pack, open_interpreter(pack.model, runtime=runtime, n_threads=n_threads))
